// Envelope (key 58): a client's request on its way through a broker to the active controller, and
// the answer on its way back (KIP-590).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct EnvelopeResponse {
  MESSAGE(EnvelopeResponse, .key = 58, .versions = {0, 0}, .flexible = 0)
  FIELD(Nullable<Bytes>, response_data, null());  // Header and body.
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  END_FIELDS
};

struct EnvelopeRequest {
  using Response = EnvelopeResponse;

  MESSAGE(EnvelopeRequest, .key = 58, .versions = {0, 0}, .flexible = 0)
  FIELD(Bytes, request_data);  // Header and body.
  FIELD(Nullable<Bytes>, request_principal, null());
  FIELD(Bytes, client_host_address);
  END_FIELDS
};

}  // namespace brokersim::api
