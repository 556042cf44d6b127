#include "core/controller/election.h"

#include <algorithm>

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

std::optional<PartitionChangeRecord> change_partition(const Uuid& topic_id,
                                                      std::int32_t partition_id,
                                                      const Partition& partition,
                                                      const PartitionChange& change,
                                                      const IsActive& is_active) {
  const auto elected = elect(partition, change.target_isr, change.election, is_active);
  auto isr = change.target_isr.empty() ? partition.isr : change.target_isr;
  auto recovery = change.leader_recovery_state.value_or(partition.leader_recovery_state);
  if (!elected.is_clean) {
    isr = {elected.leader};
    recovery = LeaderRecoveryState::recovering;
  }

  PartitionChangeRecord record{.partition_id = partition_id, .topic_id = topic_id};
  const auto nothing = record;
  if (elected.leader != partition.leader || !elected.is_clean) record.leader = elected.leader;
  if (isr != partition.isr) record.isr = std::move(isr);
  if (recovery != partition.leader_recovery_state) {
    record.leader_recovery_state = static_cast<std::int8_t>(recovery);
  }
  if (record == nothing) return std::nullopt;
  return record;
}

}  // namespace brokersim::controller
