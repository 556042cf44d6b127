// DescribeCluster (key 60): the brokers or controllers of the cluster (KIP-700).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DescribeClusterResponse {
  struct DescribeClusterBroker {
    FIELDS(DescribeClusterBroker)
    FIELD(NodeId, broker_id);
    FIELD(std::string, host);
    FIELD(std::int32_t, port) = 0;
    FIELD(Nullable<std::string>, rack, null());
    END_FIELDS
  };

  MESSAGE(DescribeClusterResponse, .key = 60, .versions = {0, 1}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, null());
  FIELD(std::int8_t, endpoint_type, since(1)) = 1;
  FIELD(std::string, cluster_id);
  FIELD(NodeId, controller_id) = no_node;
  FIELD(std::vector<DescribeClusterBroker>, brokers);
  FIELD(std::int32_t, cluster_authorized_operations) = std::numeric_limits<std::int32_t>::min();
  END_FIELDS
};

struct DescribeClusterRequest {
  using Response = DescribeClusterResponse;

  MESSAGE(DescribeClusterRequest, .key = 60, .versions = {0, 1}, .flexible = 0)
  FIELD(bool, include_cluster_authorized_operations) = false;
  FIELD(std::int8_t, endpoint_type, since(1)) = 1;
  END_FIELDS
};

}  // namespace brokersim::api
