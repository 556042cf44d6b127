// From which replica a consumer had better read (KIP-392): one in its own rack, so that its records
// do not travel.
//
// Pure. Whoever is named has the record that comes next, and goes on following: an in-sync replica
// whose broker is not fenced (KAFKA-15390). It answers up to its own high watermark, which lags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"

namespace brokersim::partition {

struct ReadCandidate {
  NodeId replica;
  std::string rack;
  Offset end_offset = -1;    // As far as the leader knows …
  Offset start_offset = -1;  // … and where its log begins: each deletes for itself.
};

// `candidates` are those in sync, the leader among them. The leader itself if it stands in the
// consumer's rack or nobody does who has the offset, else whoever has most, the first of several.
NodeId nearest_replica(const std::vector<ReadCandidate>& candidates, NodeId leader,
                       std::string_view rack, Offset fetch_offset);

}  // namespace brokersim::partition
