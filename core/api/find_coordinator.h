// FindCoordinator (key 10): which broker coordinates a group or a transactional id (KIP-98,
// KIP-699: many at once).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct FindCoordinatorResponse {
  struct Coordinator {
    FIELDS(Coordinator)
    FIELD(std::string, key);
    FIELD(NodeId, node_id);
    FIELD(std::string, host);
    FIELD(std::int32_t, port) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null().may_drop());
    END_FIELDS
  };

  MESSAGE(FindCoordinatorResponse, .key = 10, .versions = {0, 6}, .flexible = 3)
  FIELD(std::int32_t, throttle_time_ms, since(1).may_drop()) = 0;
  FIELD(ErrorCode, error_code, between(0, 3)) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, between(1, 3).null().may_drop());
  FIELD(NodeId, node_id, between(0, 3));
  FIELD(std::string, host, between(0, 3));
  FIELD(std::int32_t, port, between(0, 3)) = 0;
  FIELD(std::vector<Coordinator>, coordinators, since(4));
  END_FIELDS
};

struct FindCoordinatorRequest {
  using Response = FindCoordinatorResponse;

  MESSAGE(FindCoordinatorRequest, .key = 10, .versions = {0, 6}, .flexible = 3)
  FIELD(std::string, key, between(0, 3));
  FIELD(std::int8_t, key_type, since(1)) = 0;
  FIELD(std::vector<std::string>, coordinator_keys, since(4));
  END_FIELDS
};

}  // namespace brokersim::api
