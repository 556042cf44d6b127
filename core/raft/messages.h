// What the members of the quorum ask and answer each other (KIP-595, KIP-996), stripped of the
// wire's nesting: one partition, no cluster id, no endpoints.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/ids.h"

namespace brokersim::raft {

// Where an epoch ends in a log: `end_offset` is exclusive.
struct EpochEnd {
  LeaderEpoch epoch{0};
  Offset end_offset = 0;
  friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

struct VoteRequest {
  LeaderEpoch epoch{0};  // Of the candidacy; of a pre-vote, the epoch the candidate is in.
  NodeId candidate_id = no_node;
  NodeId voter_id = no_node;  // Whom the request is for; -1 before version 1.
  LeaderEpoch last_epoch{0};  // Of the candidate's last batch.
  Offset last_epoch_end_offset = 0;
  bool pre_vote = false;
};

struct BeginQuorumEpochRequest {
  LeaderEpoch epoch{0};
  NodeId leader_id = no_node;
  NodeId voter_id = no_node;  // As in VoteRequest.
};

struct EndQuorumEpochRequest {
  LeaderEpoch epoch{0};
  NodeId leader_id = no_node;
  std::vector<NodeId> preferred_successors;  // Longest log first.
};

struct FetchRequest {
  LeaderEpoch epoch{0};         // current_leader_epoch
  NodeId replica_id = no_node;  // -1: somebody who is not part of the quorum.
  Offset fetch_offset = 0;
  LeaderEpoch last_fetched_epoch{0};
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
  std::optional<EpochEnd> diverging_epoch;
  std::vector<BatchSpan> batches;  // What the response carries, in order.
};

using Request =
    std::variant<VoteRequest, BeginQuorumEpochRequest, EndQuorumEpochRequest, FetchRequest>;

}  // namespace brokersim::raft
