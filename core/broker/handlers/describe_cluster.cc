// DescribeCluster (key 60): who belongs to the cluster. Brokers tell of the brokers, controllers of
// the controllers, and neither of the other (KIP-700, KIP-919).
#include <fmt/format.h>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/broker/handlers/told_brokers.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;

constexpr std::int8_t brokers_endpoint = 1;
constexpr std::int8_t controllers_endpoint = 2;

// Without ACLs everybody may do what can be done with a cluster: CREATE, ALTER, DESCRIBE,
// CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS and IDEMPOTENT_WRITE, by the bits of KIP-430.
constexpr std::int32_t all_operations =
    1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12;

api::DescribeClusterResponse begin_description(const api::DescribeClusterRequest& request,
                                               std::int8_t here, const std::string& cluster_id) {
  api::DescribeClusterResponse response{.cluster_id = cluster_id};
  if (request.endpoint_type != here) {
    const bool is_known =
        request.endpoint_type == brokers_endpoint || request.endpoint_type == controllers_endpoint;
    response.error_code =
        is_known ? ErrorCode::mismatched_endpoint_type : ErrorCode::unsupported_endpoint_type;
    response.error_message =
        fmt::format("The request is for endpoints of type {} and came to one of type {}",
                    request.endpoint_type, here);
    return response;
  }
  response.endpoint_type = here;
  if (request.include_cluster_authorized_operations) {
    response.cluster_authorized_operations = all_operations;
  }
  return response;
}

}  // namespace

api::DescribeClusterResponse describe_cluster(Broker& broker,
                                              const api::DescribeClusterRequest& request) {
  auto response = begin_description(request, brokers_endpoint, broker.image().cluster_id());
  if (response.error_code != ErrorCode::none) return response;
  for (const auto& [id, node] : broker.image().brokers()) {
    const auto* endpoint = told_endpoint(node);
    if (!endpoint) continue;
    response.brokers.push_back(
        {.broker_id = id, .host = endpoint->host, .port = endpoint->port, .rack = node.rack});
  }
  response.controller_id = told_controller(broker.image(), broker.config().node_id);
  return response;
}

api::DescribeClusterResponse describe_controllers(const NodeConfig& config,
                                                  const QuorumNode& quorum,
                                                  const api::DescribeClusterRequest& request) {
  auto response = begin_description(request, controllers_endpoint, config.cluster_id);
  if (response.error_code != ErrorCode::none) return response;
  for (const auto& [id, voter] : quorum.voters().all()) {
    const auto* endpoint = voter.quorum_endpoint();
    if (!endpoint) continue;
    response.brokers.push_back({.broker_id = id, .host = endpoint->host, .port = endpoint->port});
  }
  response.controller_id = quorum.leader();
  return response;
}

}  // namespace brokersim::broker::handlers
