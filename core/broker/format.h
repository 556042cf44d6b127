// Formatting a node's directory before its first start: `kafka-storage format` (KIP-853).
//
//   meta.properties                            the ids of the cluster, the node and the directory
//   __cluster_metadata-0/0…0-0…0.checkpoint    the voters there are at first, if they are told
//
// Who is told no voters finds the quorum by its bootstrap servers, and observes it.
#pragma once

#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/env.h"
#include "core/raft/voter_set.h"

namespace brokersim::broker {

struct Formatting {
  std::string cluster_id;
  NodeId node_id = no_node;
  Uuid directory_id = no_uuid;
  std::optional<raft::VoterSet> initial_voters;
};

bool is_formatted(Host& host);
// In the node's data directory. It is formatted once all of it survives power loss.
IoResult<Done> format_directory(Env& env, const Formatting& formatting);

}  // namespace brokersim::broker
