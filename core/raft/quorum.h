// The arithmetic of majorities, without any protocol: who has won a vote, and what a majority has.
//
//   end offsets of five voters, descending:   9 8 [6] 6 2     three of five have at least 6
//
// The same rank answers "up to which offset is the log on a majority" and "since when has the
// leader been in touch with a majority" (KIP-595).
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/ids.h"

namespace brokersim::raft {

// How many of `voters` are more than half of them.
constexpr std::size_t majority_of(std::size_t voters) { return voters / 2 + 1; }

// The largest value that a majority of `values` reaches: each voter contributes one.
template <class T>
T majority_reaches(std::vector<T> values) {
  REQUIRE(!values.empty());
  const auto rank = values.begin() + static_cast<std::ptrdiff_t>(majority_of(values.size()) - 1);
  std::nth_element(values.begin(), rank, values.end(), std::greater<T>());
  return *rank;
}

// The votes of one election. A voter's first answer counts; answers of others do not.
class VoteTally {
 public:
  VoteTally() = default;
  explicit VoteTally(std::vector<NodeId> voters) : voters_(std::move(voters)) {}

  void record(NodeId voter, bool is_granted) {
    if (std::find(voters_.begin(), voters_.end(), voter) != voters_.end()) {
      answers_.emplace(voter, is_granted);
    }
  }
  bool has_answered(NodeId voter) const { return answers_.count(voter) > 0; }
  std::vector<NodeId> granted() const {
    std::vector<NodeId> granted;
    for (const auto& [voter, is_granted] : answers_) {
      if (is_granted) granted.push_back(voter);
    }
    return granted;
  }
  bool is_won() const { return count(true) >= majority_of(voters_.size()); }
  // No majority can come together any more.
  bool is_lost() const { return voters_.size() - count(false) < majority_of(voters_.size()); }

 private:
  std::size_t count(bool is_granted) const {
    return static_cast<std::size_t>(
        std::count_if(answers_.begin(), answers_.end(),
                      [=](const auto& answer) { return answer.second == is_granted; }));
  }

  std::vector<NodeId> voters_;
  std::map<NodeId, bool> answers_;
};

}  // namespace brokersim::raft
