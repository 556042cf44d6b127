// Which leader epoch began at which offset: what followers reconcile their logs by (KIP-101,
// KIP-279).
//
//   entries   (1, 0) (3, 40) (4, 55)         log end 70
//   offsets   0 ──── 1 ──── 40 ── 3 ── 55 ── 4 ── 70
//
// Epochs and start offsets both increase strictly. Only the last entry may start at the log's end:
// a leader enters its epoch before it appends anything (KAFKA-7415).
//
// Where compaction took the first batches of an epoch, it counts from where the one before ends:
// nobody knows what lay between, so a follower that holds anything there has to give it up. Kafka's
// checkpoint remembers the true start, but not in a log that was copied.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"

namespace brokersim::log {

struct EpochEntry {
  LeaderEpoch epoch;
  Offset start_offset = 0;
  friend bool operator==(const EpochEntry&, const EpochEntry&) = default;
};

// `epoch` ends before `end_offset`.
struct EpochEnd {
  LeaderEpoch epoch;
  Offset end_offset = 0;
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

class LeaderEpochs {
 public:
  // `epoch` begins at `start`. What contradicts that is dropped: entries of the same or a later
  // epoch, or beginning there or later. Returns whether anything changed.
  bool assign(LeaderEpoch epoch, Offset start);

  // Where `epoch` ends in a log that ends at `log_end`. An epoch without entry is answered by the
  // largest smaller one; one before all entries by itself, ending where the first begins. Nothing
  // for `no_epoch`, for an epoch later than all, and without entries.
  std::optional<EpochEnd> end_offset_for(LeaderEpoch epoch, Offset log_end) const;

  // Drops what begins at `end` or later. To be called at every truncation, also at or beyond the
  // log's end, where an entry without records may begin (KAFKA-10706).
  void truncate_from_end(Offset end);
  // The log begins at `start`: the entry that covers it begins there, earlier ones are dropped.
  void truncate_from_start(Offset start);
  void clear() { entries_.clear(); }

  bool empty() const { return entries_.empty(); }
  std::optional<EpochEntry> latest() const;
  LeaderEpoch latest_epoch() const;           // no_epoch without entries.
  LeaderEpoch epoch_of(Offset offset) const;  // no_epoch before the first entry.
  const std::vector<EpochEntry>& entries() const { return entries_; }

  // The text of Kafka's `leader-epoch-checkpoint`.
  std::string encode() const;
  // Nothing if `text` is malformed or not in increasing order.
  static std::optional<LeaderEpochs> decode(std::string_view text);

  friend bool operator==(const LeaderEpochs&, const LeaderEpochs&) = default;

 private:
  std::vector<EpochEntry> entries_;
};

}  // namespace brokersim::log
