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

// KIP-966's balanced recovery, without its questions to all replicas.
NodeId returning_last_known_leader(const Partition& partition, const Candidates& target,
                                   const ElectionTerms& terms) {
  if (!terms.has_elr() || !target.isr.empty() || !target.elr.empty()) return no_node;
  if (partition.last_known_elr.size() != 1) return no_node;
  const NodeId leader = partition.last_known_elr.front();
  const bool is_there = !terms.last_known_leader_must_be_active || terms.is_active(leader);
  return is_there && contains(partition.replicas, leader) ? leader : no_node;
}

}  // namespace

ElectionResult elect(const Partition& partition, const Candidates& target, Election election,
                     const ElectionTerms& terms) {
  const auto& electable = target.isr.empty() ? target.elr : target.isr;
  const auto is_valid = [&](NodeId replica) {
    return contains(electable, replica) && terms.is_active(replica);
  };
  if (election == Election::preferred && is_valid(partition.preferred_leader())) {
    return {.leader = partition.preferred_leader()};
  }
  if (is_valid(partition.leader)) return {.leader = partition.leader};
  const auto valid = first_replica(partition, is_valid);
  if (valid != no_node) return {.leader = valid};
  const auto last_known = returning_last_known_leader(partition, target, terms);
  if (last_known != no_node) return {.leader = last_known, .is_clean = false};
  if (election != Election::unclean) return {.leader = no_node};
  const auto any = first_replica(partition, terms.is_active);
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

// Whether as many are in sync as it takes to commit.
bool can_commit(const std::vector<NodeId>& isr, const std::vector<NodeId>& replicas,
                const ElectionTerms& terms) {
  const auto copies = static_cast<std::int32_t>(replicas.size());
  return static_cast<std::int32_t>(isr.size()) >= std::min(*terms.min_insync_replicas, copies);
}

// While as many are in sync as it takes to commit, whoever is not may lack what is committed. With
// fewer nothing is committed: whoever leaves then still has all of it.
std::vector<NodeId> target_elr(const Partition& partition, const PartitionChange& change,
                               const std::vector<NodeId>& replicas, const std::vector<NodeId>& isr,
                               const ElectionTerms& terms) {
  auto elr = partition.elr;
  if (terms.has_elr()) {
    if (can_commit(isr, replicas, terms)) return {};
    const auto members = less(partition.isr, elr);
    elr.insert(elr.end(), members.begin(), members.end());
  }
  std::erase_if(elr, [&](NodeId node) {
    return contains(isr, node) || !contains(replicas, node) || node == change.restarted_uncleanly;
  });
  return elr;
}

// Who led as the ISR became empty, if it has.
std::vector<NodeId> last_known_of(const Partition& partition, const std::vector<NodeId>& isr) {
  if (!isr.empty()) return {};
  if (partition.isr.empty()) return partition.last_known_elr;
  return {partition.has_leader() ? partition.leader : partition.isr.front()};
}

}  // namespace

std::optional<PartitionChangeRecord> change_partition(const Uuid& topic_id,
                                                      std::int32_t partition_id,
                                                      const Partition& partition,
                                                      const PartitionChange& change,
                                                      const ElectionTerms& terms) {
  auto assignment = change.assignment.value_or(
      Assignment{partition.replicas, partition.adding_replicas, partition.removing_replicas});
  Candidates target{.isr = change.target_isr, .elr = {}};
  end_reassignment_if_possible(assignment, target.isr);
  target.elr = target_elr(partition, change, assignment.replicas, target.isr, terms);
  auto reassigned = partition;
  reassigned.replicas = assignment.replicas;
  const auto elected = elect(reassigned, target, change.election, terms);
  auto recovery = change.leader_recovery_state.value_or(partition.leader_recovery_state);
  if (!elected.is_clean) {
    target = {.isr = {elected.leader}, .elr = {}};
    recovery = LeaderRecoveryState::recovering;
  } else if (target.isr.empty() && elected.leader != no_node) {
    target.isr = {elected.leader};
    target.elr = less(std::move(target.elr), target.isr);
  } else if (target.isr.empty() && !terms.has_elr()) {
    target.isr = partition.isr;
  }
  // Whoever was just elected may be enough to commit by itself.
  const bool has_no_elr =
      terms.has_elr() ? can_commit(target.isr, assignment.replicas, terms) : !target.isr.empty();
  if (has_no_elr) target.elr.clear();
  const auto last_known = last_known_of(partition, target.isr);

  PartitionChangeRecord record{.partition_id = partition_id, .topic_id = topic_id};
  const auto nothing = record;
  const bool loses_replicas = !contains_all(assignment.replicas, partition.replicas);
  if (elected.leader != partition.leader || !elected.is_clean || loses_replicas) {
    record.leader = elected.leader;
  }
  if (target.isr != partition.isr) record.isr = std::move(target.isr);
  if (target.elr != partition.elr) record.eligible_leader_replicas = std::move(target.elr);
  if (last_known != partition.last_known_elr) record.last_known_elr = last_known;
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
