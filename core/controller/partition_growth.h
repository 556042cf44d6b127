// More partitions for topics that exist: CreatePartitions (KIP-195). Partitions never become fewer.
#pragma once

#include <cstdint>

#include "core/api/create_partitions.h"
#include "core/controller/image.h"
#include "core/controller/plan.h"

namespace brokersim::controller {

// Each topic stands for itself; one named twice is refused once. With validate_only the response is
// the same, and the records are for the caller to drop. A reassignment under way is no obstacle:
// Kafka refused that as long as it had ZooKeeper.
Plan<api::CreatePartitionsResponse> plan_growth(const Image& image,
                                                const api::CreatePartitionsRequest& request,
                                                std::uint64_t random);

}  // namespace brokersim::controller
