// What compaction has done to a part of a log, by the bytes before and after: which records are
// gone, for which others, and whether that is as it must be (KIP-534). Pure.
#pragma once

#include <span>

#include "core/base/event.h"
#include "core/base/time.h"
#include "core/wire/record_batch.h"

namespace brokersim::sim {

struct CompactedPart {
  std::span<const wire::Batch> earlier;  // What the log holds before it.
  std::span<const wire::Batch> before;   // What it was, and all that follows in the log.
  Offset end = 0;                        // It ends here.
  std::span<const wire::Batch> after;    // What stands now in its place.
  WallTime now;                          // No clock of the node has shown a later time.
};

// The partition, and where it begins, is the caller's to fill in.
LogCompacted judge_compaction(const CompactedPart& part);

}  // namespace brokersim::sim
