// RemoveRaftVoter (key 81): a voter of the quorum loses its vote (KIP-853).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct RemoveRaftVoterResponse {
  MESSAGE(RemoveRaftVoterResponse, .key = 81, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, null().may_drop());
  END_FIELDS
};

struct RemoveRaftVoterRequest {
  using Response = RemoveRaftVoterResponse;

  MESSAGE(RemoveRaftVoterRequest, .key = 81, .versions = {0, 0}, .flexible = 0)
  FIELD(Nullable<std::string>, cluster_id, null());
  FIELD(NodeId, voter_id);
  FIELD(Uuid, voter_directory_id) = {};
  END_FIELDS
};

}  // namespace brokersim::api
