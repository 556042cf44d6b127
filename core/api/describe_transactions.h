// DescribeTransactions (key 65): what a coordinator knows of transactional ids (KIP-664).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct DescribeTransactionsResponse {
  struct TopicData {
    FIELDS(TopicData)
    FIELD(std::string, topic);
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };
  struct TransactionState {
    FIELDS(TransactionState)
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(std::string, transactional_id);
    FIELD(std::string, transaction_state);
    FIELD(std::int32_t, transaction_timeout_ms) = 0;
    FIELD(std::int64_t, transaction_start_time_ms) = 0;
    FIELD(std::int64_t, producer_id) = 0;
    FIELD(std::int16_t, producer_epoch) = 0;
    FIELD(std::vector<TopicData>, topics);
    END_FIELDS
  };

  MESSAGE(DescribeTransactionsResponse, .key = 65, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(std::vector<TransactionState>, transaction_states);
  END_FIELDS
};

struct DescribeTransactionsRequest {
  using Response = DescribeTransactionsResponse;

  MESSAGE(DescribeTransactionsRequest, .key = 65, .versions = {0, 0}, .flexible = 0)
  FIELD(std::vector<std::string>, transactional_ids);
  END_FIELDS
};

}  // namespace brokersim::api
