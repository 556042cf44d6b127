// DescribeTopicPartitions (key 75): topics page by page, with their eligible leader replicas
// (KIP-966).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

// Where a page begins.
struct DescribeTopicPartitionsCursor {
  FIELDS(DescribeTopicPartitionsCursor)
  FIELD(std::string, topic_name);
  FIELD(std::int32_t, partition_index) = 0;
  END_FIELDS
};

struct DescribeTopicPartitionsResponse {
  using Cursor = DescribeTopicPartitionsCursor;
  struct DescribeTopicPartitionsResponsePartition {
    FIELDS(DescribeTopicPartitionsResponsePartition)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(NodeId, leader_id);
    FIELD(LeaderEpoch, leader_epoch) = no_epoch;
    FIELD(std::vector<NodeId>, replica_nodes);
    FIELD(std::vector<NodeId>, isr_nodes);
    FIELD(Nullable<std::vector<NodeId>>, eligible_leader_replicas, null());
    FIELD(Nullable<std::vector<NodeId>>, last_known_elr, null());
    FIELD(std::vector<NodeId>, offline_replicas);
    END_FIELDS
  };
  struct DescribeTopicPartitionsResponseTopic {
    FIELDS(DescribeTopicPartitionsResponseTopic)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, name, null());
    FIELD(Uuid, topic_id) = {};
    FIELD(bool, is_internal) = false;
    FIELD(std::vector<DescribeTopicPartitionsResponsePartition>, partitions);
    FIELD(std::int32_t, topic_authorized_operations) = std::numeric_limits<std::int32_t>::min();
    END_FIELDS
  };

  MESSAGE(DescribeTopicPartitionsResponse, .key = 75, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<DescribeTopicPartitionsResponseTopic>, topics);
  FIELD(Nullable<Cursor>, next_cursor, null());
  END_FIELDS
};

struct DescribeTopicPartitionsRequest {
  using Response = DescribeTopicPartitionsResponse;
  using Cursor = DescribeTopicPartitionsCursor;
  struct TopicRequest {
    FIELDS(TopicRequest)
    FIELD(std::string, name);
    END_FIELDS
  };

  MESSAGE(DescribeTopicPartitionsRequest, .key = 75, .versions = {0, 0}, .flexible = 0)
  FIELD(std::vector<TopicRequest>, topics);
  FIELD(std::int32_t, response_partition_limit) = 2000;
  FIELD(Nullable<Cursor>, cursor, null());
  END_FIELDS
};

}  // namespace brokersim::api
