#include "core/group/group.h"

#include <algorithm>
#include <utility>

#include "core/api/consumer_protocol.h"

namespace brokersim::group {

using api::ErrorCode;

std::string_view name_of(GroupState state) {
  switch (state) {
    case GroupState::empty: return "Empty";
    case GroupState::preparing_rebalance: return "PreparingRebalance";
    case GroupState::completing_rebalance: return "CompletingRebalance";
    case GroupState::stable: return "Stable";
  }
  return "Unknown";
}

// ---- Signs of life -----------------------------------------------------------------------------

ErrorCode Group::heartbeat(Now now, const api::HeartbeatRequest& asked) {
  const auto error = members_.validate(asked.member_id, asked.group_instance_id);
  if (error != ErrorCode::none) return error;
  if (asked.generation_id != generation_) return ErrorCode::illegal_generation;
  begin_session(now, *members_.find(asked.member_id));
  return state_ == GroupState::preparing_rebalance ? ErrorCode::rebalance_in_progress
                                                   : ErrorCode::none;
}

ErrorCode Group::check_commit(Now now, std::int32_t generation, const std::string& member,
                              const std::optional<std::string>& instance) {
  if (generation < 0 && state_ == GroupState::empty) return ErrorCode::none;
  if (generation < 0 && member.empty() && !instance) return ErrorCode::unknown_member_id;
  const auto error = members_.validate(member, instance);
  if (error != ErrorCode::none) return error;
  if (generation != generation_) return ErrorCode::illegal_generation;
  // The member knows the generation, and not yet what is its own in it.
  if (state_ == GroupState::completing_rebalance) return ErrorCode::rebalance_in_progress;
  begin_session(now, *members_.find(member));
  return ErrorCode::none;
}

ErrorCode Group::check_transactional_commit(std::int32_t generation, const std::string& member,
                                            const std::optional<std::string>& instance) const {
  if (generation < 0 && member.empty() && !instance) return ErrorCode::none;
  if (generation < 0 && state_ == GroupState::empty) return ErrorCode::none;
  const auto error = members_.validate(member, instance);
  if (error != ErrorCode::none) return error;
  return generation == generation_ ? ErrorCode::none : ErrorCode::illegal_generation;
}

// Whoever we make wait need not tell us meanwhile that it lives. A new member cannot: it does not
// know its id (KAFKA-7610), and has the deadline that park_join gave it.
void Group::begin_session(Now now, Member& member) {
  if (member.is_new && member.parked_join) return;
  const bool must_wait = member.parked_join || member.parked_sync;
  member.session_ends = must_wait ? never : now.at + member.session_timeout;
}

// ---- Leaving -----------------------------------------------------------------------------------

void Group::leave(Now now, RequestId request, const api::LeaveGroupRequest& asked, Output& out) {
  api::LeaveGroupResponse response;
  const auto size_before = members_.size();
  for (const auto& one : asked.members) {
    response.members.push_back(
        {.member_id = one.member_id,
         .group_instance_id = one.group_instance_id,
         .error_code = leave_one(one.member_id, one.group_instance_id, out)});
  }
  const auto writes_before = out.writes.size();
  if (members_.size() < size_before) {
    rebalance_or_complete_join(now, "members left", out);
  } else {
    maybe_complete_join(now, out);  // Perhaps it waited for somebody who was only about to come.
  }
  if (out.writes.size() == writes_before) return out.answer(request, std::move(response));
  // Nobody is left: the answer waits until that is persisted.
  out.writes.back().finish = [request, response = std::move(response)](Group*, Now, ErrorCode error,
                                                                       Output& later) {
    api::LeaveGroupResponse failed;
    failed.error_code = error_of_write(error);
    later.answer(request, error == ErrorCode::none ? response : failed);
  };
}

ErrorCode Group::leave_one(const std::string& member, const std::optional<std::string>& instance,
                           Output& out) {
  // An administrator knows instances, not their present ids (KIP-345).
  if (member.empty() && instance) {
    const auto* known = members_.id_of_instance(*instance);
    if (!known) return ErrorCode::unknown_member_id;
    remove_member(std::string(*known), out);
    return ErrorCode::none;
  }
  if (pending_.erase(member) > 0) return ErrorCode::none;
  const auto error = members_.validate(member, instance);
  if (error == ErrorCode::none) remove_member(member, out);
  return error;
}

void Group::remove_member(const std::string& id, Output& out) {
  auto& member = *members_.find(id);
  if (member.parked_join) {
    api::JoinGroupResponse gone;
    gone.error_code = ErrorCode::unknown_member_id;
    out.answer(*std::exchange(member.parked_join, std::nullopt), std::move(gone));
  }
  if (member.parked_sync) {
    api::SyncGroupResponse gone;
    gone.error_code = ErrorCode::unknown_member_id;
    out.answer(*std::exchange(member.parked_sync, std::nullopt), std::move(gone));
  }
  members_.remove(id);
}

// ---- Time --------------------------------------------------------------------------------------

Instant Group::next_deadline() const {
  Instant next = std::min(join_deadline_, sync_deadline_);
  for (const auto& [id, until] : pending_) next = std::min(next, until);
  for (const auto& [id, member] : members_) next = std::min(next, member.session_ends);
  return next;
}

void Group::tick(Now now, Output& out) {
  const auto forgotten =
      std::erase_if(pending_, [&](const auto& pending) { return pending.second <= now.at; });
  if (forgotten > 0) maybe_complete_join(now, out);
  std::vector<std::string> expired;
  for (const auto& [id, member] : members_) {
    if (member.session_ends <= now.at) expired.push_back(id);
  }
  for (const auto& id : expired) remove_member(id, out);
  if (!expired.empty()) rebalance_or_complete_join(now, "the session of a member expired", out);
  if (join_deadline_ <= now.at) join_time_is_up(now, out);
  if (sync_deadline_ <= now.at) sync_time_is_up(now, out);
}

// ---- Persistence -------------------------------------------------------------------------------

Write Group::write_of(const std::map<std::string, Bytes>& assignment, Now now) const {
  GroupMetadataValue value{.protocol_type = protocol_type_,
                           .generation = generation_,
                           .protocol = protocol_,
                           .current_state_timestamp = state_since_.value_or(-1)};
  if (!members_.leader().empty()) value.leader = members_.leader();
  for (const auto& [id, member] : members_) {
    const auto* subscription = member.metadata_for(*protocol_);
    const auto assigned = assignment.find(id);
    value.members.push_back(persisted(member, subscription ? *subscription : Bytes{},
                                      assigned == assignment.end() ? Bytes{} : assigned->second));
  }
  Write write{.group = id_};
  write.records.push_back(
      encode_entry(GroupMetadataEntry{{.group = id_}, std::move(value)}, now.wall.ms));
  return write;
}

void Group::load(const GroupMetadataValue& value) {
  members_ = {};
  generation_ = value.generation;
  protocol_type_ = value.protocol_type;
  protocol_ = value.protocol;
  if (value.current_state_timestamp >= 0) state_since_ = value.current_state_timestamp;
  for (const auto& one : value.members) {
    const auto timeout = one.rebalance_timeout < 0 ? one.session_timeout : one.rebalance_timeout;
    members_.add({.id = one.member_id,
                  .instance_id = one.group_instance_id,
                  .client_id = one.client_id,
                  .client_host = one.client_host,
                  .rebalance_timeout = Duration(1ms) * timeout,
                  .session_timeout = Duration(1ms) * one.session_timeout,
                  .protocols = {{value.protocol.value_or(""), one.subscription}},
                  .assignment = one.assignment});
  }
  if (!value.leader) members_.set_leader({});
  if (value.leader && members_.has(*value.leader)) members_.set_leader(*value.leader);
  if (!members_.empty() && !protocol_) protocol_.emplace();
  state_ = members_.empty() ? GroupState::empty : GroupState::stable;
  find_topics();
}

void Group::begin_sessions(Now now, Output& out) {
  for (auto& [id, member] : members_) begin_session(now, member);
  if (members_.size() > static_cast<std::size_t>(config_->max_size)) {
    prepare_rebalance(now, "the loaded group has too many members", out);
  } else if (state_ == GroupState::stable && members_.leader().empty()) {
    prepare_rebalance(now, "the group was one of consumers", out);
  }
}

void Group::abandon(ErrorCode error, Output& out) {
  for (auto& [id, member] : members_) {
    if (member.parked_join) {
      api::JoinGroupResponse response;
      response.error_code = error;
      out.answer(*std::exchange(member.parked_join, std::nullopt), std::move(response));
    }
    if (member.parked_sync) {
      api::SyncGroupResponse response;
      response.error_code = error;
      out.answer(*std::exchange(member.parked_sync, std::nullopt), std::move(response));
    }
  }
}

// ---- What it is --------------------------------------------------------------------------------

// Consumers say in their metadata what they subscribe to; what cannot be read may be anything.
void Group::find_topics() {
  topics_.reset();
  if (protocol_type_ != api::consumer_protocol_type) return;
  std::set<std::string> topics;
  for (const auto& [id, member] : members_) {
    const auto* metadata = member.metadata_for(protocol_.value_or(""));
    const auto subscription =
        api::decode_versioned<api::ConsumerProtocolSubscription>(metadata ? *metadata : Bytes{});
    if (!subscription) return;
    topics.insert(subscription->topics.begin(), subscription->topics.end());
  }
  topics_ = std::move(topics);
}

bool Group::may_subscribe_to(const std::string& topic) const {
  if (topics_) return topics_->contains(topic);
  return protocol_type_ == api::consumer_protocol_type;
}

api::DescribeGroupsResponse::DescribedGroup Group::describe() const {
  api::DescribeGroupsResponse::DescribedGroup described;
  described.group_id = id_;
  described.group_state = name_of(state_);
  described.protocol_type = protocol_type_;
  const bool is_stable = state_ == GroupState::stable;
  if (is_stable) described.protocol_data = protocol_.value_or("");
  for (const auto& [id, member] : members_) {
    const auto* metadata = is_stable ? member.metadata_for(*protocol_) : nullptr;
    described.members.push_back({.member_id = id,
                                 .group_instance_id = member.instance_id,
                                 .client_id = member.client_id,
                                 .client_host = member.client_host,
                                 .member_metadata = metadata ? *metadata : Bytes{},
                                 .member_assignment = member.assignment});
  }
  return described;
}

}  // namespace brokersim::group
