// One of the checkpoints that tell an offset of each partition, as it is on disk: high watermarks,
// recovery points, where logs begin.
//
// What it tells is believed of whichever log the next start finds under a partition's name. So it
// is made to forget a partition before another log of that name can be there.
#pragma once

#include <functional>
#include <set>
#include <string_view>

#include "core/broker/turn.h"
#include "core/env.h"
#include "core/log/checkpoint.h"

namespace brokersim::broker {

class OffsetsFile {
 public:
  // `path` outlives it: one of the names in log/checkpoint.h.
  explicit OffsetsFile(std::string_view path) : path_(path) {}

  // Of a malformed file nothing is known, as of none: logs are then checked from their start, and
  // high watermarks found anew by replication. False if the disk fails; then the file stays as it
  // is.
  bool load(Env& env);
  // 0 for a partition that it does not tell of.
  Offset of(const TopicPartition& partition) const;
  // The most that a start may find there: what is being written was decided before whatever has
  // lowered the offset meanwhile.
  Offset most(const TopicPartition& partition) const;

  // Writes what `change` makes of the offsets, once it is the fiber's turn. False, and nothing is
  // changed, if the disk fails or the fiber is cancelled. Before load() the file stays as it is: a
  // node that is stopped so early knows of no offset.
  using Change = std::function<void(log::PartitionOffsets&)>;
  bool rewrite(Env& env, const Change& change);
  // Writes nothing if it tells of none of them. False as above.
  bool forget(Env& env, const std::set<TopicPartition>& partitions);

 private:
  bool replace(Env& env, const Change& change);

  const std::string_view path_;
  bool is_loaded_ = false;
  log::PartitionOffsets offsets_;  // As written last.
  log::PartitionOffsets coming_;   // As they are being written.
  Turn turn_;
};

}  // namespace brokersim::broker
