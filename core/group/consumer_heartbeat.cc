// What a member's heartbeat changes: of what it says of itself, of the group's topics and epoch, of
// the target assignment, and of what the member has (KIP-848).
#include <algorithm>
#include <set>
#include <utility>

#include "core/group/consumer_draft.h"
#include "core/group/consumer_entries.h"

namespace brokersim::group {
namespace {

std::vector<std::string> each_once(const std::vector<std::string>& names) {
  const std::set<std::string> once(names.begin(), names.end());
  return {once.begin(), once.end()};
}

// Nothing is said of what has not changed; but of who joins or is unsure what we know, everything.
bool is_full(const ConsumerGroup::Request& asked) {
  return asked.member_epoch == 0 ||
         (asked.rebalance_timeout_ms >= 0 &&
          (asked.subscribed_topic_names || asked.subscribed_topic_regex) && asked.topic_partitions);
}

}  // namespace

// ---- The member and what it wants --------------------------------------------------------------

void ConsumerGroup::update_metadata(const HeartbeatContext& context, const Request& asked,
                                    Draft& draft) const {
  auto& metadata = draft.member.metadata;
  metadata.client_id = context.client_id;
  metadata.client_host = context.client_host;
  if (asked.instance_id) metadata.instance_id = asked.instance_id;
  if (asked.rack_id) metadata.rack_id = asked.rack_id;
  if (asked.rebalance_timeout_ms >= 0) metadata.rebalance_timeout_ms = asked.rebalance_timeout_ms;
  if (asked.server_assignor) metadata.server_assignor = asked.server_assignor;
  metadata.classic_member_metadata = draft.classic;
  if (asked.subscribed_topic_names) {
    metadata.subscribed_topic_names = each_once(*asked.subscribed_topic_names);
  }
  if (asked.subscribed_topic_regex) {
    metadata.subscribed_topic_regex = asked.subscribed_topic_regex;
    if (asked.subscribed_topic_regex->empty()) metadata.subscribed_topic_regex.reset();
  }
  draft.wants_else =
      !draft.before ||
      draft.before->metadata.subscribed_topic_names != metadata.subscribed_topic_names ||
      draft.before->metadata.subscribed_topic_regex != metadata.subscribed_topic_regex;
  // Who comes back begins anew, with what it has.
  auto& epoch = draft.member.assignment.epoch;
  if (draft.is_successor() || epoch == epoch_of_static_leave) epoch = 0;
  if (draft.is_successor()) forget(draft.predecessor, draft.entries);
  const bool is_changed =
      draft.is_new() || draft.is_successor() || metadata != draft.before->metadata;
  if (is_changed) {
    draft.entries.push_back(ConsumerGroupMemberMetadataEntry{{id_, draft.id}, metadata});
  }
}

Subscriptions ConsumerGroup::subscriptions() const {
  Subscriptions all;
  for (const auto& [id, member] : members_) all[id] = &member.metadata;
  return all;
}

Subscriptions ConsumerGroup::subscriptions_with(const Draft& draft) const {
  auto all = subscriptions();
  all.erase(draft.predecessor);
  all[draft.id] = &draft.member.metadata;
  return all;
}

// The epoch is raised if somebody else is in, wants something else, or topics are others.
void ConsumerGroup::refresh_topics(const KnownTopics& topics, Draft& draft) {
  bool is_raised = draft.wants_else;
  if (draft.wants_else) {
    draft.why = draft.is_new() ? "a member joined" : "a member wants something else";
  }
  if (draft.wants_else || !has_seen_topics_) {
    draft.topics = topics_of(subscriptions_with(draft), topics);
    if (draft.topics != topics_) {
      draft.entries.push_back(entry_of(id_, draft.topics));
      if (!is_raised) draft.why = "topics have changed";
      is_raised = true;
    } else {
      has_seen_topics_ = true;
    }
  }
  if (!is_raised) return;
  ++draft.epoch;
  draft.entries.push_back(ConsumerGroupMetadataEntry{{id_}, {{draft.epoch}}});
}

// ---- What members are to have ------------------------------------------------------------------

// For the group's epoch, if there is none yet. A successor is to have what its predecessor was.
void ConsumerGroup::make_target(const KnownTopics& topics, Draft& draft) const {
  const auto& present = draft.is_successor() ? draft.predecessor : draft.id;
  draft.target = target(present);
  if (draft.assignment_epoch == draft.epoch) {
    if (draft.is_successor()) {
      draft.entries.push_back(target_entry_of(id_, draft.id, draft.target));
    }
    return;
  }
  const auto members = subscriptions_with(draft);
  Assignees assignees;
  for (const auto& [id, metadata] : members) {
    auto& assignee = assignees[id];
    assignee.instance_id = metadata->instance_id;
    assignee.present = id == draft.id ? draft.target : target(id);
    for (const auto& [name, topic] : topics_of(*metadata, topics)) {
      if (draft.topics.contains(name)) assignee.topics.insert(topic.id);
    }
  }
  std::map<Uuid, std::int32_t> partitions;
  for (const auto& [name, topic] : draft.topics) partitions[topic.id] = topic.partitions;
  auto made = assign(assignor_of(members, config_->consumer_assignors), assignees, partitions);
  for (const auto& [id, set] : made) {
    const bool is_told = target_.contains(id) && target(id) == set;
    if (!is_told) draft.entries.push_back(target_entry_of(id_, id, set));
  }
  draft.assignment_epoch = draft.epoch;
  draft.entries.push_back(
      ConsumerGroupTargetAssignmentMetadataEntry{{id_}, {{draft.assignment_epoch}}});
  draft.target = std::move(made[draft.id]);
}

// ---- What it has -------------------------------------------------------------------------------

void ConsumerGroup::take_step(const Request& asked, Draft& draft) const {
  std::optional<PartitionSet> owned;
  if (asked.topic_partitions) owned = set_of(*asked.topic_partitions);
  auto next =
      reconcile(draft.member.assignment, draft.assignment_epoch, draft.target, epochs_, owned);
  const bool is_changed =
      draft.is_new() || draft.is_successor() || next != draft.before->assignment;
  draft.member.assignment = std::move(next);
  if (!is_changed) return;
  draft.entries.push_back(entry_of(id_, draft.id, draft.member.assignment));
  if (draft.why.empty()) draft.why = "a member has come closer to its assignment";
}

// They run from now on, whether or not the entries will be committed: of nobody they do no harm.
void ConsumerGroup::begin_timers(Now now, const Draft& draft) {
  sessions_[draft.id] = now.at + session_timeout_of(draft.member);
  joins_.erase(draft.id);
  syncs_.erase(draft.id);
  const auto& assignment = draft.member.assignment;
  if (assignment.state != MemberState::unrevoked_partitions) {
    revocations_.erase(draft.id);
    return;
  }
  const auto known = revocations_.find(draft.id);
  if (known != revocations_.end() && known->second.epoch == assignment.epoch) return;
  const auto timeout = Duration(1ms) * draft.member.metadata.rebalance_timeout_ms;
  revocations_[draft.id] = {assignment.epoch, now.at + timeout};
}

ConsumerGroup::Response ConsumerGroup::response_to(const Request& asked, const Draft& draft) const {
  Response response;
  response.member_id = draft.id;
  response.member_epoch = draft.member.assignment.epoch;
  response.heartbeat_interval_ms =
      static_cast<std::int32_t>(milliseconds(config_->heartbeat_interval_of(id_)));
  const auto& assigned = draft.member.assignment.assigned;
  const bool is_told = is_full(asked) || draft.is_new() || draft.is_successor() ||
                       draft.before->assignment.assigned != assigned;
  if (is_told) {
    response.assignment.emplace().topic_partitions = listed<Response::TopicPartitions>(assigned);
  }
  return response;
}

}  // namespace brokersim::group
