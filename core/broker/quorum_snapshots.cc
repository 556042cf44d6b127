// Snapshots as the quorum's node deals with them: its own, and those that its leader sends
// (KIP-630).
#include <utility>

#include <fmt/format.h>

#include "core/broker/quorum.h"

namespace brokersim::broker {

// ---- Own ones ----------------------------------------------------------------------------------

log::LogResult<raft::Snapshot> QuorumNode::load_snapshot(Env& env, raft::SnapshotId id) {
  auto loaded = metadata_log_->snapshots().load(env, id);
  if (loaded) return *std::move(loaded);
  // A later one has taken its place.
  if (loaded.error() == IoError::not_found) return Unexpected(log::LogError::out_of_range);
  if (loaded.error() == IoError::cancelled) return Unexpected(log::LogError::cancelled);
  fail(env, "cannot read a snapshot of the metadata");
  return Unexpected(log::LogError::storage);
}

void QuorumNode::take_snapshot(Env& env, raft::SnapshotId id, raft::Snapshot snapshot,
                               std::string_view why) {
  if (has_failed_) return;
  if (const auto objection = raft_->objection_to_snapshot(id); !objection.empty()) {
    env.emit(Note{fmt::format("no snapshot at {}: {}", id.end_offset, objection)});
    return;
  }
  snapshot.voters = metadata_log_->voters().named_before(id.end_offset);
  const auto written = metadata_log_->snapshots().write(env, id, snapshot);
  if (!written) {
    if (written.error() != IoError::cancelled) fail(env, "cannot write a snapshot");
    return;
  }
  const auto size = metadata_log_->snapshot_size(id);
  env.emit(SnapshotTaken{id.end_offset, id.epoch, size.value_or(0), std::string(why)});
}

void QuorumNode::delete_old(Env& env) {
  const std::int64_t now_ms = env.wall_clock().ms;
  if (has_failed_ || !metadata_log_->needs_cleaning(high_watermark_, now_ms)) return;
  const auto held = take_turn(env);
  if (!held) return;
  const auto cleaned = metadata_log_->clean(env, high_watermark_, now_ms);
  const bool is_failure = !cleaned && cleaned.error() != log::LogError::cancelled;
  if (is_failure) fail(env, "cannot delete what a snapshot stands for");
}

// ---- The leader's ------------------------------------------------------------------------------

bool QuorumNode::keep_chunk(Env& env, const raft::SnapshotChunk& chunk, const Rope& bytes) {
  const auto kept = metadata_log_->snapshots().receive(env, bytes, chunk.id, chunk.position);
  if (!kept) return fail(env, "cannot write the leader's snapshot");
  return !chunk.is_last || install_snapshot(env, chunk.id);
}

bool QuorumNode::install_snapshot(Env& env, raft::SnapshotId id) {
  const auto judged = metadata_log_->snapshots().judge_received(env);
  if (!judged) return fail(env, "cannot read the leader's snapshot");
  if (!judged->empty()) {
    env.emit(Note{fmt::format("the leader's snapshot at {} is none: {}", id.end_offset, *judged)});
    raft_->snapshot_refused();
    return true;
  }
  const auto installed = metadata_log_->begin_at_received(env, id);
  // Also when cancelled: what is on disk is not known.
  if (!installed) return fail(env, "cannot put the leader's snapshot in the log's place");
  env.emit(SnapshotFetched{raft_->current().leader_id, id.end_offset, id.epoch});
  return carry_out(env, raft_->snapshot_installed());
}

}  // namespace brokersim::broker
