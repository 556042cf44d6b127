// Where in a segment's file which offsets lie, `<base offset in 20 digits>.index`: an entry every
// index.interval.bytes, in Kafka's format, one after the other:
//
//   offset i32, relative to the segment's base: the last of the batch | position i32 of that batch
//
// Offsets and positions both increase strictly. The segment's first batch has no entry. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/ids.h"

namespace brokersim::log {

struct OffsetEntry {
  Offset offset = 0;           // The last of its batch.
  std::uint64_t position = 0;  // Of the batch in the file.
  friend bool operator==(const OffsetEntry&, const OffsetEntry&) = default;
};

class OffsetIndex {
 public:
  static constexpr std::size_t entry_size = 2 * sizeof(std::int32_t);

  OffsetIndex() = default;
  explicit OffsetIndex(Offset base) : base_(base) {}

  // What does not fit into an entry, or not behind the last one, has none.
  void add(const OffsetEntry& entry);
  // The last entry at or before `offset`; (base, 0) if there is none.
  OffsetEntry floor(Offset offset) const;
  // Drops entries at or behind `offset`.
  void truncate_to(Offset offset);

  std::size_t size() const { return entries_.size(); }
  std::optional<OffsetEntry> last() const;
  const std::vector<OffsetEntry>& entries() const { return entries_; }

  Bytes encode() const;
  // Nothing if it is no whole number of entries, or they do not increase.
  static std::optional<OffsetIndex> decode(Offset base, ByteView bytes);

  friend bool operator==(const OffsetIndex&, const OffsetIndex&) = default;

 private:
  bool may_follow(const OffsetEntry& entry) const;

  Offset base_ = 0;
  std::vector<OffsetEntry> entries_;
};

}  // namespace brokersim::log
