// Heartbeat (key 12): a member is alive, and learns whether its group rebalances.
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct HeartbeatResponse {
  MESSAGE(HeartbeatResponse, .key = 12, .versions = {0, 4}, .flexible = 4)
  FIELD(std::int32_t, throttle_time_ms, since(1).may_drop()) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  END_FIELDS
};

struct HeartbeatRequest {
  using Response = HeartbeatResponse;

  MESSAGE(HeartbeatRequest, .key = 12, .versions = {0, 4}, .flexible = 4)
  FIELD(std::string, group_id);
  FIELD(std::int32_t, generation_id) = 0;
  FIELD(std::string, member_id);
  FIELD(Nullable<std::string>, group_instance_id, since(3).null());
  END_FIELDS
};

}  // namespace brokersim::api
