// Who leads a partition, and how its record changes when its ISR, its replicas or the brokers do.
//
// Pure: KIP-841 (who is active), KIP-106 (unclean elections), KIP-455 (reassignments). Every change
// raises the partition epoch; naming a leader in a change raises the leader epoch.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/controller/image.h"
#include "core/controller/records.h"

namespace brokersim::controller {

enum class Election : std::uint8_t {
  online,     // Keep the leader if it is valid, else the first valid replica.
  preferred,  // The first replica if it is valid, else as online.
  unclean,    // As online; if nobody is valid, the first active replica.
};

using IsActive = std::function<bool(NodeId)>;

struct ElectionResult {
  NodeId leader = no_node;
  bool is_clean = true;
  friend bool operator==(ElectionResult, ElectionResult) = default;
};

// A replica is valid if it is active and in `target_isr`.
ElectionResult elect(const Partition& partition, const std::vector<NodeId>& target_isr,
                     Election election, const IsActive& is_active);

// The replicas a partition has, and which of them are on their way in or out.
struct Assignment {
  std::vector<NodeId> replicas;
  std::vector<NodeId> adding;
  std::vector<NodeId> removing;
};

struct PartitionChange {
  std::vector<NodeId> target_isr;
  Election election = Election::online;
  // The leader may report that it has recovered from an unclean election.
  std::optional<LeaderRecoveryState> leader_recovery_state;
  std::optional<Assignment> assignment;  // If it is to be another.
};

// The record that brings `partition` to `change`, electing a leader where that is needed; nothing
// if nothing changes. An ISR never becomes empty: its last member stays, though nobody leads then.
// A reassignment ends with the change that has all replicas which stay in sync: those on their way
// out go, and with them the leader epoch in which they were replicas.
std::optional<PartitionChangeRecord> change_partition(const Uuid& topic_id,
                                                      std::int32_t partition_id,
                                                      const Partition& partition,
                                                      const PartitionChange& change,
                                                      const IsActive& is_active);

}  // namespace brokersim::controller
