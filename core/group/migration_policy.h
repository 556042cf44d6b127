// Which kind of group may become one of the other kind while somebody is in it (KIP-848):
// group.consumer.migration.policy. An empty one becomes what comes to it, whatever the policy.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/ignoring_case.h"

namespace brokersim::group {

enum class MigrationPolicy : std::uint8_t { bidirectional, disabled, downgrade, upgrade };

inline constexpr std::array<std::string_view, 4> migration_policies{"bidirectional", "disabled",
                                                                    "downgrade", "upgrade"};

constexpr std::string_view name_of(MigrationPolicy policy) {
  return migration_policies[static_cast<std::size_t>(policy)];
}
// Like Kafka, whatever the case of its letters.
inline std::optional<MigrationPolicy> migration_policy_named(std::string_view name) {
  for (std::size_t i = 0; i < migration_policies.size(); ++i) {
    if (equals_ignoring_case(migration_policies[i], name)) return static_cast<MigrationPolicy>(i);
  }
  return std::nullopt;
}

// From a classic group to a consumer group.
constexpr bool allows_upgrade(MigrationPolicy policy) {
  return policy == MigrationPolicy::bidirectional || policy == MigrationPolicy::upgrade;
}
// And back.
constexpr bool allows_downgrade(MigrationPolicy policy) {
  return policy == MigrationPolicy::bidirectional || policy == MigrationPolicy::downgrade;
}

}  // namespace brokersim::group
