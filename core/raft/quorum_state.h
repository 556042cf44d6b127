// What a node must remember of elections across restarts, and Kafka's `quorum-state` file of it.
//
// Forgetting a vote allows two leaders in one epoch, so this is on the platter before anybody
// learns of it (KIP-595).
#pragma once

#include <string>
#include <string_view>

#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/raft/replica_key.h"
#include "core/raft/voter_history.h"

namespace brokersim::raft {

struct QuorumState {
  NodeId leader_id = no_node;  // Of `leader_epoch`; -1 until known.
  LeaderEpoch leader_epoch{0};
  NodeId voted_id = no_node;  // Whom this node gave its vote of `leader_epoch`.
  Uuid voted_directory = no_uuid;
  ReplicaKey voted() const { return {voted_id, voted_directory}; }
  friend bool operator==(const QuorumState&, const QuorumState&) = default;
};

// One JSON object: of voters that are fixed version 0 of QuorumStateData, which names them, else
// version 1, which has the directory of who was voted for (KIP-853).
std::string encode_quorum_state(const QuorumState& state, const VoterHistory& voters);

// Reads versions 0 and 1; the error says what is wrong with the text.
Expected<QuorumState, std::string_view> decode_quorum_state(std::string_view text);

}  // namespace brokersim::raft
