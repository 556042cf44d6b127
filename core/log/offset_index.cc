#include "core/log/offset_index.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "core/wire/wire.h"

namespace brokersim::log {

bool OffsetIndex::may_follow(const OffsetEntry& entry) const {
  constexpr auto most = std::numeric_limits<std::int32_t>::max();
  const bool fits = entry.offset >= base_ && entry.offset - base_ <= most && entry.position <= most;
  if (entries_.empty()) return fits && entry.position > 0;
  return fits && entry.offset > entries_.back().offset && entry.position > entries_.back().position;
}

void OffsetIndex::add(const OffsetEntry& entry) {
  if (may_follow(entry)) entries_.push_back(entry);
}

OffsetEntry OffsetIndex::floor(Offset offset) const {
  const auto beyond =
      std::partition_point(entries_.begin(), entries_.end(),
                           [&](const OffsetEntry& entry) { return entry.offset <= offset; });
  return beyond == entries_.begin() ? OffsetEntry{base_, 0} : *std::prev(beyond);
}

void OffsetIndex::truncate_to(Offset offset) {
  std::erase_if(entries_, [&](const OffsetEntry& entry) { return entry.offset >= offset; });
}

std::optional<OffsetEntry> OffsetIndex::last() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back();
}

Bytes OffsetIndex::encode() const {
  Bytes bytes;
  wire::Writer out(bytes);
  for (const auto& entry : entries_) {
    out.fixed(static_cast<std::int32_t>(entry.offset - base_));
    out.fixed(static_cast<std::int32_t>(entry.position));
  }
  return bytes;
}

std::optional<OffsetIndex> OffsetIndex::decode(Offset base, ByteView bytes) {
  if (bytes.size() % entry_size != 0) return std::nullopt;
  OffsetIndex index(base);
  wire::Reader in(bytes);
  while (in.remaining() > 0) {
    const auto offset = in.fixed<std::int32_t>();
    const auto position = in.fixed<std::int32_t>();
    if (offset < 0 || position < 0) return std::nullopt;
    const OffsetEntry entry{base + offset, static_cast<std::uint64_t>(position)};
    if (!index.may_follow(entry)) return std::nullopt;
    index.entries_.push_back(entry);
  }
  return index;
}

}  // namespace brokersim::log
