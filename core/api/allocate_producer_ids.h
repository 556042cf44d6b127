// AllocateProducerIds (key 67): a broker gets a block of producer ids from the controller
// (KIP-730).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct AllocateProducerIdsResponse {
  MESSAGE(AllocateProducerIdsResponse, .key = 67, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::int64_t, producer_id_start) = 0;
  FIELD(std::int32_t, producer_id_len) = 0;
  END_FIELDS
};

struct AllocateProducerIdsRequest {
  using Response = AllocateProducerIdsResponse;

  MESSAGE(AllocateProducerIdsRequest, .key = 67, .versions = {0, 0}, .flexible = 0)
  FIELD(NodeId, broker_id);
  FIELD(BrokerEpoch, broker_epoch) = no_broker_epoch;
  END_FIELDS
};

}  // namespace brokersim::api
