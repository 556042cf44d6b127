// How a coordinator shares partitions among the members of a consumer group (KIP-848). Pure; the
// same members and topics are always given the same.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/group/partition_set.h"

namespace brokersim::group {

// By the names that members ask for them with.
enum class ServerAssignor : std::uint8_t {
  uniform,  // As even as can be, and who has something keeps it.
  range,    // Of each topic a contiguous part: partitions of one number go together.
};
std::string_view name_of(ServerAssignor assignor);
std::optional<ServerAssignor> server_assignor_named(std::string_view name);

struct Assignee {
  std::optional<std::string> instance_id;  // Static members have the same place again.
  std::set<Uuid> topics;                   // Those it wants, of the ones that there are.
  PartitionSet present;                    // Its part of the target assignment so far.
};
using Assignees = std::map<std::string, Assignee>;             // By member id.
using TargetAssignment = std::map<std::string, PartitionSet>;  // The same.

// Every partition of every topic that somebody wants is given to exactly one of those.
TargetAssignment assign(ServerAssignor assignor, const Assignees& members,
                        const std::map<Uuid, std::int32_t>& partitions);

}  // namespace brokersim::group
