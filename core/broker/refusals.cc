#include "core/broker/refusals.h"

namespace brokersim::broker {

using api::ErrorCode;

api::ElectLeadersResponse refusal_of(const api::ElectLeadersRequest& request, std::int16_t version,
                                     ErrorCode error) {
  api::ElectLeadersResponse response;
  if (version > 0) response.error_code = error;
  if (!request.topic_partitions) return response;
  for (const auto& topic : *request.topic_partitions) {
    auto& answers = response.replica_election_results.emplace_back();
    answers.topic = topic.topic;
    for (const auto partition : topic.partitions) {
      answers.partition_result.push_back({.partition_id = partition, .error_code = error});
    }
  }
  return response;
}

api::CreateTopicsResponse refusal_of(const api::CreateTopicsRequest& request, std::int16_t,
                                     ErrorCode error) {
  api::CreateTopicsResponse response;
  for (const auto& topic : request.topics) {
    response.topics.push_back({.name = topic.name, .error_code = error});
  }
  return response;
}

api::DeleteTopicsResponse refusal_of(const api::DeleteTopicsRequest& request, std::int16_t,
                                     ErrorCode error) {
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

api::CreatePartitionsResponse refusal_of(const api::CreatePartitionsRequest& request, std::int16_t,
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

api::AlterConfigsResponse refusal_of(const api::AlterConfigsRequest& request, std::int16_t,
                                     ErrorCode error) {
  return refuse_resources<api::AlterConfigsResponse>(request, error);
}

api::IncrementalAlterConfigsResponse refusal_of(const api::IncrementalAlterConfigsRequest& request,
                                                std::int16_t, ErrorCode error) {
  return refuse_resources<api::IncrementalAlterConfigsResponse>(request, error);
}

}  // namespace brokersim::broker
