// FindCoordinator (key 10): the leader of the partition of __consumer_offsets that the group's id
// hashes to.
#include "core/broker/broker.h"
#include "core/broker/handlers/group_handlers.h"
#include "core/broker/internal_topics.h"
#include "core/group/records.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using CoordinatorAnswer = api::FindCoordinatorResponse::Coordinator;

constexpr std::int8_t group_key_type = 0;

CoordinatorAnswer no_coordinator(const std::string& key, ErrorCode error) {
  return {.key = key,
          .node_id = no_node,
          .port = -1,
          .error_code = error,
          .error_message = std::string(name_of(error))};
}

CoordinatorAnswer coordinator_of(Env& env, Broker& broker, const RequestContext& client,
                                 const std::string& group) {
  if (!broker.image().find_topic(group::offsets_topic)) {
    (void)auto_create(env, broker, client, group::offsets_topic);
    return no_coordinator(group, ErrorCode::coordinator_not_available);
  }
  const auto& image = broker.image();
  const auto* topic = image.find_topic(group::offsets_topic);
  const auto index =
      group::partition_of(group, static_cast<std::int32_t>(topic->partitions.size()));
  const auto& nodes = image.brokers();
  const auto leader = nodes.find(topic->partitions.at(index).leader);
  if (leader == nodes.end() || leader->second.is_fenced || leader->second.endpoints.empty()) {
    return no_coordinator(group, ErrorCode::coordinator_not_available);
  }
  const auto& endpoint = leader->second.endpoints.front();
  return {.key = group, .node_id = leader->first, .host = endpoint.host, .port = endpoint.port};
}

}  // namespace

api::FindCoordinatorResponse find_coordinator(Env& env, Broker& broker,
                                              const RequestContext& context,
                                              api::FindCoordinatorRequest request) {
  const bool is_batched = context.header.api_version >= 4;
  if (!is_batched) request.coordinator_keys = {request.key};
  api::FindCoordinatorResponse response;
  for (const auto& key : request.coordinator_keys) {
    response.coordinators.push_back(request.key_type == group_key_type
                                        ? coordinator_of(env, broker, context, key)
                                        : no_coordinator(key, ErrorCode::invalid_request));
  }
  if (is_batched) return response;
  auto only = std::move(response.coordinators.front());
  response.coordinators.clear();
  response.error_code = only.error_code;
  response.error_message = std::move(only.error_message);
  response.node_id = only.node_id;
  response.host = std::move(only.host);
  response.port = only.port;
  return response;
}

}  // namespace brokersim::broker::handlers
