// Whether a leader's request to change its ISR may be granted (KIP-497, KIP-841, KIP-903).
#pragma once

#include <vector>

#include "core/api/alter_partition.h"
#include "core/base/rules.h"
#include "core/controller/image.h"

namespace brokersim::controller {

using PartitionAlteration = api::AlterPartitionRequest::PartitionData;

// What the request proposes, in either way its versions write it; -1 is an unknown broker epoch.
std::vector<api::AlterPartitionRequest::BrokerState> proposed_isr(
    const PartitionAlteration& proposal);

// The first objection, in Kafka's order, which tells the leader whether to wait, to forget its
// proposal or to ask another controller; `none` if there is none.
api::ErrorCode check_alteration(const Image& image, const Partition& partition, NodeId requester,
                                const PartitionAlteration& proposal, const ReplicationRules& rules);

}  // namespace brokersim::controller
