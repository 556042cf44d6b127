#include "core/controller/alter_partition.h"

#include <algorithm>
#include <set>

namespace brokersim::controller {

namespace {

using api::ErrorCode;
using Member = api::AlterPartitionRequest::BrokerState;

// Whether the proposal speaks of the state the partition is in.
ErrorCode check_epochs(const Partition& partition, NodeId requester,
                       const PartitionAlteration& proposal, const ReplicationRules& rules) {
  // Whoever knows more than this controller talks to one that has been replaced (KAFKA-14154).
  const bool knows_more = proposal.leader_epoch > partition.leader_epoch ||
                          proposal.partition_epoch > partition.partition_epoch;
  if (knows_more && rules.later_epochs_ask_elsewhere) return ErrorCode::not_controller;
  if (proposal.leader_epoch != partition.leader_epoch) return ErrorCode::fenced_leader_epoch;
  if (requester != partition.leader) return ErrorCode::invalid_request;
  if (proposal.partition_epoch != partition.partition_epoch) {
    return ErrorCode::invalid_update_version;
  }
  return ErrorCode::none;
}

// A non-empty subset of the replicas with the leader in it, none named twice.
bool is_possible_isr(const Partition& partition, const std::vector<Member>& isr) {
  std::set<NodeId> members;
  for (const auto& member : isr) {
    const auto& replicas = partition.replicas;
    const bool is_replica =
        std::find(replicas.begin(), replicas.end(), member.broker_id) != replicas.end();
    if (!is_replica || !members.insert(member.broker_id).second) return false;
  }
  return members.count(partition.leader) > 0;
}

bool is_possible_recovery(const Partition& partition, std::int8_t recovery_state,
                          std::size_t isr_size) {
  if (recovery_state == static_cast<std::int8_t>(LeaderRecoveryState::recovered)) return true;
  if (recovery_state != static_cast<std::int8_t>(LeaderRecoveryState::recovering)) return false;
  return isr_size == 1 && partition.leader_recovery_state == LeaderRecoveryState::recovering;
}

bool is_eligible(const Image& image, const Member& member, const ReplicationRules& rules) {
  const auto* broker = image.find_broker(member.broker_id);
  if (!broker || (rules.only_active_join && !broker->is_active())) return false;
  const bool is_known = member.broker_epoch.is_set() && rules.only_present_lives_join;
  return !is_known || member.broker_epoch == broker->epoch;
}

}  // namespace

std::vector<Member> proposed_isr(const PartitionAlteration& proposal) {
  if (proposal.new_isr.empty()) return proposal.new_isr_with_epochs;
  std::vector<Member> isr;
  for (const auto member : proposal.new_isr) isr.push_back({.broker_id = member});
  return isr;
}

ErrorCode check_alteration(const Image& image, const Partition& partition, NodeId requester,
                           const PartitionAlteration& proposal, const ReplicationRules& rules) {
  const auto epochs = check_epochs(partition, requester, proposal, rules);
  if (epochs != ErrorCode::none) return epochs;
  const auto isr = proposed_isr(proposal);
  if (!is_possible_isr(partition, isr)) return ErrorCode::invalid_request;
  if (!is_possible_recovery(partition, proposal.leader_recovery_state, isr.size())) {
    return ErrorCode::invalid_request;
  }
  const bool all_eligible = std::all_of(isr.begin(), isr.end(), [&](const auto& member) {
    return is_eligible(image, member, rules);
  });
  return all_eligible ? ErrorCode::none : ErrorCode::ineligible_replica;
}

}  // namespace brokersim::controller
