#include "core/log/cleanable.h"

#include <algorithm>
#include <tuple>

namespace brokersim::log {

namespace {

// Where the last segment that holds anything begins: it, and what follows, is active.
Offset active_from(std::span<const SegmentFacts> segments) {
  for (auto at = segments.rbegin(); at != segments.rend(); ++at) {
    if (at->bytes > 0) return at->base;
  }
  return segments.empty() ? 0 : segments.front().base;
}

bool is_too_young(const SegmentFacts& segment, const CompactionRules& rules, WallTime now) {
  return rules.min_lag_ms > 0 && segment.largest_timestamp > now.ms - rules.min_lag_ms;
}

bool is_overdue(const SegmentFacts& segment, const CompactionRules& rules, WallTime now) {
  return segment.first_timestamp > 0 && now.ms - segment.first_timestamp > rules.max_lag_ms;
}

}  // namespace

std::int64_t DirtyRange::dirty_millionths() const {
  const std::uint64_t all = clean_bytes + dirty_bytes;
  if (all == 0) return 0;
  // Logs of 2^44 bytes and more lose precision, not sense.
  constexpr std::uint64_t million = 1'000'000;
  constexpr std::uint64_t largest = std::uint64_t{1} << 43;
  const std::uint64_t unit = all / largest + 1;
  return static_cast<std::int64_t>(dirty_bytes / unit * million / (all / unit));
}

DirtyRange dirty_range(std::span<const SegmentFacts> segments, const CompactionRules& rules,
                       Offset start, Offset cleaned_to, Offset decided_to, WallTime now) {
  const Offset end = segments.empty() ? start : segments.back().end;
  const bool is_believed = cleaned_to >= start && cleaned_to <= end;
  const Offset limit = std::min(decided_to, active_from(segments));
  DirtyRange range{.from = is_believed ? cleaned_to : start};
  range.to = range.from;
  for (const auto& segment : segments) {
    if (segment.end <= range.from) {
      range.clean_bytes += segment.bytes;
      continue;
    }
    if (segment.end > limit || is_too_young(segment, rules, now)) break;
    range.dirty_bytes += segment.bytes;
    range.to = segment.end;
    range.is_overdue = range.is_overdue || is_overdue(segment, rules, now);
  }
  return range;
}

bool is_worth_cleaning(const DirtyRange& range, const CompactionRules& rules) {
  if (!rules.is_compacted || range.dirty_bytes == 0) return false;
  return range.is_overdue || range.dirty_millionths() > rules.min_dirty_millionths;
}

bool is_more_urgent(const DirtyRange& range, const DirtyRange& than) {
  return std::tuple(range.is_overdue, range.dirty_millionths()) >
         std::tuple(than.is_overdue, than.dirty_millionths());
}

}  // namespace brokersim::log
