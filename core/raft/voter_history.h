// Which voters the log names, by offset (KIP-853). A set is in force from its record on, committed
// or not: it is undone as the record is cut off, and a snapshot brings along the one before its
// end.
//
//   configured    checkpoint    12 {1,2,3}    40 {1,2,3,4}          a snapshot at 40: {1,2,3}
//                 -1 {1,2,3}                                        cut back to 40: {1,2,3}
#pragma once

#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/raft/voter_set.h"

namespace brokersim::raft {

class VoterHistory {
 public:
  // Where the voters stand that the node was formatted with: before the whole log.
  static constexpr Offset before_the_log = -1;

  VoterHistory() = default;
  // In force until a record names others, as one does once kraft.version is raised; none if they
  // are not known.
  explicit VoterHistory(VoterSet configured) : configured_(std::move(configured)) {}

  const VoterSet& latest() const { return sets_.empty() ? configured_ : sets_.rbegin()->second; }
  // Of the latest record; before_the_log if no record of the log says it.
  Offset latest_offset() const { return sets_.empty() ? before_the_log : sets_.rbegin()->first; }
  // Whether the voters are those of the configuration: kraft.version is 0, they cannot be changed.
  bool is_fixed() const { return sets_.empty() && !configured_.empty(); }
  // Of the records before `end`; none if those name no voters.
  std::optional<VoterSet> named_before(Offset end) const {
    const auto next = sets_.lower_bound(end);
    return next == sets_.begin() ? std::nullopt : std::optional(std::prev(next)->second);
  }

  // A record at `offset`, behind those that there are.
  void add(Offset offset, VoterSet voters) {
    REQUIRE(sets_.empty() || offset > latest_offset(), offset, latest_offset());
    REQUIRE(!voters.empty());
    sets_.emplace(offset, std::move(voters));
  }
  // The log is cut back to `end`.
  void cut_back_to(Offset end) { sets_.erase(sets_.lower_bound(end), sets_.end()); }
  // The log begins at `start`: of the sets before it the last is in force there.
  void begin_at(Offset start) {
    const auto next = sets_.lower_bound(start);
    if (next != sets_.begin()) sets_.erase(sets_.begin(), std::prev(next));
  }
  // A snapshot of all before `end` takes the place of the log; it may name no voters.
  void replace_by(Offset end, const std::optional<VoterSet>& voters) {
    sets_.clear();
    if (voters) add(end - 1, *voters);
  }

 private:
  VoterSet configured_;
  std::map<Offset, VoterSet> sets_;
};

}  // namespace brokersim::raft
