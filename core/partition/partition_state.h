// What the cluster's metadata says about one partition, as far as its leader and its followers
// decide by it: fields of PartitionRecord (KIP-631).
#pragma once

#include <algorithm>
#include <vector>

#include "core/base/ids.h"

namespace brokersim::partition {

struct PartitionState {
  std::vector<NodeId> replicas;  // In the order of preference: the first leads if it may.
  std::vector<NodeId> isr;
  NodeId leader = no_node;
  LeaderEpoch leader_epoch{};
  PartitionEpoch partition_epoch{};

  friend bool operator==(const PartitionState&, const PartitionState&) = default;
};

inline bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

}  // namespace brokersim::partition
