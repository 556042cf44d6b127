// OffsetCommit (key 8): up to where a group has processed partitions. A commit stands once it is
// replicated (KIP-848 reuses the generation's field for member epochs).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct OffsetCommitResponse {
  struct OffsetCommitResponsePartition {
    FIELDS(OffsetCommitResponsePartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    END_FIELDS
  };
  struct OffsetCommitResponseTopic {
    FIELDS(OffsetCommitResponseTopic)
    FIELD(std::string, name);
    FIELD(std::vector<OffsetCommitResponsePartition>, partitions);
    END_FIELDS
  };

  MESSAGE(OffsetCommitResponse, .key = 8, .versions = {2, 9}, .flexible = 8)
  FIELD(std::int32_t, throttle_time_ms, since(3).may_drop()) = 0;
  FIELD(std::vector<OffsetCommitResponseTopic>, topics);
  END_FIELDS
};

struct OffsetCommitRequest {
  using Response = OffsetCommitResponse;
  struct OffsetCommitRequestPartition {
    FIELDS(OffsetCommitRequestPartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(std::int64_t, committed_offset) = 0;
    FIELD(LeaderEpoch, committed_leader_epoch, since(6).may_drop()) = no_epoch;
    FIELD(Nullable<std::string>, committed_metadata, null()) = "";
    END_FIELDS
  };
  struct OffsetCommitRequestTopic {
    FIELDS(OffsetCommitRequestTopic)
    FIELD(std::string, name);
    FIELD(std::vector<OffsetCommitRequestPartition>, partitions);
    END_FIELDS
  };

  MESSAGE(OffsetCommitRequest, .key = 8, .versions = {2, 9}, .flexible = 8)
  FIELD(std::string, group_id);
  FIELD(std::int32_t, generation_id_or_member_epoch) = -1;
  FIELD(std::string, member_id);
  FIELD(Nullable<std::string>, group_instance_id, since(7).null());
  FIELD(std::int64_t, retention_time_ms, between(2, 4).may_drop()) = -1;
  FIELD(std::vector<OffsetCommitRequestTopic>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
