#include "core/controller/election.h"

#include <algorithm>
#include <utility>

namespace brokersim::controller {

namespace {

template <class Predicate>
NodeId first_replica(const Partition& partition, const Predicate& fits) {
  const auto& replicas = partition.replicas;
  const auto found = std::find_if(replicas.begin(), replicas.end(), fits);
  return found == replicas.end() ? no_node : *found;
}

}  // namespace

ElectionResult elect(const Partition& partition, const std::vector<NodeId>& target_isr,
                     Election election, const IsActive& is_active) {
  const auto is_valid = [&](NodeId replica) {
    return contains(target_isr, replica) && is_active(replica);
  };
  if (election == Election::preferred && is_valid(partition.preferred_leader())) {
    return {.leader = partition.preferred_leader()};
  }
  if (is_valid(partition.leader)) return {.leader = partition.leader};
  const auto in_sync = first_replica(partition, is_valid);
  if (in_sync != no_node) return {.leader = in_sync};
  if (election != Election::unclean) return {.leader = no_node};
  const auto any = first_replica(partition, is_active);
  return {.leader = any, .is_clean = any == no_node};
}

namespace {

std::vector<NodeId> less(std::vector<NodeId> nodes, const std::vector<NodeId>& others) {
  std::erase_if(nodes, [&](NodeId node) { return contains(others, node); });
  return nodes;
}

bool contains_all(const std::vector<NodeId>& nodes, const std::vector<NodeId>& others) {
  return std::all_of(others.begin(), others.end(), [&](NodeId id) { return contains(nodes, id); });
}

void end_reassignment_if_possible(Assignment& assignment, std::vector<NodeId>& isr) {
  if (assignment.adding.empty() && assignment.removing.empty()) return;
  auto staying = less(assignment.replicas, assignment.removing);
  auto staying_isr = less(isr, assignment.removing);
  if (staying.empty() || staying_isr.empty() || !contains_all(staying_isr, staying)) return;
  assignment = {.replicas = std::move(staying)};
  isr = std::move(staying_isr);
}

}  // namespace

std::optional<PartitionChangeRecord> change_partition(const Uuid& topic_id,
                                                      std::int32_t partition_id,
                                                      const Partition& partition,
                                                      const PartitionChange& change,
                                                      const IsActive& is_active) {
  auto assignment = change.assignment.value_or(
      Assignment{partition.replicas, partition.adding_replicas, partition.removing_replicas});
  auto isr = change.target_isr;
  end_reassignment_if_possible(assignment, isr);
  auto reassigned = partition;
  reassigned.replicas = assignment.replicas;
  const auto elected = elect(reassigned, isr, change.election, is_active);
  if (isr.empty()) isr = partition.isr;
  auto recovery = change.leader_recovery_state.value_or(partition.leader_recovery_state);
  if (!elected.is_clean) {
    isr = {elected.leader};
    recovery = LeaderRecoveryState::recovering;
  }

  PartitionChangeRecord record{.partition_id = partition_id, .topic_id = topic_id};
  const auto nothing = record;
  const bool loses_replicas = !contains_all(assignment.replicas, partition.replicas);
  if (elected.leader != partition.leader || !elected.is_clean || loses_replicas) {
    record.leader = elected.leader;
  }
  if (isr != partition.isr) record.isr = std::move(isr);
  if (recovery != partition.leader_recovery_state) {
    record.leader_recovery_state = static_cast<std::int8_t>(recovery);
  }
  if (assignment.replicas != partition.replicas) record.replicas = assignment.replicas;
  if (assignment.adding != partition.adding_replicas) record.adding_replicas = assignment.adding;
  if (assignment.removing != partition.removing_replicas) {
    record.removing_replicas = assignment.removing;
  }
  if (record == nothing) return std::nullopt;
  return record;
}

}  // namespace brokersim::controller
