#include "core/group/reconcile.h"

#include <utility>

namespace brokersim::group {
namespace {

bool has_given_up(const PartitionSet& those, const std::optional<PartitionSet>& owned) {
  return owned && !have_common(*owned, those);
}

// From `epoch` on towards the target.
MemberAssignment next_step(const MemberAssignment& member, std::int32_t epoch,
                           std::int32_t target_epoch, const PartitionSet& target,
                           const PartitionEpochs& epochs,
                           const std::optional<PartitionSet>& owned) {
  MemberAssignment next{.previous_epoch = member.epoch,
                        .assigned = common(member.assigned, target)};
  auto revoked = without(member.assigned, target);
  if (!revoked.empty() && !has_given_up(revoked, owned)) {
    next.epoch = epoch;
    next.state = MemberState::unrevoked_partitions;
    next.pending_revocation = std::move(revoked);
    return next;
  }
  const auto wanted = without(target, next.assigned);
  const auto given = epochs.free_of(wanted);
  next.epoch = target_epoch;
  if (given != wanted) next.state = MemberState::unreleased_partitions;
  add(next.assigned, given);
  return next;
}

}  // namespace

bool PartitionEpochs::is_free(const Uuid& topic, std::int32_t partition) const {
  const auto found = epochs_.find(topic);
  return found == epochs_.end() || !found->second.contains(partition);
}

PartitionSet PartitionEpochs::free_of(const PartitionSet& wanted) const {
  PartitionSet free;
  for (const auto& [topic, partitions] : wanted) {
    for (const auto partition : partitions) {
      if (is_free(topic, partition)) free[topic].insert(partition);
    }
  }
  return free;
}

void PartitionEpochs::put(const MemberAssignment& member) {
  for (const auto* set : {&member.assigned, &member.pending_revocation}) {
    for (const auto& [topic, partitions] : *set) {
      for (const auto partition : partitions) epochs_[topic][partition] = member.epoch;
    }
  }
}

void PartitionEpochs::remove(const MemberAssignment& member) {
  for (const auto* set : {&member.assigned, &member.pending_revocation}) {
    for (const auto& [topic, partitions] : *set) {
      auto& epochs = epochs_[topic];
      for (const auto partition : partitions) {
        const auto known = epochs.find(partition);
        const bool is_its_own = known != epochs.end() && known->second == member.epoch;
        if (is_its_own || (known != epochs.end() && !rules_.releases_own_partitions_only)) {
          epochs.erase(known);
        }
      }
      if (epochs.empty()) epochs_.erase(topic);
    }
  }
}

void PartitionEpochs::update(const MemberAssignment* before, const MemberAssignment* after) {
  if (!rules_.releases_own_partitions_only) {
    if (after) put(*after);
    if (before) remove(*before);
    return;
  }
  if (before) remove(*before);
  if (after) put(*after);
}

MemberAssignment reconcile(const MemberAssignment& member, std::int32_t target_epoch,
                           const PartitionSet& target, const PartitionEpochs& epochs,
                           const std::optional<PartitionSet>& owned) {
  switch (member.state) {
    case MemberState::stable:
      if (member.epoch == target_epoch) return member;
      return next_step(member, member.epoch, target_epoch, target, epochs, owned);
    case MemberState::unrevoked_partitions:
      if (!has_given_up(member.pending_revocation, owned)) return member;
      return next_step(member, member.epoch + 1, target_epoch, target, epochs, owned);
    case MemberState::unreleased_partitions:
      return next_step(member, member.epoch, target_epoch, target, epochs, owned);
  }
  return member;
}

}  // namespace brokersim::group
