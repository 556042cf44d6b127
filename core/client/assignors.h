// Assignors: how the leader of a group shares partitions among its members. Pure, and the same on
// whichever member is the leader.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/rules.h"

namespace brokersim::client {

// By the names that members vote with.
enum class Assignor : std::uint8_t {
  range,               // Of each topic a contiguous part: partitions of one number go together.
  roundrobin,          // All partitions, dealt out one by one.
  sticky,              // As even as can be, and who has something keeps it (KIP-54).
  cooperative_sticky,  // The same, and what changes hands does so in two steps (KIP-429).
};
std::string_view name_of(Assignor assignor);
std::optional<Assignor> assignor_named(std::string_view name);

// What a member says of itself.
struct Subscription {
  std::set<std::string> topics;
  std::vector<TopicPartition> owned;  // What it holds, as it believes; if eager, what it held.
  std::int32_t generation = -1;       // Since when: of two that claim a partition the later has it.
  std::optional<std::string> instance_id;  // Of a static member (KIP-345).
};

using Subscriptions = std::map<std::string, Subscription>;  // By member.
using Assignment = std::map<std::string, std::set<TopicPartition>>;

// Every partition of every topic that somebody subscribes to is given to exactly one of those,
// except that cooperative_sticky gives what is still held to nobody else. `partitions` counts those
// of each topic; a topic that is not in it has none.
Assignment assign(Assignor assignor, const Subscriptions& members,
                  const std::map<std::string, std::int32_t>& partitions,
                  const GroupRules& rules = {});

}  // namespace brokersim::client
