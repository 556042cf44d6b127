// BeginQuorumEpoch (key 53): a new leader of the quorum announces itself (KIP-595).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct BeginQuorumEpochResponse {
  struct PartitionData {
    FIELDS(PartitionData)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(NodeId, leader_id);
    FIELD(LeaderEpoch, leader_epoch);
    END_FIELDS
  };
  struct TopicData {
    FIELDS(TopicData)
    FIELD(std::string, topic_name);
    FIELD(std::vector<PartitionData>, partitions);
    END_FIELDS
  };
  struct NodeEndpoint {
    FIELDS(NodeEndpoint)
    FIELD(NodeId, node_id);
    FIELD(std::string, host);
    FIELD(std::uint16_t, port) = 0;
    END_FIELDS
  };

  MESSAGE(BeginQuorumEpochResponse, .key = 53, .versions = {0, 1}, .flexible = 1)
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::vector<TopicData>, topics);
  FIELD(std::vector<NodeEndpoint>, node_endpoints, since(1).tagged(0));
  END_FIELDS
};

struct BeginQuorumEpochRequest {
  using Response = BeginQuorumEpochResponse;
  struct PartitionData {
    FIELDS(PartitionData)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(Uuid, voter_directory_id, since(1).may_drop()) = {};
    FIELD(NodeId, leader_id);
    FIELD(LeaderEpoch, leader_epoch);
    END_FIELDS
  };
  struct TopicData {
    FIELDS(TopicData)
    FIELD(std::string, topic_name);
    FIELD(std::vector<PartitionData>, partitions);
    END_FIELDS
  };
  struct LeaderEndpoint {
    FIELDS(LeaderEndpoint)
    FIELD(std::string, name);
    FIELD(std::string, host);
    FIELD(std::uint16_t, port) = 0;
    END_FIELDS
  };

  MESSAGE(BeginQuorumEpochRequest, .key = 53, .versions = {0, 1}, .flexible = 1)
  FIELD(Nullable<std::string>, cluster_id, null());
  FIELD(NodeId, voter_id, since(1).may_drop()) = no_node;
  FIELD(std::vector<TopicData>, topics);
  FIELD(std::vector<LeaderEndpoint>, leader_endpoints, since(1).may_drop());
  END_FIELDS
};

}  // namespace brokersim::api
