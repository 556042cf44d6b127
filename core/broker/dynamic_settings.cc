#include "core/broker/dynamic_settings.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "core/base/trimmed.h"
#include "core/controller/broker_config.h"
#include "core/controller/group_config.h"

namespace brokersim::broker {
namespace {

using controller::ConfigResource;

// As a file would say it: what is set while the node runs may have blanks around it, or a plus.
std::string as_in_file(std::string_view value) {
  const auto number = controller::parse_number(value);
  return number ? fmt::format("{}", *number) : std::string(trimmed(value));
}

void take_settings_of_brokers(NodeConfig& config, const NodeConfig& started,
                              const controller::Image& image) {
  const auto own = settings_of(started);
  for (const auto& key : controller::keys_of_brokers_only()) {
    const auto initial = own.find(std::string(key.broker));
    if (initial == own.end()) continue;  // A rate, which no file says.
    const auto value = controller::dynamic_value(image, started.node_id, key);
    if (value && set(config, key.broker, as_in_file(*value))) continue;
    const auto is_set = set(config, key.broker, initial->second);
    ASSERT(is_set.has_value(), key.broker);
  }
}

void take_settings_of_groups(NodeConfig& config, const controller::Image& image) {
  config.group.of_groups.clear();
  const auto& all = image.all_configs();
  for (auto at = all.lower_bound({ConfigResource::Type::group, ""}); at != all.end(); ++at) {
    const auto& [resource, configs] = *at;
    if (resource.type != ConfigResource::Type::group) break;
    auto& own = config.group.of_groups[resource.name];
    own.session_timeout = controller::group_duration(configs, controller::group_session_timeout);
    own.heartbeat_interval =
        controller::group_duration(configs, controller::group_heartbeat_interval);
  }
}

}  // namespace

bool changes_settings(const controller::Delta& delta) {
  return std::any_of(delta.configs.begin(), delta.configs.end(), [](const auto& resource) {
    return resource.type == ConfigResource::Type::broker ||
           resource.type == ConfigResource::Type::group;
  });
}

void take_dynamic_settings(NodeConfig& config, const NodeConfig& started,
                           const controller::Image& image) {
  take_settings_of_brokers(config, started, image);
  take_settings_of_groups(config, image);
}

}  // namespace brokersim::broker
