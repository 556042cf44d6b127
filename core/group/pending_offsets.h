// The offsets that transactions are about to commit for a group: what they are depends on the
// marker that ends each (KIP-98, KIP-447).
#pragma once

#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/group/offsets.h"
#include "core/group/records.h"

namespace brokersim::group {

class PendingOffsets {
 public:
  // The record at `at` of the log is of that producer's transaction.
  void add(Offset at, std::int64_t producer_id, const TopicPartition& partition,
           OffsetCommitValue value);
  // A marker at `at` of the log ends the producer's transaction: committed, its offsets take their
  // place in `offsets`, where what was written after them stays.
  void end(Offset at, std::int64_t producer_id, bool is_commit, Offsets& offsets);
  // Deleted is deleted: no transaction brings it back.
  void forget(const TopicPartition& partition);
  // Markers before `high_watermark` are committed.
  void advance(Offset high_watermark);

  // Whether it is not decided, or not known to be, what the partition's offset is.
  bool has(const TopicPartition& partition) const;
  std::vector<TopicPartition> partitions() const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    Offset at = 0;
    std::int64_t producer_id = -1;
    TopicPartition partition;
    OffsetCommitValue value;
    Offset ended_at = -1;  // Where the marker is, if there is one.
  };

  std::vector<Entry> entries_;  // In the order of the log.
};

}  // namespace brokersim::group
