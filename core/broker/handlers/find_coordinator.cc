// FindCoordinator (key 10): the leader of the partition of __consumer_offsets that the group's id
// hashes to, or of __transaction_state and a transactional id.
#include <fmt/format.h>

#include "core/broker/broker.h"
#include "core/broker/handlers/group_handlers.h"
#include "core/broker/handlers/told_brokers.h"
#include "core/broker/internal_topics.h"
#include "core/coordination/partition_of.h"
#include "core/group/records.h"
#include "core/transaction/records.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using CoordinatorAnswer = api::FindCoordinatorResponse::Coordinator;

// Nothing for other kinds of keys.
std::optional<std::string_view> topic_of(std::int8_t key_type) {
  switch (key_type) {
    case 0: return group::offsets_topic;
    case 1: return transaction::state_topic;
    default: return std::nullopt;
  }
}

CoordinatorAnswer no_coordinator(const std::string& key, ErrorCode error) {
  return {.key = key,
          .node_id = no_node,
          .port = -1,
          .error_code = error,
          .error_message = std::string(name_of(error))};
}

CoordinatorAnswer coordinator_of(Env& env, Broker& broker, const RequestContext& client,
                                 std::string_view coordinators, const std::string& key) {
  if (!broker.image().find_topic(coordinators)) {
    make_internal_topic(env, broker, client, coordinators);
    return no_coordinator(key, ErrorCode::coordinator_not_available);
  }
  const auto& image = broker.image();
  const auto* topic = image.find_topic(coordinators);
  const auto index =
      coordination::partition_of(key, static_cast<std::int32_t>(topic->partitions.size()));
  const auto* leader = image.find_broker(topic->partitions.at(index).leader);
  const auto* endpoint = leader ? told_endpoint(*leader) : nullptr;
  if (!endpoint) return no_coordinator(key, ErrorCode::coordinator_not_available);
  return {.key = key, .node_id = leader->id, .host = endpoint->host, .port = endpoint->port};
}

}  // namespace

api::FindCoordinatorResponse find_coordinator(Env& env, Broker& broker,
                                              const RequestContext& context,
                                              api::FindCoordinatorRequest request) {
  const bool is_batched = context.header.api_version >= 4;
  if (!is_batched) request.coordinator_keys = {request.key};
  const auto topic = topic_of(request.key_type);
  api::FindCoordinatorResponse response;
  for (const auto& key : request.coordinator_keys) {
    // A producer without a transactional id has no coordinator.
    const bool is_sane = topic && (!key.empty() || *topic != transaction::state_topic);
    response.coordinators.push_back(is_sane ? coordinator_of(env, broker, context, *topic, key)
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
