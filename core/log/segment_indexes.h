// What a segment's indexes say of the batches in it: filled batch by batch, as they are appended or
// as a walk finds them.
#pragma once

#include <cstdint>
#include <span>

#include "core/log/indexed_batch.h"
#include "core/log/offset_index.h"
#include "core/log/time_index.h"

namespace brokersim::log {

class SegmentIndexes {
 public:
  SegmentIndexes() = default;
  explicit SegmentIndexes(Offset base) : offsets_(base), times_(base) {}
  SegmentIndexes(OffsetIndex offsets, TimeIndex times)
      : offsets_(std::move(offsets)), times_(std::move(times)) {}

  // What was read of a file of `size` bytes goes on to be filled.
  void resume(std::uint64_t size);
  // The next batch. One that lies further behind the last entry than `interval` bytes
  // (index.interval.bytes) has an entry.
  void add(const IndexedBatch& batch, std::uint64_t interval);
  // Whether one of them takes no more within `room` bytes (segment.index.bytes): of the index of
  // times one entry is kept free for the segment's largest timestamp.
  bool is_full(std::uint64_t room) const;
  // With that last entry: of a segment to which nothing is appended any more.
  SegmentIndexes closed() const;

  const OffsetIndex& offsets() const { return offsets_; }
  const TimeIndex& times() const { return times_; }

 private:
  OffsetIndex offsets_;
  TimeIndex times_;
  std::uint64_t bytes_since_entry_ = 0;
  TimeEntry largest_;  // So far.
};

// Of all of a segment's batches, closed.
SegmentIndexes indexes_of(Offset base, std::span<const IndexedBatch> batches,
                          std::uint64_t interval);

}  // namespace brokersim::log
