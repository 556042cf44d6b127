// The settings of a group coordinator, under Kafka's names and with its defaults.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/group/migration_policy.h"
#include "core/group/server_assignors.h"

namespace brokersim::group {

struct GroupConfig {
  Duration initial_rebalance_delay = 3s;  // group.initial.rebalance.delay.ms
  Duration min_session_timeout = 6s;      // group.min.session.timeout.ms
  Duration max_session_timeout = 1800s;   // group.max.session.timeout.ms
  // Whether who joins a classic group with such a session is let in.
  bool takes_session(Duration timeout) const {
    return min_session_timeout <= timeout && timeout <= max_session_timeout;
  }
  std::int32_t max_size = std::numeric_limits<std::int32_t>::max();  // group.max.size
  Duration new_member_join_timeout = 300s;                           // Not configurable in Kafka.
  Duration offsets_retention = 7 * 24h;                              // offsets.retention.minutes
  Duration offsets_retention_check_interval = 600s;  // offsets.retention.check.interval.ms
  Duration offset_commit_timeout = 5s;               // offsets.commit.timeout.ms
  std::int32_t offset_metadata_max_bytes = 4096;     // offset.metadata.max.bytes

  // Of consumer groups (KIP-848), whose members are told what the coordinator has settled.
  Duration consumer_session_timeout = 45s;    // group.consumer.session.timeout.ms
  Duration consumer_heartbeat_interval = 5s;  // group.consumer.heartbeat.interval.ms
  // group.consumer.min.session.timeout.ms and group.consumer.max.session.timeout.ms
  Duration consumer_min_session_timeout = 45s;
  Duration consumer_max_session_timeout = 60s;
  // group.consumer.min.heartbeat.interval.ms and group.consumer.max.heartbeat.interval.ms
  Duration consumer_min_heartbeat_interval = 5s;
  Duration consumer_max_heartbeat_interval = 15s;
  std::int32_t consumer_max_size =
      std::numeric_limits<std::int32_t>::max();  // group.consumer.max.size
  // group.consumer.assignors; the first is that of members without a preference.
  std::vector<ServerAssignor> consumer_assignors = {ServerAssignor::uniform, ServerAssignor::range};
  // group.consumer.migration.policy
  MigrationPolicy consumer_migration_policy = MigrationPolicy::bidirectional;

  // What some consumer groups have for themselves: consumer.session.timeout.ms and
  // consumer.heartbeat.interval.ms of the resource GROUP.
  struct OfGroup {
    std::optional<Duration> session_timeout;
    std::optional<Duration> heartbeat_interval;
  };
  std::map<std::string, OfGroup, std::less<>> of_groups;  // By the group's id.

  Duration session_timeout_of(std::string_view group) const {
    const auto own = of_groups.find(group);
    if (own == of_groups.end()) return consumer_session_timeout;
    return own->second.session_timeout.value_or(consumer_session_timeout);
  }
  Duration heartbeat_interval_of(std::string_view group) const {
    const auto own = of_groups.find(group);
    if (own == of_groups.end()) return consumer_heartbeat_interval;
    return own->second.heartbeat_interval.value_or(consumer_heartbeat_interval);
  }
};

}  // namespace brokersim::group
