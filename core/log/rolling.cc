#include "core/log/rolling.h"

#include <algorithm>
#include <limits>

namespace brokersim::log {

namespace {

constexpr std::uint64_t offset_entry_bytes = 8;
constexpr std::uint64_t time_entry_bytes = 12;

}  // namespace

void IndexFill::add(std::uint64_t bytes, std::int64_t max_timestamp, const RollRules& rules) {
  largest_timestamp_ = std::max(largest_timestamp_, max_timestamp);
  if (bytes_since_entry_ > rules.index_interval_bytes) {
    ++offset_entries_;
    if (largest_timestamp_ > indexed_timestamp_) ++time_entries_;
    indexed_timestamp_ = largest_timestamp_;
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += bytes;
}

// Of the time index one entry is kept free for the segment's largest timestamp.
bool IndexFill::is_full(const RollRules& rules) const {
  const std::uint64_t room = rules.segment_index_bytes;
  return offset_entries_ >= room / offset_entry_bytes ||
         time_entries_ + 1 >= std::max<std::uint64_t>(2, room / time_entry_bytes);
}

bool must_roll(const SegmentFill& segment, const BatchToCome& batch, std::uint64_t segment_bytes,
               const RollRules& rules) {
  if (segment.bytes == 0) return false;
  // Kafka's index keeps offsets as 32 bits relative to the base.
  constexpr Offset max_relative_offset = std::numeric_limits<std::int32_t>::max();
  if (batch.last_offset - segment.base > max_relative_offset) return true;
  if (segment.bytes + batch.bytes > segment_bytes) return true;
  if (segment.index.is_full(rules)) return true;
  const bool has_times = segment.first_timestamp >= 0 && batch.max_timestamp >= 0;
  return has_times &&
         batch.max_timestamp - segment.first_timestamp > rules.segment_ms - segment.jitter_ms;
}

}  // namespace brokersim::log
