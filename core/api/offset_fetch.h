// OffsetFetch (key 9): the offsets that a group has committed (KIP-447: only stable ones; KIP-709:
// of several groups).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct OffsetFetchResponse {
  struct OffsetFetchResponsePartition {
    FIELDS(OffsetFetchResponsePartition)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(std::int64_t, committed_offset) = 0;
    FIELD(LeaderEpoch, committed_leader_epoch, since(5).may_drop()) = no_epoch;
    FIELD(Nullable<std::string>, metadata, null()) = "";
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    END_FIELDS
  };
  struct OffsetFetchResponseTopic {
    FIELDS(OffsetFetchResponseTopic)
    FIELD(std::string, name);
    FIELD(std::vector<OffsetFetchResponsePartition>, partitions);
    END_FIELDS
  };
  struct OffsetFetchResponseGroup {
    FIELDS(OffsetFetchResponseGroup)
    FIELD(std::string, group_id);
    FIELD(std::vector<OffsetFetchResponseTopic>, topics);
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    END_FIELDS
  };

  MESSAGE(OffsetFetchResponse, .key = 9, .versions = {1, 9}, .flexible = 6)
  FIELD(std::int32_t, throttle_time_ms, since(3).may_drop()) = 0;
  FIELD(std::vector<OffsetFetchResponseTopic>, topics, between(1, 7));
  FIELD(ErrorCode, error_code, between(2, 7).may_drop()) = ErrorCode::none;
  FIELD(std::vector<OffsetFetchResponseGroup>, groups, since(8));
  END_FIELDS
};

struct OffsetFetchRequest {
  using Response = OffsetFetchResponse;
  struct OffsetFetchRequestTopic {
    FIELDS(OffsetFetchRequestTopic)
    FIELD(std::string, name);
    FIELD(std::vector<std::int32_t>, partition_indexes);
    END_FIELDS
  };
  struct OffsetFetchRequestGroup {
    FIELDS(OffsetFetchRequestGroup)
    FIELD(std::string, group_id);
    FIELD(Nullable<std::string>, member_id, since(9).null().may_drop());
    FIELD(std::int32_t, member_epoch, since(9).may_drop()) = -1;
    FIELD(Nullable<std::vector<OffsetFetchRequestTopic>>, topics, null());
    END_FIELDS
  };

  MESSAGE(OffsetFetchRequest, .key = 9, .versions = {1, 9}, .flexible = 6)
  FIELD(std::string, group_id, between(1, 7));
  FIELD(Nullable<std::vector<OffsetFetchRequestTopic>>, topics,
        between(1, 7).null({2, 7})){std::in_place};
  FIELD(std::vector<OffsetFetchRequestGroup>, groups, since(8));
  FIELD(bool, require_stable, since(7)) = false;
  END_FIELDS
};

}  // namespace brokersim::api
