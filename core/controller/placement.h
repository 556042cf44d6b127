// Where the replicas of a new topic go: striped over the racks, and over the brokers of each.
//
//   rack a: 1 4    each shuffled; racks, too,       partition 0: 1 2 3
//   rack b: 2 5    starting at a random one         partition 1: 2 3 1
//   rack c: 3                                       partition 2: 3 1 2
//                                                   partition 3: 4 5 3 …
//
// Each partition begins in the rack after that of the one before, and takes one broker of each rack
// before it takes a second of any. Leaders and followers spread evenly where racks are of one size.
// Fenced brokers come last in their rack and never first in a partition. Brokers without a rack are
// of one and the same (KIP-36, as KRaft's controllers do it).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/ids.h"

namespace brokersim::controller {

struct UsableBroker {
  NodeId id;
  bool is_fenced = false;
  std::string rack{};  // Empty: none.
};

// A function of its arguments; `random` is any number. The replicas of each partition in order of
// preference. Requires at least `replication_factor` > 0 brokers, one of them unfenced.
std::vector<std::vector<NodeId>> place_replicas(const std::vector<UsableBroker>& brokers,
                                                std::int32_t partitions,
                                                std::int16_t replication_factor,
                                                std::uint64_t random);

}  // namespace brokersim::controller
