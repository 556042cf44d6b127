// Configuration of brokers that changes without a restart (KIP-226): the defaults of topics under
// the broker's names for them, and what only a broker has, which no file says.
//
// A value is looked for in what was set for this broker, then for all of them, then in Kafka's
// defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/controller/image.h"
#include "core/controller/topic_config.h"

namespace brokersim::controller {

// Bytes a second (KIP-73).
inline constexpr std::string_view leader_throttled_rate = "leader.replication.throttled.rate";
inline constexpr std::string_view follower_throttled_rate = "follower.replication.throttled.rate";

// Null for what only a restart changes, and for what nobody knows.
const TopicConfigKey* find_broker_config_key(std::string_view name);

// What is wrong with setting `name` of brokers to `value`, if something is: in Kafka's words.
std::optional<std::string> why_invalid_broker_config(std::string_view name, std::string_view value);

// What is in force of a number that only brokers have.
std::int64_t broker_config(const Image& image, NodeId broker, std::string_view name);

}  // namespace brokersim::controller
