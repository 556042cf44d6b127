// OffsetDelete (key 47): forgets committed offsets of a group (KIP-496).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct OffsetDeleteResponse {
  struct OffsetDeleteResponsePartition {
    FIELDS(OffsetDeleteResponsePartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    END_FIELDS
  };
  struct OffsetDeleteResponseTopic {
    FIELDS(OffsetDeleteResponseTopic)
    FIELD(std::string, name);
    FIELD(std::vector<OffsetDeleteResponsePartition>, partitions);
    END_FIELDS
  };

  MESSAGE(OffsetDeleteResponse, .key = 47, .versions = {0, 0})
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<OffsetDeleteResponseTopic>, topics);
  END_FIELDS
};

struct OffsetDeleteRequest {
  using Response = OffsetDeleteResponse;
  struct OffsetDeleteRequestPartition {
    FIELDS(OffsetDeleteRequestPartition)
    FIELD(std::int32_t, partition_index) = 0;
    END_FIELDS
  };
  struct OffsetDeleteRequestTopic {
    FIELDS(OffsetDeleteRequestTopic)
    FIELD(std::string, name);
    FIELD(std::vector<OffsetDeleteRequestPartition>, partitions);
    END_FIELDS
  };

  MESSAGE(OffsetDeleteRequest, .key = 47, .versions = {0, 0})
  FIELD(std::string, group_id);
  FIELD(std::vector<OffsetDeleteRequestTopic>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
