// One error as the answer to a whole request, in the form that its response has for it: once at the
// top, or for each topic or resource that was asked for.
#pragma once

#include "core/api/all.h"

namespace brokersim::broker {

template <wire::Message Request>
requires requires(typename Request::Response response) { response.error_code; }
typename Request::Response refusal_of(const Request&, api::ErrorCode error) {
  typename Request::Response response;
  response.error_code = error;
  return response;
}

api::CreateTopicsResponse refusal_of(const api::CreateTopicsRequest& request, api::ErrorCode error);
api::DeleteTopicsResponse refusal_of(const api::DeleteTopicsRequest& request, api::ErrorCode error);
api::CreatePartitionsResponse refusal_of(const api::CreatePartitionsRequest& request,
                                         api::ErrorCode error);
api::AlterConfigsResponse refusal_of(const api::AlterConfigsRequest& request, api::ErrorCode error);
api::IncrementalAlterConfigsResponse refusal_of(const api::IncrementalAlterConfigsRequest& request,
                                                api::ErrorCode error);

}  // namespace brokersim::broker
