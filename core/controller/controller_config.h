// What the controller's decisions depend on besides the metadata: Kafka's names and defaults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "core/base/time.h"
#include "core/controller/group_config.h"
#include "core/controller/topic_config.h"

namespace brokersim::controller {

struct ControllerConfig {
  Duration broker_session_timeout = 9s;
  std::int32_t num_partitions = 1;
  std::int16_t default_replication_factor = 1;
  // What stands at its default is better left out: rules about what nobody has set apply then.
  TopicDefaults topic_defaults;
  // Keys of a broker's configuration that only a restart changes.
  std::set<std::string, std::less<>> static_broker_configs;
  GroupTerms group_terms;
  bool delete_topic_enable = true;
  bool auto_leader_rebalance_enable = true;
  Duration leader_imbalance_check_interval = 300s;
  Duration unclean_leader_election_interval = 300s;
  // Of one decision that rebalances leaders; as in Kafka nobody sets it.
  std::size_t max_elections_per_rebalance = 1000;
};

}  // namespace brokersim::controller
