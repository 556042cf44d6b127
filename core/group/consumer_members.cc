// Who sends a heartbeat, and whether it may: members known and new, static ones that come back, and
// those that the group has gone on without.
#include <algorithm>
#include <utility>

#include "core/group/consumer_draft.h"
#include "core/group/consumer_entries.h"

namespace brokersim::group {

using api::ErrorCode;

namespace {

using Request = ConsumerGroup::Request;

bool says(const std::optional<std::string>& text) { return text && !text->empty(); }
bool is_blank(const std::optional<std::string>& text) { return text && text->empty(); }

// Since version 1 members make their own ids (KIP-1082).
bool must_have_id(const Request& asked, std::int16_t version) {
  return version >= 1 || asked.member_epoch != 0;
}

bool is_sane(const Request& asked, std::int16_t version) {
  if (asked.group_id.empty() || is_blank(asked.instance_id) || is_blank(asked.rack_id)) {
    return false;
  }
  if (asked.member_id.empty() && must_have_id(asked, version)) return false;
  if (asked.member_epoch < epoch_of_static_leave) return false;
  if (asked.member_epoch == epoch_of_static_leave) return asked.instance_id.has_value();
  if (asked.member_epoch != 0) return true;
  // Who joins says all of itself, and has nothing.
  const bool has_subscription =
      asked.subscribed_topic_names || asked.subscribed_topic_regex.has_value();
  const bool has_nothing = asked.topic_partitions && asked.topic_partitions->empty();
  return asked.rebalance_timeout_ms >= 0 && has_subscription && has_nothing;
}

bool is_leaving(const Request& asked) {
  return asked.member_epoch == epoch_of_leaving || asked.member_epoch == epoch_of_static_leave;
}

constexpr Duration retry_after = 500ms;  // Of what could not be written.

ConsumerGroup::Decision refusal(ErrorCode error) {
  ConsumerGroup::Decision decision;
  decision.response.error_code = error;
  return decision;
}

}  // namespace

ErrorCode ConsumerGroup::check(const Request& asked, std::int16_t version,
                               const GroupConfig& config) {
  if (!is_sane(asked, version)) return ErrorCode::invalid_request;
  if (asked.server_assignor) {
    const auto assignor = server_assignor_named(*asked.server_assignor);
    const auto& offered = config.consumer_assignors;
    const bool is_offered =
        assignor && std::find(offered.begin(), offered.end(), *assignor) != offered.end();
    if (!is_offered) return ErrorCode::unsupported_assignor;
  }
  if (says(asked.subscribed_topic_regex) && !is_topic_regex(*asked.subscribed_topic_regex)) {
    return ErrorCode::invalid_regular_expression;
  }
  return ErrorCode::none;
}

ConsumerGroup::Decision ConsumerGroup::heartbeat(Now now, const HeartbeatContext& context,
                                                 const Request& asked, const KnownTopics& topics) {
  if (is_leaving(asked)) return leave(asked, topics);
  auto draft = draft_of(asked.member_id.empty() ? context.fresh_id : asked.member_id);
  const auto error = begin(asked, draft);
  if (error != ErrorCode::none) return refusal(error);
  update_metadata(context, asked, draft);
  refresh_topics(topics, draft);
  make_target(topics, draft);
  take_step(asked, draft);
  begin_timers(now, draft);
  auto response = response_to(asked, draft);
  return {.response = std::move(response),
          .entries = std::move(draft.entries),
          .why = std::move(draft.why)};
}

// ---- Coming ------------------------------------------------------------------------------------

ConsumerGroup::Draft ConsumerGroup::draft_of(const std::string& member) const {
  Draft draft;
  draft.id = member;
  draft.epoch = epoch_;
  draft.assignment_epoch = assignment_epoch_;
  draft.topics = topics_;
  return draft;
}

bool ConsumerGroup::has_no_place_for(const std::string& member) const {
  const bool is_full = members_.size() >= static_cast<std::size_t>(config_->consumer_max_size);
  return is_full && !members_.contains(member);
}

ErrorCode ConsumerGroup::begin(const Request& asked, Draft& draft) const {
  if (has_no_place_for(draft.id)) return ErrorCode::group_max_size_reached;
  const auto error = asked.instance_id ? begin_static(asked, draft) : begin_dynamic(asked, draft);
  if (draft.before) draft.member = *draft.before;
  return error;
}

ErrorCode ConsumerGroup::begin_dynamic(const Request& asked, Draft& draft) const {
  const auto known = members_.find(draft.id);
  if (known == members_.end()) {
    return asked.member_epoch == 0 ? ErrorCode::none : ErrorCode::unknown_member_id;
  }
  draft.before = &known->second;
  return check_epoch(known->second, asked);
}

// An instance is taken over only from who has said that it will be back, or whose session is over:
// unlike in classic groups two that go by one instance do not fence each other. Who speaks the
// classic protocol says nothing when it stops, and is taken over from (KAFKA-17228).
ErrorCode ConsumerGroup::begin_static(const Request& asked, Draft& draft) const {
  const auto known = instances_.find(*asked.instance_id);
  const bool joins = asked.member_epoch == 0;
  if (known == instances_.end()) {
    return joins ? ErrorCode::none : ErrorCode::unknown_member_id;
  }
  const auto& holder = members_.at(known->second);
  draft.before = &holder;
  const bool is_away = holder.assignment.epoch == epoch_of_static_leave;
  if (known->second == draft.id) {
    return joins && is_away ? ErrorCode::none : check_epoch(holder, asked);
  }
  if (!joins) return ErrorCode::fenced_instance_id;
  const bool is_released =
      is_away || (holder.speaks_classic() && rules_.takes_over_from_classic_members);
  if (!is_released) return ErrorCode::unreleased_instance_id;
  draft.predecessor = known->second;
  return ErrorCode::none;
}

// Who comes with the epoch before has not got the answer that told it of its present one; or it is
// a zombie, which has what is others' by now.
ErrorCode ConsumerGroup::check_epoch(const ConsumerMember& member, const Request& asked) const {
  using PreviousEpoch = GroupRules::PreviousEpoch;
  const auto& known = member.assignment;
  if (asked.member_epoch == known.epoch) return ErrorCode::none;
  const bool is_previous =
      asked.member_epoch < known.epoch && asked.member_epoch == known.previous_epoch;
  const bool has_only_its_own =
      asked.topic_partitions && includes(known.assigned, set_of(*asked.topic_partitions));
  const bool is_tolerated =
      rules_.previous_epoch == PreviousEpoch::accepted ||
      (rules_.previous_epoch == PreviousEpoch::if_owned_is_assigned && has_only_its_own);
  return is_previous && is_tolerated ? ErrorCode::none : ErrorCode::fenced_member_epoch;
}

// ---- Going -------------------------------------------------------------------------------------

ErrorCode ConsumerGroup::check_member(const std::string& member,
                                      const std::optional<std::string>& instance) const {
  if (instance) {
    const auto holder = instances_.find(*instance);
    if (holder == instances_.end()) return ErrorCode::unknown_member_id;
    if (holder->second != member) return ErrorCode::fenced_instance_id;
  }
  return members_.contains(member) ? ErrorCode::none : ErrorCode::unknown_member_id;
}

ConsumerGroup::Decision ConsumerGroup::leave(const Request& asked, const KnownTopics& topics) {
  const auto error = check_member(asked.member_id, asked.instance_id);
  if (error != ErrorCode::none) return refusal(error);
  const auto& id = asked.member_id;
  const auto member = members_.find(id);
  Decision decision;
  if (asked.member_epoch == epoch_of_static_leave) {
    // It keeps what it has, and its session goes on: it will be back before the end of it.
    MemberAssignment away{.epoch = epoch_of_static_leave,
                          .previous_epoch = member->second.assignment.epoch,
                          .assigned = member->second.assignment.assigned};
    decision.entries.push_back(entry_of(id_, id, away));
  } else {
    decision.out = {id};
    decision.entries = take_out(decision.out, topics);
    decision.why = "a member left";
  }
  decision.response.member_id = id;
  decision.response.member_epoch = asked.member_epoch;
  return decision;
}

void ConsumerGroup::forget(const std::string& member, std::vector<Entry>& entries) const {
  entries.push_back(ConsumerGroupCurrentMemberAssignmentEntry{{id_, member}, std::nullopt});
  entries.push_back(ConsumerGroupTargetAssignmentMemberEntry{{id_, member}, std::nullopt});
  entries.push_back(ConsumerGroupMemberMetadataEntry{{id_, member}, std::nullopt});
}

// The others are assigned anew when the next of them comes; if there is none, there is nothing to
// assign (KAFKA-20442).
std::vector<Entry> ConsumerGroup::take_out(const std::set<std::string>& ids,
                                           const KnownTopics& topics) const {
  std::vector<Entry> entries;
  auto remaining = subscriptions();
  for (const auto& id : ids) {
    forget(id, entries);
    remaining.erase(id);
  }
  const auto wanted = topics_of(remaining, topics);
  if (wanted != topics_) entries.push_back(entry_of(id_, wanted));
  const auto epoch = epoch_ + 1;
  entries.push_back(ConsumerGroupMetadataEntry{{id_}, {{epoch}}});
  if (remaining.empty() && rules_.assigns_to_nobody_left) {
    entries.push_back(ConsumerGroupTargetAssignmentMetadataEntry{{id_}, {{epoch}}});
  }
  return entries;
}

// Whose time is up; they are looked at again if they cannot be taken out now.
void ConsumerGroup::take_overdue(Now now, Deadlines& deadlines,
                                 std::set<std::string>& overdue) const {
  for (auto& [id, until] : deadlines) {
    if (until > now.at) continue;
    const bool is_in = members_.contains(id);
    until = is_in ? now.at + retry_after : never;
    if (is_in) overdue.insert(id);
  }
  std::erase_if(deadlines, [](const auto& one) { return one.second == never; });
}

ConsumerGroup::Decision ConsumerGroup::tick(Now now, const KnownTopics& topics) {
  Decision decision;
  auto& out = decision.out;
  for (auto* deadlines : {&sessions_, &joins_, &syncs_}) take_overdue(now, *deadlines, out);
  for (auto& [id, revocation] : revocations_) {
    if (revocation.until > now.at) continue;
    revocation.until = now.at + retry_after;
    const auto member = members_.find(id);
    const bool is_late = member != members_.end() &&
                         member->second.assignment.state == MemberState::unrevoked_partitions &&
                         member->second.assignment.epoch == revocation.epoch;
    if (is_late) out.insert(id);
    if (!is_late) revocation.until = never;
  }
  std::erase_if(revocations_, [](const auto& one) { return one.second.until == never; });
  if (out.empty()) return decision;
  decision.entries = take_out(out, topics);
  decision.why = "members were silent, or gave nothing up";
  return decision;
}

// ---- Offsets -----------------------------------------------------------------------------------

namespace {

// What each protocol calls it.
ErrorCode check_present(std::int32_t epoch, const ConsumerMember& member) {
  if (epoch == member.assignment.epoch) return ErrorCode::none;
  return member.speaks_classic() ? ErrorCode::illegal_generation : ErrorCode::stale_member_epoch;
}

}  // namespace

ErrorCode ConsumerGroup::check_commit(std::int32_t epoch, const std::string& member,
                                      std::int16_t version) const {
  if (epoch < 0 && members_.empty()) return ErrorCode::none;
  const auto known = members_.find(member);
  if (known == members_.end()) return ErrorCode::unknown_member_id;
  const bool knows_epochs = version >= knows_member_epochs || known->second.speaks_classic();
  return knows_epochs ? check_present(epoch, known->second) : ErrorCode::unsupported_version;
}

ErrorCode ConsumerGroup::check_transactional_commit(std::int32_t epoch,
                                                    const std::string& member) const {
  if (epoch < 0 && (member.empty() || members_.empty())) return ErrorCode::none;
  const auto error = check_fetch(epoch, member);
  // Its producer knows of generations only, and can abort for one that is over.
  return error == ErrorCode::stale_member_epoch ? ErrorCode::illegal_generation : error;
}

ErrorCode ConsumerGroup::check_fetch(std::int32_t epoch,
                                     const std::optional<std::string>& member) const {
  if (!member && epoch < 0) return ErrorCode::none;
  const auto known = members_.find(member.value_or(""));
  return known == members_.end() ? ErrorCode::unknown_member_id
                                 : check_present(epoch, known->second);
}

}  // namespace brokersim::group
