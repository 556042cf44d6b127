// A shard's writes and what they change, the markers of transactions that end, and time.
#include <algorithm>
#include <utility>

#include "core/transaction/shard.h"

namespace brokersim::transaction {

using api::ErrorCode;

// ---- Writes ------------------------------------------------------------------------------------

void Shard::write(Now now, const std::string& id, State pending, std::optional<Standing> next,
                  const Then& then, Output& out) {
  auto& slot = slots_[id];
  REQUIRE(!slot.pending, id);
  REQUIRE(may_follow(slot.standing.state, pending), id, name_of(slot.standing.state),
          name_of(pending));
  // Nobody else has the id that is in stock.
  const bool takes_stock =
      next && stock_ && (next->producer_id == *stock_ || next->next_producer_id == *stock_);
  if (takes_stock) stock_.reset();
  auto persisted = next;
  if (persisted && !rules_.persists_other_producer_ids) {
    persisted->previous_producer_id = no_producer_id;
    persisted->next_producer_id = no_producer_id;
  }
  Write write{.id = ++writes_};
  write.records.push_back(encode_entry({.transactional_id = id, .standing = std::move(persisted)},
                                       transaction_version_, now.wall.ms));
  slot.pending = pending;
  slot.next = std::move(next);
  in_flight_.emplace(write.id,
                     InFlight{.id = id, .deadline = now.at + config_.write_patience, .then = then});
  out.writes.push_back(std::move(write));
}

void Shard::appended(Now, std::uint64_t write, Offset base_offset) {
  const auto found = in_flight_.find(write);
  REQUIRE(found != in_flight_.end(), write);
  found->second.end_offset = base_offset + 1;
}

// Nothing of it is in the log: things stand as before.
void Shard::undo(const std::string& id) {
  auto& slot = slots_.at(id);
  const bool was_fence = slot.pending == State::prepare_epoch_fence;
  if (was_fence && !rules_.failed_fence_takes_no_epoch) slot.standing.epoch = slot.next->epoch;
  slot.pending.reset();
  slot.next.reset();
  if (!slot.is_known()) slots_.erase(id);
}

Output Shard::append_failed(Now now, std::uint64_t write, ErrorCode error) {
  REQUIRE(error != ErrorCode::none);
  Output out;
  const auto found = in_flight_.find(write);
  if (found == in_flight_.end()) return out;
  const auto one = std::move(found->second);
  in_flight_.erase(found);
  undo(one.id);
  if (one.then) one.then(now, error, out);
  return out;
}

Output Shard::committed(Now now, Offset high_watermark) {
  Output out;
  std::vector<InFlight> done;
  for (auto entry = in_flight_.begin(); entry != in_flight_.end();) {
    const bool is_done =
        entry->second.end_offset >= 0 && entry->second.end_offset <= high_watermark;
    if (is_done) done.push_back(std::move(entry->second));
    entry = is_done ? in_flight_.erase(entry) : std::next(entry);
  }
  for (const auto& one : done) {
    const auto error = take_effect(now, one.id, out);
    if (one.then) one.then(now, error, out);
  }
  return out;
}

ErrorCode Shard::take_effect(Now now, const std::string& id, Output& out) {
  auto& slot = slots_.at(id);
  const bool has_gone_back =
      slot.pending == State::ongoing && slot.next->started_at < slot.standing.started_at;
  // It stays pending, and nobody else can change it.
  if (has_gone_back && !rules_.begins_at_any_time) return ErrorCode::unknown_server_error;
  slot.pending.reset();
  if (!slot.next) {
    slots_.erase(id);
    return ErrorCode::none;
  }
  slot.standing = *std::exchange(slot.next, std::nullopt);
  const auto& standing = slot.standing;
  out.events.push_back(
      TransactionStateChanged{.transactional_id = id,
                              .state = std::string(name_of(standing.state)),
                              .producer_id = standing.producer_id,
                              .producer_epoch = standing.epoch,
                              .partitions = static_cast<std::int32_t>(standing.partitions.size())});
  expect_checks(now);
  if (is_prepared(standing.state)) begin_markers(now, id, out);
  return ErrorCode::none;
}

// ---- Markers -----------------------------------------------------------------------------------

void Shard::begin_markers(Now now, const std::string& id, Output& out) {
  const auto& standing = slots_.at(id).standing;
  const auto round = ++rounds_;
  unmarked_[round] = {.round = round,
                      .transactional_id = id,
                      .producer = {standing.producer_id, standing.epoch},
                      .is_commit = standing.state == State::prepare_commit,
                      .transaction_version = standing.transaction_version,
                      .partitions = standing.partitions};
  if (standing.partitions.empty()) complete(now, round, out);
}

std::vector<Unmarked> Shard::unmarked() const {
  std::vector<Unmarked> due;
  for (const auto& [round, one] : unmarked_) {
    if (!one.partitions.empty()) due.push_back(one);
  }
  return due;
}

Output Shard::marked(Now now, std::uint64_t round, const TopicPartition& partition,
                     ErrorCode error) {
  Output out;
  auto found = unmarked_.find(round);
  if (found == unmarked_.end() && !rules_.markers_name_their_transaction) {
    found = std::find_if(unmarked_.begin(), unmarked_.end(), [&](const auto& one) {
      return one.second.partitions.contains(partition);
    });
  }
  if (found == unmarked_.end()) return out;
  auto& one = found->second;
  if (error == ErrorCode::none) {
    const bool was_last = one.partitions.erase(partition) > 0 && one.partitions.empty();
    if (was_last) complete(now, found->first, out);
  } else if (error == ErrorCode::invalid_producer_epoch ||
             error == ErrorCode::transaction_coordinator_fenced) {
    unmarked_.erase(found);  // Somebody newer sees to it.
  }
  return out;
}

void Shard::complete(Now now, std::uint64_t round, Output& out) {
  complete_again_.erase(round);
  const auto one = unmarked_.find(round);
  if (one == unmarked_.end()) return;  // Somebody newer sees to it.
  const auto& id = one->second.transactional_id;
  auto next = transaction::complete(slots_.at(id).standing, now.wall);
  const auto state = next.state;
  write(
      now, id, state, std::move(next),
      [this, round](Now later, ErrorCode error, Output&) {
        if (error == ErrorCode::none) {
          unmarked_.erase(round);
        } else if (rules_.retries_completion) {
          complete_again_[round] = later.at + config_.completion_backoff;
        }
      },
      out);
}

// ---- Time --------------------------------------------------------------------------------------

void Shard::expect_checks(Now now) {
  const bool has_ongoing = std::any_of(slots_.begin(), slots_.end(), [](const auto& entry) {
    return entry.second.standing.state == State::ongoing;
  });
  if (!has_ongoing) next_abort_check_ = never;
  if (has_ongoing && next_abort_check_ == never) {
    next_abort_check_ = now.at + config_.abort_check_interval;
  }
  if (slots_.empty()) next_expiry_check_ = never;
  if (!slots_.empty() && next_expiry_check_ == never) {
    next_expiry_check_ = now.at + config_.id_expiration_check_interval;
  }
}

Instant Shard::next_deadline() const {
  Instant next = std::min(next_abort_check_, next_expiry_check_);
  for (const auto& [id, one] : in_flight_) next = std::min(next, one.deadline);
  for (const auto& [round, at] : complete_again_) next = std::min(next, at);
  return next;
}

// A write that is late is not undone: it may yet be committed. Only nobody waits for it any more.
Output Shard::tick(Now now) {
  Output out;
  for (auto& [id, one] : in_flight_) {
    if (one.deadline > now.at) continue;
    one.deadline = never;
    if (is_complete(slots_.at(one.id).pending.value_or(State::dead))) continue;
    if (const auto then = std::exchange(one.then, nullptr)) {
      then(now, ErrorCode::request_timed_out, out);
    }
  }
  for (const auto& [round, at] : std::map(complete_again_)) {
    if (at <= now.at) complete(now, round, out);
  }
  if (next_abort_check_ <= now.at) {
    next_abort_check_ = never;
    abort_late_ones(now, out);
  }
  if (next_expiry_check_ <= now.at) {
    next_expiry_check_ = never;
    expire(now, out);
  }
  expect_checks(now);
  return out;
}

void Shard::abort_late_ones(Now now, Output& out) {
  for (const auto& [id, slot] : slots_) {
    const auto& standing = slot.standing;
    const bool is_late = standing.state == State::ongoing && !slot.pending &&
                         now.wall.ms - standing.started_at > standing.timeout_ms;
    if (!is_late) continue;
    const auto fresh_id = rules_.timeouts_fence ? stock_ : std::nullopt;
    auto next = fence(standing, fresh_id, rules_, now.wall);
    if (!rules_.timeouts_fence) next.epoch = standing.epoch;
    write(now, id, State::prepare_epoch_fence, std::move(next), {}, out);
  }
}

bool Shard::has_expired(Now now, const Slot& slot) const {
  const auto state = slot.standing.state;
  const bool is_idle = (state == State::empty || is_complete(state)) && !slot.pending;
  return is_idle && now.wall.ms - slot.standing.updated_at >= milliseconds(config_.id_expiration);
}

void Shard::expire(Now now, Output& out) {
  for (const auto& [id, slot] : slots_) {
    if (has_expired(now, slot)) write(now, id, State::dead, std::nullopt, {}, out);
  }
}

Output Shard::abandon(Now now) {
  Output out;
  for (const auto& [id, one] : std::exchange(in_flight_, {})) {
    if (one.then) one.then(now, ErrorCode::not_leader_or_follower, out);
  }
  slots_.clear();
  unmarked_.clear();
  complete_again_.clear();
  next_abort_check_ = never;
  next_expiry_check_ = never;
  return out;
}

}  // namespace brokersim::transaction
