// AlterPartitionReassignments (key 45): moves partitions to other brokers, or stops that (KIP-455).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct AlterPartitionReassignmentsResponse {
  struct ReassignablePartitionResponse {
    FIELDS(ReassignablePartitionResponse)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    END_FIELDS
  };
  struct ReassignableTopicResponse {
    FIELDS(ReassignableTopicResponse)
    FIELD(std::string, name);
    FIELD(std::vector<ReassignablePartitionResponse>, partitions);
    END_FIELDS
  };

  MESSAGE(AlterPartitionReassignmentsResponse, .key = 45, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, null());
  FIELD(std::vector<ReassignableTopicResponse>, responses);
  END_FIELDS
};

struct AlterPartitionReassignmentsRequest {
  using Response = AlterPartitionReassignmentsResponse;
  struct ReassignablePartition {
    FIELDS(ReassignablePartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(Nullable<std::vector<NodeId>>, replicas, null());  // Null: stop what is going on.
    END_FIELDS
  };
  struct ReassignableTopic {
    FIELDS(ReassignableTopic)
    FIELD(std::string, name);
    FIELD(std::vector<ReassignablePartition>, partitions);
    END_FIELDS
  };

  MESSAGE(AlterPartitionReassignmentsRequest, .key = 45, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, timeout_ms) = 60000;
  FIELD(std::vector<ReassignableTopic>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
