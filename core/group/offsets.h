// The offsets that a group has committed, as of each record that is not yet known to be replicated:
// who asks is told what is committed, whatever has been appended since.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/group/records.h"

namespace brokersim::group {

class Offsets {
 public:
  // The record at `at` of the log commits, or without a value deletes.
  void apply(Offset at, const TopicPartition& partition, std::optional<OffsetCommitValue> value) {
    apply(at, partition, std::move(value), at);
  }
  // The same of a record at `written` which the marker at `at` has made count: what was written
  // after it stays.
  void apply(Offset at, const TopicPartition& partition, std::optional<OffsetCommitValue> value,
             Offset written);
  // Records before `high_watermark` are committed: what they replaced is forgotten.
  void advance(Offset high_watermark);

  // Null if there is none. Valid until the next change.
  const OffsetCommitValue* committed(const TopicPartition& partition, Offset high_watermark) const;
  std::map<TopicPartition, const OffsetCommitValue*> committed(Offset high_watermark) const;
  const OffsetCommitValue* latest(const TopicPartition& partition) const;
  // Whether what was appended last is not committed yet: it may come, or be undone.
  bool is_changing(const TopicPartition& partition, Offset high_watermark) const;
  // Those that have one, counting what is appended and not committed.
  std::vector<TopicPartition> partitions() const;
  // Nothing is remembered, not even what is being deleted.
  bool empty() const { return versions_.empty(); }

 private:
  struct Version {
    Offset at = 0;
    Offset written = 0;
    std::optional<OffsetCommitValue> value;
  };
  using Versions = std::vector<Version>;  // Never empty, oldest first.

  std::map<TopicPartition, Versions> versions_;
};

}  // namespace brokersim::group
