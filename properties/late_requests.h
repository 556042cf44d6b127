// Requests of transactional producers that come so late that they take effect in a later
// transaction (KAFKA-17754).
//
//   asked to end T1 ─────────────────────────────► answered: as much as there is of T2 is ended
//   asked again ───► answered: T1 is ended   T2 begins ──────────┘
//
// By protocol 1 all transactions of a producer have one epoch, and nothing else in such a request
// says which of them it is about: that each ends as its own producer asked is not promised there.
// By protocol 2 each has its own (KIP-890), and nothing here is found. It is what those producers
// have to speak that are not known to be older, on a cluster of level 2 of transaction.version;
// whoever does not although it should is not excused (TXN-02). An older one speaks 1 on any
// cluster. Judged by what was asked when, as it was answered, and by what its coordinator wrote,
// which may have gone before it could answer. What was neither answered nor written is no excuse.
//
// What was written without an answer may come from a request of the transaction directly before,
// from one that was answered since, or from a copy: of an end that was answered more than once.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/event.h"
#include "properties/transactions.h"

namespace brokersim::properties {

class LateRequests {
 public:
  // The level of transaction.version that the cluster has while there are transactions, and which
  // clients know protocol 1 only.
  LateRequests(std::int16_t transaction_version, std::set<std::string> older_clients)
      : are_all_older_(transaction_version < 2), older_(std::move(older_clients)) {}

  // Looks at TransactionBegan, EndTxnAnswered and TransactionStateStored.
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
    std::int64_t began_ns = 0;  // The client's transaction of that time.
    bool is_copy = false;       // The one that was answered before it asked for the same end.
  };
  // A transaction of a client, between those before and behind it; never, where there is none.
  struct Span {
    std::int64_t before_begins_ns = 0;
    std::int64_t begins_ns = 0;
    std::int64_t next_begins_ns = 0;
  };
  using Producer = std::pair<std::int64_t, std::int16_t>;  // Id and epoch.

  bool has_one_epoch(const std::string& client) const {
    return are_all_older_ || older_.contains(client);
  }
  void take(const TransactionStateStored& stored, std::int64_t at_ns);
  void take(const EndTxnAnswered& ended, std::int64_t at_ns);
  bool was_decided(const Producer& producer, bool is_commit, std::int64_t from_ns,
                   std::int64_t to_ns) const;

  // The client's transaction of that time.
  Span span_at(const std::string& client, std::int64_t ns) const;
  // Whether what was asked for before `span` may have been carried out in it, unanswered.
  static bool may_be_repeated_in(const Span& span, const Asked& asked);

  const bool are_all_older_;
  const std::set<std::string> older_;
  std::map<std::string, std::vector<std::int64_t>> began_;  // By client, in ns.
  std::map<Producer, std::vector<Asked>> asked_;
  // When commits and aborts were written, in their order.
  std::map<std::pair<Producer, bool>, std::vector<std::int64_t>> decided_;
};

}  // namespace brokersim::properties
