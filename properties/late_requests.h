// Requests of transactional producers that come so late that they take effect in a later
// transaction (KAFKA-17754).
//
//   asked to end T1 ─────────────────────────────► answered: as much as there is of T2 is ended
//   asked again ───► answered: T1 is ended   T2 begins ──────────┘
//
// Below level 2 of transaction.version all transactions of a producer have one epoch, and nothing
// else in such a request says which of them it is about: that each ends as its own producer asked
// is not promised there. From level 2 on each has its own (KIP-890), and nothing here is found.
// Judged by what was asked when, as it was answered; what nobody saw answered is no excuse.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/event.h"
#include "properties/transactions.h"

namespace brokersim::properties {

class LateRequests {
 public:
  // The level of transaction.version that the cluster has while there are transactions.
  explicit LateRequests(std::int16_t transaction_version) : can_be_(transaction_version < 2) {}

  // Looks at TransactionBegan and EndTxnAnswered.
  void observe(const Event& event);

  // Whether the transaction was ended by a request to end an earlier one of its producer and epoch,
  // and had not asked for that end itself.
  bool has_ended(const Transaction& transaction) const;
  // Whether the offset was asked for in an earlier transaction than its producer is in.
  bool is_late(const TxnOffsetCommitAnswered& part) const;

 private:
  struct Asked {
    std::string client;
    bool is_commit = false;
    bool may_have_ended = false;  // As far as the answer says.
    std::int64_t at_ns = 0;
    std::int64_t answered_at_ns = 0;
  };
  using Producer = std::pair<std::int64_t, std::int16_t>;  // Id and epoch.

  // The client's transaction of that time: from when, and until when the next one begins.
  std::pair<std::int64_t, std::int64_t> span_at(const std::string& client, std::int64_t ns) const;

  const bool can_be_;
  std::map<std::string, std::vector<std::int64_t>> began_;  // By client, in ns.
  std::map<Producer, std::vector<Asked>> asked_;
};

}  // namespace brokersim::properties
