// DescribeQuorum (KIP-595, KIP-836): how far voters and observers have got, as the leader knows it.
//
// Pure: of what Raft knows and the time.
#pragma once

#include "core/api/describe_quorum.h"
#include "core/base/time.h"
#include "core/raft/raft.h"

namespace brokersim::broker {

// Both clocks, read at once: Raft counts in one, the answer in the other.
struct TwoClocks {
  Instant now;
  WallTime wall;
};

// Requires that Raft leads. `end_offset` is that of its own log; any partition but that of the
// metadata is UNKNOWN_TOPIC_OR_PARTITION.
api::DescribeQuorumResponse describe_quorum(const api::DescribeQuorumRequest& request,
                                            std::int16_t version, const raft::Raft& raft,
                                            Offset end_offset, TwoClocks clocks);

}  // namespace brokersim::broker
