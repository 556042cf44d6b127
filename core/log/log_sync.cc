// What makes a log survive power loss: its segments synced, oldest first, then the snapshots of its
// producers, then their names.
#include <algorithm>

#include "core/log/checkpoint.h"
#include "core/log/log.h"
#include "core/log/segment.h"

namespace brokersim::log {

LogResult<Done> Log::sync(Env& env, Offset up_to) {
  for (;;) {
    if (is_offline_) return Unexpected(LogError::storage);
    const std::uint64_t cuts = cuts_;
    const Offset target = std::min(up_to, end_offset_);
    TRY(std::ignore, sync_segments(env, up_to));
    // A truncation while waiting: which of the two states was synced is not known.
    if (cuts != cuts_) continue;
    recovery_point_ = std::max(recovery_point_, target);
    ASSERT(recovery_point_ <= end_offset_, recovery_point_, end_offset_);
    return Done{};
  }
}

LogResult<Done> Log::sync_segments(Env& env, Offset up_to) {
  const std::uint64_t names = name_changes();
  const auto segments = segments_;  // Kept alive: some may be removed while this waits.
  for (const auto& segment : segments) {
    if (segment->base_offset() >= up_to || !segment->needs_sync()) continue;
    TRY(std::ignore, checked(segment->sync(env)));
  }
  TRY(std::ignore, checked(snapshots_.sync(env)));
  TRY(std::ignore, checked(aborted_.sync(env)));
  if (synced_names_ < names) {
    TRY(std::ignore, checked(env.files().sync_directory(env, directory_)));
    synced_names_ = std::max(synced_names_, names);
  }
  return Done{};
}

bool Log::needs_flush() const {
  return std::any_of(segments_.begin(), std::prev(segments_.end()),
                     [](const auto& segment) { return segment->needs_sync(); });
}

Offset Log::active_base() const { return segments_.back()->base_offset(); }

LogResult<Done> Log::flush_epochs(Env& env) {
  while (is_flushing_epochs_) {
    if (epochs_flushed_.wait(env) == Wake::cancelled) return Unexpected(LogError::cancelled);
  }
  if (is_offline_) return Unexpected(LogError::storage);
  if (flushed_epochs_ == epochs_) return Done{};
  is_flushing_epochs_ = true;
  const LeaderEpochs epochs = epochs_;
  const auto written = replace_file(env, path_of(leader_epoch_file), epochs.encode());
  is_flushing_epochs_ = false;
  epochs_flushed_.notify_all(env);
  TRY(std::ignore, checked(written));
  flushed_epochs_ = epochs;
  return Done{};
}

}  // namespace brokersim::log
