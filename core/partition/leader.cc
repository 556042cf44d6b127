// The leader's decisions: who is in sync, how far the log is committed, what may be answered.
#include "core/partition/leader.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace brokersim::partition {

using api::ErrorCode;
using WaitFor = AcksMeaning::WaitFor;

namespace {

// Before every lag that is tolerated, and far enough from the ends to be subtracted.
constexpr Instant long_ago{Duration::min() / 2};

}  // namespace

Leader::Leader(Setup setup, Instant now)
    : self_(setup.self),
      broker_epoch_(setup.broker_epoch),
      state_(std::move(setup.state)),
      config_(setup.config),
      is_eligible_(std::move(setup.is_eligible)),
      isr_(state_.isr),
      epoch_start_offset_(setup.end_offset),
      end_offset_(setup.end_offset),
      counted_(setup.counted.value_or(setup.end_offset)),
      high_watermark_(setup.high_watermark) {
  REQUIRE(state_.leader == self_, state_.leader, self_);
  REQUIRE(high_watermark_ <= end_offset_, high_watermark_, end_offset_);
  track_replicas(now);
}

// ---- Inputs ------------------------------------------------------------------------------------

Expected<LeaderOutput, ErrorCode> Leader::follower_fetched(Instant now,
                                                           const FollowerFetch& fetch) {
  REQUIRE(fetch.fetch_offset <= end_offset_, fetch.fetch_offset, end_offset_);
  Replica* replica = find(fetch.replica);
  if (replica == nullptr) return Unexpected(ErrorCode::unknown_leader_epoch);
  // KAFKA-15221: what an earlier incarnation held says nothing about the present one.
  const bool is_of_earlier_life =
      fetch.broker_epoch.is_set() && fetch.broker_epoch < replica->broker_epoch;
  if (is_of_earlier_life && config_.rules.replication.only_present_lives_join) {
    return Unexpected(ErrorCode::not_leader_or_follower);
  }
  if (fetch.fetch_offset >= end_offset_) {
    replica->last_caught_up = now;
  } else if (fetch.fetch_offset >= replica->leader_end_at_last_fetch) {
    replica->last_caught_up = std::max(replica->last_caught_up, replica->last_fetch);
  }
  replica->end_offset = fetch.fetch_offset;
  replica->log_start_offset = fetch.log_start_offset;
  replica->leader_end_at_last_fetch = end_offset_;
  replica->last_fetch = now;
  replica->broker_epoch = fetch.broker_epoch;

  LeaderOutput output;
  if (may_join(*replica)) {
    isr_.propose_expansion(replica->id);
    output.alter_partition = propose();
  }
  output.high_watermark = advance_high_watermark(now);
  return output;
}

LeaderOutput Leader::appended(Instant now, Offset end_offset, Offset counted) {
  REQUIRE(end_offset >= end_offset_, end_offset, end_offset_);
  REQUIRE(counted <= end_offset, counted, end_offset);
  end_offset_ = end_offset;
  counted_ = std::max(counted_, counted);
  return {advance_high_watermark(now), std::nullopt};
}

LeaderOutput Leader::tick(Instant now) {
  LeaderOutput output;
  if (!isr_.is_pending()) {
    std::vector<NodeId> leaving;
    for (const Replica& replica : replicas_) {
      const bool is_member = contains(isr_.committed(), replica.id);
      if (is_member && has_lagged(replica, now)) leaving.push_back(replica.id);
    }
    if (!leaving.empty()) {
      isr_.propose_shrinking(leaving);
      output.alter_partition = propose();
    }
  }
  output.high_watermark = advance_high_watermark(now);
  return output;
}

LeaderOutput Leader::alter_partition_result(Instant now, const AlterPartitionResult& result) {
  // Metadata may have overtaken the answer: then it speaks of nothing any more.
  if (result.proposed_in != state_.leader_epoch) return {};
  if (!in_flight_ || in_flight_->proposal != result.proposal) return {};
  switch (verdict_of(result.error)) {
    case AlterPartitionVerdict::committed:
      if (result.leader_epoch != state_.leader_epoch) return {};
      if (is_outdated(result.partition_epoch)) return {};
      state_.partition_epoch = result.partition_epoch;
      state_.isr = result.isr;
      isr_.commit(result.isr);
      break;
    case AlterPartitionVerdict::refused: isr_.revert(); break;
    case AlterPartitionVerdict::await_metadata: return {};
    case AlterPartitionVerdict::retry:
      if (!config_.rules.replication.asks_again_for_the_same) in_flight_->new_isr.clear();
      return {std::nullopt, in_flight_};
  }
  in_flight_.reset();
  return {advance_high_watermark(now), std::nullopt};  // KAFKA-13091
}

// Where nothing was changed the epoch is the same (KAFKA-12751).
bool Leader::is_outdated(PartitionEpoch answered) const {
  const bool is_same = answered == state_.partition_epoch;
  return answered < state_.partition_epoch ||
         (is_same && !config_.rules.replication.ends_changes_of_nothing);
}

LeaderOutput Leader::metadata(Instant now, const PartitionState& state,
                              std::int32_t min_insync_replicas) {
  REQUIRE(state.leader_epoch == state_.leader_epoch, state.leader_epoch, state_.leader_epoch);
  REQUIRE(state.leader == self_, state.leader, self_);
  if (state.partition_epoch <= state_.partition_epoch) return {};
  if (!config_.rules.replication.leaders_follow_metadata) return {};
  state_ = state;
  config_.min_insync_replicas = min_insync_replicas;
  isr_.commit(state.isr);
  in_flight_.reset();
  track_replicas(now);
  return {advance_high_watermark(now), std::nullopt};
}

LeaderOutput Leader::set_min_insync_replicas(Instant now, std::int32_t min_insync_replicas) {
  config_.min_insync_replicas = min_insync_replicas;
  return {advance_high_watermark(now), std::nullopt};
}

// ---- Produce -----------------------------------------------------------------------------------

ErrorCode Leader::may_append(std::int16_t acks) const {
  const auto meaning = meaning_of(acks, acks_config());
  if (!meaning) return meaning.error();
  const auto in_sync = static_cast<std::int32_t>(isr_.committed().size());
  const bool needs_isr = meaning->wait_for == WaitFor::in_sync_replicas;
  return needs_isr && in_sync < meaning->copies ? ErrorCode::not_enough_replicas : ErrorCode::none;
}

std::optional<ErrorCode> Leader::acks_satisfied(std::int16_t acks, Offset required_offset,
                                                LeaderEpoch appended_in) const {
  if (appended_in != state_.leader_epoch) return ErrorCode::not_leader_or_follower;
  const auto meaning = meaning_of(acks, acks_config());
  if (!meaning) return meaning.error();
  switch (meaning->wait_for) {
    case WaitFor::leader: return ErrorCode::none;
    case WaitFor::any_replicas:
      if (holders_of(required_offset) < meaning->copies) return std::nullopt;
      return ErrorCode::none;
    case WaitFor::in_sync_replicas: break;
  }
  if (high_watermark_ < required_offset) return std::nullopt;
  // The set may have shrunk since the append.
  const auto in_sync = static_cast<std::int32_t>(isr_.maximal().size());
  return in_sync < meaning->copies ? ErrorCode::not_enough_replicas_after_append : ErrorCode::none;
}

std::int32_t Leader::holders_of(Offset required_offset) const {
  const auto holds = [&](const Replica& replica) { return replica.end_offset >= required_offset; };
  return 1 + static_cast<std::int32_t>(std::count_if(replicas_.begin(), replicas_.end(), holds));
}

AcksConfig Leader::acks_config() const {
  return {.min_insync_replicas = config_.min_insync_replicas,
          .replication_factor = static_cast<std::int32_t>(state_.replicas.size()),
          .numeric_acks = config_.rules.numeric_acks};
}

// ---- Replicas ----------------------------------------------------------------------------------

Offset Leader::end_offset_of(NodeId replica) const {
  if (replica == self_) return end_offset_;
  for (const Replica& other : replicas_) {
    if (other.id == replica) return other.end_offset;
  }
  return -1;
}

Offset Leader::start_offset_of(NodeId replica) const {
  for (const Replica& other : replicas_) {
    if (other.id == replica) return other.log_start_offset;
  }
  return -1;
}

Offset Leader::low_watermark(Offset log_start) const {
  Offset lowest = log_start;
  for (const Replica& replica : replicas_) {
    const bool is_lower = replica.log_start_offset < lowest;
    if (is_lower && is_eligible_(replica.id, no_broker_epoch)) lowest = replica.log_start_offset;
  }
  return lowest;
}

// Keeps what is known of replicas that stay; of new ones only those in sync count as caught up.
void Leader::track_replicas(Instant now) {
  std::vector<Replica> tracked;
  for (const NodeId id : state_.replicas) {
    if (id == self_) continue;
    const Instant caught_up = contains(state_.isr, id) ? now : long_ago;
    const Replica* known = find(id);
    tracked.push_back(
        known ? *known : Replica{.id = id, .last_fetch = long_ago, .last_caught_up = caught_up});
  }
  replicas_ = std::move(tracked);
}

Leader::Replica* Leader::find(NodeId id) {
  for (Replica& replica : replicas_) {
    if (replica.id == id) return &replica;
  }
  return nullptr;
}

bool Leader::has_lagged(const Replica& replica, Instant now) const {
  return replica.end_offset != end_offset_ &&
         now - replica.last_caught_up > config_.replica_lag_time_max;
}

bool Leader::may_join(const Replica& replica) const {
  if (isr_.is_pending() || contains(isr_.committed(), replica.id)) return false;
  // KAFKA-7128: our high watermark may lag behind what earlier leaders committed; all of that lies
  // before this epoch's start.
  const bool from_start = config_.rules.replication.joins_at_epoch_start;
  const Offset required =
      from_start ? std::max(high_watermark_, epoch_start_offset_) : high_watermark_;
  return replica.end_offset >= required && is_eligible_(replica.id, replica.broker_epoch);
}

AlterPartition Leader::propose() {
  AlterPartition request{.proposal = ++proposals_,
                         .leader_epoch = state_.leader_epoch,
                         .partition_epoch = state_.partition_epoch};
  for (const NodeId id : isr_.proposed()) {
    const Replica* replica = find(id);
    const BrokerEpoch known = replica ? replica->broker_epoch : no_broker_epoch;
    request.new_isr.push_back({id, id == self_ ? broker_epoch_ : known});
  }
  in_flight_ = request;
  return request;
}

// ---- High watermark ----------------------------------------------------------------------------

// Besides the maximal set, replicas about to rejoin it are waited for: otherwise a steady producer
// would keep them out for ever. Those that may not join hold nothing back (KAFKA-15021).
bool Leader::holds_back(const Replica& replica, Instant now) const {
  if (contains(isr_.maximal(), replica.id)) return true;
  return !has_lagged(replica, now) && is_eligible_(replica.id, replica.broker_epoch);
}

std::optional<Offset> Leader::advance_high_watermark(Instant now) {
  // KAFKA-15583: with fewer in sync, what gets committed might be lost with one of them.
  const auto in_sync = static_cast<std::int32_t>(isr_.committed().size());
  if (in_sync < effective_min_isr(acks_config())) return std::nullopt;
  Offset committed = counted_;
  for (const Replica& replica : replicas_) {
    if (replica.end_offset < committed && holds_back(replica, now)) committed = replica.end_offset;
  }
  if (committed <= high_watermark_) return std::nullopt;
  high_watermark_ = committed;
  return committed;
}

}  // namespace brokersim::partition
