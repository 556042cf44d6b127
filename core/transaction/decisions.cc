#include "core/transaction/decisions.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/assert.h"

namespace brokersim::transaction {

using api::ErrorCode;

namespace {

std::int16_t next_epoch(std::int16_t epoch) {
  ASSERT(epoch < std::numeric_limits<std::int16_t>::max(), epoch);
  return static_cast<std::int16_t>(epoch + 1);
}

// The producer needs another id now.
bool is_exhausted(std::int16_t epoch, const TransactionRules& rules) {
  return epoch >= rules.last_epoch;
}

// The epoch after the last is given to nobody: it only fences. Whoever names it has made it up.
bool was_never_given(std::int16_t epoch, const TransactionRules& rules) {
  return epoch > rules.last_epoch;
}

// Without what the transaction before was.
Standing begun(const Standing& standing, std::int32_t timeout_ms, WallTime now) {
  auto next = standing;
  next.state = State::empty;
  next.timeout_ms = timeout_ms;
  next.partitions.clear();
  next.started_at = -1;
  next.updated_at = now.ms;
  next.transaction_version = 0;
  return next;
}

// Of the producer that has the id now, or had the one before until its epochs were used up.
bool may_be_ours(const Standing& standing, const ProducerAndEpoch& expected,
                 const TransactionRules& rules) {
  return standing.epoch == no_producer_epoch || expected.id == standing.producer_id ||
         (expected.id == standing.previous_producer_id && is_exhausted(expected.epoch, rules));
}

// Stricter than Kafka, where the epoch alone counts: the id before may have come to the same one.
bool is_of_present(const Standing& standing, const ProducerAndEpoch& expected) {
  return expected.epoch == standing.epoch && expected.id == standing.producer_id;
}

Standing rotated(const Standing& standing, const InitAsked& asked, std::int64_t fresh_id,
                 WallTime now) {
  auto next = begun(standing, asked.timeout_ms, now);
  // Nobody but the same producer may ask again as the one before.
  next.previous_producer_id = asked.expected ? standing.producer_id : no_producer_id;
  next.producer_id = fresh_id;
  next.epoch = 0;
  next.last_epoch = asked.expected ? standing.epoch : no_producer_epoch;
  return next;
}

// The id that EndTxn has just given out, since the epochs of the one before are used up: it is the
// producer's once the markers are written.
bool is_about_to_be(const Standing& standing, const ProducerAndEpoch& asking) {
  return standing.next_producer_id != no_producer_id && asking.id == standing.next_producer_id &&
         asking.epoch == 0;
}

// The answer to the first EndTxn was lost: the producer does not know its next epoch yet. Where the
// transaction had no epoch of its own, the one after is another producer's.
bool is_repeated(const Standing& standing, const EndAsked& asked, const TransactionRules& rules) {
  const bool after_bump =
      asked.producer.id == standing.producer_id && asked.producer.epoch == standing.epoch - 1;
  const bool after_rotation = asked.producer.id == standing.previous_producer_id &&
                              asked.producer.epoch == rules.last_epoch && standing.epoch == 0;
  return standing.has_epoch_per_transaction() && (after_bump || after_rotation);
}

bool has_own_epoch(const EndAsked& asked) {
  return asked.transaction_version >= epoch_per_transaction;
}

ErrorCode check_end_of_own_epoch(const Standing& standing, const EndAsked& asked,
                                 const TransactionRules& rules) {
  // It is early, with what it was told when it ended the transaction before (KAFKA-18464).
  const bool is_early = is_prepared(standing.state) && is_of_present(standing, asked.producer);
  if (is_early || is_about_to_be(standing, asked.producer)) {
    return ErrorCode::concurrent_transactions;
  }
  const bool is_repeat = is_repeated(standing, asked, rules);
  if (asked.producer.id != standing.producer_id && !is_repeat) {
    return ErrorCode::invalid_producer_id_mapping;
  }
  const bool is_present = asked.producer.epoch == standing.epoch;
  const bool is_fine = is_prepared(standing.state)   ? is_repeat
                       : is_complete(standing.state) ? is_repeat || is_present
                                                     : is_present;
  return is_fine ? ErrorCode::none : ErrorCode::producer_fenced;
}

Standing prepared(const Standing& standing, const EndAsked& asked,
                  std::optional<std::int64_t> fresh_id, const TransactionRules& rules,
                  WallTime now) {
  auto next = standing;
  next.state = asked.is_commit ? State::prepare_commit : State::prepare_abort;
  next.updated_at = now.ms;
  next.transaction_version = asked.transaction_version;
  if (standing.state != State::ongoing) next.started_at = now.ms;
  if (!has_own_epoch(asked)) return next;
  next.last_epoch = standing.epoch;
  next.epoch = next_epoch(standing.epoch);
  if (is_exhausted(standing.epoch, rules)) next.next_producer_id = fresh_id.value();
  return next;
}

}  // namespace

// ---- Beginning ---------------------------------------------------------------------------------

Decision init_producer(const Standing& standing, const InitAsked& asked,
                       std::optional<std::int64_t> fresh_id, const TransactionRules& rules,
                       WallTime now) {
  const auto& expected = asked.expected;
  if (expected && is_about_to_be(standing, *expected)) {
    return Unexpected(ErrorCode::concurrent_transactions);
  }
  const bool is_ours = !expected || (may_be_ours(standing, *expected, rules) &&
                                     !was_never_given(expected->epoch, rules));
  if (!is_ours) return Unexpected(ErrorCode::producer_fenced);
  if (standing.state == State::ongoing) {
    // Stricter than Kafka: what has lost its epoch ends nobody's transaction.
    const bool is_outdated = expected && !is_of_present(standing, *expected);
    if (is_outdated) return Unexpected(ErrorCode::producer_fenced);
    return fence(standing, fresh_id, rules, now);
  }
  if (is_prepared(standing.state)) return Unexpected(ErrorCode::concurrent_transactions);
  const bool must_rotate =
      is_exhausted(standing.epoch, rules) && (!expected || is_of_present(standing, *expected));
  if (must_rotate) {
    if (!fresh_id) return Unexpected(ErrorCode::coordinator_load_in_progress);
    return rotated(standing, asked, *fresh_id, now);
  }
  const bool goes_on =
      !expected || standing.epoch == no_producer_epoch || is_of_present(standing, *expected);
  if (goes_on) {
    auto next = begun(standing, asked.timeout_ms, now);
    next.epoch = next_epoch(standing.epoch);
    next.last_epoch = expected ? expected->epoch : no_producer_epoch;
    return next;
  }
  if (expected->epoch == standing.last_epoch) return std::optional<Standing>();
  return Unexpected(ErrorCode::producer_fenced);
}

// ---- Adding ------------------------------------------------------------------------------------

ErrorCode check_producer(const Standing& standing, const ProducerAndEpoch& asking,
                         const TransactionRules& rules) {
  if (is_about_to_be(standing, asking)) return ErrorCode::concurrent_transactions;
  if (asking.id != standing.producer_id) return ErrorCode::invalid_producer_id_mapping;
  if (was_never_given(asking.epoch, rules)) return ErrorCode::producer_fenced;
  return asking.epoch == standing.epoch ? ErrorCode::none : ErrorCode::producer_fenced;
}

Decision add_partitions(const Standing& standing, const std::set<TopicPartition>& added,
                        std::int16_t transaction_version, WallTime now) {
  if (is_prepared(standing.state)) return Unexpected(ErrorCode::concurrent_transactions);
  const bool is_ongoing = standing.state == State::ongoing;
  const bool has_all = std::includes(standing.partitions.begin(), standing.partitions.end(),
                                     added.begin(), added.end());
  if (is_ongoing && has_all) return std::optional<Standing>();
  auto next = standing;
  next.state = State::ongoing;
  next.partitions.insert(added.begin(), added.end());
  next.transaction_version = transaction_version;
  // KAFKA-8803: the clock may stand before what was noted last.
  next.updated_at = now.ms;
  if (!is_ongoing) next.started_at = now.ms;
  return next;
}

// ---- Ending ------------------------------------------------------------------------------------

ErrorCode check_end(const Standing& standing, const EndAsked& asked,
                    const TransactionRules& rules) {
  if (was_never_given(asked.producer.epoch, rules)) return ErrorCode::producer_fenced;
  if (has_own_epoch(asked)) return check_end_of_own_epoch(standing, asked, rules);
  if (asked.producer.id != standing.producer_id) return ErrorCode::invalid_producer_id_mapping;
  const auto epoch = asked.producer.epoch;
  const bool is_fine = rules.ends_with_present_epoch_only ? epoch == standing.epoch  // KAFKA-9600
                                                          : epoch >= standing.epoch;
  return is_fine ? ErrorCode::none : ErrorCode::producer_fenced;
}

Decision end(const Standing& standing, const EndAsked& asked, std::optional<std::int64_t> fresh_id,
             const TransactionRules& rules, WallTime now) {
  const bool is_repeat = has_own_epoch(asked) ? is_repeated(standing, asked, rules) : true;
  const bool has_same_result =
      standing.state == (asked.is_commit ? State::complete_commit : State::complete_abort) ||
      standing.state == (asked.is_commit ? State::prepare_commit : State::prepare_abort);
  if (is_prepared(standing.state)) {
    return Unexpected(has_same_result ? ErrorCode::concurrent_transactions
                                      : ErrorCode::invalid_txn_state);
  }
  if (is_complete(standing.state) && is_repeat) {
    // Its last epoch was fenced while no other id was at hand.
    if (was_never_given(standing.epoch, rules)) return Unexpected(ErrorCode::producer_fenced);
    if (has_same_result) return std::optional<Standing>();
    return Unexpected(ErrorCode::invalid_txn_state);
  }
  if (standing.state != State::ongoing) {
    // KAFKA-18401: an abort of what was never begun is one all the same, where it ends an epoch.
    const bool is_allowed = !asked.is_commit && has_own_epoch(asked);
    if (!is_allowed) return Unexpected(ErrorCode::invalid_txn_state);
  }
  const bool must_rotate = has_own_epoch(asked) && is_exhausted(standing.epoch, rules);
  if (must_rotate && !fresh_id) {
    return Unexpected(ErrorCode::coordinator_load_in_progress);
  }
  return prepared(standing, asked, fresh_id, rules, now);
}

Standing fence(const Standing& standing, std::optional<std::int64_t> fresh_id,
               const TransactionRules& rules, WallTime now) {
  REQUIRE(standing.state == State::ongoing);
  auto next = standing;
  next.state = State::prepare_abort;
  next.epoch = next_epoch(standing.epoch);
  // KAFKA-19367: the transaction's own end raises the epoch; fencing has done so already.
  if (!rules.fences_raise_epoch_once && standing.has_epoch_per_transaction()) {
    next.epoch = static_cast<std::int16_t>(next.epoch + 1);
  }
  next.last_epoch = no_producer_epoch;
  next.updated_at = now.ms;
  const bool may_rotate = standing.has_epoch_per_transaction() && fresh_id;
  if (may_rotate && is_exhausted(standing.epoch, rules)) next.next_producer_id = *fresh_id;
  return next;
}

Standing complete(const Standing& standing, WallTime now) {
  REQUIRE(is_prepared(standing.state));
  auto next = standing;
  next.state =
      standing.state == State::prepare_commit ? State::complete_commit : State::complete_abort;
  next.partitions.clear();
  next.updated_at = now.ms;
  const auto successor = std::exchange(next.next_producer_id, no_producer_id);
  if (successor == no_producer_id) return next;
  next.previous_producer_id = standing.producer_id;
  next.producer_id = successor;
  next.epoch = 0;
  // Whoever lost the answer to its EndTxn asks for the end again; whoever was fenced, for nothing.
  next.last_epoch = no_producer_epoch;
  return next;
}

}  // namespace brokersim::transaction
