// AddOffsetsToTxn (key 25): a transaction is about to commit offsets of a group (KIP-98).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct AddOffsetsToTxnResponse {
  MESSAGE(AddOffsetsToTxnResponse, .key = 25, .versions = {0, 4}, .flexible = 3)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  END_FIELDS
};

struct AddOffsetsToTxnRequest {
  using Response = AddOffsetsToTxnResponse;

  MESSAGE(AddOffsetsToTxnRequest, .key = 25, .versions = {0, 4}, .flexible = 3)
  FIELD(std::string, transactional_id);
  FIELD(std::int64_t, producer_id) = 0;
  FIELD(std::int16_t, producer_epoch) = 0;
  FIELD(std::string, group_id);
  END_FIELDS
};

}  // namespace brokersim::api
