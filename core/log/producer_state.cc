#include "core/log/producer_state.h"

#include <algorithm>
#include <utility>

#include "core/wire/crc32c.h"
#include "core/wire/wire.h"

namespace brokersim::log {

using api::ErrorCode;
using LateMarker = AppendRules::LateMarker;
using Repeat = AppendRules::Repeat;

const ProducerEntry* ProducerState::find(std::int64_t producer_id) const {
  const auto found = producers_.find(producer_id);
  return found == producers_.end() ? nullptr : &found->second;
}

// ---- Deciding ----------------------------------------------------------------------------------

namespace {

std::optional<ProducedBatch> repeated(const ProducerEntry& producer,
                                      const wire::BatchHeader& batch) {
  if (batch.producer_epoch != producer.epoch) return std::nullopt;
  for (const auto& known : producer.batches) {
    if (known.first_sequence() == batch.base_sequence &&
        known.offset_delta == batch.last_offset_delta) {
      return known;
    }
  }
  return std::nullopt;
}

bool is_next(const ProducerEntry& producer, const wire::BatchHeader& batch,
             const AppendRules& rules) {
  if (batch.producer_epoch != producer.epoch) return batch.base_sequence == 0;
  if (!rules.sequences_go_round) {
    return batch.base_sequence == std::int64_t{producer.last_sequence()} + 1;
  }
  return batch.base_sequence == wire::sequence_after(producer.last_sequence(), 1);
}

bool is_fenced(const ProducerEntry* producer, std::int16_t epoch) {
  return producer != nullptr && epoch < producer->epoch;
}

}  // namespace

bool ProducerState::continues_transaction(std::int64_t producer_id, std::int16_t producer_epoch,
                                          const AppendRules& rules) const {
  const ProducerEntry* const producer = find(producer_id);
  if (producer == nullptr || !producer->open_since) return false;
  return !rules.continues_transactions_by_epoch || producer->epoch == producer_epoch;
}

// In Kafka's order: duplicate, epoch (KAFKA-19690), verification, sequence, transaction.
Expected<std::optional<ProducedBatch>, ErrorCode> ProducerState::check(
    const wire::BatchHeader& batch, const AppendTerms& terms) const {
  if (batch.producer_id < 0) return std::optional<ProducedBatch>{};
  const ProducerEntry* const producer = find(batch.producer_id);
  const bool is_client = terms.origin == AppendTerms::Origin::client;
  if (producer != nullptr && is_client) {
    const auto known = repeated(*producer, batch);
    if (known && terms.rules.repeat == Repeat::answered) return known;
    if (known && terms.rules.repeat == Repeat::stored) return std::optional<ProducedBatch>{};
  }
  const bool lacks_verification =
      batch.is_transactional() && !terms.is_verified &&
      !continues_transaction(batch.producer_id, batch.producer_epoch, terms.rules);
  if (lacks_verification && !terms.rules.checks_epoch_before_verification) {
    return Unexpected(ErrorCode::invalid_txn_state);
  }
  if (is_fenced(producer, batch.producer_epoch)) {
    return Unexpected(ErrorCode::invalid_producer_epoch);
  }
  if (lacks_verification) return Unexpected(ErrorCode::invalid_txn_state);
  if (is_client) {
    const bool overtakes = terms.lowest_sequence && batch.base_sequence > *terms.lowest_sequence;
    // Where each transaction has its own epoch, what lies before has been lost here.
    const bool lacks_beginning =
        producer == nullptr && terms.begins_transaction && batch.base_sequence != 0;
    const bool comes_too_early =
        terms.rules.keeps_order_through_verification && (overtakes || lacks_beginning);
    const bool follows = producer == nullptr || is_next(*producer, batch, terms.rules);
    if (comes_too_early || !follows) {
      return Unexpected(ErrorCode::out_of_order_sequence_number);
    }
  }
  if (producer != nullptr && producer->open_since && !batch.is_transactional()) {
    return Unexpected(ErrorCode::invalid_txn_state);
  }
  return std::optional<ProducedBatch>{};
}

ErrorCode ProducerState::check_marker(const wire::TransactionMarker& marker,
                                      int transaction_version, const AppendRules& rules) const {
  const ProducerEntry* const producer = find(marker.producer_id);
  if (producer == nullptr) return ErrorCode::none;
  if (is_fenced(producer, marker.producer_epoch)) return ErrorCode::invalid_producer_epoch;
  if (transaction_version >= 2 && marker.producer_epoch == producer->epoch) {
    const bool is_refused =
        rules.late_marker == LateMarker::refused ||
        (rules.late_marker == LateMarker::refused_while_open && producer->open_since);
    if (is_refused) return ErrorCode::invalid_producer_epoch;
  }
  if (marker.coordinator_epoch < producer->coordinator_epoch) {
    return ErrorCode::transaction_coordinator_fenced;
  }
  return ErrorCode::none;
}

// ---- Keeping -----------------------------------------------------------------------------------

std::optional<EndedTransaction> ProducerState::apply(const IndexedBatch& batch) {
  const bool is_plain = batch.role == BatchRole::data && batch.base_sequence < 0;
  if (batch.producer_id < 0 || batch.role == BatchRole::control || is_plain) return std::nullopt;
  auto& producer = producers_[batch.producer_id];
  if (std::exchange(producer.epoch, batch.producer_epoch) != batch.producer_epoch) {
    producer.batches.clear();
  }
  producer.last_timestamp = batch.max_timestamp;
  if (is_marker(batch.role)) return end_transaction(producer, batch);
  if (batch.role == BatchRole::transactional && !producer.open_since) {
    producer.open_since = batch.base_offset;
    open_.emplace(batch.base_offset, batch.producer_id);
  }
  if (batch.base_sequence < 0) return std::nullopt;
  if (producer.batches.size() == remembered_batches) {
    producer.batches.erase(producer.batches.begin());
  }
  const auto delta = static_cast<std::int32_t>(batch.last_offset - batch.base_offset);
  producer.batches.push_back({.last_sequence = wire::sequence_after(batch.base_sequence, delta),
                              .last_offset = batch.last_offset,
                              .offset_delta = delta,
                              .timestamp = batch.max_timestamp});
  return std::nullopt;
}

// A marker for a transaction that wrote nothing here ends nothing here.
std::optional<EndedTransaction> ProducerState::end_transaction(ProducerEntry& producer,
                                                               const IndexedBatch& marker) {
  producer.coordinator_epoch = marker.coordinator_epoch;
  const auto began = std::exchange(producer.open_since, std::nullopt);
  if (!began) return std::nullopt;
  open_.erase(*began);
  return EndedTransaction{.producer_id = marker.producer_id,
                          .first_offset = *began,
                          .marker_offset = marker.base_offset,
                          .is_aborted = marker.role == BatchRole::abort};
}

void ProducerState::expire(WallTime now, Duration expiration) {
  const std::int64_t limit = now.ms - milliseconds(expiration);
  std::erase_if(producers_, [limit](const auto& entry) {
    return !entry.second.open_since && entry.second.last_timestamp <= limit;
  });
}

void ProducerState::forget_before(Offset offset) {
  std::erase_if(producers_, [offset](const auto& entry) {
    const auto& producer = entry.second;
    return !producer.open_since && !producer.batches.empty() &&
           producer.batches.back().last_offset < offset;
  });
}

void ProducerState::clear() {
  producers_.clear();
  open_.clear();
}

std::optional<Offset> ProducerState::first_open_offset() const {
  if (open_.empty()) return std::nullopt;
  return open_.begin()->first;
}

namespace {

// Of one producer: `all` knows the whole log, `later` what lies from `from` on.
bool agree(const ProducerEntry& all, const ProducerEntry& later, Offset from) {
  if (all.epoch != later.epoch || all.last_timestamp != later.last_timestamp) return false;
  if (later.coordinator_epoch >= 0 && all.coordinator_epoch != later.coordinator_epoch) {
    return false;
  }
  const bool has_earlier_batch =
      !all.batches.empty() && all.batches.back().last_offset < from && later.batches.empty();
  const auto last_of = [](const ProducerEntry& producer) {
    auto last = producer.batches.empty() ? ProducedBatch{} : producer.batches.back();
    last.timestamp = -1;  // A snapshot has that of a later marker.
    return last;
  };
  const bool has_same_batch = last_of(all) == last_of(later);
  if (!has_earlier_batch && !has_same_batch) return false;
  const bool opened_earlier = all.open_since && *all.open_since < from;
  return opened_earlier || all.open_since == later.open_since;
}

// Whether nothing of it lies from `from` on.
bool is_gone(const ProducerEntry& producer, Offset from) {
  if (producer.open_since && *producer.open_since >= from) return false;
  if (producer.batches.empty()) return from > 0;
  return producer.batches.back().last_offset < from;
}

}  // namespace

bool ProducerState::agrees_with(const ProducerState& replayed, Offset from) const {
  for (const auto& [id, producer] : replayed.producers_) {
    if (!find(id)) return false;
  }
  for (const auto& [id, producer] : producers_) {
    const ProducerEntry* const seen = replayed.find(id);
    if (seen ? !agree(producer, *seen, from) : !is_gone(producer, from)) return false;
  }
  return true;
}

namespace {

// Compaction may have taken any batch of a producer but its last one, and that may be lost since; a
// marker may be gone, too. What is left must lie before what the snapshot has seen last, or be it.
bool agree_but_for_gaps(const ProducerEntry& all, const ProducerEntry* left,
                        const std::function<bool(Offset)>& is_left) {
  const bool has_open = all.open_since && is_left(*all.open_since);
  if (left == nullptr) {
    return !has_open && (all.batches.empty() || !is_left(all.batches.back().last_offset));
  }
  if (left->epoch > all.epoch) return false;
  if (left->open_since ? left->open_since != all.open_since : has_open) return false;
  if (all.batches.empty()) return left->batches.empty() || left->epoch < all.epoch;
  const ProducedBatch& last = all.batches.back();
  if (!is_left(last.last_offset)) {
    return left->batches.empty() || left->batches.back().last_offset < last.last_offset;
  }
  return !left->batches.empty() && left->batches.back().last_offset == last.last_offset &&
         left->batches.back().last_sequence == last.last_sequence;
}

}  // namespace

bool ProducerState::agrees_with_compacted(const ProducerState& replayed,
                                          const std::function<bool(Offset)>& is_left) const {
  for (const auto& [id, producer] : replayed.producers_) {
    if (!find(id)) return false;
  }
  return std::all_of(producers_.begin(), producers_.end(), [&](const auto& known) {
    return agree_but_for_gaps(known.second, replayed.find(known.first), is_left);
  });
}

// ---- Snapshots ---------------------------------------------------------------------------------

namespace {

constexpr std::int16_t snapshot_version = 1;
constexpr std::size_t crc_covers_from = sizeof(std::int16_t) + sizeof(std::uint32_t);
constexpr Offset no_transaction = -1;

}  // namespace

ProducerState ProducerState::condensed() const {
  ProducerState state = *this;
  for (auto& [id, producer] : state.producers_) {
    if (producer.batches.empty()) continue;
    producer.batches = {producer.batches.back()};
    producer.batches.back().timestamp = producer.last_timestamp;
  }
  return state;
}

Bytes ProducerState::encode() const {
  Bytes entries;
  wire::Writer out(entries);
  out.fixed(static_cast<std::int32_t>(producers_.size()));
  for (const auto& [id, producer] : producers_) {
    const auto last = producer.batches.empty() ? ProducedBatch{} : producer.batches.back();
    out.fixed(id);
    out.fixed(producer.epoch);
    out.fixed(last.last_sequence);
    out.fixed(last.last_offset);
    out.fixed(last.offset_delta);
    out.fixed(producer.last_timestamp);
    out.fixed(producer.coordinator_epoch);
    out.fixed(producer.open_since.value_or(no_transaction));
  }
  Bytes file;
  wire::Writer head(file);
  head.fixed(snapshot_version);
  head.fixed(wire::crc32c(entries));
  head.raw(entries);
  return file;
}

std::optional<ProducerState> ProducerState::decode(ByteView bytes) {
  wire::Reader in(bytes);
  const auto version = in.fixed<std::int16_t>();
  const auto crc = in.fixed<std::uint32_t>();
  if (!in.ok() || version != snapshot_version) return std::nullopt;
  if (crc != wire::crc32c(bytes.subspan(crc_covers_from))) return std::nullopt;
  ProducerState state;
  for (auto count = in.fixed<std::int32_t>(); count > 0 && in.ok(); --count) {
    const auto id = in.fixed<std::int64_t>();
    ProducerEntry producer{.epoch = in.fixed<std::int16_t>()};
    ProducedBatch last;
    last.last_sequence = in.fixed<std::int32_t>();
    last.last_offset = in.fixed<std::int64_t>();
    last.offset_delta = in.fixed<std::int32_t>();
    last.timestamp = in.fixed<std::int64_t>();
    producer.last_timestamp = last.timestamp;
    producer.coordinator_epoch = in.fixed<std::int32_t>();
    const auto open_since = in.fixed<Offset>();
    if (id < 0 || last.offset_delta < 0) return std::nullopt;
    if ((last.last_sequence < 0) != (last.last_offset < 0)) return std::nullopt;
    if (last.last_offset >= 0) producer.batches.push_back(last);
    if (open_since >= 0) {
      producer.open_since = open_since;
      state.open_.emplace(open_since, id);
    }
    state.producers_[id] = std::move(producer);
  }
  if (!in.ok() || in.remaining() > 0) return std::nullopt;
  return state;
}

}  // namespace brokersim::log
