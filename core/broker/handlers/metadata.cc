// Metadata (key 3): who the brokers are and who leads what, as far as this broker has applied the
// metadata log.
#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/broker/handlers/told_brokers.h"
#include "core/broker/internal_topics.h"
#include "core/controller/topic_name.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using TopicAnswer = api::MetadataResponse::MetadataResponseTopic;

TopicAnswer describe(const controller::Image& image, const controller::Topic& topic) {
  TopicAnswer answer;
  answer.name = topic.name;
  answer.topic_id = topic.id;
  answer.is_internal = is_internal_topic(topic.name);
  for (const auto& [index, partition] : topic.partitions) {
    auto& p = answer.partitions.emplace_back();
    p.partition_index = index;
    p.leader_id = partition.leader;
    p.leader_epoch = partition.leader_epoch;
    p.replica_nodes = partition.replicas;
    p.isr_nodes = partition.isr;
    for (const auto replica : partition.replicas) {
      if (!image.is_active(replica)) p.offline_replicas.push_back(replica);
    }
    if (!partition.has_leader()) p.error_code = ErrorCode::leader_not_available;
  }
  return answer;
}

TopicAnswer answer_one(Env& env, Broker& broker, const RequestContext& client,
                       const api::MetadataRequest::MetadataRequestTopic& asked, bool may_create) {
  const auto* topic = asked.name ? broker.image().find_topic(*asked.name)
                                 : broker.image().find_topic(asked.topic_id);
  if (topic) return describe(broker.image(), *topic);
  TopicAnswer answer;
  answer.name = asked.name;
  answer.topic_id = asked.topic_id;
  if (!asked.name) {
    answer.error_code = ErrorCode::unknown_topic_id;
  } else if (may_create && broker.config().auto_create_topics_enable) {
    const auto error = auto_create(env, broker, client, *asked.name);
    // The client asks again, and by then we know the topic.
    answer.error_code = error == ErrorCode::none ? ErrorCode::leader_not_available : error;
  } else {
    answer.error_code = controller::check_topic_name(*asked.name)
                            ? ErrorCode::unknown_topic_or_partition
                            : ErrorCode::invalid_topic_exception;
  }
  return answer;
}

// By id a client asks since version 12 (KIP-516). The two versions before have the field already,
// and could not answer a topic without a name.
bool asks_by_id_too_early(const std::vector<api::MetadataRequest::MetadataRequestTopic>& topics,
                          std::int16_t version) {
  constexpr std::int16_t first_by_id = 12;
  return version < first_by_id && std::any_of(topics.begin(), topics.end(), [](const auto& topic) {
           return !topic.name || topic.topic_id != no_uuid;
         });
}

TopicAnswer invalid_answer(const api::MetadataRequest::MetadataRequestTopic& asked) {
  TopicAnswer answer;
  answer.error_code = ErrorCode::invalid_request;
  answer.name = asked.name.value_or("");
  answer.topic_id = asked.topic_id;
  return answer;
}

}  // namespace

api::MetadataResponse metadata(Env& env, Broker& broker, const RequestContext& context,
                               const api::MetadataRequest& request) {
  api::MetadataResponse response;
  const bool wants_all =
      !request.topics || (context.header.api_version == 0 && request.topics->empty());
  if (wants_all) {
    for (const auto& [name, topic] : broker.image().topics()) {
      response.topics.push_back(describe(broker.image(), topic));
    }
  } else if (asks_by_id_too_early(*request.topics, context.header.api_version)) {
    // As Kafka's, also those that had a name.
    for (const auto& asked : *request.topics) response.topics.push_back(invalid_answer(asked));
  } else {
    // Each once, however often it is named: a small request would have an endless answer.
    std::set<std::pair<wire::Nullable<std::string>, Uuid>> answered;
    for (const auto& asked : *request.topics) {
      if (!answered.emplace(asked.name, asked.topic_id).second) continue;
      response.topics.push_back(
          answer_one(env, broker, context, asked, request.allow_auto_topic_creation));
    }
  }
  const auto& image = broker.image();
  response.cluster_id = image.cluster_id();
  for (const auto& [id, node] : image.brokers()) {
    const auto* endpoint = told_endpoint(node);
    if (!endpoint) continue;
    response.brokers.push_back(
        {.node_id = id, .host = endpoint->host, .port = endpoint->port, .rack = node.rack});
  }
  response.controller_id = told_controller(image, broker.config().node_id);
  return response;
}

}  // namespace brokersim::broker::handlers
