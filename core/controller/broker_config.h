// Configuration of brokers that changes without a restart (KIP-226): the defaults of topics under
// the broker's names for them, and what only a broker has, of which no file says the rates of
// KIP-73.
//
// A value is looked for in what was set for this broker, then for all of them, then in the node's
// own configuration, then in Kafka's defaults. As in Kafka each may be set for one broker or for
// all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/controller/image.h"
#include "core/controller/topic_config.h"

namespace brokersim::controller {

// Bytes a second (KIP-73).
inline constexpr std::string_view leader_throttled_rate = "leader.replication.throttled.rate";
inline constexpr std::string_view follower_throttled_rate = "follower.replication.throttled.rate";

// What only brokers have, by `broker`. Ordered by that.
std::span<const TopicConfigKey> keys_of_brokers_only();

// Null for what only a restart changes, and for what nobody knows.
const TopicConfigKey* find_broker_config_key(std::string_view name);

// What is wrong with setting `name` of brokers to `value`, if something is: in Kafka's words.
std::optional<std::string> why_invalid_broker_config(std::string_view name, std::string_view value);

// What the metadata says of it, for this broker or for all; nothing if that is nothing that fits.
std::optional<std::string_view> dynamic_value(const Image& image, NodeId broker,
                                              const TopicConfigKey& key);

// What is in force of a number that only brokers have, and of which no file says anything.
std::int64_t broker_config(const Image& image, NodeId broker, std::string_view name);

}  // namespace brokersim::controller
