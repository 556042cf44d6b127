#include "core/broker/internal_topics.h"

#include <string>

#include <fmt/format.h>

#include "core/broker/forwarding.h"
#include "core/group/records.h"
#include "core/transaction/records.h"

namespace brokersim::broker {

using api::ErrorCode;

namespace {

void configure_offsets(const NodeConfig& config, api::CreateTopicsRequest::CreatableTopic& topic) {
  topic.num_partitions = config.offsets_topic_num_partitions;
  topic.replication_factor = config.offsets_topic_replication_factor;
  topic.configs = {
      {.name = "cleanup.policy", .value = "compact"},
      {.name = "compression.type", .value = "producer"},
      {.name = "segment.bytes", .value = fmt::format("{}", config.offsets_topic_segment_bytes)}};
}

void configure_transactions(const NodeConfig& config,
                            api::CreateTopicsRequest::CreatableTopic& topic) {
  topic.num_partitions = config.transaction_state_log_num_partitions;
  topic.replication_factor = config.transaction_state_log_replication_factor;
  topic.configs = {{.name = "cleanup.policy", .value = "compact"},
                   {.name = "compression.type", .value = "uncompressed"},
                   {.name = "min.insync.replicas",
                    .value = fmt::format("{}", config.transaction_state_log_min_isr)},
                   {.name = "segment.bytes",
                    .value = fmt::format("{}", config.transaction_state_log_segment_bytes)},
                   {.name = "unclean.leader.election.enable", .value = "false"}};
}

}  // namespace

bool is_internal_topic(std::string_view name) {
  return name == group::offsets_topic || name == transaction::state_topic;
}

bool may_produce_to(std::string_view topic, const RequestContext& client) {
  return !is_internal_topic(topic) || client.header.client_id == "__admin_client";
}

api::CreateTopicsRequest::CreatableTopic creation_of(const NodeConfig& config,
                                                     std::string_view name) {
  api::CreateTopicsRequest::CreatableTopic topic;
  topic.name = name;
  topic.num_partitions = -1;
  topic.replication_factor = -1;
  if (name == group::offsets_topic) configure_offsets(config, topic);
  if (name == transaction::state_topic) configure_transactions(config, topic);
  return topic;
}

ErrorCode auto_create(Env& env, Broker& broker, const RequestContext& client,
                      std::string_view name) {
  constexpr std::int16_t version = 7;
  api::CreateTopicsRequest request;
  request.topics.push_back(creation_of(broker.config(), name));
  const Instant deadline = env.now() + broker.config().quorum_request_timeout;
  const RequestContext asked_by_us{
      .header = {.api_key = api::CreateTopicsRequest::description.key, .api_version = version},
      .peer = client.peer};
  const auto response = forward_once(env, broker.controller(), asked_by_us, request, deadline);
  if (!response || response->topics.empty()) return ErrorCode::unknown_topic_or_partition;
  const auto error = response->topics.front().error_code;
  return error == ErrorCode::topic_already_exists ? ErrorCode::none : error;
}

void make_internal_topic(Env& env, Broker& broker, const RequestContext& client,
                         std::string_view name) {
  const auto error = auto_create(env, broker, client, name);
  if (error == ErrorCode::none || api::is_retriable(error)) return;
  env.emit(Note{fmt::format("{} cannot be created: {}", name, name_of(error))});
}

}  // namespace brokersim::broker
