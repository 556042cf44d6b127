// Vote (key 52): a candidate of the quorum asks for votes (KIP-595, KIP-853, KIP-996).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct VoteResponse {
  struct PartitionData {
    FIELDS(PartitionData)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(NodeId, leader_id);
    FIELD(LeaderEpoch, leader_epoch);
    FIELD(bool, vote_granted) = false;
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

  MESSAGE(VoteResponse, .key = 52, .versions = {0, 2}, .flexible = 0)
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::vector<TopicData>, topics);
  FIELD(std::vector<NodeEndpoint>, node_endpoints, since(1).tagged(0));
  END_FIELDS
};

struct VoteRequest {
  using Response = VoteResponse;
  struct PartitionData {
    FIELDS(PartitionData)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(LeaderEpoch, candidate_epoch);
    FIELD(NodeId, candidate_id);
    FIELD(Uuid, candidate_directory_id, since(1).may_drop()) = {};
    FIELD(Uuid, voter_directory_id, since(1).may_drop()) = {};
    FIELD(LeaderEpoch, last_offset_epoch);
    FIELD(std::int64_t, last_offset) = 0;
    // KIP-996: only asks whether a vote would be granted; the epoch is the present one.
    FIELD(bool, pre_vote, since(2)) = false;
    END_FIELDS
  };
  struct TopicData {
    FIELDS(TopicData)
    FIELD(std::string, topic_name);
    FIELD(std::vector<PartitionData>, partitions);
    END_FIELDS
  };

  MESSAGE(VoteRequest, .key = 52, .versions = {0, 2}, .flexible = 0)
  FIELD(Nullable<std::string>, cluster_id, null());
  FIELD(NodeId, voter_id, since(1).may_drop()) = no_node;
  FIELD(std::vector<TopicData>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
