// ListPartitionReassignments (key 46): which partitions are on their way to other brokers
// (KIP-455).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct ListPartitionReassignmentsResponse {
  struct OngoingPartitionReassignment {
    FIELDS(OngoingPartitionReassignment)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(std::vector<NodeId>, replicas);
    FIELD(std::vector<NodeId>, adding_replicas);
    FIELD(std::vector<NodeId>, removing_replicas);
    END_FIELDS
  };
  struct OngoingTopicReassignment {
    FIELDS(OngoingTopicReassignment)
    FIELD(std::string, name);
    FIELD(std::vector<OngoingPartitionReassignment>, partitions);
    END_FIELDS
  };

  MESSAGE(ListPartitionReassignmentsResponse, .key = 46, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, null());
  FIELD(std::vector<OngoingTopicReassignment>, topics);
  END_FIELDS
};

struct ListPartitionReassignmentsRequest {
  using Response = ListPartitionReassignmentsResponse;
  struct ListPartitionReassignmentsTopics {
    FIELDS(ListPartitionReassignmentsTopics)
    FIELD(std::string, name);
    FIELD(std::vector<std::int32_t>, partition_indexes);
    END_FIELDS
  };

  MESSAGE(ListPartitionReassignmentsRequest, .key = 46, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, timeout_ms) = 60000;
  FIELD(Nullable<std::vector<ListPartitionReassignmentsTopics>>, topics, null());
  END_FIELDS
};

}  // namespace brokersim::api
