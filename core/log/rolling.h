// When a segment takes no more batches: it is full, its index would be, its offsets would not fit
// into it, or it has been filled for too long.
//
// Time is that of the records, not the clock's: from the largest timestamp of the segment's first
// batch to that of the batch to come. A replica that copies an old log rolls where its leader did,
// and a topic that nobody writes to does not roll. Records without a time do not age.
#pragma once

#include <cstdint>

#include "core/base/ids.h"

namespace brokersim::log {

// Kafka's settings of a topic, with their defaults. Times in ms.
struct RollRules {
  std::int64_t segment_ms = 604'800'000;         // segment.ms
  std::int64_t segment_jitter_ms = 0;            // segment.jitter.ms
  std::uint64_t segment_index_bytes = 10 << 20;  // segment.index.bytes
  std::uint64_t index_interval_bytes = 4096;     // index.interval.bytes
  friend bool operator==(const RollRules&, const RollRules&) = default;
};

// How full Kafka's .index and .timeindex of a segment would be. They are not kept
// (docs/decisions/segment-indexes.md), but where a log rolls does not depend on that.
class IndexFill {
 public:
  // A batch was appended. An entry is due every index.interval.bytes.
  void add(std::uint64_t bytes, std::int64_t max_timestamp, const RollRules& rules);
  bool is_full(const RollRules& rules) const;

 private:
  std::uint64_t bytes_since_entry_ = 0;
  std::uint64_t offset_entries_ = 0;
  std::uint64_t time_entries_ = 0;
  std::int64_t largest_timestamp_ = -1;
  std::int64_t indexed_timestamp_ = -1;
};

struct SegmentFill {
  Offset base = 0;
  std::uint64_t bytes = 0;
  std::int64_t first_timestamp = -1;  // The largest of its first batch.
  std::int64_t jitter_ms = 0;         // As drawn for it, below segment.jitter.ms.
  IndexFill index;
};

struct BatchToCome {
  Offset last_offset = 0;
  std::uint64_t bytes = 0;
  std::int64_t max_timestamp = -1;
};

bool must_roll(const SegmentFill& segment, const BatchToCome& batch, std::uint64_t segment_bytes,
               const RollRules& rules);

}  // namespace brokersim::log
