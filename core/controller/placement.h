// Where the replicas of a new topic go: striped over the brokers, without regard to racks.
//
//   brokers shuffled, starting at a random one       partition 0: 2 3 1
//   2 3 1                                            partition 1: 3 1 2 …
//
// Leaders and followers spread evenly. Fenced brokers come last and never first in a partition.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/ids.h"

namespace brokersim::controller {

struct UsableBroker {
  NodeId id;
  bool is_fenced = false;
};

// A function of its arguments; `random` is any number. The replicas of each partition in order of
// preference. Requires at least `replication_factor` > 0 brokers, one of them unfenced.
std::vector<std::vector<NodeId>> place_replicas(const std::vector<UsableBroker>& brokers,
                                                std::int32_t partitions,
                                                std::int16_t replication_factor,
                                                std::uint64_t random);

}  // namespace brokersim::controller
