// CreatePartitions (key 37): gives topics more partitions (KIP-195).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct CreatePartitionsResponse {
  struct CreatePartitionsTopicResult {
    FIELDS(CreatePartitionsTopicResult)
    FIELD(std::string, name);
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    END_FIELDS
  };

  MESSAGE(CreatePartitionsResponse, .key = 37, .versions = {0, 3}, .flexible = 2)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<CreatePartitionsTopicResult>, results);
  END_FIELDS
};

struct CreatePartitionsRequest {
  using Response = CreatePartitionsResponse;
  struct CreatePartitionsAssignment {
    FIELDS(CreatePartitionsAssignment)
    FIELD(std::vector<NodeId>, broker_ids);
    END_FIELDS
  };
  struct CreatePartitionsTopic {
    FIELDS(CreatePartitionsTopic)
    FIELD(std::string, name);
    FIELD(std::int32_t, count) = 0;
    FIELD(Nullable<std::vector<CreatePartitionsAssignment>>, assignments, null());
    END_FIELDS
  };

  MESSAGE(CreatePartitionsRequest, .key = 37, .versions = {0, 3}, .flexible = 2)
  FIELD(std::vector<CreatePartitionsTopic>, topics);
  FIELD(std::int32_t, timeout_ms) = 0;
  FIELD(bool, validate_only) = false;
  END_FIELDS
};

}  // namespace brokersim::api
