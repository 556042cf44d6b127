#include "core/controller/group_config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/base/assert.h"

namespace brokersim::controller {
namespace {

constexpr std::array of_groups{
    TopicConfigKey{group_heartbeat_interval, "group.consumer.heartbeat.interval.ms",
                   TopicConfigKey::Kind::int32, "5000", 1},
    TopicConfigKey{group_session_timeout, "group.consumer.session.timeout.ms",
                   TopicConfigKey::Kind::int32, "45000", 1},
};

std::optional<std::int64_t> own_number(const Image::Configs& configs, std::string_view name) {
  const auto* const key = find_group_config_key(name);
  REQUIRE(key != nullptr, name);
  const auto found = configs.find(name);
  if (found == configs.end() || why_unfit(*key, found->second)) return std::nullopt;
  return parse_number(found->second);
}

// KIP-848: within what the setting of the same name with ".min" or ".max" in it allows.
std::optional<std::string> why_out_of_bounds(std::string_view name, std::int64_t value,
                                             const GroupTerms::Bounds& bounds) {
  const auto what = name.substr(std::string_view("consumer.").size());
  if (value < bounds.min) {
    return fmt::format("{} must be greater than or equal to group.consumer.min.{}", name, what);
  }
  if (value > bounds.max) {
    return fmt::format("{} must be less than or equal to group.consumer.max.{}", name, what);
  }
  return std::nullopt;
}

}  // namespace

std::span<const TopicConfigKey> group_config_keys() { return of_groups; }

const TopicConfigKey* find_group_config_key(std::string_view name) {
  const auto* const found =
      std::find_if(of_groups.begin(), of_groups.end(),
                   [&](const TopicConfigKey& key) { return key.name == name; });
  return found == of_groups.end() ? nullptr : found;
}

std::optional<std::string> why_invalid_group_configs(const Image::Configs& configs,
                                                     const GroupTerms& terms) {
  for (const auto& [name, value] : configs) {
    const auto* const key = find_group_config_key(name);
    if (!key) return fmt::format("Unknown group config name: {}", name);
    if (auto why = why_invalid(*key, name, value)) return why;
  }
  if (configs.empty()) return std::nullopt;
  const auto& session = terms.session_timeout_ms;
  const auto& heartbeat = terms.heartbeat_interval_ms;
  const auto timeout = own_number(configs, group_session_timeout).value_or(session.initial);
  const auto interval = own_number(configs, group_heartbeat_interval).value_or(heartbeat.initial);
  if (auto why = why_out_of_bounds(group_heartbeat_interval, interval, heartbeat)) return why;
  if (auto why = why_out_of_bounds(group_session_timeout, timeout, session)) return why;
  if (timeout > interval) return std::nullopt;
  return fmt::format("{} must be greater than {}", group_session_timeout, group_heartbeat_interval);
}

std::optional<Duration> group_duration(const Image::Configs& configs, std::string_view name) {
  const auto ms = own_number(configs, name);
  if (!ms) return std::nullopt;
  return *ms * Duration(1ms);
}

}  // namespace brokersim::controller
