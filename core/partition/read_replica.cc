#include "core/partition/read_replica.h"

namespace brokersim::partition {

NodeId nearest_replica(const std::vector<ReadCandidate>& candidates, NodeId leader,
                       std::string_view rack, Offset fetch_offset) {
  const ReadCandidate* nearest = nullptr;
  for (const auto& candidate : candidates) {
    if (candidate.rack != rack) continue;
    if (candidate.replica == leader) return leader;
    if (candidate.end_offset < fetch_offset || candidate.start_offset > fetch_offset) continue;
    if (nearest == nullptr || candidate.end_offset > nearest->end_offset) nearest = &candidate;
  }
  return nearest == nullptr ? leader : nearest->replica;
}

}  // namespace brokersim::partition
