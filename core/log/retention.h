// Where a log is to begin once what is too old, or too much, is deleted: whole segments from the
// beginning, only what is committed (KAFKA-5634).
//
//   [ 0 ─ too old ─ 40 ][ 40 ─ too old ─ 80 ][ 80 ──── 100
//                                  high watermark 90: the log begins at 80
//
// The active segment may be as old as that: then all of the log goes, and it begins at its end.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/time.h"
#include "core/log/segment_facts.h"

namespace brokersim::log {

// Kafka's settings of a topic; -1: none.
struct RetentionRules {
  std::int64_t ms = -1;     // retention.ms
  std::int64_t bytes = -1;  // retention.bytes
  friend bool operator==(const RetentionRules&, const RetentionRules&) = default;
};

// Never before `start`, where the log begins now. Segments without times do not grow old.
Offset retained_from(std::span<const SegmentFacts> segments, const RetentionRules& rules,
                     Offset start, Offset high_watermark, WallTime now);

}  // namespace brokersim::log
