#include "core/broker/refusals.h"

namespace brokersim::broker {

using api::ErrorCode;

api::CreateTopicsResponse refusal_of(const api::CreateTopicsRequest& request, ErrorCode error) {
  api::CreateTopicsResponse response;
  for (const auto& topic : request.topics) {
    response.topics.push_back({.name = topic.name, .error_code = error});
  }
  return response;
}

api::DeleteTopicsResponse refusal_of(const api::DeleteTopicsRequest& request, ErrorCode error) {
  api::DeleteTopicsResponse response;
  for (const auto& topic : request.topics) {
    response.responses.push_back(
        {.name = topic.name, .topic_id = topic.topic_id, .error_code = error});
  }
  for (const auto& name : request.topic_names) {
    response.responses.push_back({.name = name, .error_code = error});
  }
  return response;
}

api::CreatePartitionsResponse refusal_of(const api::CreatePartitionsRequest& request,
                                         ErrorCode error) {
  api::CreatePartitionsResponse response;
  for (const auto& topic : request.topics) {
    response.results.push_back({.name = topic.name, .error_code = error});
  }
  return response;
}

namespace {

template <class Response, class Request>
Response refuse_resources(const Request& request, ErrorCode error) {
  Response response;
  for (const auto& resource : request.resources) {
    auto& answer = response.responses.emplace_back();
    answer.error_code = error;
    answer.resource_type = resource.resource_type;
    answer.resource_name = resource.resource_name;
  }
  return response;
}

}  // namespace

api::AlterConfigsResponse refusal_of(const api::AlterConfigsRequest& request, ErrorCode error) {
  return refuse_resources<api::AlterConfigsResponse>(request, error);
}

api::IncrementalAlterConfigsResponse refusal_of(const api::IncrementalAlterConfigsRequest& request,
                                                ErrorCode error) {
  return refuse_resources<api::IncrementalAlterConfigsResponse>(request, error);
}

}  // namespace brokersim::broker
