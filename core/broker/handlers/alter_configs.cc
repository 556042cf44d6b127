// AlterConfigs (key 33) and IncrementalAlterConfigs (key 44): the controller decides, but for a
// broker's own configuration, which only that broker may be asked to change.
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/broker/broker.h"
#include "core/broker/forwarding.h"
#include "core/broker/handlers/handlers.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;

// What is wrong with asking this broker: "" if nothing is.
std::string why_not_here(std::int8_t type, const std::string& name, NodeId self) {
  if (type != static_cast<std::int8_t>(controller::ConfigResource::Type::broker) || name.empty()) {
    return {};
  }
  std::int32_t id = 0;
  const auto* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, id);
  if (error != std::errc{} || stop != end) {
    return fmt::format("Node id must be an integer, but it is: {}", name);
  }
  if (NodeId(id) == self) return {};
  return fmt::format("Unexpected broker id, expected {}, but received {}", self, name);
}

// Answers in the order of the request, whoever gave them.
template <class Request>
typename Request::Response alter(Env& env, Broker& broker, const RequestContext& context,
                                 Request request) {
  const auto self = broker.config().node_id;
  std::vector<std::string> objections;
  Request rest = request;
  rest.resources.clear();
  for (const auto& resource : request.resources) {
    objections.push_back(why_not_here(resource.resource_type, resource.resource_name, self));
    if (objections.back().empty()) rest.resources.push_back(resource);
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
    if (objections[i].empty() && next != forwarded.responses.end()) {
      answer = std::move(*next++);
      continue;
    }
    const bool is_refused = !objections[i].empty();
    answer.error_code = is_refused ? ErrorCode::invalid_request : ErrorCode::unknown_server_error;
    if (is_refused) answer.error_message = objections[i];
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
