// A replica of the metadata log: a node, and the directory its copy is in (KIP-853). A node whose
// disk was replaced is another replica: it has promised nothing of what the earlier one did.
#pragma once

#include <compare>
#include <string>

#include "core/base/ids.h"

namespace brokersim::raft {

struct ReplicaKey {
  NodeId id = no_node;
  Uuid directory = no_uuid;  // no_uuid: it is not known, or not told.

  // Whether `other` is meant by this: where it has no directory, the node is all that counts.
  bool matches(const ReplicaKey& other) const {
    return id == other.id && (directory == no_uuid || directory == other.directory);
  }
  friend auto operator<=>(const ReplicaKey&, const ReplicaKey&) = default;
};

// "3", or "3 (AAECAwQFBgcICQoLDA0O_w)"
std::string text_of(const ReplicaKey& key);

}  // namespace brokersim::raft
