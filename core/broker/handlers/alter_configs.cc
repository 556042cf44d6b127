// AlterConfigs (key 33) and IncrementalAlterConfigs (key 44): the controller decides, but for a
// broker's own configuration, which only that broker may be asked to change, and for the levels of
// its loggers (KIP-412), which it would change by itself and of which it has none.
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/number.h"
#include "core/broker/broker.h"
#include "core/broker/forwarding.h"
#include "core/broker/handlers/handlers.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using ResourceType = controller::ConfigResource::Type;
// What a resource is answered; NONE without a message if all is done.
using Outcome = controller::Refusal;

// Nothing if it is this node's name.
std::optional<Outcome> check_node_name(const std::string& name, NodeId self) {
  const auto id = number<std::int32_t>(name);
  if (!id) {
    return Outcome{ErrorCode::invalid_request,
                   fmt::format("Node id must be an integer, but it is: {}", name)};
  }
  if (NodeId(*id) == self) return std::nullopt;
  return Outcome{ErrorCode::invalid_request,
                 fmt::format("Unexpected broker id, expected {}, but received {}", self, name)};
}

// There are no loggers: whichever is named does not exist.
Outcome outcome_for_loggers(
    const api::IncrementalAlterConfigsRequest::AlterConfigsResource& resource) {
  constexpr std::int8_t remove = 1, append = 2;
  if (resource.configs.empty()) return {ErrorCode::none, ""};
  const auto& change = resource.configs.front();
  if (change.config_operation <= remove) {
    return {ErrorCode::invalid_config, fmt::format("Logger {} does not exist!", change.name)};
  }
  return {ErrorCode::invalid_request,
          fmt::format("{} operation is not allowed for the BROKER_LOGGER resource",
                      change.config_operation == append ? "APPEND" : "SUBTRACT")};
}

// What this broker has to say of it; nothing if the controller is to decide.
template <class Resource>
std::optional<Outcome> decided_here(const Resource& resource, NodeId self) {
  const auto type = static_cast<ResourceType>(resource.resource_type);
  if (type == ResourceType::broker && !resource.resource_name.empty()) {
    return check_node_name(resource.resource_name, self);
  }
  if constexpr (requires { resource.configs.front().config_operation; }) {
    if (type == ResourceType::broker_logger) {
      if (auto refused = check_node_name(resource.resource_name, self)) return refused;
      return outcome_for_loggers(resource);
    }
  }
  return std::nullopt;
}

// Answers in the order of the request, whoever gave them.
template <class Request>
typename Request::Response alter(Env& env, Broker& broker, const RequestContext& context,
                                 Request request) {
  const auto self = broker.config().node_id;
  std::vector<std::optional<Outcome>> ours;
  Request rest = request;
  rest.resources.clear();
  for (const auto& resource : request.resources) {
    ours.push_back(decided_here(resource, self));
    if (!ours.back()) rest.resources.push_back(resource);
  }
  typename Request::Response forwarded;
  if (!rest.resources.empty()) {
    forwarded =
        forward(env, broker.controller(), context, rest, broker.config().quorum_retry_backoff);
  }
  typename Request::Response response;
  response.throttle_time_ms = forwarded.throttle_time_ms;
  auto next = forwarded.responses.begin();
  for (std::size_t i = 0; i < request.resources.size(); ++i) {
    auto& answer = response.responses.emplace_back();
    if (!ours[i] && next != forwarded.responses.end()) {
      answer = std::move(*next++);
      continue;
    }
    answer.error_code = ours[i] ? ours[i]->error : ErrorCode::unknown_server_error;
    if (ours[i] && ours[i]->error != ErrorCode::none) answer.error_message = ours[i]->message;
    answer.resource_type = request.resources[i].resource_type;
    answer.resource_name = request.resources[i].resource_name;
  }
  return response;
}

}  // namespace

api::AlterConfigsResponse alter_configs(Env& env, Broker& broker, const RequestContext& context,
                                        api::AlterConfigsRequest request) {
  return alter(env, broker, context, std::move(request));
}

api::IncrementalAlterConfigsResponse incremental_alter_configs(
    Env& env, Broker& broker, const RequestContext& context,
    api::IncrementalAlterConfigsRequest request) {
  return alter(env, broker, context, std::move(request));
}

}  // namespace brokersim::broker::handlers
