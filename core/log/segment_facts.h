// What retention and compaction decide by: a segment without its contents.
#pragma once

#include <cstdint>

#include "core/base/ids.h"

namespace brokersim::log {

struct SegmentFacts {
  Offset base = 0;
  Offset end = 0;  // Where the next one begins; of the active one, the log's end.
  std::uint64_t bytes = 0;
  // In ms; -1 of a segment whose records have no time, and of an empty one.
  std::int64_t first_timestamp = -1;  // The largest of its first batch.
  std::int64_t largest_timestamp = -1;
  friend bool operator==(const SegmentFacts&, const SegmentFacts&) = default;
};

}  // namespace brokersim::log
