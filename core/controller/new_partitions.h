// Partitions that come into being, with a topic or by its growth: who may hold them, and the record
// of each (KIP-455's rules for assignments by hand, KIP-631).
#pragma once

#include <cstdint>
#include <vector>

#include "core/controller/image.h"
#include "core/controller/plan.h"

namespace brokersim::controller {

// The replicas of partitions that follow one another, each in order of preference.
using Placed = std::vector<std::vector<NodeId>>;

// More partitions than one request may create.
inline constexpr std::int64_t max_partitions_per_request = 10'000;

// Whether a partition may be assigned to these brokers by hand: they are known, all different and
// as many as asked for. INVALID_REPLICA_ASSIGNMENT if not.
OrRefusal<Done> check_assignment(const Image& image, const std::vector<NodeId>& brokers,
                                 std::size_t replication_factor);
// The same of a partition that does not exist yet: one of them has to be active.
OrRefusal<Done> check_new_assignment(const Image& image, const std::vector<NodeId>& brokers,
                                     std::size_t replication_factor);

// Places `partitions` with the replication factor on the brokers that may take replicas, or says
// why not: INVALID_REPLICATION_FACTOR, POLICY_VIOLATION.
OrRefusal<Placed> place(const Image& image, std::int32_t partitions,
                        std::int16_t replication_factor, std::uint64_t random);

// Requires that one of `replicas` is active.
PartitionRecord new_partition(const Image& image, const Uuid& topic_id, std::int32_t partition,
                              const std::vector<NodeId>& replicas);

}  // namespace brokersim::controller
