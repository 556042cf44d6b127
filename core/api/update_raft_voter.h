// UpdateRaftVoter (key 82): a voter of the quorum tells where it is, and what it can do (KIP-853).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct UpdateRaftVoterResponse {
  struct CurrentLeader {
    FIELDS(CurrentLeader)
    FIELD(NodeId, leader_id) = no_node;
    FIELD(LeaderEpoch, leader_epoch) = no_epoch;
    FIELD(std::string, host);
    FIELD(std::int32_t, port) = 0;
    END_FIELDS
  };

  MESSAGE(UpdateRaftVoterResponse, .key = 82, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(CurrentLeader, current_leader, tagged(0));
  END_FIELDS
};

struct UpdateRaftVoterRequest {
  using Response = UpdateRaftVoterResponse;
  struct Listener {
    FIELDS(Listener)
    FIELD(std::string, name);
    FIELD(std::string, host);
    FIELD(std::uint16_t, port) = 0;
    END_FIELDS
  };
  struct KRaftVersionFeature {
    FIELDS(KRaftVersionFeature)
    FIELD(std::int16_t, min_supported_version) = 0;
    FIELD(std::int16_t, max_supported_version) = 0;
    END_FIELDS
  };

  MESSAGE(UpdateRaftVoterRequest, .key = 82, .versions = {0, 0}, .flexible = 0)
  FIELD(Nullable<std::string>, cluster_id, null());
  FIELD(LeaderEpoch, current_leader_epoch);
  FIELD(NodeId, voter_id);
  FIELD(Uuid, voter_directory_id) = {};
  FIELD(std::vector<Listener>, listeners);
  FIELD(KRaftVersionFeature, kraft_version_feature);
  END_FIELDS
};

}  // namespace brokersim::api
