// DescribeConfigs (key 32): of topics, of consumer groups, of this broker, and what is set for all
// brokers. Loggers may be asked about, and have nothing that could be set: a broker has none by
// name (KIP-412).
#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/number.h"
#include "core/broker/broker.h"
#include "core/broker/config_entries.h"
#include "core/broker/handlers/handlers.h"
#include "core/controller/topic_name.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using controller::OrRefusal;
using controller::refuse;
using AskedConfigs = api::DescribeConfigsRequest::DescribeConfigsResource;

OrRefusal<std::vector<ConfigEntry>> entries_of_topic(const Broker& broker,
                                                     const std::string& name) {
  TRY([[maybe_unused]] const Done legal, controller::check_topic_name(name));
  if (!broker.image().find_topic(name)) {
    return refuse(ErrorCode::unknown_topic_or_partition,
                  std::string(api::name_of(ErrorCode::unknown_topic_or_partition)));
  }
  return ConfigEntries(broker.image(), broker.started_with()).of_topic(name);
}

OrRefusal<std::vector<ConfigEntry>> entries_of_broker(const Broker& broker,
                                                      const std::string& name) {
  const ConfigEntries entries(broker.image(), broker.started_with());
  if (name.empty()) return entries.of_cluster_defaults();
  const auto id = number<std::int32_t>(name);
  if (!id) {
    return refuse(ErrorCode::invalid_request,
                  fmt::format("Broker id must be an integer, but it is: {}", name));
  }
  const auto self = broker.config().node_id;
  if (NodeId(*id) == self) return entries.of_broker();
  return refuse(ErrorCode::invalid_request,
                fmt::format("Unexpected broker id, expected {} or empty string, but received {}",
                            self, name));
}

OrRefusal<std::vector<ConfigEntry>> loggers_of_broker(const Broker& broker,
                                                      const std::string& name) {
  if (name.empty()) return refuse(ErrorCode::invalid_request, "Broker id must not be empty");
  const auto self = fmt::format("{}", broker.config().node_id);
  if (name == self) return std::vector<ConfigEntry>();
  return refuse(ErrorCode::invalid_request,
                fmt::format("Unexpected broker id, expected {} but received {}", self, name));
}

OrRefusal<std::vector<ConfigEntry>> entries_of_group(const Broker& broker,
                                                     const std::string& name) {
  if (name.empty()) return refuse(ErrorCode::invalid_request, "Group name must not be empty");
  return ConfigEntries(broker.image(), broker.started_with()).of_group(name);
}

OrRefusal<std::vector<ConfigEntry>> entries_of(const Broker& broker, const AskedConfigs& asked) {
  switch (static_cast<controller::ConfigResource::Type>(asked.resource_type)) {
    case controller::ConfigResource::Type::topic:
      return entries_of_topic(broker, asked.resource_name);
    case controller::ConfigResource::Type::broker:
      return entries_of_broker(broker, asked.resource_name);
    case controller::ConfigResource::Type::broker_logger:
      return loggers_of_broker(broker, asked.resource_name);
    case controller::ConfigResource::Type::group:
      return entries_of_group(broker, asked.resource_name);
  }
  return refuse(ErrorCode::invalid_request,
                fmt::format("Unsupported resource type: {}", asked.resource_type));
}

// Leaves what was asked for. Version 0 knows no source but the default.
void trim(std::vector<ConfigEntry>& entries, const api::DescribeConfigsRequest& request,
          const AskedConfigs& asked, std::int16_t version) {
  if (asked.configuration_keys && !asked.configuration_keys->empty()) {
    const auto& keys = *asked.configuration_keys;
    std::erase_if(entries, [&](const ConfigEntry& entry) {
      return std::find(keys.begin(), keys.end(), entry.name) == keys.end();
    });
  }
  constexpr auto initial = static_cast<std::int8_t>(controller::TopicConfigs::Source::initial);
  for (auto& entry : entries) {
    if (version == 0) entry.is_default = entry.config_source == initial;
    if (!request.include_synonyms) entry.synonyms.clear();
    if (!request.include_documentation) entry.documentation = std::nullopt;
  }
}

}  // namespace

api::DescribeConfigsResponse describe_configs(Broker& broker, const RequestContext& context,
                                              const api::DescribeConfigsRequest& request) {
  api::DescribeConfigsResponse response;
  // Each once: a small request would have an endless answer.
  std::set<std::pair<std::int8_t, std::string>> answered;
  for (const auto& asked : request.resources) {
    if (!answered.emplace(asked.resource_type, asked.resource_name).second) continue;
    auto& result = response.results.emplace_back();
    result.resource_type = asked.resource_type;
    result.resource_name = asked.resource_name;
    auto entries = entries_of(broker, asked);
    if (!entries) {
      result.error_code = entries.error().error;
      result.error_message = entries.error().message;
      continue;
    }
    trim(*entries, request, asked, context.header.api_version);
    result.configs = *std::move(entries);
  }
  return response;
}

}  // namespace brokersim::broker::handlers
