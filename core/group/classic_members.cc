// Members of a consumer group that speak the classic protocol (KIP-848): what JoinGroup, SyncGroup,
// Heartbeat and LeaveGroup are to it. Nobody waits for the others here: each joins at its own pace,
// and is told to join again whenever that would bring it closer to what it is to have.
#include <algorithm>
#include <utility>

#include "core/api/consumer_protocol.h"
#include "core/group/consumer_draft.h"
#include "core/group/embedded_protocol.h"
#include "core/group/group.h"

namespace brokersim::group {

using api::ErrorCode;

namespace {

using Classic = ConsumerGroupMemberMetadataValue::ClassicMemberMetadata;

bool knows(const Classic& member, const std::string& protocol) {
  const auto& protocols = member.supported_protocols;
  return std::any_of(protocols.begin(), protocols.end(),
                     [&](const auto& one) { return one.name == protocol; });
}

Classic classic_of(const api::JoinGroupRequest& asked) {
  Classic classic{.session_timeout_ms = asked.session_timeout_ms};
  for (const auto& protocol : asked.protocols) {
    classic.supported_protocols.push_back({protocol.name, protocol.metadata});
  }
  return classic;
}

// What it would say by the other protocol.
ConsumerGroup::Request full_heartbeat_of(const api::JoinGroupRequest& asked,
                                         const EmbeddedSubscription& wants) {
  ConsumerGroup::Request heartbeat;
  heartbeat.instance_id = asked.group_instance_id;
  heartbeat.rack_id = wants.rack;
  heartbeat.rebalance_timeout_ms =
      asked.rebalance_timeout_ms < 0 ? asked.session_timeout_ms : asked.rebalance_timeout_ms;
  heartbeat.subscribed_topic_names = wants.topics;
  heartbeat.subscribed_topic_regex = "";
  heartbeat.topic_partitions = listed<ConsumerGroup::Request::TopicPartitions>(wants.owned);
  return heartbeat;
}

}  // namespace

// ---- Joining -----------------------------------------------------------------------------------

// Those who are told what they have by a SyncGroup are told it in a protocol that all could lead
// by.
bool ConsumerGroup::is_spoken_by_all(const std::string& protocol) const {
  return std::all_of(members_.begin(), members_.end(), [&](const auto& member) {
    const auto& classic = member.second.metadata.classic_member_metadata;
    return !classic || knows(*classic, protocol);
  });
}

ErrorCode ConsumerGroup::check_join(const api::JoinGroupRequest& asked) const {
  if (has_no_place_for(asked.member_id)) return ErrorCode::group_max_size_reached;
  const bool is_supported =
      asked.protocol_type == api::consumer_protocol_type &&
      std::any_of(asked.protocols.begin(), asked.protocols.end(),
                  [&](const auto& protocol) { return is_spoken_by_all(protocol.name); });
  return is_supported ? ErrorCode::none : ErrorCode::inconsistent_group_protocol;
}

// A static member takes the place of whoever went by its instance, and needs no id for that.
ErrorCode ConsumerGroup::find_place(const api::JoinGroupRequest& asked, Draft& draft) const {
  const bool is_new = asked.member_id.empty();
  if (!asked.group_instance_id) {
    const auto known = members_.find(draft.id);
    if (known != members_.end()) draft.before = &known->second;
    return ErrorCode::none;
  }
  const auto holder = instances_.find(*asked.group_instance_id);
  if (holder == instances_.end()) return is_new ? ErrorCode::none : ErrorCode::unknown_member_id;
  if (!is_new && holder->second != draft.id) return ErrorCode::fenced_instance_id;
  if (is_new) draft.predecessor = holder->second;
  draft.before = &members_.at(holder->second);
  return ErrorCode::none;
}

// Gives what it wants.
Expected<EmbeddedSubscription, ErrorCode> ConsumerGroup::begin_join(
    const api::JoinGroupRequest& asked, std::int16_t version, const KnownTopics& topics,
    Draft& draft) const {
  const auto unfit = check_join(asked);
  if (unfit != ErrorCode::none) return Unexpected(unfit);
  const bool must_have_id = version >= 4 && !asked.group_instance_id;
  if (must_have_id && asked.member_id.empty()) return Unexpected(ErrorCode::member_id_required);
  auto wants = read_subscription(asked.protocols.front().metadata, topics);
  if (!wants) return Unexpected(ErrorCode::unknown_server_error);
  const auto refused = find_place(asked, draft);
  if (refused != ErrorCode::none) return Unexpected(refused);
  // Unlike in a classic group it is not known which ids were given out. But who has something was a
  // member, and has missed that the group went on without it.
  const bool is_zombie = draft.is_new() && !wants->owned.empty();
  if (is_zombie) return Unexpected(ErrorCode::unknown_member_id);
  if (draft.before) draft.member = *draft.before;
  draft.classic = classic_of(asked);
  return *std::move(wants);
}

ConsumerGroup::JoinDecision ConsumerGroup::join(Now now, const JoinContext& context,
                                                const api::JoinGroupRequest& asked,
                                                const KnownTopics& topics) {
  JoinDecision decision;
  auto draft = draft_of(asked.member_id);
  if (draft.id.empty()) draft.id = context.member_id(asked.group_instance_id);
  const auto wants = begin_join(asked, context.version, topics, draft);
  if (!wants) {
    const bool is_told_id = wants.error() == ErrorCode::member_id_required;
    decision.response.error_code = wants.error();
    decision.response.member_id = is_told_id ? draft.id : asked.member_id;
    return decision;
  }
  const auto heartbeat = full_heartbeat_of(asked, *wants);
  update_metadata({.client_id = context.client_id, .client_host = context.client_host}, heartbeat,
                  draft);
  refresh_topics(topics, draft);
  make_target(topics, draft);
  take_step(heartbeat, draft);
  begin_classic_timers(now, draft);
  decision.response.generation_id = draft.member.assignment.epoch;
  decision.response.protocol_type = api::consumer_protocol_type;
  decision.response.protocol_name = asked.protocols.front().name;
  decision.response.member_id = draft.id;
  if (draft.is_successor()) decision.out = {draft.predecessor};
  decision.member = std::move(draft.member);
  decision.entries = std::move(draft.entries);
  decision.why = std::move(draft.why);
  return decision;
}

// KAFKA-12890 holds here, too: who joins and does not ask for its assignment is not waited for.
void ConsumerGroup::begin_classic_timers(Now now, const Draft& draft) {
  const auto& metadata = draft.member.metadata;
  sessions_[draft.id] = now.at + session_timeout_of(draft.member);
  syncs_[draft.id] = now.at + Duration(1ms) * metadata.rebalance_timeout_ms;
  joins_.erase(draft.id);
  revocations_.erase(draft.id);
}

// ---- Staying -----------------------------------------------------------------------------------

ErrorCode ConsumerGroup::check_classic(const std::string& member,
                                       const std::optional<std::string>& instance,
                                       std::int32_t generation) const {
  const auto error = check_member(member, instance);
  if (error != ErrorCode::none) return error;
  const auto& known = members_.at(member);
  if (!known.speaks_classic()) return ErrorCode::unknown_member_id;
  const bool is_of_now = generation == known.assignment.epoch;
  return is_of_now ? ErrorCode::none : ErrorCode::illegal_generation;
}

// What it has, in the version of the protocol that it speaks itself.
Bytes ConsumerGroup::assignment_told_to(const ConsumerMember& member,
                                        const KnownTopics& topics) const {
  const auto& protocols = member.metadata.classic_member_metadata->supported_protocols;
  const auto said =
      read_subscription(protocols.empty() ? Bytes{} : protocols.front().metadata, topics);
  const auto version = said ? said->version : std::int16_t{0};
  return write_assignment(member.assignment.assigned, version, topics);
}

ErrorCode ConsumerGroup::check_sync(Now now, const api::SyncGroupRequest& asked) {
  const auto error = check_classic(asked.member_id, asked.group_instance_id, asked.generation_id);
  if (error != ErrorCode::none) return error;
  const auto& member = members_.at(asked.member_id);
  const auto& protocols = member.metadata.classic_member_metadata->supported_protocols;
  const bool is_of_another_type =
      asked.protocol_type && *asked.protocol_type != api::consumer_protocol_type;
  const bool is_another =
      asked.protocol_name && !protocols.empty() && *asked.protocol_name != protocols.front().name;
  if (is_of_another_type || is_another) return ErrorCode::inconsistent_group_protocol;
  // Who is to give something up is told first what it keeps.
  const bool is_over = member.assignment.epoch < epoch_ &&
                       member.assignment.state != MemberState::unrevoked_partitions;
  return is_over ? ask_to_rejoin(now, asked.member_id) : ErrorCode::none;
}

api::SyncGroupResponse ConsumerGroup::sync(Now now, const api::SyncGroupRequest& asked,
                                           const KnownTopics& topics) {
  api::SyncGroupResponse response;
  response.error_code = check_sync(now, asked);
  if (response.error_code != ErrorCode::none) return response;
  const auto& member = members_.at(asked.member_id);
  syncs_.erase(asked.member_id);
  sessions_[asked.member_id] = now.at + session_timeout_of(member);
  response.protocol_type = asked.protocol_type;
  response.protocol_name = asked.protocol_name;
  response.assignment = assignment_told_to(member, topics);
  return response;
}

// There is another target, or it has something to give up, or what it waits for is all free.
bool ConsumerGroup::must_rejoin(const std::string& id) const {
  const auto& assignment = members_.at(id).assignment;
  if (assignment.epoch < epoch_) return true;
  if (assignment.state == MemberState::unrevoked_partitions) return true;
  if (assignment.state == MemberState::stable) return false;
  const auto waits_for = without(target(id), assignment.assigned);
  return epochs_.free_of(waits_for) == waits_for;
}

ErrorCode ConsumerGroup::heartbeat(Now now, const api::HeartbeatRequest& asked) {
  const auto error = check_classic(asked.member_id, asked.group_instance_id, asked.generation_id);
  if (error != ErrorCode::none) return error;
  const auto& id = asked.member_id;
  const auto& member = members_.at(id);
  sessions_[id] = now.at + session_timeout_of(member);
  return must_rejoin(id) ? ask_to_rejoin(now, id) : ErrorCode::none;
}

// From the first time on that it is told it has so long.
ErrorCode ConsumerGroup::ask_to_rejoin(Now now, const std::string& id) {
  const auto timeout = Duration(1ms) * members_.at(id).metadata.rebalance_timeout_ms;
  joins_.try_emplace(id, now.at + timeout);
  return ErrorCode::rebalance_in_progress;
}

// ---- Going -------------------------------------------------------------------------------------

ConsumerGroup::LeaveDecision ConsumerGroup::leave(const api::LeaveGroupRequest& asked,
                                                  const KnownTopics& topics) const {
  LeaveDecision decision;
  for (const auto& one : asked.members) {
    auto id = one.member_id;
    if (id.empty() && one.group_instance_id) {
      const auto holder = instances_.find(*one.group_instance_id);
      if (holder != instances_.end()) id = holder->second;
    }
    const auto error = check_member(id, one.group_instance_id);
    const bool is_known = error == ErrorCode::none;
    if (is_known) decision.out.insert(id);
    decision.response.members.push_back({.member_id = is_known ? id : one.member_id,
                                         .group_instance_id = one.group_instance_id,
                                         .error_code = error});
  }
  if (decision.out.empty()) return decision;
  decision.entries = take_out(decision.out, topics);
  decision.why = "members left";
  return decision;
}

}  // namespace brokersim::group
