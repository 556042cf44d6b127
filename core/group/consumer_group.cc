#include "core/group/consumer_group.h"

#include <algorithm>
#include <utility>

#include "core/group/consumer_entries.h"

namespace brokersim::group {

// ---- Time --------------------------------------------------------------------------------------

Instant ConsumerGroup::next_deadline() const {
  Instant next = never;
  for (const auto* deadlines : {&sessions_, &joins_, &syncs_}) {
    for (const auto& [id, until] : *deadlines) next = std::min(next, until);
  }
  for (const auto& [id, revocation] : revocations_) next = std::min(next, revocation.until);
  return next;
}

// Members of consumer groups are told theirs; who speaks the classic protocol says it.
Duration ConsumerGroup::session_timeout_of(const ConsumerMember& member) const {
  const auto& classic = member.metadata.classic_member_metadata;
  if (classic) return Duration(1ms) * classic->session_timeout_ms;
  return config_->session_timeout_of(id_);
}

void ConsumerGroup::begin_sessions(Now now) {
  for (const auto& [id, member] : members_) {
    sessions_[id] = now.at + session_timeout_of(member);
    if (member.assignment.state != MemberState::unrevoked_partitions) continue;
    if (member.speaks_classic()) continue;  // It is told to join again, and has so long for that.
    const auto timeout = Duration(1ms) * member.metadata.rebalance_timeout_ms;
    revocations_[id] = {member.assignment.epoch, now.at + timeout};
  }
}

// ---- The log -----------------------------------------------------------------------------------

namespace {

// One that is replayed in the order of a compacted log: of a member some entries may come before
// others that they were once written after, and deletions of what is not there.
template <class... Visit>
struct Visitor : Visit... {
  using Visit::operator()...;
};
template <class... Visit>
Visitor(Visit...) -> Visitor<Visit...>;

}  // namespace

void ConsumerGroup::apply(const Entry& entry) {
  std::visit(Visitor{[this](const ConsumerGroupMetadataEntry& one) {
                       if (one.value) epoch_ = one.value->epoch;
                     },
                     [this](const ConsumerGroupPartitionMetadataEntry& one) {
                       topics_ = one.value ? topics_in(*one.value) : KnownTopics();
                     },
                     [this](const ConsumerGroupTargetAssignmentMetadataEntry& one) {
                       if (one.value) assignment_epoch_ = one.value->assignment_epoch;
                     },
                     [this](const ConsumerGroupTargetAssignmentMemberEntry& one) {
                       if (one.value) {
                         target_[one.key.member_id] = set_of(one.value->topic_partitions);
                       } else {
                         target_.erase(one.key.member_id);
                       }
                     },
                     [this](const ConsumerGroupMemberMetadataEntry& one) { apply_member(one); },
                     [this](const ConsumerGroupCurrentMemberAssignmentEntry& one) {
                       apply_assignment(one);
                     },
                     [](const auto&) {}},
             entry);
}

void ConsumerGroup::apply_member(const ConsumerGroupMemberMetadataEntry& entry) {
  const auto& id = entry.key.member_id;
  const auto known = members_.find(id);
  if (known != members_.end()) {
    const auto& instance = known->second.metadata.instance_id;
    const auto holder = instances_.find(instance.value_or(""));
    if (holder != instances_.end() && holder->second == id) instances_.erase(holder);
  }
  if (entry.value) {
    members_[id].metadata = *entry.value;
    if (entry.value->instance_id) instances_[*entry.value->instance_id] = id;
    return;
  }
  if (known == members_.end()) return;
  epochs_.update(&known->second.assignment, nullptr);
  members_.erase(known);
  for (auto* deadlines : {&sessions_, &joins_, &syncs_}) deadlines->erase(id);
  revocations_.erase(id);
}

void ConsumerGroup::apply_assignment(const ConsumerGroupCurrentMemberAssignmentEntry& entry) {
  const auto& id = entry.key.member_id;
  if (!entry.value && !members_.contains(id)) return;
  auto& member = members_[id];
  auto next = entry.value ? assignment_in(*entry.value) : MemberAssignment();
  epochs_.update(&member.assignment, &next);
  member.assignment = std::move(next);
}

bool ConsumerGroup::gives_what_is_free(const Entry& entry) const {
  const auto* one = std::get_if<ConsumerGroupCurrentMemberAssignmentEntry>(&entry);
  if (!one || !one->value) return true;
  const auto known = members_.find(one->key.member_id);
  auto given = assignment_in(*one->value).assigned;
  if (known != members_.end()) {
    given = without(given, known->second.assignment.assigned);
    given = without(given, known->second.assignment.pending_revocation);
  }
  return epochs_.free_of(given) == given;
}

std::vector<Entry> ConsumerGroup::tombstones() const {
  std::vector<Entry> entries;
  for (const auto& [id, member] : members_) forget(id, entries);
  entries.push_back(ConsumerGroupTargetAssignmentMetadataEntry{{id_}, std::nullopt});
  entries.push_back(ConsumerGroupPartitionMetadataEntry{{id_}, std::nullopt});
  entries.push_back(ConsumerGroupMetadataEntry{{id_}, std::nullopt});
  return entries;
}

// ---- What it is --------------------------------------------------------------------------------

const PartitionSet& ConsumerGroup::target(const std::string& member) const {
  static const PartitionSet nothing;
  const auto found = target_.find(member);
  return found == target_.end() ? nothing : found->second;
}

std::string_view ConsumerGroup::state() const {
  if (members_.empty()) return "Empty";
  if (assignment_epoch_ < epoch_) return "Assigning";
  const bool have_all_come =
      std::all_of(members_.begin(), members_.end(), [this](const auto& member) {
        const auto& assignment = member.second.assignment;
        return assignment.state == MemberState::stable && assignment.epoch == assignment_epoch_;
      });
  return have_all_come ? "Stable" : "Reconciling";
}

std::optional<GroupStateChanged> ConsumerGroup::news(const std::string& why) {
  GroupStateChanged present{.group = id_,
                            .state = std::string(state()),
                            .generation = epoch_,
                            .members = static_cast<std::int32_t>(members_.size()),
                            .why = why};
  const auto known = std::exchange(told_, {present.state, epoch_});
  if (known == told_) return std::nullopt;
  return present;
}

bool ConsumerGroup::is_subscribed_to(const std::string& topic) const {
  if (topics_.contains(topic)) return true;
  return std::any_of(members_.begin(), members_.end(), [&](const auto& member) {
    const auto& names = member.second.metadata.subscribed_topic_names;
    return std::find(names.begin(), names.end(), topic) != names.end();
  });
}

api::ConsumerGroupDescribeResponse::DescribedGroup ConsumerGroup::describe(
    const KnownTopics& topics) const {
  using Described = api::ConsumerGroupDescribeResponse;
  std::map<Uuid, std::string> names;
  for (const auto& [name, topic] : topics) names[topic.id] = name;
  const auto told = [&names](const PartitionSet& set) {
    auto rows = listed<Described::TopicPartitions>(set);
    for (auto& row : rows) row.topic_name = names[row.topic_id];
    std::erase_if(rows, [](const auto& row) { return row.topic_name.empty(); });
    return Described::Assignment{std::move(rows)};
  };
  Described::DescribedGroup described;
  described.group_id = id_;
  described.group_state = state();
  described.group_epoch = epoch_;
  described.assignment_epoch = assignment_epoch_;
  described.assignor_name = name_of(assignor_of(subscriptions(), config_->consumer_assignors));
  for (const auto& [id, member] : members_) {
    const auto& metadata = member.metadata;
    described.members.push_back({.member_id = id,
                                 .instance_id = metadata.instance_id,
                                 .rack_id = metadata.rack_id,
                                 .member_epoch = member.assignment.epoch,
                                 .client_id = metadata.client_id,
                                 .client_host = metadata.client_host,
                                 .subscribed_topic_names = metadata.subscribed_topic_names,
                                 .subscribed_topic_regex = metadata.subscribed_topic_regex,
                                 .assignment = told(member.assignment.assigned),
                                 .target_assignment = told(target(id)),
                                 .member_type = member.speaks_classic()
                                                    ? Described::classic_member
                                                    : Described::consumer_member});
  }
  return described;
}

}  // namespace brokersim::group
