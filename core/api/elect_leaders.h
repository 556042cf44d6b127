// ElectLeaders (key 43): asks for preferred or unclean leaders (KIP-460).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct ElectLeadersResponse {
  struct PartitionResult {
    FIELDS(PartitionResult)
    FIELD(std::int32_t, partition_id) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    END_FIELDS
  };
  struct ReplicaElectionResult {
    FIELDS(ReplicaElectionResult)
    FIELD(std::string, topic);
    FIELD(std::vector<PartitionResult>, partition_result);
    END_FIELDS
  };

  MESSAGE(ElectLeadersResponse, .key = 43, .versions = {0, 2}, .flexible = 2)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code, since(1)) = ErrorCode::none;
  FIELD(std::vector<ReplicaElectionResult>, replica_election_results);
  END_FIELDS
};

struct ElectLeadersRequest {
  using Response = ElectLeadersResponse;
  struct TopicPartitions {
    FIELDS(TopicPartitions)
    FIELD(std::string, topic);
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };

  MESSAGE(ElectLeadersRequest, .key = 43, .versions = {0, 2}, .flexible = 2)
  FIELD(std::int8_t, election_type, since(1)) = 0;
  FIELD(Nullable<std::vector<TopicPartitions>>, topic_partitions, null());
  FIELD(std::int32_t, timeout_ms) = 60000;
  END_FIELDS
};

}  // namespace brokersim::api
