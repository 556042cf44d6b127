// The snapshots of a metadata log's directory, and the one that is arriving from the leader.
//
//   write    <id>.checkpoint.tmp  ── synced ──▶ <id>.checkpoint, the directory synced
//   receive  <id>.checkpoint.part ── install ─▶ likewise
//
// A snapshot under its own name is complete and survives power loss; until then it is as if it
// were not there. What a crash left unfinished is removed by open().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/env.h"
#include "core/raft/messages.h"
#include "core/raft/snapshot_file.h"

namespace brokersim::raft {

struct StoredSnapshot {
  std::int64_t size = 0;
  std::int64_t last_contained_log_timestamp = 0;
  std::optional<VoterSet> voters = std::nullopt;  // As of its end, if the log names them.
  friend bool operator==(const StoredSnapshot&, const StoredSnapshot&) = default;
};

class SnapshotStore {
 public:
  using All = std::map<SnapshotId, StoredSnapshot>;  // Oldest first.

  explicit SnapshotStore(std::string directory) : directory_(std::move(directory)) {}

  // Finds what is there; the directory must exist. A snapshot that cannot be read is told as a Note
  // and an error `failed`: what lies before its end may be nowhere else.
  IoResult<Done> open(Env& env);

  const All& all() const { return all_; }
  // The voters that this node was formatted with, if any (KIP-853): a checkpoint that is never
  // sent, nor counted as one, and stays.
  const std::optional<VoterSet>& initial_voters() const { return initial_voters_; }
  std::optional<SnapshotId> latest() const;
  std::optional<SnapshotId> oldest() const;

  // Returns once it survives power loss. A second one of the same name replaces the first.
  IoResult<Done> write(Env& env, SnapshotId id, const Snapshot& snapshot);
  IoResult<Snapshot> load(Env& env, SnapshotId id);  // Error not_found, or as open().
  IoResult<Rope> read(Env& env, SnapshotId id, std::int64_t position, std::size_t max_bytes);

  // What arrives of a snapshot, in order; at position 0 whatever arrived before is dropped.
  IoResult<Done> receive(Host& host, const Rope& bytes, SnapshotId id, std::int64_t position);
  // Why what was received is no snapshot; empty if it is one.
  IoResult<std::string_view> judge_received(Env& env);
  // Puts it under its own name, durably.
  IoResult<Done> install_received(Env& env);

  // Removes all snapshots before `id`, durably.
  IoResult<Done> remove_before(Env& env, SnapshotId id);

 private:
  struct Arriving {
    SnapshotId id;
    std::string path;
    std::unique_ptr<File> file;
    StoredSnapshot stored;
  };

  std::string path_of(SnapshotId id, std::string_view suffix = "") const;
  IoResult<Done> finish(Env& env, File& file, std::string_view from, SnapshotId id);

  std::string directory_;
  All all_;
  std::optional<VoterSet> initial_voters_;
  std::optional<Arriving> arriving_;
};

}  // namespace brokersim::raft
