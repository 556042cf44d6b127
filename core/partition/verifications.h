// Transactions that a leader is having verified (KIP-890). Before the first batch of a transaction
// the leader asks its coordinator whether the partition is part of it: a batch that comes late,
// when its transaction is over, would open one that nobody ends.
//
//   batch of producer 7 ─ begin: ticket 41 ─▶ coordinator … yes ─▶ append with ticket 41
//                               ▲ a marker of producer 7: the ticket is void, since the yes may
//                                 have been about the transaction that has just ended (KAFKA-14884)
//
// Pure; of one leader epoch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "core/base/rules.h"
#include "core/base/time.h"

namespace brokersim::partition {

// Names one verification among all that this leader began; 0 is none.
struct VerificationTicket {
  std::uint64_t value = 0;
  friend bool operator==(VerificationTicket, VerificationTicket) = default;
};

class Verifications {
 public:
  // Of a batch that would be the first of its transaction. Batches of one producer that come while
  // a verification is under way share it.
  // If the coordinator `adds` the partition, the transaction begins here with this one.
  VerificationTicket begin(WallTime now, std::int64_t producer_id, std::int16_t producer_epoch,
                           std::int32_t sequence, bool adds = false);
  // The producer's transaction has begun or ended in the log.
  void settled(std::int64_t producer_id) { pending_.erase(producer_id); }
  // Forgets verifications begun at `now - expiration` or earlier, of batches that never came back.
  void expire(WallTime now, Duration expiration);

  // Whether the ticket still speaks of the present.
  bool is_valid(std::int64_t producer_id, VerificationTicket ticket,
                const AppendRules& rules = {}) const;
  // Of the batches that share the producer's verification under way.
  std::optional<std::int32_t> lowest_sequence(std::int64_t producer_id) const;
  bool adds(std::int64_t producer_id) const;

 private:
  struct Pending {
    VerificationTicket ticket;
    std::int16_t producer_epoch = -1;
    std::int32_t lowest_sequence = 0;
    WallTime begun;
    bool adds = false;
  };

  std::uint64_t tickets_ = 0;
  std::map<std::int64_t, Pending> pending_;  // By producer id.
};

}  // namespace brokersim::partition
