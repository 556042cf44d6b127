// By when what a segment holds had been written, `<base offset in 20 digits>.timeindex`, in Kafka's
// format, an entry after the other:
//
//   timestamp i64 in ms, the largest up to here | offset i32, relative to the base, of the batch
//                                               | that has it: its last
//
// An entry comes with each of the index of offsets, if the largest timestamp has grown since, and a
// last one when the segment is closed: the largest of all. Timestamps increase strictly. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/ids.h"

namespace brokersim::log {

struct TimeEntry {
  std::int64_t timestamp = -1;
  Offset offset = 0;
  friend bool operator==(const TimeEntry&, const TimeEntry&) = default;
};

class TimeIndex {
 public:
  static constexpr std::size_t entry_size = sizeof(std::int64_t) + sizeof(std::int32_t);

  TimeIndex() = default;
  explicit TimeIndex(Offset base) : base_(base) {}

  // Nothing happens where time has not gone on, and to what does not fit into an entry.
  void add(const TimeEntry& entry);
  // The last entry at or before `timestamp`; (-1, base) if there is none.
  TimeEntry floor(std::int64_t timestamp) const;
  // Drops entries at or behind `offset`.
  void truncate_to(Offset offset);

  std::size_t size() const { return entries_.size(); }
  std::optional<TimeEntry> last() const;
  const std::vector<TimeEntry>& entries() const { return entries_; }

  Bytes encode() const;
  // Nothing if it is no whole number of entries, or time or offsets go back.
  static std::optional<TimeIndex> decode(Offset base, ByteView bytes);

  friend bool operator==(const TimeIndex&, const TimeIndex&) = default;

 private:
  bool may_follow(const TimeEntry& entry) const;

  Offset base_ = 0;
  std::vector<TimeEntry> entries_;
};

}  // namespace brokersim::log
