// The second half of a rebalance: SyncGroup, until everybody has its assignment.
#include <utility>

#include "core/group/group.h"

namespace brokersim::group {

using api::ErrorCode;

namespace {

api::SyncGroupResponse sync_error(ErrorCode error) {
  api::SyncGroupResponse response;
  response.error_code = error;
  return response;
}

// Before version 5 a member did not say.
bool contradicts(const std::optional<std::string>& said, const std::optional<std::string>& known) {
  return said && said != known;
}

}  // namespace

void Group::sync(Now now, RequestId request, const api::SyncGroupRequest& asked, Output& out) {
  const auto unknown = members_.validate(asked.member_id, asked.group_instance_id);
  if (unknown != ErrorCode::none) return out.answer(request, sync_error(unknown));
  if (asked.generation_id != generation_) {
    return out.answer(request, sync_error(ErrorCode::illegal_generation));
  }
  if (contradicts(asked.protocol_type, protocol_type_) ||
      contradicts(asked.protocol_name, protocol_)) {
    return out.answer(request, sync_error(ErrorCode::inconsistent_group_protocol));
  }
  if (state_ == GroupState::preparing_rebalance) {
    return out.answer(request, sync_error(ErrorCode::rebalance_in_progress));
  }
  auto& member = *members_.find(asked.member_id);
  if (member.parked_sync) {
    out.answer(*member.parked_sync, sync_error(ErrorCode::rebalance_in_progress));
  }
  member.parked_sync = request;
  member.must_sync = false;
  begin_session(now, member);
  if (members_.all_synced()) sync_deadline_ = never;
  if (state_ == GroupState::stable) {
    api::SyncGroupResponse response;
    response.assignment = member.assignment;
    answer_sync(now, member, std::move(response), out);
  } else if (member.id == members_.leader()) {
    assign(now, asked, out);
  }
}

// What the leader says counts once it is committed, and if by then there is no newer generation.
void Group::assign(Now now, const api::SyncGroupRequest& asked, Output& out) {
  std::map<std::string, Bytes> assignment;
  for (const auto& [id, member] : members_) assignment[id];
  for (const auto& one : asked.assignments) {
    if (members_.has(one.member_id)) assignment[one.member_id] = one.assignment;
  }
  auto write = write_of(assignment, now);
  write.finish = [generation = generation_, assignment = std::move(assignment)](
                     Group* group, Now later, ErrorCode error, Output& more) {
    if (!group || group->generation_ != generation) return;
    if (group->state_ != GroupState::completing_rebalance) return;
    if (error == ErrorCode::none) {
      group->assigned(later, assignment, more);
    } else {
      group->assignment_failed(later, error, more);
    }
  };
  out.writes.push_back(std::move(write));
}

void Group::assigned(Now now, const std::map<std::string, Bytes>& assignment, Output& out) {
  enter(now, GroupState::stable, "the assignment is committed", out);
  for (auto& [id, member] : members_) {
    member.assignment = assignment.at(id);
    if (!member.parked_sync) continue;
    api::SyncGroupResponse response;
    response.assignment = member.assignment;
    answer_sync(now, member, std::move(response), out);
  }
}

void Group::assignment_failed(Now now, ErrorCode error, Output& out) {
  for (auto& [id, member] : members_) member.assignment.clear();
  drop_syncs(now, error_of_write(error), out);
  prepare_rebalance(now, "the assignment could not be persisted", out);
}

void Group::drop_syncs(Now now, ErrorCode error, Output& out) {
  for (auto& [id, member] : members_) {
    member.must_sync = false;
    if (member.parked_sync) answer_sync(now, member, sync_error(error), out);
  }
}

// KAFKA-12890: without it a member that joined and never asked for its part kept it for ever.
void Group::sync_time_is_up(Now now, Output& out) {
  sync_deadline_ = never;
  std::vector<std::string> silent;
  for (const auto& [id, member] : members_) {
    if (member.must_sync) silent.push_back(id);
  }
  if (silent.empty()) return;
  for (const auto& id : silent) remove_member(id, out);
  prepare_rebalance(now, "members did not ask for their assignment", out);
}

void Group::answer_sync(Now now, Member& member, api::SyncGroupResponse response, Output& out) {
  if (response.error_code == ErrorCode::none) {
    response.protocol_type = protocol_type_;
    response.protocol_name = protocol_;
  }
  out.answer(*std::exchange(member.parked_sync, std::nullopt), std::move(response));
  begin_session(now, member);
}

}  // namespace brokersim::group
