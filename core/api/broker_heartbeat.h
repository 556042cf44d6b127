// BrokerHeartbeat (key 63): a broker stays alive, asks to be unfenced or to shut down (KIP-631).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct BrokerHeartbeatResponse {
  MESSAGE(BrokerHeartbeatResponse, .key = 63, .versions = {0, 1}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(bool, is_caught_up) = false;
  FIELD(bool, is_fenced) = true;
  FIELD(bool, should_shut_down) = false;
  END_FIELDS
};

struct BrokerHeartbeatRequest {
  using Response = BrokerHeartbeatResponse;

  MESSAGE(BrokerHeartbeatRequest, .key = 63, .versions = {0, 1}, .flexible = 0)
  FIELD(NodeId, broker_id);
  FIELD(BrokerEpoch, broker_epoch) = no_broker_epoch;
  FIELD(std::int64_t, current_metadata_offset) = 0;
  FIELD(bool, want_fence) = false;
  FIELD(bool, want_shut_down) = false;
  FIELD(std::vector<Uuid>, offline_log_dirs, since(1).tagged(0));
  END_FIELDS
};

}  // namespace brokersim::api
