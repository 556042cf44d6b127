// What the controller's decisions depend on besides the metadata: Kafka's names and defaults.
#pragma once

#include <cstdint>

#include "core/base/time.h"
#include "core/controller/image.h"

namespace brokersim::controller {

struct ControllerConfig {
  Duration broker_session_timeout = 9s;
  std::int32_t num_partitions = 1;
  std::int16_t default_replication_factor = 1;
  // Topic keys that this node's configuration sets: {"unclean.leader.election.enable", "true"}.
  // What stands at its default is better left out: rules about what nobody has set apply then.
  Image::Configs topic_configs;
  bool auto_leader_rebalance_enable = true;
  Duration leader_imbalance_check_interval = 300s;
};

}  // namespace brokersim::controller
