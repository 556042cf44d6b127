// How one member of a consumer group gets from what it has to what it is to have (KIP-848): it
// gives up first, at the epoch it is in, and is given only what nobody has.
//
//              target is another                   it has given up
//   STABLE ──────────────────────▶ UNREVOKED ──────────────────────▶ STABLE, or UNRELEASED while
//                                                                     others have yet to give up
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "core/base/rules.h"
#include "core/group/partition_set.h"

namespace brokersim::group {

// As it stands in records.
enum class MemberState : std::int8_t {
  stable = 0,
  unrevoked_partitions = 1,   // It has to give up partitions, and to say that it did.
  unreleased_partitions = 2,  // Others have to give up what it is to have.
};

struct MemberAssignment {
  std::int32_t epoch = 0;
  std::int32_t previous_epoch = -1;  // What it may still believe in if an answer got lost.
  MemberState state = MemberState::stable;
  PartitionSet assigned;
  PartitionSet pending_revocation;
  friend bool operator==(const MemberAssignment&, const MemberAssignment&) = default;
};

// Who has a partition, by the epoch of the member that has it or has yet to give it up: what is
// here nobody else may be given.
class PartitionEpochs {
 public:
  explicit PartitionEpochs(const GroupRules& rules = {}) : rules_(rules) {}

  bool is_free(const Uuid& topic, std::int32_t partition) const;
  // What of it is free.
  PartitionSet free_of(const PartitionSet& wanted) const;
  // A member has become what `after` says; nothing stands for no member. What was taken over by
  // others meanwhile is left to them: a compacted log may have lost when that was (KAFKA-19862).
  void update(const MemberAssignment* before, const MemberAssignment* after);

 private:
  void put(const MemberAssignment& member);
  void remove(const MemberAssignment& member);

  GroupRules rules_;
  std::map<Uuid, std::map<std::int32_t, std::int32_t>> epochs_;
};

// The next step. `owned` is what the member says it has, if it says so: what it does not name among
// what it is to give up, it has given up.
MemberAssignment reconcile(const MemberAssignment& member, std::int32_t target_epoch,
                           const PartitionSet& target, const PartitionEpochs& epochs,
                           const std::optional<PartitionSet>& owned);

}  // namespace brokersim::group
