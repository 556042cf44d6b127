#include "core/controller/broker_config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/base/assert.h"

namespace brokersim::controller {
namespace {

constexpr std::string_view no_bound = "9223372036854775807";

constexpr std::array of_brokers_only{
    TopicConfigKey{"", follower_throttled_rate, TopicConfigKey::Kind::int64, no_bound, 0},
    TopicConfigKey{"", leader_throttled_rate, TopicConfigKey::Kind::int64, no_bound, 0},
};

}  // namespace

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

std::int64_t broker_config(const Image& image, NodeId broker, std::string_view name) {
  const auto* const key = find_broker_config_key(name);
  REQUIRE(key != nullptr, name);
  for (const auto& resource : {fmt::format("{}", broker), std::string()}) {
    const auto& configs = image.configs({ConfigResource::Type::broker, resource});
    const auto found = configs.find(name);
    // A record in the log may hold what a validation elsewhere let pass: it is not in force.
    if (found == configs.end() || why_unfit(*key, found->second)) continue;
    return parse_number(found->second).value_or(0);
  }
  return parse_number(key->initial).value_or(0);
}

}  // namespace brokersim::controller
