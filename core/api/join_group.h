// JoinGroup (key 11): a member enters the next generation of its group (KIP-394: with a member id
// that the coordinator gave; KIP-345: static members).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct JoinGroupResponse {
  struct JoinGroupResponseMember {
    FIELDS(JoinGroupResponseMember)
    FIELD(std::string, member_id);
    FIELD(Nullable<std::string>, group_instance_id, since(5).null().may_drop());
    FIELD(Bytes, metadata);
    END_FIELDS
  };

  MESSAGE(JoinGroupResponse, .key = 11, .versions = {0, 9}, .flexible = 6)
  FIELD(std::int32_t, throttle_time_ms, since(2).may_drop()) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::int32_t, generation_id) = -1;
  FIELD(Nullable<std::string>, protocol_type, since(7).null().may_drop());
  FIELD(Nullable<std::string>, protocol_name, null({7})) = "";
  FIELD(std::string, leader);
  FIELD(bool, skip_assignment, since(9)) = false;
  FIELD(std::string, member_id);
  FIELD(std::vector<JoinGroupResponseMember>, members);
  END_FIELDS
};

struct JoinGroupRequest {
  using Response = JoinGroupResponse;
  struct JoinGroupRequestProtocol {
    FIELDS(JoinGroupRequestProtocol)
    FIELD(std::string, name);
    FIELD(Bytes, metadata);
    END_FIELDS
  };

  MESSAGE(JoinGroupRequest, .key = 11, .versions = {0, 9}, .flexible = 6)
  FIELD(std::string, group_id);
  FIELD(std::int32_t, session_timeout_ms) = 0;
  FIELD(std::int32_t, rebalance_timeout_ms, since(1).may_drop()) = -1;
  FIELD(std::string, member_id);
  FIELD(Nullable<std::string>, group_instance_id, since(5).null());
  FIELD(std::string, protocol_type);
  FIELD(std::vector<JoinGroupRequestProtocol>, protocols);
  FIELD(Nullable<std::string>, reason, since(8).null().may_drop());
  END_FIELDS
};

}  // namespace brokersim::api
