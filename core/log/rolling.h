// When a segment takes no more batches: it is full, its indexes are, its offsets would not fit into
// them, or it has been filled for too long.
//
// Time is that of the records, not the clock's: from the largest timestamp of the segment's first
// batch to that of the batch to come. A replica that copies an old log rolls where its leader did,
// and a topic that nobody writes to does not roll. Records without a time do not age.
#pragma once

#include <cstdint>

#include "core/base/ids.h"
#include "core/log/segment_indexes.h"

namespace brokersim::log {

// Kafka's settings of a topic, with their defaults. Times in ms.
struct RollRules {
  std::int64_t segment_ms = 604'800'000;         // segment.ms
  std::int64_t segment_jitter_ms = 0;            // segment.jitter.ms
  std::uint64_t segment_index_bytes = 10 << 20;  // segment.index.bytes
  std::uint64_t index_interval_bytes = 4096;     // index.interval.bytes
  friend bool operator==(const RollRules&, const RollRules&) = default;
};

struct SegmentFill {
  Offset base = 0;
  std::uint64_t bytes = 0;
  std::int64_t first_timestamp = -1;  // The largest of its first batch.
  std::int64_t jitter_ms = 0;         // As drawn for it, below segment.jitter.ms.
  SegmentIndexes indexes;
};

struct BatchToCome {
  Offset last_offset = 0;
  std::uint64_t bytes = 0;
  std::int64_t max_timestamp = -1;
};

bool must_roll(const SegmentFill& segment, const BatchToCome& batch, std::uint64_t segment_bytes,
               const RollRules& rules);

}  // namespace brokersim::log
