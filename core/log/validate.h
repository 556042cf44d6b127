// What a leader refuses of what producers send — what would harm those who read it later — and what
// it makes of the rest: kept as sent, unless the topic asks for another codec or the leader's time.
// Replicated batches are not judged here: Log::append_as_follower checks what a replica must.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/expected.h"
#include "core/base/time.h"
#include "core/log/log.h"
#include "core/wire/record_batch.h"

namespace brokersim::log {

// Kafka's settings of a topic, with their defaults. Times in ms.
struct ProduceRules {
  std::size_t max_message_bytes = 1048588;                                // max.message.bytes
  std::uint64_t segment_bytes = std::uint64_t{1} << 30;                   // segment.bytes
  bool is_compacted = false;                                              // cleanup.policy
  bool sets_append_time = false;                                          // message.timestamp.type
  std::int64_t before_max_ms = std::numeric_limits<std::int64_t>::max();  // message.timestamp.…
  std::int64_t after_max_ms = 3'600'000;
  std::optional<wire::Codec> codec;   // compression.type; none given: "producer".
  std::optional<std::int32_t> level;  // compression.….level, of that codec.
  std::size_t max_uncompressed_bytes = wire::max_uncompressed_size;
  bool may_use_zstd = true;  // From Produce version 7 on.
};

// What is wrong with one record, counted from 0.
struct RecordError {
  std::int32_t index = 0;
  std::string why;
  friend bool operator==(const RecordError&, const RecordError&) = default;
};

// Nothing of a batch is appended if one of its records is refused (KIP-467).
struct Refusal {
  api::ErrorCode error = api::ErrorCode::none;
  std::vector<RecordError> records;  // The first ones, if it was for them.
};

// The records of one partition in a Produce request; compressed ones are judged as if they were
// not. Returns the batch to be appended.
Expected<wire::Batch, Refusal> validate_produced(std::span<const wire::Batch> batches,
                                                 const ProduceRules& rules, WallTime now);

// What a client is told of bytes that are no batches, and of what the log could not do.
api::ErrorCode error_code_of(wire::BatchError error);
api::ErrorCode error_code_of(LogError error);

}  // namespace brokersim::log
