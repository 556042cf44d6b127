// InitProducerId (key 22): a producer gets its id and epoch (KIP-98, KIP-360).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct InitProducerIdResponse {
  MESSAGE(InitProducerIdResponse, .key = 22, .versions = {0, 5}, .flexible = 2)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::int64_t, producer_id) = -1;
  FIELD(std::int16_t, producer_epoch) = 0;
  END_FIELDS
};

struct InitProducerIdRequest {
  using Response = InitProducerIdResponse;

  MESSAGE(InitProducerIdRequest, .key = 22, .versions = {0, 5}, .flexible = 2)
  FIELD(Nullable<std::string>, transactional_id, null());
  FIELD(std::int32_t, transaction_timeout_ms) = 0;
  FIELD(std::int64_t, producer_id, since(3)) = -1;
  FIELD(std::int16_t, producer_epoch, since(3)) = -1;
  END_FIELDS
};

}  // namespace brokersim::api
