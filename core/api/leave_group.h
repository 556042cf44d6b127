// LeaveGroup (key 13): members go, without waiting for their sessions to expire (KIP-345: several
// at once, static ones by their instance id).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct LeaveGroupResponse {
  struct MemberResponse {
    FIELDS(MemberResponse)
    FIELD(std::string, member_id);
    FIELD(Nullable<std::string>, group_instance_id, null());
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    END_FIELDS
  };

  MESSAGE(LeaveGroupResponse, .key = 13, .versions = {0, 5}, .flexible = 4)
  FIELD(std::int32_t, throttle_time_ms, since(1).may_drop()) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::vector<MemberResponse>, members, since(3));
  END_FIELDS
};

struct LeaveGroupRequest {
  using Response = LeaveGroupResponse;
  struct MemberIdentity {
    FIELDS(MemberIdentity)
    FIELD(std::string, member_id);
    FIELD(Nullable<std::string>, group_instance_id, null());
    FIELD(Nullable<std::string>, reason, since(5).null().may_drop());
    END_FIELDS
  };

  MESSAGE(LeaveGroupRequest, .key = 13, .versions = {0, 5}, .flexible = 4)
  FIELD(std::string, group_id);
  FIELD(std::string, member_id, between(0, 2));
  FIELD(std::vector<MemberIdentity>, members, since(3));
  END_FIELDS
};

}  // namespace brokersim::api
