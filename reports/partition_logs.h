// What the logs of one partition's replicas hold, and what producers were told of it: who has which
// records, what a truncation cost, and which acknowledged records a leader lacks.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/base/event.h"

namespace brokersim::reports {

class PartitionLogs {
 public:
  struct Removed {
    Offset from = 0;  // The end of the log before, and after.
    Offset to = 0;
    std::int64_t records = 0;
    std::int64_t acknowledged = 0;  // Of them.
    std::int64_t gone = 0;          // Of these, those that `leader` lacks, too.
  };
  // Acknowledged records that nobody will find again.
  struct Loss {
    LeaderEpoch epoch;  // Of the leader that acknowledged them.
    std::int64_t records = 0;
    bool by_leader_alone = false;  // Acknowledged with acks=1, which promises no more.
  };

  void store(NodeId node, const BatchRef& batch);
  // The node's log ends at `end_offset` from now on. Where `leader` is none, or the node itself,
  // all other replicas are asked whether they have what it lost.
  Removed cut(NodeId node, Offset end_offset, NodeId leader);
  // A producer was told by the node that the batch is there.
  void acknowledge(NodeId node, const BatchRef& batch, std::int32_t acks);
  // Acknowledged records that the leader's log lacks. Each is told of once.
  std::vector<Loss> lost_under(NodeId leader);

  // Log end offset (LEO).
  Offset end_offset(NodeId node) const;
  // Of the last batch.
  LeaderEpoch last_epoch(NodeId node) const;

 private:
  using Log = std::vector<BatchRef>;  // By offset.
  struct Promise {
    BatchRef batch;
    std::int32_t acks = 0;
    bool is_lost = false;
  };
  // By offset and content: a retried batch is promised once.
  using Key = std::pair<Offset, std::uint64_t>;

  // The node's own copy; null if it has none.
  const BatchRef* find(NodeId node, const BatchRef& batch) const;
  bool any_holds(const BatchRef& batch) const;

  std::map<NodeId, Log> logs_;
  std::map<Key, Promise> promises_;
};

}  // namespace brokersim::reports
