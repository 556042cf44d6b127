// AddRaftVoter (key 80): an observer of the quorum gets a vote (KIP-853).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct AddRaftVoterResponse {
  MESSAGE(AddRaftVoterResponse, .key = 80, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, null().may_drop());
  END_FIELDS
};

struct AddRaftVoterRequest {
  using Response = AddRaftVoterResponse;
  struct Listener {
    FIELDS(Listener)
    FIELD(std::string, name);
    FIELD(std::string, host);
    FIELD(std::uint16_t, port) = 0;
    END_FIELDS
  };

  MESSAGE(AddRaftVoterRequest, .key = 80, .versions = {0, 0}, .flexible = 0)
  FIELD(Nullable<std::string>, cluster_id, null());
  FIELD(std::int32_t, timeout_ms) = 0;
  FIELD(NodeId, voter_id);
  FIELD(Uuid, voter_directory_id) = {};
  FIELD(std::vector<Listener>, listeners);
  END_FIELDS
};

}  // namespace brokersim::api
