// What coordinators of transactions have written of transactional ids, in the order in which it
// became committed (KIP-98): from the logs of __transaction_state, and nothing that they say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/event.h"
#include "properties/ledger.h"

namespace brokersim::properties {

// A record of a transactional id, and where it was stored first.
struct StoredState {
  TransactionStateStored record;
  EventId event;
  NodeId node;
  Instant at;

  bool is(std::string_view state) const { return record.state == state; }
  bool is_prepared() const { return is("PrepareCommit") || is("PrepareAbort"); }
  bool is_complete() const { return is("CompleteCommit") || is("CompleteAbort"); }
  // Nothing is going on.
  bool is_idle() const { return is("Empty") || is_complete(); }
};

// Of a partition whose log was replaced, or may have been by a leader that was not known to have
// all of it, or that has no leader, nobody can tell what whoever answers knows to be committed.
inline bool is_beyond_doubt(const Partition& partition) {
  return partition.rebases.empty() && partition.unclean_elections.empty() &&
         partition.state.leader.is_set();
}

class TransactionLogs {
 public:
  void take(const Event& e, const TransactionStateStored& stored);

  struct News {
    // Committed ones were given up: how ids stand before these is not known.
    bool was_cut = false;
    std::vector<StoredState> states;
  };
  // What has become committed in that partition of __transaction_state since the last call.
  News news_of(const TopicPartition& partition, const Ledger& ledger);
  std::vector<TopicPartition> partitions() const;

 private:
  struct Log {
    std::map<Offset, std::vector<StoredState>> waiting;  // Which are not known to be committed.
    std::size_t followed = 0;                            // That many committed batches …
    std::uint64_t prefix = 0;                            // … with this cumulative hash.
    std::size_t rebases = 0;
  };
  static void take_committed(Log& log, const BatchRef& batch, News& news);

  std::map<TopicPartition, Log> logs_;
};

}  // namespace brokersim::properties
