#include "core/controller/broker_config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "core/base/time.h"

namespace brokersim::controller {
namespace {

using Kind = TopicConfigKey::Kind;

constexpr std::string_view no_bound = "9223372036854775807";
// What no file says has a default here; of the others that is the node's own configuration.
constexpr std::string_view as_at_start = "";
// Kafka's, for each thread of the cleaner: here there is one.
constexpr std::int64_t least_dedupe_buffer = (1 << 20) + 1;

constexpr std::array of_brokers_only{
    TopicConfigKey{"", follower_throttled_rate, Kind::int64, no_bound, 0},
    TopicConfigKey{"", leader_throttled_rate, Kind::int64, no_bound, 0},
    TopicConfigKey{"", "log.cleaner.backoff.ms", Kind::int64, as_at_start, 0, "",
                   longest_duration / 1ms},
    TopicConfigKey{"", "log.cleaner.dedupe.buffer.size", Kind::int64, as_at_start,
                   least_dedupe_buffer},
    TopicConfigKey{"", "max.connections", Kind::int32, as_at_start, 0},
    TopicConfigKey{"", "max.connections.per.ip", Kind::int32, as_at_start, 0},
    TopicConfigKey{"", "max.connections.per.ip.overrides", Kind::limits, as_at_start},
    TopicConfigKey{"", "producer.id.expiration.ms", Kind::int32, as_at_start, 1},
    TopicConfigKey{"", "transaction.partition.verification.enable", Kind::boolean, as_at_start},
};

}  // namespace

std::span<const TopicConfigKey> keys_of_brokers_only() { return of_brokers_only; }

const TopicConfigKey* find_broker_config_key(std::string_view name) {
  const auto* const found =
      std::find_if(of_brokers_only.begin(), of_brokers_only.end(),
                   [&](const TopicConfigKey& key) { return key.broker == name; });
  return found != of_brokers_only.end() ? found : find_topic_config_key_of_broker(name);
}

std::optional<std::string> why_invalid_broker_config(std::string_view name,
                                                     std::string_view value) {
  const auto* const key = find_broker_config_key(name);
  return key ? why_invalid(*key, name, value) : std::nullopt;
}

std::optional<std::string_view> dynamic_value(const Image& image, NodeId broker,
                                              const TopicConfigKey& key) {
  for (const auto& resource : {fmt::format("{}", broker), std::string()}) {
    const auto& configs = image.configs({ConfigResource::Type::broker, resource});
    const auto found = configs.find(key.broker);
    // A record in the log may hold what a validation elsewhere let pass: it is not in force.
    if (found == configs.end() || why_unfit(key, found->second)) continue;
    return found->second;
  }
  return std::nullopt;
}

std::int64_t broker_config(const Image& image, NodeId broker, std::string_view name) {
  const auto* const key = find_broker_config_key(name);
  REQUIRE(key != nullptr, name);
  return parse_number(dynamic_value(image, broker, *key).value_or(key->initial)).value_or(0);
}

}  // namespace brokersim::controller
