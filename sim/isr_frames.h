// What the frames of AlterPartition say of the in-sync sets that a controller accepts: whether a
// member counts by the epoch of an earlier life (KIP-903). Pure.
#pragma once

#include <vector>

#include "core/api/alter_partition.h"
#include "core/base/event.h"
#include "core/controller/image.h"

namespace brokersim::sim {

// Of the partitions that are still, by the committed metadata, as they were answered to be.
std::vector<OldLifeAccepted> old_lives_accepted(const api::AlterPartitionRequest& asked,
                                                const api::AlterPartitionResponse& answered,
                                                const controller::Image& committed);

}  // namespace brokersim::sim
