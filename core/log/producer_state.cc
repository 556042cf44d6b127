#include "core/log/producer_state.h"

#include <algorithm>
#include <utility>

#include "core/wire/crc32c.h"
#include "core/wire/wire.h"

namespace brokersim::log {

using api::ErrorCode;

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

bool is_next(const ProducerEntry& producer, const wire::BatchHeader& batch) {
  if (batch.producer_epoch != producer.epoch) return batch.base_sequence == 0;
  return batch.base_sequence == wire::sequence_after(producer.batches.back().last_sequence, 1);
}

}  // namespace

// In Kafka's order: duplicate, epoch (KAFKA-19690), transaction, sequence.
Expected<std::optional<ProducedBatch>, ErrorCode> ProducerState::check(
    const wire::BatchHeader& batch) const {
  if (batch.producer_id < 0) return std::optional<ProducedBatch>{};
  const ProducerEntry* const producer = find(batch.producer_id);
  if (producer) {
    if (const auto known = repeated(*producer, batch)) return known;
    if (batch.producer_epoch < producer->epoch)
      return Unexpected(ErrorCode::invalid_producer_epoch);
  }
  // There is no coordinator with which a transaction could have begun (KIP-890).
  if (batch.is_transactional()) return Unexpected(ErrorCode::invalid_txn_state);
  if (producer && !is_next(*producer, batch)) {
    return Unexpected(ErrorCode::out_of_order_sequence_number);
  }
  return std::optional<ProducedBatch>{};
}

// ---- Keeping -----------------------------------------------------------------------------------

void ProducerState::apply(const IndexedBatch& batch) {
  if (batch.producer_id < 0 || batch.base_sequence < 0) return;
  auto& producer = producers_[batch.producer_id];
  if (producer.epoch != batch.producer_epoch) producer = {.epoch = batch.producer_epoch};
  if (producer.batches.size() == remembered_batches) {
    producer.batches.erase(producer.batches.begin());
  }
  const auto delta = static_cast<std::int32_t>(batch.last_offset - batch.base_offset);
  producer.batches.push_back({.last_sequence = wire::sequence_after(batch.base_sequence, delta),
                              .last_offset = batch.last_offset,
                              .offset_delta = delta,
                              .timestamp = batch.max_timestamp});
}

void ProducerState::expire(WallTime now, Duration expiration) {
  const std::int64_t limit = now.ms - milliseconds(expiration);
  std::erase_if(producers_, [limit](const auto& entry) {
    return entry.second.batches.back().timestamp <= limit;
  });
}

bool ProducerState::agrees_with(const ProducerState& replayed, Offset from) const {
  const auto is_same = [](const ProducerEntry& a, const ProducerEntry& b) {
    return a.epoch == b.epoch && a.batches.back() == b.batches.back();
  };
  for (const auto& [id, producer] : replayed.producers_) {
    if (!find(id)) return false;
  }
  for (const auto& [id, producer] : producers_) {
    const ProducerEntry* const seen = replayed.find(id);
    const bool is_gone = producer.batches.back().last_offset < from;
    if (seen ? !is_same(producer, *seen) : !is_gone) return false;
  }
  return true;
}

// ---- Snapshots ---------------------------------------------------------------------------------

namespace {

constexpr std::int16_t snapshot_version = 1;
constexpr std::size_t crc_covers_from = sizeof(std::int16_t) + sizeof(std::uint32_t);
// What only transactions would set.
constexpr std::int32_t no_coordinator_epoch = -1;
constexpr std::int64_t no_transaction = -1;

}  // namespace

ProducerState ProducerState::condensed() const {
  ProducerState state;
  for (const auto& [id, producer] : producers_) {
    state.producers_[id] = {.epoch = producer.epoch, .batches = {producer.batches.back()}};
  }
  return state;
}

Bytes ProducerState::encode() const {
  Bytes entries;
  wire::Writer out(entries);
  out.fixed(static_cast<std::int32_t>(producers_.size()));
  for (const auto& [id, producer] : producers_) {
    const auto& last = producer.batches.back();
    out.fixed(id);
    out.fixed(producer.epoch);
    out.fixed(last.last_sequence);
    out.fixed(last.last_offset);
    out.fixed(last.offset_delta);
    out.fixed(last.timestamp);
    out.fixed(no_coordinator_epoch);
    out.fixed(no_transaction);
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
    in.fixed<std::int32_t>();  // Coordinator epoch.
    in.fixed<std::int64_t>();  // First offset of an open transaction.
    if (id < 0 || last.last_sequence < 0 || last.offset_delta < 0) return std::nullopt;
    producer.batches.push_back(last);
    state.producers_[id] = std::move(producer);
  }
  if (!in.ok() || in.remaining() > 0) return std::nullopt;
  return state;
}

}  // namespace brokersim::log
