// AlterPartition (key 56): a partition leader asks the controller to change its ISR (KIP-497,
// KIP-903).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct AlterPartitionResponse {
  struct PartitionData {
    FIELDS(PartitionData)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(NodeId, leader_id);
    FIELD(LeaderEpoch, leader_epoch);
    FIELD(std::vector<NodeId>, isr);
    FIELD(std::int8_t, leader_recovery_state) = 0;
    FIELD(PartitionEpoch, partition_epoch);
    END_FIELDS
  };
  struct TopicData {
    FIELDS(TopicData)
    FIELD(Uuid, topic_id) = {};
    FIELD(std::vector<PartitionData>, partitions);
    END_FIELDS
  };

  MESSAGE(AlterPartitionResponse, .key = 56, .versions = {2, 3}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::vector<TopicData>, topics);
  END_FIELDS
};

struct AlterPartitionRequest {
  using Response = AlterPartitionResponse;
  struct BrokerState {
    FIELDS(BrokerState)
    FIELD(NodeId, broker_id);
    FIELD(BrokerEpoch, broker_epoch) = no_broker_epoch;
    END_FIELDS
  };
  struct PartitionData {
    FIELDS(PartitionData)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(LeaderEpoch, leader_epoch);
    FIELD(std::vector<NodeId>, new_isr, between(2, 2));
    FIELD(std::vector<BrokerState>, new_isr_with_epochs, since(3));
    FIELD(std::int8_t, leader_recovery_state) = 0;
    FIELD(PartitionEpoch, partition_epoch);
    END_FIELDS
  };
  struct TopicData {
    FIELDS(TopicData)
    FIELD(Uuid, topic_id) = {};
    FIELD(std::vector<PartitionData>, partitions);
    END_FIELDS
  };

  MESSAGE(AlterPartitionRequest, .key = 56, .versions = {2, 3}, .flexible = 0)
  FIELD(NodeId, broker_id);
  FIELD(BrokerEpoch, broker_epoch) = no_broker_epoch;
  FIELD(std::vector<TopicData>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
