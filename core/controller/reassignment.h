// Partitions that move to other brokers, come to have more of them or fewer (KIP-455).
//
//   1 2 ── asked for 2 3 ─▶ 2 3 1, adding 3, removing 1 ── 3 in sync ─▶ 2 3
//                                      └──── cancelled ────▶ 2 1
//
// Planning begins or cancels a move; the change of the ISR that completes it is made where all
// changes of partitions are (election.h).
#pragma once

#include "core/api/alter_partition_reassignments.h"
#include "core/api/list_partition_reassignments.h"
#include "core/controller/election.h"
#include "core/controller/image.h"
#include "core/controller/plan.h"

namespace brokersim::controller {

// Each partition stands for itself. UNKNOWN_TOPIC_OR_PARTITION, NO_REASSIGNMENT_IN_PROGRESS for
// what cannot be cancelled, INVALID_REPLICA_ASSIGNMENT; a partition named twice, INVALID_REQUEST.
Plan<api::AlterPartitionReassignmentsResponse> plan_reassignments(
    const Image& image, const api::AlterPartitionReassignmentsRequest& request,
    const TermsOfTopic& terms_of);

// Those under way of the partitions asked for, or of all.
api::ListPartitionReassignmentsResponse reassignments_of(
    const Image& image, const api::ListPartitionReassignmentsRequest& request);

}  // namespace brokersim::controller
