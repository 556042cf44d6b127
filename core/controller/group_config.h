// Configuration of consumer groups (KIP-848, resource type GROUP): what one group has otherwise
// than the coordinator has it for all of them, within what the settings of brokers allow.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/controller/image.h"
#include "core/controller/topic_config.h"

namespace brokersim::controller {

inline constexpr std::string_view group_heartbeat_interval = "consumer.heartbeat.interval.ms";
inline constexpr std::string_view group_session_timeout = "consumer.session.timeout.ms";

// `broker` is the setting of a node that counts for groups that do not say otherwise.
std::span<const TopicConfigKey> group_config_keys();                 // Ordered by name.
const TopicConfigKey* find_group_config_key(std::string_view name);  // Null if there is none.

// What a node has for all groups, and what it lets one group have, in ms:
// group.consumer.session.timeout.ms, and the same with .min or .max in it.
struct GroupTerms {
  struct Bounds {
    std::int64_t min = 0;
    std::int64_t initial = 0;
    std::int64_t max = 0;
  };
  Bounds session_timeout_ms = {45'000, 45'000, 60'000};
  Bounds heartbeat_interval_ms = {5'000, 5'000, 15'000};
};

// What is wrong with a group's configuration, if something is: in Kafka's words.
std::optional<std::string> why_invalid_group_configs(const Image::Configs& configs,
                                                     const GroupTerms& terms);

// What a group has for itself; nothing if it has nothing, or nothing that fits.
std::optional<Duration> group_duration(const Image::Configs& configs, std::string_view name);

}  // namespace brokersim::controller
