// AddPartitionsToTxn (key 24): partitions that a transaction is about to write to (KIP-98).
//
// Up to version 3 a producer asks. From version 4 on brokers do, about several transactions at
// once: whether what a producer sends them is part of its transaction, or to make it so (KIP-890).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct AddPartitionsToTxnResponse {
  struct AddPartitionsToTxnPartitionResult {
    FIELDS(AddPartitionsToTxnPartitionResult)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, partition_error_code) = ErrorCode::none;
    END_FIELDS
  };
  struct AddPartitionsToTxnTopicResult {
    FIELDS(AddPartitionsToTxnTopicResult)
    FIELD(std::string, name);
    FIELD(std::vector<AddPartitionsToTxnPartitionResult>, results_by_partition);
    END_FIELDS
  };
  struct AddPartitionsToTxnResult {
    FIELDS(AddPartitionsToTxnResult)
    FIELD(std::string, transactional_id);
    FIELD(std::vector<AddPartitionsToTxnTopicResult>, topic_results);
    END_FIELDS
  };

  MESSAGE(AddPartitionsToTxnResponse, .key = 24, .versions = {0, 5}, .flexible = 3)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code, since(4).may_drop()) = ErrorCode::none;
  FIELD(std::vector<AddPartitionsToTxnResult>, results_by_transaction, since(4));
  FIELD(std::vector<AddPartitionsToTxnTopicResult>, results_by_topic_v3_and_below, between(0, 3));
  END_FIELDS
};

struct AddPartitionsToTxnRequest {
  using Response = AddPartitionsToTxnResponse;
  struct AddPartitionsToTxnTopic {
    FIELDS(AddPartitionsToTxnTopic)
    FIELD(std::string, name);
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };
  struct AddPartitionsToTxnTransaction {
    FIELDS(AddPartitionsToTxnTransaction)
    FIELD(std::string, transactional_id);
    FIELD(std::int64_t, producer_id) = 0;
    FIELD(std::int16_t, producer_epoch) = 0;
    FIELD(bool, verify_only) = false;
    FIELD(std::vector<AddPartitionsToTxnTopic>, topics);
    END_FIELDS
  };

  MESSAGE(AddPartitionsToTxnRequest, .key = 24, .versions = {0, 5}, .flexible = 3)
  FIELD(std::vector<AddPartitionsToTxnTransaction>, transactions, since(4));
  FIELD(std::string, v3_and_below_transactional_id, between(0, 3));
  FIELD(std::int64_t, v3_and_below_producer_id, between(0, 3)) = 0;
  FIELD(std::int16_t, v3_and_below_producer_epoch, between(0, 3)) = 0;
  FIELD(std::vector<AddPartitionsToTxnTopic>, v3_and_below_topics, between(0, 3));
  END_FIELDS
};

}  // namespace brokersim::api
