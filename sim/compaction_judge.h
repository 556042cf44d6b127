// What compaction has done to a part of a log, by the bytes before and after: which records are
// gone, for which others, and whether that is as it must be (KIP-534). Pure.
#pragma once

#include <span>

#include "core/base/event.h"
#include "core/wire/record_batch.h"

namespace brokersim::sim {

// `before` is the log from where it was compacted to its end, `after` what stands now in the place
// of what lay before `end`. The partition is the caller's to fill in.
LogCompacted judge_compaction(std::span<const wire::Batch> before, Offset end,
                              std::span<const wire::Batch> after);

}  // namespace brokersim::sim
