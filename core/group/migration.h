// What becomes of a group's members when it becomes one of the other kind (KIP-848): the entries of
// the log that say so, all of them in one batch. Nothing else changes: offsets stay, members keep
// their ids, and the generation goes on as the group's epoch, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/group/consumer_group.h"
#include "core/group/group.h"
#include "core/group/records.h"

namespace brokersim::group {

// The classic group is deleted, and its members are of a consumer group in which each has what it
// was assigned. Nothing of a group whose members do not speak as consumers do.
std::optional<std::vector<Entry>> upgraded(const Group& group, const KnownTopics& topics);

// A static member that takes the place of one that goes.
struct Successor {
  std::string id;
  ConsumerMember member;
};
// The consumer group is deleted, and those who do not leave are of a classic one whose assignment
// is yet to be made. Nothing if nobody would be left, or somebody who does not speak the classic
// protocol; or if it is not by one of those that the group came to that.
std::optional<std::vector<Entry>> downgraded(const ConsumerGroup& group,
                                             const std::set<std::string>& leaving,
                                             const std::optional<Successor>& successor,
                                             const KnownTopics& topics, std::int64_t wall_ms);

}  // namespace brokersim::group
