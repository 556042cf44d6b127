// DescribeQuorum (key 55): how far voters and observers of the quorum have got (KIP-595, KIP-836).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DescribeQuorumResponse {
  struct ReplicaState {
    FIELDS(ReplicaState)
    FIELD(NodeId, replica_id);
    FIELD(Uuid, replica_directory_id, since(2)) = {};
    FIELD(std::int64_t, log_end_offset) = 0;
    FIELD(std::int64_t, last_fetch_timestamp, since(1).may_drop()) = -1;
    FIELD(std::int64_t, last_caught_up_timestamp, since(1).may_drop()) = -1;
    END_FIELDS
  };
  struct PartitionData {
    FIELDS(PartitionData)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, since(2).null().may_drop());
    FIELD(NodeId, leader_id);
    FIELD(LeaderEpoch, leader_epoch);
    FIELD(std::int64_t, high_watermark) = 0;
    FIELD(std::vector<ReplicaState>, current_voters);
    FIELD(std::vector<ReplicaState>, observers);
    END_FIELDS
  };
  struct TopicData {
    FIELDS(TopicData)
    FIELD(std::string, topic_name);
    FIELD(std::vector<PartitionData>, partitions);
    END_FIELDS
  };
  struct Listener {
    FIELDS(Listener)
    FIELD(std::string, name);
    FIELD(std::string, host);
    FIELD(std::uint16_t, port) = 0;
    END_FIELDS
  };
  struct Node {
    FIELDS(Node)
    FIELD(NodeId, node_id);
    FIELD(std::vector<Listener>, listeners);
    END_FIELDS
  };

  MESSAGE(DescribeQuorumResponse, .key = 55, .versions = {0, 2}, .flexible = 0)
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(Nullable<std::string>, error_message, since(2).null().may_drop());
  FIELD(std::vector<TopicData>, topics);
  FIELD(std::vector<Node>, nodes, since(2));
  END_FIELDS
};

struct DescribeQuorumRequest {
  using Response = DescribeQuorumResponse;
  struct PartitionData {
    FIELDS(PartitionData)
    FIELD(std::int32_t, partition_index) = 0;
    END_FIELDS
  };
  struct TopicData {
    FIELDS(TopicData)
    FIELD(std::string, topic_name);
    FIELD(std::vector<PartitionData>, partitions);
    END_FIELDS
  };

  MESSAGE(DescribeQuorumRequest, .key = 55, .versions = {0, 2}, .flexible = 0)
  FIELD(std::vector<TopicData>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
