#include "core/log/validate.h"

#include "core/wire/wire.h"

namespace brokersim::log {

namespace {

using api::ErrorCode;

constexpr std::int64_t no_timestamp = -1;

// a - b > limit, for limit >= 0 and any a and b.
bool exceeds(std::int64_t a, std::int64_t b, std::int64_t limit) {
  if (a <= b) return false;
  return static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b) >
         static_cast<std::uint64_t>(limit);
}

ErrorCode validate_timestamp(std::int64_t timestamp, const ProduceRules& rules, WallTime now) {
  if (timestamp == no_timestamp) return ErrorCode::none;
  if (timestamp < 0) return ErrorCode::invalid_timestamp;
  const bool is_bad = exceeds(timestamp, now.ms, rules.after_max_ms) ||
                      exceeds(now.ms, timestamp, rules.before_max_ms);
  return is_bad ? ErrorCode::invalid_timestamp : ErrorCode::none;
}

// A length and so many bytes; -1 is null, which only keys and values may be.
bool skip_bytes(wire::Reader& reader, bool is_nullable) {
  const std::int64_t length = reader.varint();
  if (length < 0) {
    if (length < -1 || !is_nullable) reader.fail("negative length");
    return false;
  }
  reader.raw(static_cast<std::size_t>(length));
  return true;
}

struct RecordSeen {
  std::int64_t timestamp_delta = 0;
  std::int64_t offset_delta = 0;
  bool has_key = false;
};

RecordSeen skip_record(wire::Reader& input) {
  RecordSeen seen;
  const std::int64_t length = input.varint();
  if (length < 0) {
    input.fail("negative length");
    return seen;
  }
  wire::Reader record(input.raw(static_cast<std::size_t>(length)));
  record.fixed<std::int8_t>();
  seen.timestamp_delta = record.varint();
  seen.offset_delta = record.varint();
  seen.has_key = skip_bytes(record, true);
  skip_bytes(record, true);
  std::int64_t headers = record.varint();
  if (headers < 0) record.fail("negative count");
  for (; headers > 0 && record.ok(); --headers) {
    skip_bytes(record, false);
    skip_bytes(record, true);
  }
  if (!record.ok() || record.remaining() > 0) input.fail("malformed record");
  return seen;
}

ErrorCode validate_records(const wire::Batch& batch, const ProduceRules& rules, WallTime now) {
  wire::Reader reader(batch.body.view());
  for (std::int32_t i = 0; i < batch.header.record_count; ++i) {
    const RecordSeen seen = skip_record(reader);
    if (!reader.ok() || seen.offset_delta != i) return ErrorCode::invalid_record;
    if (rules.is_compacted && !seen.has_key) return ErrorCode::invalid_record;
    // Unsigned, because what a client sends may overflow.
    const auto timestamp =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(batch.header.base_timestamp) +
                                  static_cast<std::uint64_t>(seen.timestamp_delta));
    const ErrorCode error = validate_timestamp(timestamp, rules, now);
    if (error != ErrorCode::none) return error;
  }
  return reader.remaining() > 0 ? ErrorCode::invalid_record : ErrorCode::none;
}

ErrorCode validate_compressed(const wire::Batch& batch, const ProduceRules& rules, WallTime now) {
  const auto codec = batch.header.codec();
  if (codec > wire::Codec::zstd) return ErrorCode::unsupported_compression_type;
  if (codec == wire::Codec::zstd && !rules.may_use_zstd) {
    return ErrorCode::unsupported_compression_type;
  }
  if (rules.is_compacted) {
    const auto records = wire::records_of(batch);
    if (!records) {
      return records.error() == wire::BatchError::unknown_codec
                 ? ErrorCode::unsupported_compression_type
                 : ErrorCode::invalid_record;
    }
    for (const auto& [offset, record] : *records) {
      if (!record.key) return ErrorCode::invalid_record;
    }
  }
  return validate_timestamp(batch.header.max_timestamp, rules, now);
}

ErrorCode validate_batch(const wire::Batch& batch, const ProduceRules& rules, WallTime now) {
  const auto& header = batch.header;
  if (batch.size() > rules.max_message_bytes) return ErrorCode::message_too_large;
  if (batch.size() > rules.segment_bytes) return ErrorCode::record_list_too_large;
  if (!batch.crc_is_valid()) return ErrorCode::corrupt_message;
  if (header.record_count <= 0 || header.is_control()) return ErrorCode::invalid_record;
  if (header.last_offset_delta != header.record_count - 1) return ErrorCode::invalid_record;
  if (header.producer_id >= 0 && header.base_sequence < 0) return ErrorCode::invalid_record;
  return header.codec() == wire::Codec::none ? validate_records(batch, rules, now)
                                             : validate_compressed(batch, rules, now);
}

}  // namespace

ErrorCode validate_produced(std::span<const wire::Batch> batches, const ProduceRules& rules,
                            WallTime now) {
  if (batches.size() != 1) return ErrorCode::invalid_record;
  return validate_batch(batches.front(), rules, now);
}

ErrorCode error_code_of(wire::BatchError error) {
  return error == wire::BatchError::bad_magic ? ErrorCode::unsupported_for_message_format
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
