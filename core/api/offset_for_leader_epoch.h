// OffsetForLeaderEpoch (key 23): where in a log a leader epoch ends (KIP-101, KIP-279, KIP-320).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct OffsetForLeaderEpochResponse {
  struct EpochEndOffset {
    FIELDS(EpochEndOffset)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(std::int32_t, partition) = 0;
    FIELD(LeaderEpoch, leader_epoch) = no_epoch;
    FIELD(std::int64_t, end_offset) = -1;
    END_FIELDS
  };
  struct OffsetForLeaderTopicResult {
    FIELDS(OffsetForLeaderTopicResult)
    FIELD(std::string, topic);
    FIELD(std::vector<EpochEndOffset>, partitions);
    END_FIELDS
  };

  MESSAGE(OffsetForLeaderEpochResponse, .key = 23, .versions = {2, 4}, .flexible = 4)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<OffsetForLeaderTopicResult>, topics);
  END_FIELDS
};

struct OffsetForLeaderEpochRequest {
  using Response = OffsetForLeaderEpochResponse;
  struct OffsetForLeaderPartition {
    FIELDS(OffsetForLeaderPartition)
    FIELD(std::int32_t, partition) = 0;
    FIELD(LeaderEpoch, current_leader_epoch) = no_epoch;
    FIELD(LeaderEpoch, leader_epoch);
    END_FIELDS
  };
  struct OffsetForLeaderTopic {
    FIELDS(OffsetForLeaderTopic)
    FIELD(std::string, topic);
    FIELD(std::vector<OffsetForLeaderPartition>, partitions);
    END_FIELDS
  };

  MESSAGE(OffsetForLeaderEpochRequest, .key = 23, .versions = {2, 4}, .flexible = 4)
  FIELD(NodeId, replica_id, since(3).may_drop()){-2};
  FIELD(std::vector<OffsetForLeaderTopic>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
