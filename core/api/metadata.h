// Metadata (key 3): brokers, topics and who leads their partitions.
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct MetadataResponse {
  struct MetadataResponseBroker {
    FIELDS(MetadataResponseBroker)
    FIELD(NodeId, node_id);
    FIELD(std::string, host);
    FIELD(std::int32_t, port) = 0;
    FIELD(Nullable<std::string>, rack, since(1).null().may_drop());
    END_FIELDS
  };
  struct MetadataResponsePartition {
    FIELDS(MetadataResponsePartition)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(NodeId, leader_id);
    FIELD(LeaderEpoch, leader_epoch, since(7).may_drop()) = no_epoch;
    FIELD(std::vector<NodeId>, replica_nodes);
    FIELD(std::vector<NodeId>, isr_nodes);
    FIELD(std::vector<NodeId>, offline_replicas, since(5).may_drop());
    END_FIELDS
  };
  struct MetadataResponseTopic {
    FIELDS(MetadataResponseTopic)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, name, null({12}));
    FIELD(Uuid, topic_id, since(10).may_drop()) = {};
    FIELD(bool, is_internal, since(1).may_drop()) = false;
    FIELD(std::vector<MetadataResponsePartition>, partitions);
    FIELD(std::int32_t, topic_authorized_operations,
          since(8)) = std::numeric_limits<std::int32_t>::min();
    END_FIELDS
  };

  MESSAGE(MetadataResponse, .key = 3, .versions = {0, 12}, .flexible = 9)
  FIELD(std::int32_t, throttle_time_ms, since(3).may_drop()) = 0;
  FIELD(std::vector<MetadataResponseBroker>, brokers);
  FIELD(Nullable<std::string>, cluster_id, since(2).null().may_drop());
  FIELD(NodeId, controller_id, since(1).may_drop()) = no_node;
  FIELD(std::vector<MetadataResponseTopic>, topics);
  FIELD(std::int32_t, cluster_authorized_operations,
        between(8, 10)) = std::numeric_limits<std::int32_t>::min();
  END_FIELDS
};

struct MetadataRequest {
  using Response = MetadataResponse;
  struct MetadataRequestTopic {
    FIELDS(MetadataRequestTopic)
    FIELD(Uuid, topic_id, since(10).may_drop()) = {};
    FIELD(Nullable<std::string>, name, null({10}));
    END_FIELDS
  };

  MESSAGE(MetadataRequest, .key = 3, .versions = {0, 12}, .flexible = 9)
  FIELD(Nullable<std::vector<MetadataRequestTopic>>, topics, null({1}));
  FIELD(bool, allow_auto_topic_creation, since(4)) = true;
  FIELD(bool, include_cluster_authorized_operations, between(8, 10)) = false;
  FIELD(bool, include_topic_authorized_operations, since(8)) = false;
  END_FIELDS
};

}  // namespace brokersim::api
