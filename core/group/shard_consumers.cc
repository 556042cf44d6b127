// Consumer groups (KIP-848) beside classic ones: heartbeats of their members, and their records.
#include <utility>

#include "core/group/shard.h"

namespace brokersim::group {

using api::ErrorCode;

// ---- Requests ----------------------------------------------------------------------------------

namespace {

// As the group will be once the entries are in the log.
std::unique_ptr<ConsumerGroup> becoming(const ConsumerGroup& group,
                                        const std::vector<Entry>& entries) {
  auto later = std::make_unique<ConsumerGroup>(group);
  for (const auto& entry : entries) later->apply(entry);
  return later;
}

}  // namespace

Write Shard::write_of(Now now, const std::string& group, const std::vector<Entry>& entries) const {
  Write write{.group = group, .must_replay = true};
  for (const auto& entry : entries) write.records.push_back(encode_entry(entry, now.wall.ms));
  return write;
}

Output Shard::consumer_heartbeat(Now now, RequestId request, const HeartbeatContext& context,
                                 const api::ConsumerGroupHeartbeatRequest& asked) {
  Output out;
  const auto refuse = [&](ErrorCode error) {
    api::ConsumerGroupHeartbeatResponse refusal;
    refusal.error_code = error;
    out.answer(request, std::move(refusal));
    return take(now, std::move(out));
  };
  const auto wrong = ConsumerGroup::check(asked, context.version, config_);
  if (wrong != ErrorCode::none) return refuse(wrong);
  auto& slot = find_or_make(asked.group_id);
  auto entries = become_consumers(slot, asked);
  if (!entries) return refuse(entries.error());
  // A classic group goes on as one of consumers if this one is let in.
  const bool converts = !slot.is_of_consumers() && slot.group.state() != GroupState::empty;
  const auto decide = [&](ConsumerGroup& group) {
    return group.heartbeat(now, context, asked, *topics_);
  };
  auto decision = converts ? decide(*becoming(*slot.consumers, *entries)) : decide(*slot.consumers);
  if (decision.response.error_code != ErrorCode::none) {
    out.answer(request, std::move(decision.response));
  } else if (decision.entries.empty()) {
    once_settled(now, asked.group_id, answer_of(request, std::move(decision.response)), out);
  } else {
    entries->insert(entries->end(), decision.entries.begin(), decision.entries.end());
    auto write = converts ? write_of(now, asked.group_id, *entries)
                          : write_of_leaving(now, slot, decision.out, *entries);
    write.converts |= converts;
    write.why = decision.why;
    if (group_rules_.answers_once_committed) {
      write.finish = answer_of(request, std::move(decision.response));
    } else {
      out.answer(request, std::move(decision.response));
    }
    // Whoever waits in the classic group joins again, and is let in by the other.
    if (converts) slot.group.abandon(ErrorCode::rebalance_in_progress, out);
    out.writes.push_back(std::move(write));
  }
  return take(now, std::move(out));
}

// Of what was appended and is not committed yet a member must not hear: it may be undone.
void Shard::once_settled(Now now, const std::string& group, Write::Finish finish, Output& out) {
  const auto* slot = find(group);
  const auto end_offset = slot->end_offset;
  const bool may_be_undone = end_offset > high_watermark_ && group_rules_.answers_once_committed;
  if (!may_be_undone) return finish(nullptr, now, ErrorCode::none, out);
  in_flight_.emplace(++writes_, InFlight{.group = group,
                                         .life = slot->life,
                                         .end_offset = end_offset,
                                         .deadline = now.at + config_.offset_commit_timeout,
                                         .finish = std::move(finish)});
}

api::ConsumerGroupDescribeResponse::DescribedGroup Shard::describe_consumers(
    const std::string& name) const {
  const auto* slot = find_known(name);
  if (slot && slot->is_of_consumers()) return slot->consumers->describe(*topics_);
  api::ConsumerGroupDescribeResponse::DescribedGroup absent;
  absent.group_id = name;
  absent.error_code = ErrorCode::group_id_not_found;
  return absent;
}

// ---- The log and the world ---------------------------------------------------------------------

namespace {

// Of an entry of consumer groups.
struct EntryInfo {
  std::string group;
  bool is_tombstone = false;
};

std::optional<EntryInfo> info_of(const Entry& entry) {
  return std::visit(
      [](const auto& one) -> std::optional<EntryInfo> {
        if constexpr (requires { one.key.group_id; }) {
          return EntryInfo{one.key.group_id, !one.value};
        } else {
          return std::nullopt;
        }
      },
      entry);
}

}  // namespace

Expected<Done, std::string_view> Shard::replay_of_consumers(const Entry& entry) {
  const auto info = info_of(entry);
  if (!info) return Done{};
  auto* slot = info->is_tombstone ? find(info->group) : &find_or_make(info->group);
  if (!slot) return Done{};
  if (!info->is_tombstone && !slot->consumers) {
    slot->consumers.emplace(info->group, config_, group_rules_);
  }
  if (!slot->consumers) return Done{};
  const bool must_fit = is_loading_ && !group_rules_.loads_compacted_logs;
  if (must_fit && !slot->consumers->gives_what_is_free(entry)) {
    return Unexpected(std::string_view("a member is given what another one has"));
  }
  slot->consumers->apply(entry);
  const bool is_end =
      info->is_tombstone && std::holds_alternative<ConsumerGroupMetadataEntry>(entry);
  if (is_end) slot->consumers.reset();
  return Done{};
}

void Shard::tick_consumers(Now now, Slot& slot, Output& out) const {
  auto decision = slot.consumers->tick(now, *topics_);
  if (decision.entries.empty()) return;
  auto write = write_of_leaving(now, slot, decision.out, decision.entries);
  write.why = decision.why;
  out.writes.push_back(std::move(write));
}

void Shard::learn(std::shared_ptr<const KnownTopics> topics) {
  topics_ = std::move(topics);
  for (auto& [name, slot] : groups_) {
    if (slot.consumers) slot.consumers->topics_changed();
  }
}

}  // namespace brokersim::group
