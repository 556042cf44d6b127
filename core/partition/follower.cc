// The follower's decisions: where to cut the log, what to append, when to try again.
#include "core/partition/follower.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace brokersim::partition {

using api::ErrorCode;

bool begins_anew(const PartitionState& known, const PartitionState& next,
                 const ReplicationRules& rules) {
  if (next.leader_epoch == known.leader_epoch) return false;
  return rules.follows_each_epoch_anew || next.leader != known.leader;
}

Follower::Follower(Setup setup)
    : setup_(setup), log_(setup.log), high_watermark_(setup.high_watermark) {
  REQUIRE(high_watermark_ <= log_.end_offset, high_watermark_, log_.end_offset);
}

FollowerStep Follower::start() const {
  FollowerStep step;
  if (setup_.rules.truncate_by == Rules::TruncateBy::high_watermark) {
    step.truncate_to = std::min(high_watermark_, log_.end_offset);
  }
  return step;
}

FetchPosition Follower::position() const {
  const bool by_epoch = setup_.rules.truncate_by == Rules::TruncateBy::leader_epoch;
  return {.fetch_offset = log_.end_offset,
          .current_leader_epoch = setup_.leader_epoch,
          .last_fetched_epoch = by_epoch ? log_.last_epoch : no_epoch};
}

std::optional<FetchPosition> Follower::next_fetch(Instant now) const {
  if (is_parked_ || now < not_before_) return std::nullopt;
  return position();
}

FollowerStep Follower::fetched(Instant now, const FetchPosition& sent, const FetchAnswer& answer,
                               const log::LeaderEpochs& epochs) {
  if (is_parked_ || sent != position()) return {};
  if (answer.error != ErrorCode::none) return failed(now, answer.error);
  FollowerStep step;
  if (answer.diverging) {
    step.truncate_to = truncation_point(*answer.diverging, epochs);
    return step;
  }
  if (answer.first_offset && *answer.first_offset < log_.end_offset) {
    // KAFKA-6975: where records were deleted, a log may begin inside a batch. All that we have may
    // lie before the leader's beginning, too: what is left of an epoch that the leader has no
    // record of any more.
    const bool has_nothing_of_it =
        log_.start_offset == log_.end_offset || answer.log_start_offset >= log_.end_offset;
    const bool may_begin_inside =
        has_nothing_of_it && setup_.rules.replication.begins_inside_batches;
    if (!may_begin_inside || answer.first_batch_end <= log_.end_offset) {
      back_off(now);  // It answers another question than ours.
      return step;
    }
    step.restart_log_at = answer.first_offset;
  }
  leader_high_watermark_ = answer.high_watermark;
  seen_high_watermark_ = answer.high_watermark;
  step.append = answer.first_offset.has_value();
  step.log_start = answer.log_start_offset;
  return step;
}

// KIP-279: where we have the leader's epoch, the common part ends where it ends first. Where we do
// not, nothing after our largest epoch before it is common; the next fetch asks about that one.
Offset Follower::truncation_point(const Divergence& diverging,
                                  const log::LeaderEpochs& epochs) const {
  if (diverging.end_offset < 0 || !diverging.epoch.is_set()) {
    return std::min(high_watermark_, log_.end_offset);
  }
  const Offset theirs = std::min(diverging.end_offset, log_.end_offset);
  if (setup_.rules.epoch_end == Rules::EpochEnd::offset_only) return theirs;
  const auto ours = epochs.end_offset_for(diverging.epoch, log_.end_offset);
  if (!ours) return theirs;
  const bool has_that_epoch = ours->epoch == diverging.epoch;
  return has_that_epoch ? std::min(ours->end_offset, theirs)
                        : std::min(ours->end_offset, log_.end_offset);
}

FollowerStep Follower::failed(Instant now, ErrorCode error) {
  FollowerStep step;
  if (error == ErrorCode::offset_out_of_range) {
    step.must_ask_leader_offsets = true;
  } else if (error == ErrorCode::fenced_leader_epoch) {
    is_parked_ = true;
  } else {
    back_off(now);
  }
  return step;
}

FollowerStep Follower::leader_offsets(const FetchPosition& sent, LogBounds leader) {
  FollowerStep step;
  if (is_parked_ || sent != position()) return step;
  if (leader.end < log_.end_offset) {
    if (setup_.rules.replication.cuts_who_is_ahead) step.truncate_to = leader.end;
  } else if (leader.start > log_.end_offset) {
    step.restart_log_at = leader.start;
    // The leader deleted only what was committed.
    if (setup_.rules.replication.begun_logs_are_committed) leader_high_watermark_ = leader.start;
  }
  return step;
}

std::optional<Offset> Follower::applied(LogEnd log) {
  log_ = log;
  const Offset told = std::max(high_watermark_, leader_high_watermark_.value_or(-1));
  leader_high_watermark_.reset();
  const Offset before = std::exchange(high_watermark_, std::min(told, log_.end_offset));
  if (high_watermark_ == before) return std::nullopt;
  return high_watermark_;
}

void Follower::back_off(Instant now) { not_before_ = now + setup_.fetch_backoff; }

}  // namespace brokersim::partition
