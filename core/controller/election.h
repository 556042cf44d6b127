// Who leads a partition, and how its record changes when its ISR, its replicas or the brokers do.
//
//   ISR      in sync: whoever of them is active may lead
//   ELR      left when the ISR was or fell below min.insync.replicas: nothing was committed without
//            them, so that one of them may lead, cleanly, once the ISR is empty (KIP-966)
//   replica  the others: any of them only uncleanly (KIP-106)
//
// Pure: KIP-841 (who is active), KIP-106 (unclean elections), KIP-455 (reassignments), KIP-966
// (eligible leader replicas). Every change raises the partition epoch; naming a leader in a change
// raises the leader epoch.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
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

// What elections of a topic's partitions depend on besides the partition.
struct ElectionTerms {
  IsActive is_active;
  bool may_elect_uncleanly = false;
  // Below so many in sync, those that leave stay eligible. Nothing: the cluster goes without ELRs,
  // and the last one in sync stays so when it goes.
  std::optional<std::int32_t> min_insync_replicas;
  // The last known leader has to be there to lead again (KAFKA-19522).
  bool last_known_leader_must_be_active = true;

  bool has_elr() const { return min_insync_replicas.has_value(); }
  Election election() const { return may_elect_uncleanly ? Election::unclean : Election::online; }
};
using TermsOfTopic = std::function<ElectionTerms(std::string_view topic)>;

struct ElectionResult {
  NodeId leader = no_node;
  bool is_clean = true;
  friend bool operator==(ElectionResult, ElectionResult) = default;
};

// Who is to be in sync, and who eligible besides.
struct Candidates {
  std::vector<NodeId> isr;
  std::vector<NodeId> elr;
};

// A replica is valid if it is active and in the target ISR or, where that is empty, in the target
// ELR. Where both are empty the last known leader may lead, uncleanly, whatever the topic permits:
// nobody is known to have more.
ElectionResult elect(const Partition& partition, const Candidates& target, Election election,
                     const ElectionTerms& terms);

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
  // A broker that may have lost what it had not synced: it is not eligible any more.
  NodeId restarted_uncleanly = no_node;
};

// The record that brings `partition` to `change`, electing a leader where that is needed; nothing
// if nothing changes. Without ELRs an ISR never becomes empty: its last member stays, though nobody
// leads then. A reassignment ends with the change that has all replicas which stay in sync: those
// on their way out go, and with them the leader epoch in which they were replicas.
std::optional<PartitionChangeRecord> change_partition(const Uuid& topic_id,
                                                      std::int32_t partition_id,
                                                      const Partition& partition,
                                                      const PartitionChange& change,
                                                      const ElectionTerms& terms);

}  // namespace brokersim::controller
