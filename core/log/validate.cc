// In Kafka's order: the batch's header, then its records, then what it has become.
#include "core/log/validate.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/wire/record_reader.h"

namespace brokersim::log {

namespace {

using api::ErrorCode;

constexpr std::int64_t no_timestamp = -1;
// A small batch may unfold into millions of records: that all of them are wrong is told by these.
constexpr std::size_t max_record_errors = 100;

Unexpected<Refusal> refused(ErrorCode error) { return Unexpected(Refusal{error, {}}); }

// a - b > limit, for limit >= 0 and any a and b.
bool exceeds(std::int64_t a, std::int64_t b, std::int64_t limit) {
  if (a <= b) return false;
  return static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b) >
         static_cast<std::uint64_t>(limit);
}

bool is_within(std::int64_t timestamp, const ProduceRules& rules, WallTime now) {
  if (timestamp == no_timestamp) return true;
  return timestamp >= 0 && !exceeds(timestamp, now.ms, rules.after_max_ms) &&
         !exceeds(now.ms, timestamp, rules.before_max_ms);
}

// ---- The header --------------------------------------------------------------------------------

ErrorCode check_header(const wire::Batch& batch, const ProduceRules& rules) {
  const auto& header = batch.header;
  const auto codec = header.codec();
  if (codec > wire::Codec::zstd) return ErrorCode::unsupported_compression_type;
  if (codec == wire::Codec::zstd && !rules.may_use_zstd) {
    return ErrorCode::unsupported_compression_type;
  }
  if (header.base_offset != 0) return ErrorCode::invalid_record;
  if (batch.size() > rules.max_message_bytes) return ErrorCode::message_too_large;
  if (!batch.crc_is_valid()) return ErrorCode::corrupt_message;
  if (header.record_count <= 0 || header.is_control()) return ErrorCode::invalid_record;
  if (header.last_offset_delta != header.record_count - 1) return ErrorCode::invalid_record;
  if (header.producer_id >= 0 && header.base_sequence < 0) return ErrorCode::invalid_record;
  if (header.producer_id < 0 && header.is_transactional()) return ErrorCode::invalid_record;
  return ErrorCode::none;
}

Expected<Slice, Refusal> records_within(const wire::Batch& batch, const ProduceRules& rules) {
  auto records = wire::uncompressed_body(batch, rules.max_uncompressed_bytes);
  if (records) return *std::move(records);
  // Java's producer splits a batch that is too large, and sends its parts.
  const bool is_too_large = records.error() == wire::BatchError::too_large;
  return refused(is_too_large ? ErrorCode::message_too_large : ErrorCode::invalid_record);
}

// ---- Its records -------------------------------------------------------------------------------

// What is wrong with records, so far.
class RecordErrors {
 public:
  void add(std::int32_t index, ErrorCode error, std::string why) {
    // A bad timestamp outweighs all else.
    if (error_ != ErrorCode::invalid_timestamp) error_ = error;
    records_.push_back({index, std::move(why)});
  }
  bool empty() const { return records_.empty(); }
  bool is_full() const { return records_.size() >= max_record_errors; }
  Unexpected<Refusal> take() { return Unexpected(Refusal{error_, std::move(records_)}); }

 private:
  ErrorCode error_ = ErrorCode::none;
  std::vector<RecordError> records_;
};

void check_record(const wire::RecordView& record, std::int32_t index, bool has_append_time,
                  const ProduceRules& rules, WallTime now, RecordErrors& errors) {
  if (rules.is_compacted && !record.key) {
    errors.add(index, ErrorCode::invalid_record, "a compacted topic takes no record without a key");
  } else if (has_append_time) {
    errors.add(index, ErrorCode::invalid_timestamp, "only a leader sets the time of appending");
  } else if (!rules.sets_append_time && !is_within(record.timestamp, rules, now)) {
    errors.add(index, ErrorCode::invalid_timestamp,
               fmt::format("timestamp {} is too far from the leader's time, {}", record.timestamp,
                           now.ms));
  }
}

// Returns their largest timestamp.
Expected<std::int64_t, Refusal> check_records(const wire::BatchHeader& header, const Slice& records,
                                              const ProduceRules& rules, WallTime now) {
  std::int64_t max_timestamp = no_timestamp;
  std::int32_t count = 0;
  RecordErrors errors;
  wire::RecordReader reader(header, records.view());
  while (const auto record = reader.next()) {
    if (record->offset_delta != count) return refused(ErrorCode::invalid_record);
    if (!errors.is_full()) {
      check_record(*record, count, header.has_append_time(), rules, now, errors);
    }
    max_timestamp = std::max(max_timestamp, record->timestamp);
    ++count;
  }
  if (!reader.ok() || count != header.record_count) return refused(ErrorCode::invalid_record);
  if (!errors.empty()) return errors.take();
  return max_timestamp;
}

// ---- What becomes of it ------------------------------------------------------------------------

// The records stay as they are, byte for byte, in another codec too: a time of appending is the
// header's alone.
wire::Batch as_stored(const wire::Batch& batch, const Slice& records, std::int64_t max_timestamp,
                      const ProduceRules& rules) {
  wire::Batch stored = batch;
  stored.header.max_timestamp = max_timestamp;
  stored.header.set_append_time(rules.sets_append_time);
  const auto codec = rules.codec.value_or(batch.header.codec());
  if (codec != batch.header.codec()) {
    stored.header.set_codec(codec);
    stored.body = codec == wire::Codec::none
                      ? records
                      : Slice(wire::compress(codec, records.view(), rules.level));
  }
  if (stored.header != batch.header) stored.seal();
  return stored;
}

}  // namespace

Expected<wire::Batch, Refusal> validate_produced(std::span<const wire::Batch> batches,
                                                 const ProduceRules& rules, WallTime now) {
  if (batches.size() != 1) return refused(ErrorCode::invalid_record);
  const auto& batch = batches.front();
  const auto bad_header = check_header(batch, rules);
  if (bad_header != ErrorCode::none) return refused(bad_header);
  TRY(const auto records, records_within(batch, rules));
  TRY(const auto max_timestamp, check_records(batch.header, records, rules, now));
  auto stored = as_stored(batch, records, rules.sets_append_time ? now.ms : max_timestamp, rules);
  if (stored.size() > rules.max_message_bytes) return refused(ErrorCode::message_too_large);
  if (stored.size() > rules.segment_bytes) return refused(ErrorCode::record_list_too_large);
  return stored;
}

ErrorCode error_code_of(wire::BatchError error) {
  // All versions of Produce that are served are for magic 2.
  return error == wire::BatchError::old_magic ? ErrorCode::invalid_record
                                              : ErrorCode::corrupt_message;
}

ErrorCode error_code_of(LogError error) {
  switch (error) {
    case LogError::storage: return ErrorCode::kafka_storage_error;
    case LogError::cancelled: return ErrorCode::not_leader_or_follower;
    case LogError::out_of_range: return ErrorCode::offset_out_of_range;
    case LogError::corrupt:
    case LogError::out_of_order: return ErrorCode::corrupt_message;
  }
  return ErrorCode::unknown_server_error;
}

}  // namespace brokersim::log
