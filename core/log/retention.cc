#include "core/log/retention.h"

#include <algorithm>

namespace brokersim::log {

namespace {

bool is_too_old(const SegmentFacts& segment, const RetentionRules& rules, WallTime now) {
  return rules.ms >= 0 && segment.largest_timestamp >= 0 &&
         now.ms - segment.largest_timestamp > rules.ms;
}

}  // namespace

Offset retained_from(std::span<const SegmentFacts> segments, const RetentionRules& rules,
                     Offset start, Offset high_watermark, WallTime now) {
  std::uint64_t total = 0;
  for (const auto& segment : segments) total += segment.bytes;
  const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(0, rules.bytes));
  std::uint64_t excess = rules.bytes >= 0 && total > limit ? total - limit : 0;
  Offset from = start;
  for (const auto& segment : segments) {
    if (segment.end > high_watermark) break;
    // One that compaction emptied goes with what is behind it.
    if (segment.bytes == 0) continue;
    // What is left is never less than retention.bytes.
    const bool is_too_much = rules.bytes >= 0 && excess >= segment.bytes;
    if (!is_too_old(segment, rules, now) && !is_too_much && segment.end > start) break;
    excess -= std::min(excess, segment.bytes);
    from = std::max(from, segment.end);
  }
  return from;
}

}  // namespace brokersim::log
