// Of which kind a group is, and when that changes (KIP-848). Whoever comes to a group that nobody
// is in makes it one of his kind. A classic group of consumers becomes a consumer group with the
// first who comes by that protocol, and one again when the last of those has gone; meanwhile it has
// members of both protocols. What may become what, group.consumer.migration.policy says.
#include <algorithm>
#include <utility>

#include "core/group/shard.h"

namespace brokersim::group {

using api::ErrorCode;

namespace {

// Once the group is a classic one, whoever came while it was becoming that is a member like all
// the others.
template <class Response, class Ask>
Write::Finish once_classic(RequestId request, Ask ask) {
  return [=](Group* group, Now now, ErrorCode error, Output& out) {
    if (group && error == ErrorCode::none) return ask(*group, now, out);
    Response refusal;
    // Without an error the group was deleted meanwhile, and the member with it.
    refusal.error_code =
        error == ErrorCode::none ? ErrorCode::unknown_member_id : error_of_write(error);
    out.answer(request, std::move(refusal));
  };
}

}  // namespace

// ---- To a consumer group, and back -------------------------------------------------------------

Expected<std::vector<Entry>, ErrorCode> Shard::become_consumers(
    Slot& slot, const api::ConsumerGroupHeartbeatRequest& asked) {
  std::vector<Entry> entries;
  if (slot.is_of_consumers()) return entries;
  if (asked.member_epoch != 0) return Unexpected(ErrorCode::group_id_not_found);
  if (slot.group.state() != GroupState::empty) {
    const bool is_allowed =
        allows_upgrade(config_.consumer_migration_policy) &&
        slot.group.members().size() <= static_cast<std::size_t>(config_.consumer_max_size);
    auto conversion = is_allowed ? upgraded(slot.group, *topics_) : std::nullopt;
    if (!conversion) return Unexpected(ErrorCode::group_id_not_found);
    entries = *std::move(conversion);
  } else if (!slot.group.is_blank()) {
    entries.push_back(GroupMetadataEntry{{.group = asked.group_id}, std::nullopt});
  }
  if (!slot.consumers) slot.consumers.emplace(asked.group_id, config_, group_rules_);
  return entries;
}

// If that cannot be written, it is one as long as somebody is in it, and has its own record.
void Shard::become_classic_if_empty(Now now, const Slot& slot, Output& out) const {
  if (!slot.is_of_consumers() || !slot.consumers->is_empty()) return;
  out.writes.push_back(write_of(now, slot.group.id(), slot.consumers->tombstones()));
}

std::optional<std::vector<Entry>> Shard::become_classic(
    Now now, const Slot& slot, const std::set<std::string>& leaving,
    const std::optional<Successor>& successor) const {
  const bool may_be = !leaving.empty() && allows_downgrade(config_.consumer_migration_policy);
  if (!may_be) return std::nullopt;
  const auto left =
      slot.consumers->members().size() - leaving.size() + (successor ? std::size_t{1} : 0);
  if (left > static_cast<std::size_t>(config_.max_size)) return std::nullopt;
  return downgraded(*slot.consumers, leaving, successor, *topics_, now.wall.ms);
}

Write Shard::write_of_leaving(Now now, const Slot& slot, const std::set<std::string>& leaving,
                              const std::vector<Entry>& otherwise) const {
  const auto classic = become_classic(now, slot, leaving, std::nullopt);
  auto write = write_of(now, slot.group.id(), classic ? *classic : otherwise);
  write.converts = classic.has_value();
  return write;
}

// Of timers the log knows nothing.
void Shard::begin_anew(Now now, Slot& slot, Output& out) {
  slot.group.begin_sessions(now, out);
  if (slot.consumers) slot.consumers->begin_sessions(now);
}

// ---- Members of the classic protocol among consumers -------------------------------------------

void Shard::join_consumers(Now now, RequestId request, const JoinContext& context,
                           const api::JoinGroupRequest& asked, Slot& slot, Output& out) {
  auto decision = slot.consumers->join(now, context, asked, *topics_);
  if (decision.response.error_code != ErrorCode::none) {
    return out.answer(request, std::move(decision.response));
  }
  std::optional<std::vector<Entry>> classic;
  if (!decision.out.empty()) {
    classic = become_classic(now, slot, decision.out,
                             Successor{decision.response.member_id, decision.member});
  }
  if (!classic && decision.entries.empty()) {
    return once_settled(now, asked.group_id, answer_of(request, std::move(decision.response)), out);
  }
  auto write = write_of(now, asked.group_id, classic ? *classic : decision.entries);
  write.why = decision.why;
  write.converts = classic.has_value();
  if (classic) {
    auto again = asked;
    again.member_id = decision.response.member_id;
    write.finish = join_of(request, context, std::move(again));
  } else {
    write.finish = answer_of(request, std::move(decision.response));
  }
  out.writes.push_back(std::move(write));
}

Write::Finish Shard::join_of(RequestId request, const JoinContext& context,
                             api::JoinGroupRequest asked) {
  return once_classic<api::JoinGroupResponse>(request, [=](Group& group, Now now, Output& out) {
    group.join(now, request, context, asked, out);
  });
}

Write::Finish Shard::sync_of(RequestId request, api::SyncGroupRequest asked) {
  return once_classic<api::SyncGroupResponse>(
      request, [=](Group& group, Now now, Output& out) { group.sync(now, request, asked, out); });
}

// It went down, and that is not committed yet: whoever coordinates next may find it as it was.
bool Shard::may_still_be_of_consumers(const std::string& group) const {
  const bool is_going_down = std::any_of(
      in_flight_.begin(), in_flight_.end(),
      [&](const auto& entry) { return entry.second.converts && entry.second.group == group; });
  return is_going_down && group_rules_.answers_once_committed;
}

void Shard::leave_consumers(Now now, RequestId request, const api::LeaveGroupRequest& asked,
                            const Slot& slot, Output& out) const {
  auto decision = slot.consumers->leave(asked, *topics_);
  if (decision.entries.empty()) return out.answer(request, std::move(decision.response));
  auto write = write_of_leaving(now, slot, decision.out, decision.entries);
  write.why = decision.why;
  write.finish = answer_of(request, std::move(decision.response));
  out.writes.push_back(std::move(write));
}

}  // namespace brokersim::group
