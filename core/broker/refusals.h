// One error as the answer to a whole request, in the form that its response has for it: once at the
// top, or for each topic or resource that was asked for.
#pragma once

#include "core/api/all.h"

namespace brokersim::broker {

template <wire::Message Request>
requires requires(typename Request::Response response) { response.error_code; }
typename Request::Response refusal_of(const Request&, std::int16_t, api::ErrorCode error) {
  typename Request::Response response;
  response.error_code = error;
  return response;
}

// Version 0 has no place at the top.
api::ElectLeadersResponse refusal_of(const api::ElectLeadersRequest& request, std::int16_t version,
                                     api::ErrorCode error);
api::CreateTopicsResponse refusal_of(const api::CreateTopicsRequest& request, std::int16_t version,
                                     api::ErrorCode error);
api::DeleteTopicsResponse refusal_of(const api::DeleteTopicsRequest& request, std::int16_t version,
                                     api::ErrorCode error);
api::CreatePartitionsResponse refusal_of(const api::CreatePartitionsRequest& request,
                                         std::int16_t version, api::ErrorCode error);
api::AlterConfigsResponse refusal_of(const api::AlterConfigsRequest& request, std::int16_t version,
                                     api::ErrorCode error);
api::IncrementalAlterConfigsResponse refusal_of(const api::IncrementalAlterConfigsRequest& request,
                                                std::int16_t version, api::ErrorCode error);

}  // namespace brokersim::broker
