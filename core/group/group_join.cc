// The first half of a rebalance: JoinGroup, until the generation begins.
#include <algorithm>
#include <utility>

#include "core/group/group.h"

namespace brokersim::group {

using api::ErrorCode;

namespace {

api::JoinGroupResponse join_error(ErrorCode error, std::string member_id = {}) {
  api::JoinGroupResponse response;
  response.error_code = error;
  response.member_id = std::move(member_id);
  return response;
}

}  // namespace

std::string JoinContext::member_id(const std::optional<std::string>& instance) const {
  constexpr std::size_t length_of_fresh = 37;  // With the "-" before it.
  const auto& name = instance ? *instance : client_id;
  auto size = std::min(name.size(), wire::longest_text - length_of_fresh);
  // What is cut off is whole characters: an id has to come back as it was told.
  const auto is_inside = [&] { return size < name.size() && (name[size] & '\xc0') == '\x80'; };
  while (size > 0 && is_inside()) --size;
  std::string id = name.substr(0, size) + "-";
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) id += '-';
    id += fmt::format("{:02x}", fresh[i]);
  }
  return id;
}

// ---- Who may join ------------------------------------------------------------------------------

// group.max.size. While joining, only who has joined counts: the others may be about to go.
bool Group::may_take_in(const std::string& member) const {
  const auto max = static_cast<std::size_t>(config_->max_size);
  const auto* known = members_.find(member);
  switch (state_) {
    case GroupState::empty: return true;
    case GroupState::preparing_rebalance:
      return (known && known->parked_join) || members_.joined() < max;
    case GroupState::completing_rebalance:
    case GroupState::stable: return known || members_.size() < max;
  }
  return false;
}

bool Group::supports(const api::JoinGroupRequest& asked) const {
  if (asked.protocol_type.empty() || asked.protocols.empty()) return false;
  if (state_ == GroupState::empty) return true;
  return asked.protocol_type == protocol_type_ && members_.support_one_of(asked.protocols);
}

void Group::join(Now now, RequestId request, const JoinContext& context,
                 const api::JoinGroupRequest& asked, Output& out) {
  if (!may_take_in(asked.member_id)) {
    out.answer(request, join_error(ErrorCode::group_max_size_reached));
    pending_.erase(asked.member_id);
    if (members_.has(asked.member_id)) remove_member(asked.member_id, out);
    return maybe_complete_join(now, out);
  }
  if (!supports(asked)) {
    return out.answer(request, join_error(ErrorCode::inconsistent_group_protocol, asked.member_id));
  }
  if (asked.member_id.empty()) return join_new(now, request, context, asked, out);
  join_known(now, request, context, asked, out);
}

void Group::join_new(Now now, RequestId request, const JoinContext& context,
                     const api::JoinGroupRequest& asked, Output& out) {
  const auto id = context.member_id(asked.group_instance_id);
  if (asked.group_instance_id) {
    const auto* known = members_.id_of_instance(*asked.group_instance_id);
    if (known && (rules_.replaces_static_members_always || state_ == GroupState::stable)) {
      return replace_static(now, request, context, std::string(*known), id, asked, out);
    }
    if (known) {
      auto as_its_predecessor = asked;
      as_its_predecessor.member_id = *known;
      return join_known(now, request, context, as_its_predecessor, out);
    }
    return add_member(now, request, context, id, asked, out);
  }
  // KIP-394: who never comes back with its id never was a member, and no rebalance waits for it.
  if (context.version >= 4) {
    const Instant forgotten_at = now.at + Duration(1ms) * asked.session_timeout_ms;
    pending_[id] = rules_.forgets_who_never_came ? forgotten_at : never;
    return out.answer(request, join_error(ErrorCode::member_id_required, id));
  }
  add_member(now, request, context, id, asked, out);
}

void Group::join_known(Now now, RequestId request, const JoinContext& context,
                       const api::JoinGroupRequest& asked, Output& out) {
  const bool is_pending = pending_.contains(asked.member_id) && !asked.group_instance_id;
  if (is_pending) {
    pending_.erase(asked.member_id);
    return add_member(now, request, context, asked.member_id, asked, out);
  }
  const auto error = members_.validate(asked.member_id, asked.group_instance_id);
  if (error != ErrorCode::none) return out.answer(request, join_error(error, asked.member_id));
  auto& member = *members_.find(asked.member_id);
  // Who asks again for what it has been told, perhaps because the answer got lost, is told again.
  const bool asks_the_same = member.protocols == asked.protocols;
  const bool is_told_again =
      asks_the_same && (state_ == GroupState::completing_rebalance ||
                        (state_ == GroupState::stable && member.id != members_.leader()));
  if (!is_told_again) return rejoin(now, request, member, asked, out);
  out.answer(request, generation_as_told_to(member));
  begin_session(now, member);
}

// ---- Members come ------------------------------------------------------------------------------

void Group::update(Member& member, const api::JoinGroupRequest& asked) {
  const auto rebalance_ms =
      asked.rebalance_timeout_ms < 0 ? asked.session_timeout_ms : asked.rebalance_timeout_ms;
  member.protocols = asked.protocols;
  member.session_timeout = Duration(1ms) * asked.session_timeout_ms;
  member.rebalance_timeout = Duration(1ms) * rebalance_ms;
}

void Group::park_join(Now now, Member& member, RequestId request, Output& out) {
  // It asked before, and has probably given up on that connection.
  if (member.parked_join) {
    out.answer(*member.parked_join, join_error(ErrorCode::rebalance_in_progress, member.id));
  }
  member.parked_join = request;
  member.session_ends = member.is_new ? now.at + config_->new_member_join_timeout : never;
}

void Group::add_member(Now now, RequestId request, const JoinContext& context,
                       const std::string& id, const api::JoinGroupRequest& asked, Output& out) {
  if (members_.empty()) protocol_type_ = asked.protocol_type;
  auto& member = members_.add({.id = id,
                               .instance_id = asked.group_instance_id,
                               .client_id = context.client_id,
                               .client_host = context.client_host,
                               .is_new = true});
  update(member, asked);
  park_join(now, member, request, out);
  if (initial_delay_) someone_came_ = true;
  rebalance_or_complete_join(now, "a member joined", out);
}

void Group::rejoin(Now now, RequestId request, Member& member, const api::JoinGroupRequest& asked,
                   Output& out) {
  update(member, asked);
  park_join(now, member, request, out);
  rebalance_or_complete_join(now, "a member rejoined", out);
}

// A static member has restarted: it takes the place of its predecessor, who is fenced from here on.
void Group::replace_static(Now now, RequestId request, const JoinContext& context,
                           const std::string& old_id, const std::string& new_id,
                           const api::JoinGroupRequest& asked, Output& out) {
  auto& old = *members_.find(old_id);
  if (old.parked_join) {
    out.answer(*std::exchange(old.parked_join, std::nullopt),
               join_error(ErrorCode::fenced_instance_id, old_id));
  }
  if (old.parked_sync) {
    api::SyncGroupResponse fenced;
    fenced.error_code = ErrorCode::fenced_instance_id;
    out.answer(*std::exchange(old.parked_sync, std::nullopt), std::move(fenced));
  }
  const Member before = old;
  const auto old_leader = members_.leader();
  auto& member = members_.rename(old_id, new_id);
  update(member, asked);
  park_join(now, member, request, out);
  const bool keeps_generation = state_ == GroupState::stable && members_.vote() == protocol_;
  if (keeps_generation) {
    return persist_replaced(now, request, context, before, new_id, old_leader, out);
  }
  rebalance_or_complete_join(now, "a static member restarted", out);
}

// KAFKA-10284: were the new id answered before it is persisted, the next coordinator would fence
// the new member in favour of its predecessor.
void Group::persist_replaced(Now now, RequestId request, const JoinContext& context,
                             const Member& before, const std::string& new_id,
                             const std::string& old_leader, Output& out) {
  std::map<std::string, Bytes> assignment;
  for (const auto& [id, member] : members_) assignment[id] = member.assignment;
  auto write = write_of(assignment, now);
  const bool may_skip = context.version >= 9;
  write.finish = [=](Group* group, Now later, ErrorCode error, Output& more) {
    const auto* member = group ? group->members_.find(new_id) : nullptr;
    // Once a rebalance has begun, this member has joined it.
    if (!member || member->parked_join != request || group->state_ != GroupState::stable) return;
    if (error == ErrorCode::none) {
      group->replaced(later, new_id, old_leader, may_skip, more);
    } else {
      group->replacing_failed(later, new_id, before, error, more);
    }
  };
  out.writes.push_back(std::move(write));
}

// The generation has its assignment: a leader that assigned again would disturb it. KIP-814 tells
// it so; older ones are told of a leader that is no more, so that they do not feel meant.
void Group::replaced(Now now, const std::string& id, const std::string& leader, bool may_skip,
                     Output& out) {
  auto& member = *members_.find(id);
  auto response = generation_as_told_to(member);
  if (may_skip) {
    response.skip_assignment = id == members_.leader();
  } else {
    response.leader = leader;
    response.members.clear();
  }
  answer_join(now, member, std::move(response), out);
}

void Group::replacing_failed(Now now, const std::string& id, const Member& before, ErrorCode error,
                             Output& out) {
  answer_join(now, *members_.find(id), join_error(error_of_write(error)), out);
  auto& member = members_.rename(id, before.id);
  member.protocols = before.protocols;
  member.session_timeout = before.session_timeout;
  member.rebalance_timeout = before.rebalance_timeout;
  begin_session(now, member);
}

// ---- The generation begins ---------------------------------------------------------------------

void Group::rebalance_or_complete_join(Now now, std::string_view why, Output& out) {
  if (state_ == GroupState::preparing_rebalance) return maybe_complete_join(now, out);
  prepare_rebalance(now, why, out);
}

void Group::prepare_rebalance(Now now, std::string_view why, Output& out) {
  drop_syncs(now, ErrorCode::rebalance_in_progress, out);
  sync_deadline_ = never;
  const bool is_first = state_ == GroupState::empty;
  enter(now, GroupState::preparing_rebalance, why, out);
  if (is_first) {
    // KIP-134: members of a new group tend to start together, and one rebalance is enough.
    const auto delay = config_->initial_rebalance_delay;
    initial_delay_ = {delay, std::max(members_.rebalance_timeout() - delay, Duration{})};
    someone_came_ = false;
    join_deadline_ = now.at + delay;
  } else if (all_have_joined()) {
    complete_join(now, out);
  } else {
    join_deadline_ = now.at + members_.rebalance_timeout();
  }
}

bool Group::all_have_joined() const {
  return pending_.empty() && members_.joined() == members_.size();
}

void Group::maybe_complete_join(Now now, Output& out) {
  const bool may_complete = state_ == GroupState::preparing_rebalance && !initial_delay_;
  if (may_complete && all_have_joined()) complete_join(now, out);
}

void Group::join_time_is_up(Now now, Output& out) {
  if (initial_delay_ && someone_came_ && initial_delay_->remaining > Duration{}) {
    someone_came_ = false;
    const auto delay = std::min(config_->initial_rebalance_delay, initial_delay_->remaining);
    const auto remaining = std::max(initial_delay_->remaining - initial_delay_->delay, Duration{});
    initial_delay_ = {delay, remaining};
    join_deadline_ = now.at + delay;
  } else {
    complete_join(now, out);
  }
}

// Who has not come is out, but for static members, which keep their place until their sessions end
// (KAFKA-8220). If those are all there are, somebody has to come first.
void Group::complete_join(Now now, Output& out) {
  initial_delay_.reset();
  join_deadline_ = never;
  std::vector<std::string> missing;
  for (const auto& [id, member] : members_) {
    const bool keeps_its_place = member.instance_id && rules_.waits_for_static_members;
    if (!member.parked_join && !keeps_its_place) missing.push_back(id);
  }
  for (const auto& id : missing) remove_member(id, out);
  if (!members_.empty() && !members_.elect_joined_leader()) {
    // Later than now whatever they ask for, or nothing else would ever happen.
    join_deadline_ = now.at + std::max(members_.rebalance_timeout(), Duration(1ms));
    return;
  }
  begin_generation(now, out);
}

void Group::begin_generation(Now now, Output& out) {
  ++generation_;
  if (members_.empty()) {
    protocol_.reset();
    find_topics();
    enter(now, GroupState::empty, "nobody is left", out);
    out.writes.push_back(write_of({}, now));
    return;
  }
  protocol_ = members_.vote();
  find_topics();
  enter(now, GroupState::completing_rebalance, "all have joined", out);
  // Static members that did not come are given as long as the others to show themselves.
  for (auto& [id, member] : members_) {
    member.must_sync = true;
    if (member.parked_join) answer_join(now, member, generation_as_told_to(member), out);
    begin_session(now, member);
  }
  if (rules_.puts_out_who_never_asks) sync_deadline_ = now.at + members_.rebalance_timeout();
}

// Only the leader is told who the others are: it assigns.
api::JoinGroupResponse Group::generation_as_told_to(const Member& member) const {
  api::JoinGroupResponse response;
  response.generation_id = generation_;
  response.protocol_type = protocol_type_;
  response.protocol_name = protocol_.value_or("");
  response.leader = members_.leader();
  response.member_id = member.id;
  if (member.id != members_.leader()) return response;
  for (const auto& [id, other] : members_) {
    const auto* metadata = other.metadata_for(*protocol_);
    response.members.push_back({.member_id = id,
                                .group_instance_id = other.instance_id,
                                .metadata = metadata ? *metadata : Bytes{}});
  }
  return response;
}

void Group::answer_join(Now now, Member& member, api::JoinGroupResponse response, Output& out) {
  out.answer(*std::exchange(member.parked_join, std::nullopt), std::move(response));
  member.is_new = false;
  begin_session(now, member);
}

void Group::enter(Now now, GroupState state, std::string_view why, Output& out) {
  state_ = state;
  state_since_ = now.wall.ms;
  out.events.push_back(GroupStateChanged{.group = id_,
                                         .state = std::string(name_of(state)),
                                         .generation = generation_,
                                         .members = static_cast<std::int32_t>(members_.size()),
                                         .why = std::string(why)});
}

}  // namespace brokersim::group
