// TxnOffsetCommit (key 28): offsets that a group has committed once a transaction commits (KIP-98;
// KIP-447: as a member of the group). From version 5 on they make the group's partition part of the
// transaction (KIP-890).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct TxnOffsetCommitResponse {
  struct TxnOffsetCommitResponsePartition {
    FIELDS(TxnOffsetCommitResponsePartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    END_FIELDS
  };
  struct TxnOffsetCommitResponseTopic {
    FIELDS(TxnOffsetCommitResponseTopic)
    FIELD(std::string, name);
    FIELD(std::vector<TxnOffsetCommitResponsePartition>, partitions);
    END_FIELDS
  };

  MESSAGE(TxnOffsetCommitResponse, .key = 28, .versions = {0, 5}, .flexible = 3)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<TxnOffsetCommitResponseTopic>, topics);
  END_FIELDS
};

struct TxnOffsetCommitRequest {
  using Response = TxnOffsetCommitResponse;
  struct TxnOffsetCommitRequestPartition {
    FIELDS(TxnOffsetCommitRequestPartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(std::int64_t, committed_offset) = 0;
    FIELD(LeaderEpoch, committed_leader_epoch, since(2).may_drop()) = no_epoch;
    FIELD(Nullable<std::string>, committed_metadata, null()) = "";
    END_FIELDS
  };
  struct TxnOffsetCommitRequestTopic {
    FIELDS(TxnOffsetCommitRequestTopic)
    FIELD(std::string, name);
    FIELD(std::vector<TxnOffsetCommitRequestPartition>, partitions);
    END_FIELDS
  };

  MESSAGE(TxnOffsetCommitRequest, .key = 28, .versions = {0, 5}, .flexible = 3)
  FIELD(std::string, transactional_id);
  FIELD(std::string, group_id);
  FIELD(std::int64_t, producer_id) = 0;
  FIELD(std::int16_t, producer_epoch) = 0;
  FIELD(std::int32_t, generation_id, since(3)) = -1;
  FIELD(std::string, member_id, since(3));
  FIELD(Nullable<std::string>, group_instance_id, since(3).null());
  FIELD(std::vector<TxnOffsetCommitRequestTopic>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
