// ListTransactions (key 66): the transactional ids that a broker coordinates (KIP-664; KIP-994: of
// transactions that take longer than some time).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct ListTransactionsResponse {
  struct TransactionState {
    FIELDS(TransactionState)
    FIELD(std::string, transactional_id);
    FIELD(std::int64_t, producer_id) = 0;
    FIELD(std::string, transaction_state);
    END_FIELDS
  };

  MESSAGE(ListTransactionsResponse, .key = 66, .versions = {0, 1}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::vector<std::string>, unknown_state_filters);
  FIELD(std::vector<TransactionState>, transaction_states);
  END_FIELDS
};

struct ListTransactionsRequest {
  using Response = ListTransactionsResponse;

  MESSAGE(ListTransactionsRequest, .key = 66, .versions = {0, 1}, .flexible = 0)
  FIELD(std::vector<std::string>, state_filters);
  FIELD(std::vector<std::int64_t>, producer_id_filters);
  FIELD(std::int64_t, duration_filter, since(1)) = -1;
  END_FIELDS
};

}  // namespace brokersim::api
