// DescribeProducers (key 61): the producers that a partition's leader knows (KIP-664).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DescribeProducersResponse {
  struct ProducerState {
    FIELDS(ProducerState)
    FIELD(std::int64_t, producer_id) = 0;
    FIELD(std::int32_t, producer_epoch) = 0;
    FIELD(std::int32_t, last_sequence) = -1;
    FIELD(std::int64_t, last_timestamp) = -1;
    FIELD(std::int32_t, coordinator_epoch) = 0;
    FIELD(std::int64_t, current_txn_start_offset) = -1;
    END_FIELDS
  };
  struct PartitionResponse {
    FIELDS(PartitionResponse)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(Nullable<std::string>, error_message, null());
    FIELD(std::vector<ProducerState>, active_producers);
    END_FIELDS
  };
  struct TopicResponse {
    FIELDS(TopicResponse)
    FIELD(std::string, name);
    FIELD(std::vector<PartitionResponse>, partitions);
    END_FIELDS
  };

  MESSAGE(DescribeProducersResponse, .key = 61, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<TopicResponse>, topics);
  END_FIELDS
};

struct DescribeProducersRequest {
  using Response = DescribeProducersResponse;
  struct TopicRequest {
    FIELDS(TopicRequest)
    FIELD(std::string, name);
    FIELD(std::vector<std::int32_t>, partition_indexes);
    END_FIELDS
  };

  MESSAGE(DescribeProducersRequest, .key = 61, .versions = {0, 0}, .flexible = 0)
  FIELD(std::vector<TopicRequest>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
