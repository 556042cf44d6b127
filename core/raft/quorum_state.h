// What a node must remember of elections across restarts, and Kafka's `quorum-state` file of it.
//
// Forgetting a vote allows two leaders in one epoch, so this is on the platter before anybody
// learns of it (KIP-595).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"
#include "core/base/ids.h"

namespace brokersim::raft {

struct QuorumState {
  NodeId leader_id = no_node;  // Of `leader_epoch`; -1 until known.
  LeaderEpoch leader_epoch{0};
  NodeId voted_id = no_node;  // Whom this node gave its vote of `leader_epoch`.
  friend bool operator==(const QuorumState&, const QuorumState&) = default;
};

// One JSON object, version 0 of QuorumStateData: that of a static voter set.
std::string encode_quorum_state(const QuorumState& state, const std::vector<NodeId>& voters);

// Reads versions 0 and 1; the error says what is wrong with the text.
Expected<QuorumState, std::string_view> decode_quorum_state(std::string_view text);

}  // namespace brokersim::raft
