#include "core/group/shard.h"

#include <algorithm>
#include <utility>

namespace brokersim::group {

using api::ErrorCode;

// ---- Groups ------------------------------------------------------------------------------------

Shard::Slot* Shard::find(const std::string& group) {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

bool Shard::is_known(const Slot& slot) {
  return !slot.is_blank() || !slot.offsets.partitions().empty() || !slot.pending.empty();
}

const Shard::Slot* Shard::find_known(const std::string& group) const {
  const auto found = groups_.find(group);
  return found != groups_.end() && is_known(found->second) ? &found->second : nullptr;
}

Shard::Slot* Shard::find_known(const std::string& group) {
  auto* slot = find(group);
  return slot && is_known(*slot) ? slot : nullptr;
}

Shard::Slot& Shard::find_or_make(const std::string& group) {
  if (auto* slot = find(group)) return *slot;
  return groups_
      .emplace(group, Slot{.group = Group(group, config_, group_rules_), .life = ++lives_})
      .first->second;
}

// ---- Loading -----------------------------------------------------------------------------------

Expected<Done, std::string_view> Shard::replay(Offset offset, const wire::Record& record) {
  TRY(auto entry, decode_entry(record));
  if (auto* commit = std::get_if<OffsetCommitEntry>(&entry)) {
    const auto& key = commit->key;
    if (!commit->value && !find(key.group)) return Done{};
    if (is_loading_ && !group_rules_.loads_offsets_without_expiry && commit->value) {
      // What says "none" is taken for a time, and one long ago.
      commit->value->expire_timestamp = std::max<std::int64_t>(commit->value->expire_timestamp, 0);
    }
    auto& slot = find_or_make(key.group);
    if (!commit->value) slot.pending.forget({key.topic, key.partition});
    slot.offsets.apply(offset, {key.topic, key.partition}, std::move(commit->value));
  } else if (const auto* metadata = std::get_if<GroupMetadataEntry>(&entry)) {
    const auto& name = metadata->key.group;
    if (metadata->value) {
      auto& slot = find_or_make(name);
      slot.consumers.reset();
      slot.group.load(*metadata->value);
    } else if (auto* slot = find(name)) {
      slot->group = Group(name, config_, group_rules_);
      slot->life = ++lives_;
    }
  } else {
    return replay_of_consumers(entry);
  }
  return Done{};
}

Expected<Done, std::string_view> Shard::replay_pending(Offset offset, std::int64_t producer_id,
                                                       const wire::Record& record) {
  TRY(auto entry, decode_entry(record));
  auto* commit = std::get_if<OffsetCommitEntry>(&entry);
  if (!commit || !commit->value) {
    return Unexpected(std::string_view("nothing that a transaction may hold"));
  }
  const auto& key = commit->key;
  find_or_make(key.group).pending.add(offset, producer_id, {key.topic, key.partition},
                                      *std::move(commit->value));
  return Done{};
}

void Shard::transaction_ended(Offset offset, std::int64_t producer_id, bool is_commit) {
  for (auto& [name, slot] : groups_) {
    slot.pending.end(offset, producer_id, is_commit, slot.offsets);
  }
}

Output Shard::loaded(Now now, Offset high_watermark) {
  Output out;
  is_loading_ = false;
  next_expiry_ = now.at + config_.offsets_retention_check_interval;
  advance(high_watermark);
  for (auto& [name, slot] : groups_) {
    slot.group.begin_sessions(now, out);
    if (slot.consumers) slot.consumers->begin_sessions(now);
  }
  return take(now, std::move(out));
}

// ---- Membership --------------------------------------------------------------------------------

Output Shard::join(Now now, RequestId request, const JoinContext& context,
                   const api::JoinGroupRequest& asked) {
  Output out;
  const bool is_sane = config_.takes_session(Duration(1ms) * asked.session_timeout_ms);
  const bool may_make = asked.member_id.empty();
  api::JoinGroupResponse refusal;
  refusal.member_id = asked.member_id;
  if (!is_sane) {
    refusal.error_code = ErrorCode::invalid_session_timeout;
    out.answer(request, std::move(refusal));
  } else if (!may_make && !find(asked.group_id)) {
    refusal.error_code = ErrorCode::unknown_member_id;
    out.answer(request, std::move(refusal));
  } else {
    auto& slot = find_or_make(asked.group_id);
    become_classic_if_empty(now, slot, out);
    if (slot.is_of_consumers() && !slot.consumers->is_empty()) {
      join_consumers(now, request, context, asked, slot, out);
    } else if (may_still_be_of_consumers(asked.group_id)) {
      once_settled(now, asked.group_id, join_of(request, context, asked), out);
    } else {
      slot.group.join(now, request, context, asked, out);
    }
  }
  return take(now, std::move(out));
}

Output Shard::sync(Now now, RequestId request, const api::SyncGroupRequest& asked) {
  Output out;
  auto* slot = find(asked.group_id);
  if (slot && slot->is_of_consumers()) {
    auto response = slot->consumers->sync(now, asked, *topics_);
    once_settled(now, asked.group_id, answer_of(request, std::move(response)), out);
  } else if (slot && may_still_be_of_consumers(asked.group_id)) {
    once_settled(now, asked.group_id, sync_of(request, asked), out);
  } else if (slot) {
    slot->group.sync(now, request, asked, out);
  } else {
    api::SyncGroupResponse refusal;
    refusal.error_code = ErrorCode::unknown_member_id;
    out.answer(request, std::move(refusal));
  }
  return take(now, std::move(out));
}

Output Shard::leave(Now now, RequestId request, const api::LeaveGroupRequest& asked) {
  Output out;
  auto* slot = find(asked.group_id);
  if (slot && slot->is_of_consumers()) {
    leave_consumers(now, request, asked, *slot, out);
  } else if (slot) {
    slot->group.leave(now, request, asked, out);
  } else {
    api::LeaveGroupResponse response;
    for (const auto& one : asked.members) {
      response.members.push_back({.member_id = one.member_id,
                                  .group_instance_id = one.group_instance_id,
                                  .error_code = ErrorCode::unknown_member_id});
    }
    out.answer(request, std::move(response));
  }
  return take(now, std::move(out));
}

ErrorCode Shard::heartbeat(Now now, const api::HeartbeatRequest& asked) {
  auto* slot = find(asked.group_id);
  if (!slot) return ErrorCode::unknown_member_id;
  return slot->is_of_consumers() ? slot->consumers->heartbeat(now, asked)
                                 : slot->group.heartbeat(now, asked);
}

api::DescribeGroupsResponse::DescribedGroup Shard::describe(const std::string& name) const {
  const auto* slot = find_known(name);
  if (slot && !slot->is_of_consumers()) return slot->group.describe();
  api::DescribeGroupsResponse::DescribedGroup absent;
  absent.group_id = name;
  absent.group_state = "Dead";
  return absent;
}

std::vector<api::ListGroupsResponse::ListedGroup> Shard::list() const {
  std::vector<api::ListGroupsResponse::ListedGroup> rows;
  for (const auto& [name, slot] : groups_) {
    if (!is_known(slot)) continue;
    if (slot.is_of_consumers()) {
      rows.push_back({.group_id = name,
                      .protocol_type = "consumer",
                      .group_state = std::string(slot.consumers->state()),
                      .group_type = "consumer"});
      continue;
    }
    rows.push_back({.group_id = name,
                    .protocol_type = slot.group.protocol_type(),
                    .group_state = std::string(name_of(slot.group.state())),
                    .group_type = "classic"});
  }
  return rows;
}

// ---- The log -----------------------------------------------------------------------------------

Output Shard::take(Now now, Output out) {
  for (auto& write : out.writes) {
    write.id = ++writes_;
    const auto* slot = find(write.group);
    InFlight one{.group = write.group,
                 .life = slot ? slot->life : 0,
                 .records = static_cast<std::int64_t>(write.records.size()),
                 .producer = write.producer,
                 .deadline = now.at + config_.offset_commit_timeout,
                 .why = write.why,
                 .converts = write.converts,
                 .finish = std::move(write.finish)};
    if (write.must_replay) one.to_replay = write.records;
    in_flight_.emplace(write.id, std::move(one));
  }
  return out;
}

void Shard::advance(Offset high_watermark) {
  high_watermark_ = high_watermark;
  for (auto entry = groups_.begin(); entry != groups_.end();) {
    auto& slot = entry->second;
    slot.offsets.advance(high_watermark);
    slot.pending.advance(high_watermark);
    const bool is_nothing = slot.is_blank() && slot.offsets.empty() && slot.pending.empty();
    entry = is_nothing ? groups_.erase(entry) : std::next(entry);
  }
}

void Shard::finish(Now now, std::uint64_t write, ErrorCode error, Output& out) {
  const auto found = in_flight_.find(write);
  if (found == in_flight_.end()) return;
  const auto one = std::move(found->second);
  in_flight_.erase(found);
  auto* slot = find(one.group);
  const bool is_same = slot && slot->life == one.life;
  if (one.converts && is_same) begin_anew(now, *slot, out);
  if (one.finish) one.finish(is_same ? &slot->group : nullptr, now, error, out);
  const bool has_news = error == ErrorCode::none && !one.why.empty() && slot && slot->consumers;
  if (!has_news) return;
  if (auto news = slot->consumers->news(one.why)) out.events.push_back(*std::move(news));
}

void Shard::appended(Now, std::uint64_t write, Offset base_offset) {
  const auto found = in_flight_.find(write);
  REQUIRE(found != in_flight_.end(), write);
  auto& one = found->second;
  one.end_offset = base_offset + one.records;
  if (auto* slot = find(one.group)) {
    slot->end_offset = one.end_offset;
    // A classic group's own record, which takes the place of all that was before.
    if (one.to_replay.empty() && !slot->group.is_blank()) slot->consumers.reset();
  }
  Offset offset = base_offset;
  for (const auto& record : std::exchange(one.to_replay, {})) {
    const auto replayed =
        one.producer ? replay_pending(offset, one.producer->id, record) : replay(offset, record);
    ++offset;
    ASSERT(replayed.has_value(), write);  // We wrote it ourselves.
  }
  // The kind that it makes of the group is a life that it has begun itself.
  if (const auto* slot = find(one.group); slot && one.converts) one.life = slot->life;
}

Output Shard::append_failed(Now now, std::uint64_t write, ErrorCode error) {
  REQUIRE(error != ErrorCode::none);
  Output out;
  finish(now, write, error, out);
  return take(now, std::move(out));
}

Output Shard::committed(Now now, Offset high_watermark) {
  Output out;
  if (high_watermark <= high_watermark_) return out;
  advance(high_watermark);
  std::vector<std::uint64_t> ended;
  for (const auto& [id, one] : in_flight_) {
    if (one.end_offset >= 0 && one.end_offset <= high_watermark) ended.push_back(id);
  }
  for (const auto id : ended) finish(now, id, ErrorCode::none, out);
  return take(now, std::move(out));
}

// ---- Time --------------------------------------------------------------------------------------

Instant Shard::next_deadline() const {
  Instant next = next_expiry_;
  for (const auto& [name, slot] : groups_) {
    next = std::min(next, slot.group.next_deadline());
    if (slot.consumers) next = std::min(next, slot.consumers->next_deadline());
  }
  for (const auto& [id, one] : in_flight_) next = std::min(next, one.deadline);
  return next;
}

// A write that is late is not undone: it may yet be committed. Only nobody waits for it any more.
Output Shard::tick(Now now) {
  Output out;
  std::vector<std::uint64_t> late;
  for (const auto& [id, one] : in_flight_) {
    if (one.deadline <= now.at) late.push_back(id);
  }
  for (const auto id : late) finish(now, id, ErrorCode::request_timed_out, out);
  for (auto& [name, slot] : groups_) {
    if (slot.group.next_deadline() <= now.at) slot.group.tick(now, out);
    if (slot.consumers && slot.consumers->next_deadline() <= now.at) tick_consumers(now, slot, out);
  }
  if (next_expiry_ <= now.at) {
    next_expiry_ = now.at + config_.offsets_retention_check_interval;
    expire(now, out);
  }
  return take(now, std::move(out));
}

Output Shard::abandon(Now now) {
  Output out;
  for (auto& [name, slot] : groups_) slot.group.abandon(ErrorCode::not_coordinator, out);
  for (const auto& [id, one] : std::exchange(in_flight_, {})) {
    if (one.finish) one.finish(nullptr, now, ErrorCode::not_leader_or_follower, out);
  }
  groups_.clear();
  next_expiry_ = never;
  return out;
}

}  // namespace brokersim::group
