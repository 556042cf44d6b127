// Who may vote in the metadata quorum, and how many of them decide at the least (KIP-853).
//
// Whose vote counts where is known to the controllers' logs alone: a leader counts by the voters
// that it has appended, before the quorum agrees on them. They are one more, or one less, than some
// that were agreed on. So what needs a majority is judged by the smallest there can have been: of
// any voters, or where it is of those agreed on last, of those with one less. (One more, who has
// it, takes as many of the others.)
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "core/base/ids.h"

namespace brokersim::properties {

class QuorumVoters {
 public:
  // As they are at first; nobody if that is not known.
  explicit QuorumVoters(const std::vector<NodeId>& first);

  // The quorum has agreed on them.
  void agreed_on(const std::vector<NodeId>& voters);

  bool are_known() const { return !all_.empty(); }
  // Who has a vote, or had one.
  const std::set<NodeId>& all() const { return all_; }
  bool have(NodeId node) const { return all_.contains(node); }
  // No fewer ever decided anything.
  std::size_t least_majority() const;

  // Who was agreed on last, or is to be at first.
  bool are_latest(NodeId node) const { return latest_.contains(node); }
  std::size_t least_majority_of_latest() const;

 private:
  std::size_t least_of(std::size_t voters) const;

  std::set<NodeId> all_;
  std::set<NodeId> latest_;
  std::size_t fewest_ = 0;
  bool may_change_ = false;
};

}  // namespace brokersim::properties
