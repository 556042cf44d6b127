// What replicas are asked for by those who look after their logs: checkpoints that follow an event,
// not only the clock, and the files of segments that have left.
#include <algorithm>

#include "core/broker/replicas.h"

namespace brokersim::broker {

// A data directory that cannot be written is a failed one.
bool Replicas::write(Env& env, OffsetsFile& file, const OffsetsFile::Change& change) {
  if (file.rewrite(env, change)) return true;
  if (!env.is_cancelled()) news_.fail(env, "a checkpoint cannot be written");
  return false;
}

bool Replicas::write_recovery_points(Env& env) {
  return write(env, recovery_points_, [&](log::PartitionOffsets& offsets) {
    for (const auto& [partition, replica] : replicas_) {
      offsets[partition] = replica->log().recovery_point();
    }
  });
}

void Replicas::lower_checkpoints(Env& env, const TopicPartition& partition, const log::Log& log) {
  if (!config_.rules.log.checkpoints_recovery_at_truncation) return;
  // This one first: what it tells to be compacted a start takes for synced, too.
  if (log.cleaned_to() < cleaned_.most(partition)) {
    (void)write(env, cleaned_,
                [&](log::PartitionOffsets& offsets) { offsets[partition] = log.cleaned_to(); });
  }
  if (log.recovery_point() < recovery_points_.most(partition)) {
    (void)write(env, recovery_points_,
                [&](log::PartitionOffsets& offsets) { offsets[partition] = log.recovery_point(); });
  }
}

bool Replicas::write_cleaned_offsets(Env& env) {
  return write(env, cleaned_, [&](log::PartitionOffsets& offsets) {
    for (const auto& [partition, replica] : replicas_) {
      if (!replica->log().config().compaction.is_compacted) continue;
      offsets[partition] = replica->log().cleaned_to();
    }
  });
}

bool Replicas::has_compacted() const {
  return std::any_of(replicas_.begin(), replicas_.end(), [](const auto& each) {
    return each.second->log().config().compaction.is_compacted;
  });
}

Instant Replicas::next_file_deletion() const {
  Instant next = never;
  for (const auto& [partition, replica] : replicas_) {
    next = std::min(next, replica->log().next_file_deletion());
  }
  return next;
}

void Replicas::delete_retired_files(Host& host, Instant now) {
  for (const auto& [partition, replica] : replicas_) {
    if (replica->log().next_file_deletion() > now) continue;
    (void)replica->log().delete_retired_files(host, now);
    replica->note_failure(host);
  }
}

}  // namespace brokersim::broker
