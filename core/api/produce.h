// Produce (key 0): appends record batches to partitions. With acks=0 there is no response.
// Versions 0-2 are described because clients must see them advertised: librdkafka compresses
// nothing for a broker without version 0 (KAFKA-18659). They are answered with UNSUPPORTED_VERSION.
// From version 12 on a batch makes its partition part of the producer's transaction (KIP-890).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct ProduceResponse {
  struct BatchIndexAndErrorMessage {
    FIELDS(BatchIndexAndErrorMessage)
    FIELD(std::int32_t, batch_index) = 0;
    FIELD(Nullable<std::string>, batch_index_error_message, null());
    END_FIELDS
  };
  struct LeaderIdAndEpoch {
    FIELDS(LeaderIdAndEpoch)
    FIELD(NodeId, leader_id) = no_node;
    FIELD(LeaderEpoch, leader_epoch) = no_epoch;
    END_FIELDS
  };
  struct PartitionProduceResponse {
    FIELDS(PartitionProduceResponse)
    FIELD(std::int32_t, index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(std::int64_t, base_offset) = 0;
    FIELD(std::int64_t, log_append_time_ms, since(2).may_drop()) = -1;
    FIELD(std::int64_t, log_start_offset, since(5).may_drop()) = -1;
    FIELD(std::vector<BatchIndexAndErrorMessage>, record_errors, since(8).may_drop());
    FIELD(Nullable<std::string>, error_message, since(8).null().may_drop());
    FIELD(LeaderIdAndEpoch, current_leader, since(10).tagged(0));
    END_FIELDS
  };
  struct TopicProduceResponse {
    FIELDS(TopicProduceResponse)
    FIELD(std::string, name);
    FIELD(std::vector<PartitionProduceResponse>, partition_responses);
    END_FIELDS
  };
  struct NodeEndpoint {
    FIELDS(NodeEndpoint)
    FIELD(NodeId, node_id);
    FIELD(std::string, host);
    FIELD(std::int32_t, port) = 0;
    FIELD(Nullable<std::string>, rack, null());
    END_FIELDS
  };

  MESSAGE(ProduceResponse, .key = 0, .versions = {0, 12}, .flexible = 9)
  FIELD(std::vector<TopicProduceResponse>, responses);
  FIELD(std::int32_t, throttle_time_ms, since(1).may_drop()) = 0;
  FIELD(std::vector<NodeEndpoint>, node_endpoints, since(10).tagged(0));
  END_FIELDS
};

struct ProduceRequest {
  using Response = ProduceResponse;
  static constexpr std::int16_t first_served = 3;  // The first whose records are batches v2.
  struct PartitionProduceData {
    FIELDS(PartitionProduceData)
    FIELD(std::int32_t, index) = 0;
    FIELD(Nullable<Records>, records, null());
    END_FIELDS
  };
  struct TopicProduceData {
    FIELDS(TopicProduceData)
    FIELD(std::string, name);
    FIELD(std::vector<PartitionProduceData>, partition_data);
    END_FIELDS
  };

  MESSAGE(ProduceRequest, .key = 0, .versions = {0, 12}, .flexible = 9)
  FIELD(Nullable<std::string>, transactional_id, since(3).null());
  FIELD(std::int16_t, acks) = 0;
  FIELD(std::int32_t, timeout_ms) = 0;
  FIELD(std::vector<TopicProduceData>, topic_data);
  END_FIELDS
};

}  // namespace brokersim::api
