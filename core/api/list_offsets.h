// ListOffsets (key 2): which offset holds a timestamp, or is first or last (KIP-79).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct ListOffsetsResponse {
  struct ListOffsetsPartitionResponse {
    FIELDS(ListOffsetsPartitionResponse)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(std::int64_t, timestamp) = -1;
    FIELD(std::int64_t, offset) = -1;
    FIELD(LeaderEpoch, leader_epoch, since(4)) = no_epoch;
    END_FIELDS
  };
  struct ListOffsetsTopicResponse {
    FIELDS(ListOffsetsTopicResponse)
    FIELD(std::string, name);
    FIELD(std::vector<ListOffsetsPartitionResponse>, partitions);
    END_FIELDS
  };

  MESSAGE(ListOffsetsResponse, .key = 2, .versions = {1, 9}, .flexible = 6)
  FIELD(std::int32_t, throttle_time_ms, since(2).may_drop()) = 0;
  FIELD(std::vector<ListOffsetsTopicResponse>, topics);
  END_FIELDS
};

struct ListOffsetsRequest {
  using Response = ListOffsetsResponse;
  struct ListOffsetsPartition {
    FIELDS(ListOffsetsPartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(LeaderEpoch, current_leader_epoch, since(4).may_drop()) = no_epoch;
    FIELD(std::int64_t, timestamp) = 0;
    END_FIELDS
  };
  struct ListOffsetsTopic {
    FIELDS(ListOffsetsTopic)
    FIELD(std::string, name);
    FIELD(std::vector<ListOffsetsPartition>, partitions);
    END_FIELDS
  };

  MESSAGE(ListOffsetsRequest, .key = 2, .versions = {1, 9}, .flexible = 6)
  FIELD(NodeId, replica_id);
  FIELD(std::int8_t, isolation_level, since(2)) = 0;
  FIELD(std::vector<ListOffsetsTopic>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
