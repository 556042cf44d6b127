#include "properties/quorum_voters.h"

#include <algorithm>

namespace brokersim::properties {

QuorumVoters::QuorumVoters(const std::vector<NodeId>& first)
    : all_(first.begin(), first.end()), latest_(all_), fewest_(first.size()) {}

void QuorumVoters::agreed_on(const std::vector<NodeId>& voters) {
  fewest_ = are_known() ? std::min(fewest_, voters.size()) : voters.size();
  all_.insert(voters.begin(), voters.end());
  latest_ = {voters.begin(), voters.end()};
  may_change_ = true;
}

std::size_t QuorumVoters::least_of(std::size_t voters) const {
  const std::size_t fewest = may_change_ && voters > 1 ? voters - 1 : voters;
  return fewest / 2 + 1;
}

std::size_t QuorumVoters::least_majority() const { return least_of(fewest_); }

std::size_t QuorumVoters::least_majority_of_latest() const { return least_of(latest_.size()); }

}  // namespace brokersim::properties
