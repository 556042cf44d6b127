// Which part of a compacted log may be cleaned, and whether it is worth it.
//
//   0 ─── cleaned before ─── 60 ─── dirty ─── 140 ─── too young, uncommitted or active ─── 200
//
// Never what is not decided (KAFKA-13194), nor the log's last batch, nor what the recovery point
// has not passed: a segment that a replacement took the end of is told by it from one that lost its
// end (core/log/log_load.cc).
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "core/base/time.h"
#include "core/log/segment_facts.h"

namespace brokersim::log {

// Kafka's settings of a topic, with their defaults. Times in ms.
struct CompactionRules {
  bool is_compacted = false;                                           // cleanup.policy
  bool deletes = true;                                                 // cleanup.policy
  std::int64_t min_dirty_millionths = 500'000;                         // min.cleanable.dirty.ratio
  std::int64_t min_lag_ms = 0;                                         // min.compaction.lag.ms
  std::int64_t max_lag_ms = std::numeric_limits<std::int64_t>::max();  // max.compaction.lag.ms
  std::int64_t delete_retention_ms = 86'400'000;                       // delete.retention.ms
  friend bool operator==(const CompactionRules&, const CompactionRules&) = default;
};

struct DirtyRange {
  Offset from = 0;
  Offset to = 0;
  std::uint64_t clean_bytes = 0;  // Before it.
  std::uint64_t dirty_bytes = 0;
  bool is_overdue = false;  // Something in it is older than max.compaction.lag.ms.

  // Of all that could be cleaned so much is dirty.
  std::int64_t dirty_millionths() const;
};

// `cleaned_to` is the checkpoint of the last cleaning; one outside the log is not believed.
// `decided_to` is the smaller of last stable offset and recovery point.
DirtyRange dirty_range(std::span<const SegmentFacts> segments, const CompactionRules& rules,
                       Offset start, Offset cleaned_to, Offset decided_to, WallTime now);
bool is_worth_cleaning(const DirtyRange& range, const CompactionRules& rules);
// What has waited for too long goes first, then what is dirtiest (KIP-354).
bool is_more_urgent(const DirtyRange& range, const DirtyRange& than);

}  // namespace brokersim::log
