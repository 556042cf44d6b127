#include "properties/quorum_voters.h"

#include <algorithm>

namespace brokersim::properties {

QuorumVoters::QuorumVoters(const std::vector<NodeId>& first)
    : all_(first.begin(), first.end()), fewest_(first.size()) {}

void QuorumVoters::agreed_on(const std::vector<NodeId>& voters) {
  fewest_ = are_known() ? std::min(fewest_, voters.size()) : voters.size();
  all_.insert(voters.begin(), voters.end());
  may_change_ = true;
}

std::size_t QuorumVoters::least_majority() const {
  const std::size_t fewest = may_change_ && fewest_ > 1 ? fewest_ - 1 : fewest_;
  return fewest / 2 + 1;
}

}  // namespace brokersim::properties
