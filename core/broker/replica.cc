#include "core/broker/replica.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace brokersim::broker {

using api::ErrorCode;

Replica::Replica(TopicPartition partition, Uuid topic_id, std::unique_ptr<log::Log> log,
                 Offset high_watermark, const NodeConfig& config, ReplicaNews& news)
    : partition_(std::move(partition)),
      topic_id_(topic_id),
      log_(std::move(log)),
      config_(config),
      high_watermark_(std::min(high_watermark, log_->end_offset())),
      news_(news),
      known_active_base_(log_->active_base()) {
  if (config_.rules.replication.loads_watermarks_into_logs) {
    high_watermark_ = std::max(high_watermark_, log_->start_offset());
  }
  log_->committed(high_watermark_);
}

Offset Replica::high_watermark() const {
  return leader_ ? leader_->high_watermark() : high_watermark_;
}

// ---- Metadata ----------------------------------------------------------------------------------

bool Replica::apply(Host& host, const partition::PartitionState& state, ReplicaContext context) {
  context_ = std::move(context);
  if (has_state_ && state.partition_epoch <= state_.partition_epoch) return false;
  const bool is_new_epoch = !has_state_ || state.leader_epoch > state_.leader_epoch;
  if (has_state_) ASSERT(state.leader_epoch >= state_.leader_epoch, partition_);
  const bool goes_on =
      follower_ && !partition::begins_anew(state_, state, config_.rules.replication);
  state_ = state;
  has_state_ = true;
  if (!is_new_epoch || goes_on) {
    if (leader_) {
      handle(host, leader_->metadata(host.now(), state_, context_.min_insync_replicas));
    }
    return false;
  }
  high_watermark_ = high_watermark();
  leader_.reset();
  follower_.reset();
  proposal_.reset();
  told_high_watermarks_.clear();
  verifications_ = {};
  must_ask_leader_offsets_ = false;
  if (state_.leader == context_.self) {
    become_leader(host);
  } else {
    become_follower(host);
  }
  note_low_watermark(host);
  changed_.notify_all(host);
  return true;
}

void Replica::apply(Host& host, ReplicaContext context) {
  context_ = std::move(context);
  if (!leader_) return;
  handle(host, leader_->set_min_insync_replicas(host.now(), context_.min_insync_replicas));
  tick(host);
  note_low_watermark(host);
}

void Replica::retire(Host& host) {
  is_retired_ = true;
  log_->abandon();
  leader_.reset();
  follower_.reset();
  changed_.notify_all(host);
}

void Replica::become_leader(Host& host) {
  // KAFKA-7415: even if nothing is ever appended in it.
  if (config_.rules.replication.leaders_begin_their_epoch) log_->begin_epoch(state_.leader_epoch);
  leader_.emplace(
      partition::Leader::Setup{
          .self = context_.self,
          .broker_epoch = context_.broker_epoch,
          .state = state_,
          .end_offset = log_->end_offset(),
          .high_watermark = high_watermark_,
          .counted = owes_sync_ ? std::optional(log_->recovery_point()) : std::nullopt,
          .config = {.replica_lag_time_max = config_.replica_lag_time_max,
                     .min_insync_replicas = context_.min_insync_replicas,
                     .rules = config_.rules},
          .is_eligible = [this](NodeId node,
                                BrokerEpoch epoch) { return context_.is_eligible(node, epoch); }},
      host.now());
  host.emit(BecameLeader{.partition = partition_,
                         .leader_epoch = state_.leader_epoch,
                         .end_offset = log_->end_offset(),
                         .high_watermark = high_watermark_});
  tick(host);
}

partition::LogEnd Replica::log_end() const {
  return {.end_offset = log_->end_offset(),
          .last_epoch = log_->last_epoch(),
          .start_offset = log_->start_offset()};
}

void Replica::become_follower(Host& host) {
  follower_.emplace(partition::Follower::Setup{.leader = state_.leader,
                                               .leader_epoch = state_.leader_epoch,
                                               .log = log_end(),
                                               .high_watermark = high_watermark_,
                                               .fetch_backoff = config_.replica_fetch_backoff,
                                               .rules = config_.rules});
  host.emit(BecameFollower{.partition = partition_,
                           .leader_epoch = state_.leader_epoch,
                           .leader = state_.leader,
                           .end_offset = log_->end_offset()});
  carry_out(host, follower_->start(), {});
}

// ---- As leader ---------------------------------------------------------------------------------

ErrorCode Replica::check_leadership(LeaderEpoch current_leader_epoch) const {
  const auto error = check_readable(current_leader_epoch);
  if (error != ErrorCode::none) return error;
  return leader_ ? ErrorCode::none : ErrorCode::not_leader_or_follower;
}

ErrorCode Replica::check_readable(LeaderEpoch current_leader_epoch) const {
  if (is_retired_ || !has_state_) return ErrorCode::not_leader_or_follower;
  if (!config_.rules.replication.compares_epochs_of_fetches) return ErrorCode::none;
  return partition::check_leader_epoch(current_leader_epoch, state_.leader_epoch);
}

ErrorCode Replica::may_append(std::int16_t acks) const {
  return leader_ ? leader_->may_append(acks) : ErrorCode::not_leader_or_follower;
}

Expected<Appended, ErrorCode> Replica::append(Host& host, wire::Batch batch,
                                              AppendRequest request) {
  // What was verified for an earlier leader is to be verified again.
  if (request.leader_epoch.is_set() && request.leader_epoch != state_.leader_epoch) {
    return Unexpected(ErrorCode::not_leader_or_follower);
  }
  if (const auto refused = may_append(request.acks); refused != ErrorCode::none) {
    return Unexpected(refused);
  }
  const auto id = batch.header.producer_id;
  const auto& rules = config_.rules.append;
  const bool is_verified =
      !verifies(batch.header) || verifications_.is_valid(id, request.ticket, rules);
  const auto repeated =
      log_->producers().check(batch.header, {.origin = request.origin,
                                             .is_verified = is_verified,
                                             .begins_transaction = verifications_.adds(id),
                                             .lowest_sequence = verifications_.lowest_sequence(id),
                                             .rules = rules});
  if (!repeated) return Unexpected(repeated.error());
  if (const auto& known = *repeated) {
    return Appended{known->first_offset(), known->last_offset + 1, leader_->leader_epoch(),
                    known->timestamp};
  }
  return append_to_log(host, std::move(batch));
}

Expected<Appended, ErrorCode> Replica::append_marker(Host& host,
                                                     const wire::TransactionMarker& marker,
                                                     int transaction_version) {
  if (!leader_) return Unexpected(ErrorCode::not_leader_or_follower);
  if (const auto refused = leader_->may_append(-1); refused != ErrorCode::none) {
    return Unexpected(refused);
  }
  const auto refused =
      log_->producers().check_marker(marker, transaction_version, config_.rules.append);
  if (refused != ErrorCode::none) return Unexpected(refused);
  return append_to_log(host, wire::marker_batch(marker, host.wall_clock().ms));
}

Expected<Appended, ErrorCode> Replica::append_to_log(Host& host, wire::Batch batch) {
  if (batch.header.is_transactional()) verifications_.settled(batch.header.producer_id);
  auto appended = log_->append_as_leader(host, {&batch, 1}, leader_->leader_epoch());
  if (!appended) {
    note_failure(host);
    return Unexpected(ErrorCode::kafka_storage_error);
  }
  const Appended result{appended->first_offset, appended->next_offset, leader_->leader_epoch(),
                        batch.header.has_append_time() ? batch.header.max_timestamp : -1};
  note_roll(host);
  owes_sync_ = owes_sync_ || log_->must_flush();
  count_own_copy(host);
  changed_.notify_all(host);
  return result;
}

// Kafka's leader syncs within the append (flush.messages): nobody is shown as committed what it may
// still lose.
void Replica::count_own_copy(Host& host) {
  const Offset end = log_->end_offset();
  const Offset counted = log_->must_flush() ? log_->recovery_point() : end;
  handle(host, leader_->appended(host.now(), end, counted));
}

bool Replica::flush_if_due(Env& env) {
  const bool has_failed = !is_retired_ && log_->must_flush() && !log_->sync(env);
  if (has_failed) note_failure(env);
  owes_sync_ = owes_sync_ && log_->must_flush();
  if (awaits_disk()) count_own_copy(env);
  return !has_failed;
}

// Offsets that a coordinator appends have no sequence.
bool Replica::verifies(const wire::BatchHeader& batch) const {
  const auto& rules = config_.rules.append;
  return config_.transaction_partition_verification_enable && rules.verifies_transactions &&
         (rules.verifies_offsets || batch.base_sequence >= 0);
}

std::optional<partition::VerificationTicket> Replica::begin_verification(
    Host& host, const wire::BatchHeader& batch, bool adds) {
  if (!adds && !verifies(batch)) return std::nullopt;
  if (!leader_ || !batch.is_transactional()) return std::nullopt;
  const auto id = batch.producer_id;
  const auto epoch = batch.producer_epoch;
  const auto& producers = log_->producers();
  if (producers.continues_transaction(id, epoch, config_.rules.append)) return std::nullopt;
  const auto* known = producers.find(id);
  if (known != nullptr && epoch < known->epoch) return std::nullopt;
  return verifications_.begin(host.wall_clock(), id, epoch, batch.base_sequence, adds);
}

std::optional<ErrorCode> Replica::acks_satisfied(std::int16_t acks,
                                                 const Appended& appended) const {
  if (!leader_) return ErrorCode::not_leader_or_follower;
  return leader_->acks_satisfied(acks, appended.required_offset, appended.leader_epoch);
}

ErrorCode Replica::follower_fetched(Host& host, const partition::FollowerFetch& fetch) {
  if (!leader_) return ErrorCode::not_leader_or_follower;
  auto output = leader_->follower_fetched(host.now(), fetch);
  if (!output) return output.error();
  handle(host, *std::move(output));
  note_low_watermark(host);
  // Whoever waits for any so many copies waits for this one, too, in sync or not.
  if (config_.rules.numeric_acks == Rules::NumericAcks::legacy) changed_.notify_all(host);
  return ErrorCode::none;
}

bool Replica::has_told_high_watermark(NodeId follower) const {
  if (!leader_) return true;
  const auto told = told_high_watermarks_.find(follower);
  return told != told_high_watermarks_.end() && told->second >= leader_->high_watermark();
}

void Replica::told_high_watermark(NodeId follower, Offset high_watermark) {
  if (leader_) told_high_watermarks_[follower] = high_watermark;
}

void Replica::tick(Host& host) {
  if (!leader_) return;
  if (awaits_disk()) count_own_copy(host);
  handle(host, leader_->tick(host.now()));
}

std::optional<partition::AlterPartition> Replica::take_proposal() {
  return std::exchange(proposal_, std::nullopt);
}

void Replica::alter_partition_result(Host& host, const partition::AlterPartitionResult& result) {
  if (leader_) handle(host, leader_->alter_partition_result(host.now(), result));
}

void Replica::handle(Host& host, partition::LeaderOutput output) {
  if (output.high_watermark) {
    advance(host, *output.high_watermark);
    changed_.notify_all(host);
  }
  if (output.alter_partition) {
    proposal_ = std::move(output.alter_partition);
    news_.proposals.notify_all(host);
  }
}

void Replica::advance(Host& host, Offset high_watermark) {
  high_watermark_ = high_watermark;
  log_->committed(high_watermark);
  host.emit(HighWatermarkAdvanced{.partition = partition_,
                                  .leader_epoch = state_.leader_epoch,
                                  .high_watermark = high_watermark});
}

// In each epoch anew: what replicas said to an earlier leader is not known.
void Replica::note_low_watermark(Host& host) {
  const Offset low = low_watermark();
  if (low > std::exchange(known_low_watermark_, low)) deleted_.notify_all(host);
}

Offset Replica::low_watermark() const {
  return leader_ ? leader_->low_watermark(log_->start_offset()) : -1;
}

// ---- Where the log begins ----------------------------------------------------------------------

void Replica::want_start(Host& host, Offset offset) {
  if (offset <= wanted_start()) return;
  wanted_start_ = offset;
  news_.log_starts.notify_all(host);
}

void Replica::raise_start(Host& host, Offset offset) {
  if (is_retired_) return;
  // A log that was begun anew meanwhile wants nothing of what was asked of the old one.
  const Offset start = std::min({offset, wanted_start(), high_watermark()});
  const bool is_raised = log_->raise_start_offset(host, start).has_value();
  if (!is_raised) news_.fail(host, log_->why_offline());
  // What could not be taken has gone with a truncation. What came to be wanted since is next.
  if (!is_raised || start < std::min(offset, wanted_start())) wanted_start_ = log_->start_offset();
  if (log_->next_file_deletion() != never) news_.upkeep.notify_all(host);
  note_low_watermark(host);
  changed_.notify_all(host);
}

void Replica::retain(Host& host, WallTime now) {
  if (is_retired_ || log_->is_offline()) return;
  const auto from = log_->retain(host, high_watermark(), now);
  if (!from) return news_.fail(host, log_->why_offline());
  note_roll(host);
  want_start(host, *from);
}

void Replica::note_roll(Host& host) {
  if (std::exchange(known_active_base_, log_->active_base()) == log_->active_base()) return;
  news_.rolled.insert(partition_);
  news_.upkeep.notify_all(host);
}

// ---- As follower -------------------------------------------------------------------------------

void Replica::fetched(Host& host, const partition::FetchPosition& sent,
                      const partition::FetchAnswer& answer,
                      const std::vector<wire::Batch>& batches) {
  if (!follower_) return;
  carry_out(host, follower_->fetched(host.now(), sent, answer, log_->epochs()), batches);
}

bool Replica::prepare_to_cut(Env& env) {
  if (!follower_ || is_retired_ || log_->load_batches(env)) return true;
  note_failure(env);
  return false;
}

void Replica::leader_offsets(Host& host, const partition::FetchPosition& sent,
                             partition::LogBounds leader) {
  if (!follower_) return;
  carry_out(host, follower_->leader_offsets(sent, leader), {});
}

void Replica::back_off(Host& host, const partition::FetchPosition& sent) {
  const bool has_sent = follower_ && follower_->leader_epoch() == sent.current_leader_epoch;
  if (has_sent) follower_->back_off(host.now());
}

void Replica::note_failure(Host& host) const {
  if (log_->is_offline() && !is_retired_) news_.fail(host, log_->why_offline());
}

void Replica::carry_out(Host& host, const partition::FollowerStep& step,
                        const std::vector<wire::Batch>& batches) {
  bool failed = false;
  const Offset start = log_->start_offset();
  const bool is_at_end = step.truncate_to && *step.truncate_to >= log_->end_offset();
  const bool may_cut = !is_at_end || config_.rules.replication.cuts_epochs_at_log_end;
  if (step.truncate_to && may_cut) {
    failed = !log_->truncate_to(host, *step.truncate_to, "diverged from the leader");
  }
  if (step.restart_log_at && !failed) {
    const auto why =
        step.append ? "the leader's log begins inside a batch" : "the leader's log begins later";
    failed = !log_->truncate_fully_and_start_at(host, *step.restart_log_at, why);
  }
  // What was wanted of records that are gone must not delete those that come in their place.
  const bool was_wanted_of_others =
      log_->start_offset() < start || wanted_start_ > log_->end_offset();
  if (was_wanted_of_others) wanted_start_ = log_->start_offset();
  if (step.append && !failed) {
    constexpr LeaderEpoch any{std::numeric_limits<std::int32_t>::max()};
    const auto latest =
        config_.rules.log.keeps_reads_in_their_epoch ? follower_->leader_epoch() : any;
    failed = !log_->append_as_follower(host, batches, latest);
    owes_sync_ = owes_sync_ || log_->must_flush();
  }
  note_roll(host);
  must_ask_leader_offsets_ = step.must_ask_leader_offsets;
  const auto moved = follower_->applied(log_end());
  if (moved) high_watermark_ = *moved;
  log_->committed(high_watermark_);
  // KIP-107: our log begins where the leader's does, as far as we know that to be committed.
  if (step.log_start) want_start(host, std::min(*step.log_start, high_watermark()));
  if (failed) follower_->back_off(host.now());
  note_failure(host);
  if (moved || step.truncate_to || step.restart_log_at || step.append) changed_.notify_all(host);
}

}  // namespace brokersim::broker
