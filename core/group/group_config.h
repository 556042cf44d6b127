// The settings of a group coordinator, under Kafka's names and with its defaults.
#pragma once

#include <cstdint>
#include <limits>

#include "core/base/time.h"

namespace brokersim::group {

struct GroupConfig {
  Duration initial_rebalance_delay = 3s;  // group.initial.rebalance.delay.ms
  Duration min_session_timeout = 6s;      // group.min.session.timeout.ms
  Duration max_session_timeout = 1800s;   // group.max.session.timeout.ms
  std::int32_t max_size = std::numeric_limits<std::int32_t>::max();  // group.max.size
  Duration new_member_join_timeout = 300s;                           // Not configurable in Kafka.
  Duration offsets_retention = 7 * 24h;                              // offsets.retention.minutes
  Duration offsets_retention_check_interval = 600s;  // offsets.retention.check.interval.ms
  Duration offset_commit_timeout = 5s;               // offsets.commit.timeout.ms
  std::int32_t offset_metadata_max_bytes = 4096;     // offset.metadata.max.bytes
};

}  // namespace brokersim::group
