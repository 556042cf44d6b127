#include "core/log/rolling.h"

#include <limits>

namespace brokersim::log {

bool must_roll(const SegmentFill& segment, const BatchToCome& batch, std::uint64_t segment_bytes,
               const RollRules& rules) {
  if (segment.bytes == 0) return false;
  // Kafka's index keeps offsets as 32 bits relative to the base.
  constexpr Offset max_relative_offset = std::numeric_limits<std::int32_t>::max();
  if (batch.last_offset - segment.base > max_relative_offset) return true;
  if (segment.bytes + batch.bytes > segment_bytes) return true;
  if (segment.indexes.is_full(rules.segment_index_bytes)) return true;
  const bool has_times = segment.first_timestamp >= 0 && batch.max_timestamp >= 0;
  return has_times &&
         batch.max_timestamp - segment.first_timestamp > rules.segment_ms - segment.jitter_ms;
}

}  // namespace brokersim::log
