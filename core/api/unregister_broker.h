// UnregisterBroker (key 64): a broker that will not come back leaves the cluster (KIP-631).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct UnregisterBrokerResponse {
  MESSAGE(UnregisterBrokerResponse, .key = 64, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, null());
  END_FIELDS
};

struct UnregisterBrokerRequest {
  using Response = UnregisterBrokerResponse;

  MESSAGE(UnregisterBrokerRequest, .key = 64, .versions = {0, 0}, .flexible = 0)
  FIELD(NodeId, broker_id);
  END_FIELDS
};

}  // namespace brokersim::api
