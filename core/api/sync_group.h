// SyncGroup (key 14): the leader of a generation hands in what it assigned, every member gets its
// part.
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct SyncGroupResponse {
  MESSAGE(SyncGroupResponse, .key = 14, .versions = {0, 5}, .flexible = 4)
  FIELD(std::int32_t, throttle_time_ms, since(1).may_drop()) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, protocol_type, since(5).null().may_drop());
  FIELD(Nullable<std::string>, protocol_name, since(5).null().may_drop());
  FIELD(Bytes, assignment);
  END_FIELDS
};

struct SyncGroupRequest {
  using Response = SyncGroupResponse;
  struct SyncGroupRequestAssignment {
    FIELDS(SyncGroupRequestAssignment)
    FIELD(std::string, member_id);
    FIELD(Bytes, assignment);
    END_FIELDS
  };

  MESSAGE(SyncGroupRequest, .key = 14, .versions = {0, 5}, .flexible = 4)
  FIELD(std::string, group_id);
  FIELD(std::int32_t, generation_id) = 0;
  FIELD(std::string, member_id);
  FIELD(Nullable<std::string>, group_instance_id, since(3).null());
  FIELD(Nullable<std::string>, protocol_type, since(5).null().may_drop());
  FIELD(Nullable<std::string>, protocol_name, since(5).null().may_drop());
  FIELD(std::vector<SyncGroupRequestAssignment>, assignments);
  END_FIELDS
};

}  // namespace brokersim::api
