// A node's copy of the metadata: the log, and the snapshots at one of which it begins.
//
//   snapshots      250-3 ──── 400-3
//   log            250 ─────────────── 470          a fetcher behind 250 is sent the latest one
//
// Whatever a crash or a loss of power leaves of a change of both, open() makes them fit again.
// Which voters the log names goes with every change of it (KIP-853).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/broker/config.h"
#include "core/env.h"
#include "core/log/log.h"
#include "core/raft/raft.h"
#include "core/raft/snapshot_retention.h"
#include "core/raft/snapshot_store.h"
#include "core/raft/voter_history.h"
#include "core/wire/record_batch.h"

namespace brokersim::broker {

class MetadataLog final : public raft::LogView {
 public:
  // In the node's data directory. On return all of it survives power loss.
  static log::LogResult<std::unique_ptr<MetadataLog>> open(Env& env, const NodeConfig& config,
                                                           bool was_clean);

  log::Log& log() { return *log_; }
  // As those of the log, which must not be used instead.
  log::LogResult<log::AppendInfo> append_as_leader(Host& host, std::span<wire::Batch> batches,
                                                   LeaderEpoch epoch);
  log::LogResult<log::AppendInfo> append_as_follower(Host& host,
                                                     std::span<const wire::Batch> batches,
                                                     LeaderEpoch max_epoch);
  log::LogResult<Done> truncate_to(Host& host, Offset offset, std::string_view why);
  raft::SnapshotStore& snapshots() { return snapshots_; }

  // The snapshot that has arrived takes the place of everything: the log is empty and begins at its
  // end. After an error nothing is known.
  log::LogResult<Done> begin_at_received(Env& env, raft::SnapshotId id);
  // Deletes old snapshots, and the log before the oldest that is left, as far as they need not be
  // kept, of what lies before `committed`. `now_ms` is wall-clock time.
  log::LogResult<Done> clean(Env& env, Offset committed, std::int64_t now_ms);
  // Whether that would find anything.
  bool needs_cleaning(Offset committed, std::int64_t now_ms) const;

  raft::SnapshotId start() const override { return start_; }
  Offset end_offset() const override { return log_->end_offset(); }
  LeaderEpoch last_epoch() const override;
  raft::EpochEnd end_offset_for_epoch(LeaderEpoch epoch) const override;
  bool is_batch_boundary(Offset offset) const override { return log_->is_batch_boundary(offset); }
  std::optional<raft::SnapshotId> latest_snapshot() const override { return snapshots_.latest(); }
  std::optional<std::int64_t> snapshot_size(raft::SnapshotId id) const override;
  const raft::VoterHistory& voters() const override { return voters_; }

 private:
  explicit MetadataLog(const NodeConfig& config);

  log::LogResult<Done> load(Env& env, bool was_clean);
  log::LogResult<Done> find_start(Env& env);
  bool reaches(raft::SnapshotId id) const;
  log::LogResult<Done> begin_at(Env& env, raft::SnapshotId id);
  log::LogResult<Done> find_voters(Env& env);
  void learn_voters(std::span<const wire::Batch> batches);
  bool may_delete_by_size(Offset committed) const;
  log::LogResult<Done> delete_by_size(Env& env);

  const QuorumRules& rules_;
  const raft::SnapshotRetention retention_;
  const log::LogConfig log_config_;
  raft::SnapshotStore snapshots_;
  std::unique_ptr<log::Log> log_;
  raft::SnapshotId start_;
  raft::VoterHistory voters_;
};

}  // namespace brokersim::broker
