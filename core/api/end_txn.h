// EndTxn (key 26): commits or aborts a transaction (KIP-98). From version 5 on it also ends the
// producer's epoch, and the answer has the next one (KIP-890).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct EndTxnResponse {
  MESSAGE(EndTxnResponse, .key = 26, .versions = {0, 5}, .flexible = 3)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::int64_t, producer_id, since(5).may_drop()) = -1;
  FIELD(std::int16_t, producer_epoch, since(5).may_drop()) = -1;
  END_FIELDS
};

struct EndTxnRequest {
  using Response = EndTxnResponse;

  MESSAGE(EndTxnRequest, .key = 26, .versions = {0, 5}, .flexible = 3)
  FIELD(std::string, transactional_id);
  FIELD(std::int64_t, producer_id) = 0;
  FIELD(std::int16_t, producer_epoch) = 0;
  FIELD(bool, committed) = false;
  END_FIELDS
};

}  // namespace brokersim::api
