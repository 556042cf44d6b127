#include "core/log/time_index.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "core/wire/wire.h"

namespace brokersim::log {

bool TimeIndex::may_follow(const TimeEntry& entry) const {
  constexpr auto most = std::numeric_limits<std::int32_t>::max();
  if (entry.timestamp < 0 || entry.offset < base_ || entry.offset - base_ > most) return false;
  return entries_.empty() ||
         (entry.timestamp > entries_.back().timestamp && entry.offset >= entries_.back().offset);
}

void TimeIndex::add(const TimeEntry& entry) {
  if (may_follow(entry)) entries_.push_back(entry);
}

TimeEntry TimeIndex::floor(std::int64_t timestamp) const {
  const auto beyond =
      std::partition_point(entries_.begin(), entries_.end(),
                           [&](const TimeEntry& entry) { return entry.timestamp <= timestamp; });
  return beyond == entries_.begin() ? TimeEntry{-1, base_} : *std::prev(beyond);
}

void TimeIndex::truncate_to(Offset offset) {
  std::erase_if(entries_, [&](const TimeEntry& entry) { return entry.offset >= offset; });
}

std::optional<TimeEntry> TimeIndex::last() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back();
}

Bytes TimeIndex::encode() const {
  Bytes bytes;
  wire::Writer out(bytes);
  for (const auto& entry : entries_) {
    out.fixed(entry.timestamp);
    out.fixed(static_cast<std::int32_t>(entry.offset - base_));
  }
  return bytes;
}

std::optional<TimeIndex> TimeIndex::decode(Offset base, ByteView bytes) {
  if (bytes.size() % entry_size != 0) return std::nullopt;
  TimeIndex index(base);
  wire::Reader in(bytes);
  while (in.remaining() > 0) {
    const auto timestamp = in.fixed<std::int64_t>();
    const auto offset = in.fixed<std::int32_t>();
    const TimeEntry entry{timestamp, base + offset};
    if (offset < 0 || !index.may_follow(entry)) return std::nullopt;
    index.entries_.push_back(entry);
  }
  return index;
}

}  // namespace brokersim::log
