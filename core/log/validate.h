// What a leader refuses of what producers send: what would harm those who read it later.
// Replicated batches are not judged here: Log::append_as_follower checks what a replica must.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "core/api/error_code.h"
#include "core/base/time.h"
#include "core/log/log.h"
#include "core/wire/record_batch.h"

namespace brokersim::log {

// Kafka's settings of a topic, with their defaults. Times in ms.
struct ProduceRules {
  std::size_t max_message_bytes = 1048588;                                // max.message.bytes
  std::uint64_t segment_bytes = std::uint64_t{1} << 30;                   // segment.bytes
  bool is_compacted = false;                                              // cleanup.policy
  std::int64_t before_max_ms = std::numeric_limits<std::int64_t>::max();  // message.timestamp.…
  std::int64_t after_max_ms = 3'600'000;
  bool may_use_zstd = true;  // From Produce version 7 on.
};

// The records of one partition in a Produce request: `none` if they may be appended. What is
// compressed with a codec this build cannot read is stored as it is, except on a compacted topic.
api::ErrorCode validate_produced(std::span<const wire::Batch> batches, const ProduceRules& rules,
                                 WallTime now);

// What a client is told of bytes that are no batches, and of what the log could not do.
api::ErrorCode error_code_of(wire::BatchError error);
api::ErrorCode error_code_of(LogError error);

}  // namespace brokersim::log
