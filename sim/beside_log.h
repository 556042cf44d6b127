// What lies beside a log and sums it up, held against its batches: the checkpoint of its leader
// epochs (KIP-101), and the snapshots of its producers (KIP-98). Pure.
//
// What cannot be known by the batches is no difference: what lies before them may have been
// deleted, and producers may have been forgotten. Nor is what cannot be read: a write that failed
// may leave a part of itself, which no start believes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/disk_events.h"
#include "core/base/ids.h"

namespace brokersim::sim {

// Batches of one epoch that follow each other: where the first and the last of them begin.
struct EpochRun {
  LeaderEpoch epoch;
  Offset first = 0;
  Offset last = 0;
};

// In what the text of a `leader-epoch-checkpoint` differs from a log of these batches that ends at
// `end`; empty if in nothing. What lies before its first epoch may have been deleted.
std::string difference_of_epochs(std::string_view text, std::span<const EpochRun> runs, Offset end);

// In what a snapshot of a log's producers differs from the last part of the log, `batches`: all
// from offset `from` on; empty if in nothing. What it says of who wrote nothing there is not looked
// at.
std::string difference_of_producers(ByteView snapshot, Offset from,
                                    std::span<const BatchRef> batches);

}  // namespace brokersim::sim
