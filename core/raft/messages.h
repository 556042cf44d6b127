// What the members of the quorum ask and answer each other (KIP-595, KIP-630, KIP-853, KIP-996),
// stripped of the wire's nesting: one partition, no cluster id, no endpoints.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/ids.h"
#include "core/raft/replica_key.h"

namespace brokersim::raft {

// Where an epoch ends in a log: `end_offset` is exclusive.
struct EpochEnd {
  LeaderEpoch epoch{0};
  Offset end_offset = 0;
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

// Names a snapshot: it stands for all records before `end_offset`, which is exclusive (KAFKA-14618)
// and lies between two batches (KAFKA-17713); the last of them is of `epoch` (KIP-630). {0, 0}
// names the beginning of everything.
struct SnapshotId {
  Offset end_offset = 0;
  LeaderEpoch epoch{0};
  friend auto operator<=>(const SnapshotId&, const SnapshotId&) = default;
};

struct VoteRequest {
  LeaderEpoch epoch{0};  // Of the candidacy; of a pre-vote, the epoch the candidate is in.
  NodeId candidate_id = no_node;
  NodeId voter_id = no_node;  // Whom the request is for; -1 before version 1.
  LeaderEpoch last_epoch{0};  // Of the candidate's last batch.
  Offset last_epoch_end_offset = 0;
  bool pre_vote = false;
  Uuid candidate_directory = no_uuid;
  Uuid voter_directory = no_uuid;
  ReplicaKey candidate() const { return {candidate_id, candidate_directory}; }
  ReplicaKey voter() const { return {voter_id, voter_directory}; }
};

struct BeginQuorumEpochRequest {
  LeaderEpoch epoch{0};
  NodeId leader_id = no_node;
  NodeId voter_id = no_node;  // As in VoteRequest.
  Uuid voter_directory = no_uuid;
  ReplicaKey voter() const { return {voter_id, voter_directory}; }
};

struct EndQuorumEpochRequest {
  LeaderEpoch epoch{0};
  NodeId leader_id = no_node;
  std::vector<ReplicaKey> preferred_successors;  // Longest log first.
};

struct FetchRequest {
  LeaderEpoch epoch{0};         // current_leader_epoch
  NodeId replica_id = no_node;  // -1: somebody who is not part of the quorum.
  Offset fetch_offset = 0;
  LeaderEpoch last_fetched_epoch{0};
  Uuid replica_directory = no_uuid;
  ReplicaKey replica() const { return {replica_id, replica_directory}; }
};

// Asks for a range of a snapshot, from `position` in its file on.
struct FetchSnapshotRequest {
  LeaderEpoch epoch{0};         // current_leader_epoch
  NodeId replica_id = no_node;  // As in FetchRequest.
  SnapshotId snapshot_id;
  std::int64_t position = 0;
  Uuid replica_directory = no_uuid;
  ReplicaKey replica() const { return {replica_id, replica_directory}; }
  friend bool operator==(const FetchSnapshotRequest&, const FetchSnapshotRequest&) = default;
};

// Who leads, as every response tells.
struct LeaderAndEpoch {
  NodeId leader_id = no_node;
  LeaderEpoch epoch{0};
  friend bool operator==(const LeaderAndEpoch&, const LeaderAndEpoch&) = default;
};

struct VoteResponse {
  api::ErrorCode error = api::ErrorCode::none;
  LeaderAndEpoch current;
  bool vote_granted = false;
};

// To BeginQuorumEpoch and EndQuorumEpoch.
struct EpochResponse {
  api::ErrorCode error = api::ErrorCode::none;
  LeaderAndEpoch current;
};

// A record batch as far as Raft has to know it.
struct BatchSpan {
  Offset base_offset = 0;
  Offset next_offset = 0;
  LeaderEpoch epoch{0};
};

struct FetchResponse {
  api::ErrorCode error = api::ErrorCode::none;
  LeaderAndEpoch current;
  Offset high_watermark = -1;  // -1: the leader has not committed anything in its epoch.
  Offset log_start_offset = 0;
  // The fetcher has to cut its log, or to replace it by a snapshot; then there are no batches.
  std::optional<EpochEnd> diverging_epoch;
  std::optional<SnapshotId> snapshot_id;
  std::vector<BatchSpan> batches;  // What the response carries, in order.
};

struct FetchSnapshotResponse {
  api::ErrorCode error = api::ErrorCode::none;
  LeaderAndEpoch current;
  SnapshotId snapshot_id;
  std::int64_t size = 0;      // Of the whole file.
  std::int64_t position = 0;  // Where the bytes that come with it begin …
  std::int64_t length = 0;    // … and how many there are.
};

using Request = std::variant<VoteRequest, BeginQuorumEpochRequest, EndQuorumEpochRequest,
                             FetchRequest, FetchSnapshotRequest>;

}  // namespace brokersim::raft
