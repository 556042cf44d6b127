// Administrative requests, repeated until they are answered for good.
#include "core/client/admin.h"

#include <algorithm>
#include <utility>

#include "core/api/add_raft_voter.h"
#include "core/api/alter_partition_reassignments.h"
#include "core/api/create_partitions.h"
#include "core/api/delete_records.h"
#include "core/api/delete_topics.h"
#include "core/api/incremental_alter_configs.h"
#include "core/api/metadata.h"
#include "core/api/remove_raft_voter.h"
#include "core/api/unregister_broker.h"
#include "core/api/update_features.h"
#include "core/base/number.h"
#include "core/client/coordinator_link.h"
#include "core/client/versions.h"

namespace brokersim::client {

using api::ErrorCode;

namespace {

// The attempts at one request: while there is time, the metadata is fresh and the back-off over.
class Attempts {
 public:
  Attempts(Cluster& cluster, Instant deadline) : cluster_(cluster), deadline_(deadline) {}

  bool next(Env& env) {
    if (made_++ > 0) {
      const auto random = env.random("client.admin", static_cast<std::uint64_t>(made_));
      const Instant earliest = env.now() + cluster_.config().backoff().after(made_ - 1, random);
      if (!env.sleep_until(std::min(earliest, deadline_))) return false;
      cluster_.needs_refresh();
    }
    const Instant now = env.now();
    if (cluster_.is_stale(now) && !cluster_.refresh(env, deadline_)) return false;
    return env.now() < deadline_ && !env.is_cancelled();
  }
  Instant call_deadline(Env& env) const {
    return std::min(deadline_, env.now() + cluster_.config().request_timeout);
  }

 private:
  Cluster& cluster_;
  Instant deadline_;
  std::int32_t made_ = 0;
};

std::int32_t wire_timeout(Env& env, Instant deadline) {
  return static_cast<std::int32_t>(milliseconds(std::max<Duration>(deadline - env.now(), 0ns)));
}

// Asks a broker for what the controller does, until it is done or refused for good. `judge(answer,
// may_be_ours)` says what an answer means, where an earlier attempt may have been carried out.
// `asked`: the broker that alone may be asked, if not any that forwards.
template <wire::Message Request, class Judge>
Expected<Done, ErrorCode> have_done(Env& env, Cluster& cluster, Request request,
                                    std::int16_t version, Instant deadline, Judge judge,
                                    std::optional<NodeId> asked = std::nullopt) {
  bool may_be_ours = false;
  Attempts attempts(cluster, deadline);
  while (attempts.next(env)) {
    const auto channel = cluster.channel_to(asked.value_or(cluster.view().controller()));
    if (!channel) continue;
    const Instant until = attempts.call_deadline(env);
    if constexpr (requires { request.timeout_ms; }) request.timeout_ms = wire_timeout(env, until);
    const auto response = channel->call(env, request, version, until);
    if (!response) {
      may_be_ours = may_be_ours || response.error() != wire::CallError::unreachable;
      continue;
    }
    const ErrorCode error = judge(*response, may_be_ours);
    if (error == ErrorCode::none) return Done{};
    if (error == ErrorCode::request_timed_out) may_be_ours = true;
    if (!api::is_retriable(error)) return Unexpected(error);
  }
  return Unexpected(ErrorCode::request_timed_out);
}

api::CreateTopicsRequest::CreatableTopic to_wire(const NewTopic& topic) {
  api::CreateTopicsRequest::CreatableTopic out{.name = topic.name,
                                               .num_partitions = topic.partitions,
                                               .replication_factor = topic.replication_factor};
  for (const auto& [name, value] : topic.configs) out.configs.push_back({name, value});
  return out;
}

}  // namespace

std::optional<NodeId> Configured::only_broker() const {
  if (type != Type::broker) return std::nullopt;
  const auto id = number<std::int32_t>(name);
  return id ? std::optional(NodeId(*id)) : std::nullopt;
}

Expected<Done, ErrorCode> Admin::create_topics(Env& env, const std::vector<NewTopic>& topics,
                                               Instant deadline) {
  for (const NewTopic& topic : topics) cluster_.add_topic(topic.name);
  std::vector<NewTopic> wanted = topics;
  bool may_be_ours = false;  // An attempt without an answer may have made them.
  Attempts attempts(cluster_, deadline);
  while (!wanted.empty()) {
    if (!attempts.next(env)) return Unexpected(ErrorCode::request_timed_out);
    const auto channel = cluster_.channel_to(cluster_.view().controller());
    if (!channel) continue;
    const Instant until = attempts.call_deadline(env);
    api::CreateTopicsRequest request{.timeout_ms = wire_timeout(env, until)};
    for (const NewTopic& topic : wanted) request.topics.push_back(to_wire(topic));
    const auto response = channel->call(env, request, create_topics_version, until);
    if (!response) {
      may_be_ours = may_be_ours || response.error() != wire::CallError::unreachable;
      continue;
    }
    for (const auto& result : response->topics) {
      const bool exists = result.error_code == ErrorCode::topic_already_exists;
      if (result.error_code == ErrorCode::request_timed_out) may_be_ours = true;
      if (result.error_code == ErrorCode::none || (exists && may_be_ours)) {
        std::erase_if(wanted, [&](const NewTopic& topic) { return topic.name == result.name; });
      } else if (!api::is_retriable(result.error_code)) {
        return Unexpected(result.error_code);
      }
    }
  }
  Attempts checks(cluster_, deadline);
  while (checks.next(env)) {
    if (everybody_knows(env, topics, checks.call_deadline(env))) return Done{};
  }
  return Unexpected(ErrorCode::request_timed_out);
}

bool Admin::everybody_knows(Env& env, const std::vector<NewTopic>& topics, Instant deadline) {
  const auto brokers = cluster_.view().brokers();
  for (const auto& [broker, address] : brokers) {
    if (!knows_all(env, broker, topics, deadline)) return false;
  }
  return !brokers.empty();
}

bool Admin::knows_all(Env& env, NodeId broker, const std::vector<NewTopic>& topics,
                      Instant deadline) {
  const auto channel = cluster_.channel_to(broker);
  if (!channel) return false;
  api::MetadataRequest request{.topics = std::vector<api::MetadataRequest::MetadataRequestTopic>{},
                               .allow_auto_topic_creation = false};
  for (const NewTopic& topic : topics) request.topics->push_back({.name = topic.name});
  const auto response = channel->call(env, request, metadata_version, deadline);
  if (!response) return false;
  ClusterView theirs;
  theirs.apply(*response);
  return std::all_of(topics.begin(), topics.end(), [&](const NewTopic& topic) {
    const TopicView* view = theirs.find(topic.name);
    if (view == nullptr || view->partitions.empty()) return false;
    return std::all_of(view->partitions.begin(), view->partitions.end(),
                       [](const auto& entry) { return entry.second.leader.is_set(); });
  });
}

Expected<TopicView, ErrorCode> Admin::describe_topic(Env& env, const std::string& topic,
                                                     Instant deadline) {
  cluster_.add_topic(topic);
  cluster_.needs_refresh();
  if (!cluster_.refresh(env, deadline)) return Unexpected(ErrorCode::request_timed_out);
  const TopicView* view = cluster_.view().find(topic);
  if (view == nullptr) return Unexpected(ErrorCode::unknown_topic_or_partition);
  if (view->error != ErrorCode::none) return Unexpected(view->error);
  return *view;
}

Expected<Offset, ErrorCode> Admin::list_offset(Env& env, const TopicPartition& partition,
                                               std::int64_t timestamp, Instant deadline) {
  if (!cluster_.await_topic(env, partition.topic, deadline)) {
    return Unexpected(ErrorCode::request_timed_out);
  }
  Attempts attempts(cluster_, deadline);
  while (attempts.next(env)) {
    const auto leader = cluster_.view().leader_of(partition);
    const auto channel = leader ? cluster_.channel_to(*leader) : nullptr;
    if (!channel) continue;
    const PartitionView* view = cluster_.view().find(partition);
    api::ListOffsetsRequest request{.replica_id = no_node, .topics = {{.name = partition.topic}}};
    request.topics[0].partitions.push_back({.partition_index = partition.partition,
                                            .current_leader_epoch = view->leader_epoch,
                                            .timestamp = timestamp});
    const auto response =
        channel->call(env, request, list_offsets_version, attempts.call_deadline(env));
    if (!response || response->topics.empty() || response->topics[0].partitions.empty()) continue;
    const auto& answer = response->topics[0].partitions[0];
    if (answer.error_code == ErrorCode::none) return answer.offset;
    if (!api::is_retriable(answer.error_code)) return Unexpected(answer.error_code);
  }
  return Unexpected(ErrorCode::request_timed_out);
}

Expected<std::map<TopicPartition, ErrorCode>, ErrorCode> Admin::elect_leaders(
    Env& env, ElectionType type, const std::vector<TopicPartition>& partitions, Instant deadline) {
  std::map<std::string, std::vector<std::int32_t>> by_topic;
  for (const auto& partition : partitions) by_topic[partition.topic].push_back(partition.partition);
  Attempts attempts(cluster_, deadline);
  while (attempts.next(env)) {
    const auto channel = cluster_.channel_to(cluster_.view().controller());
    if (!channel) continue;
    const Instant until = attempts.call_deadline(env);
    api::ElectLeadersRequest request{
        .election_type = static_cast<std::int8_t>(type),
        .topic_partitions = std::vector<api::ElectLeadersRequest::TopicPartitions>{},
        .timeout_ms = wire_timeout(env, until)};
    for (const auto& [topic, indexes] : by_topic) {
      request.topic_partitions->push_back({topic, indexes});
    }
    const auto response = channel->call(env, request, elect_leaders_version, until);
    if (!response || api::is_retriable(response->error_code)) continue;
    if (response->error_code != ErrorCode::none) return Unexpected(response->error_code);
    std::map<TopicPartition, ErrorCode> results;
    for (const auto& topic : response->replica_election_results) {
      for (const auto& result : topic.partition_result) {
        results[{topic.topic, result.partition_id}] = result.error_code;
      }
    }
    return results;
  }
  return Unexpected(ErrorCode::request_timed_out);
}

Expected<Done, ErrorCode> Admin::delete_topic(Env& env, const Uuid& id, Instant deadline) {
  api::DeleteTopicsRequest request;
  request.topics.push_back({.topic_id = id});
  return have_done(env, cluster_, std::move(request), delete_topics_version, deadline,
                   [](const api::DeleteTopicsResponse& answer, bool) {
                     if (answer.responses.empty()) return ErrorCode::unknown_server_error;
                     const auto error = answer.responses[0].error_code;
                     return error == ErrorCode::unknown_topic_id ? ErrorCode::none : error;
                   });
}

Expected<Done, ErrorCode> Admin::create_partitions(Env& env, const std::string& topic,
                                                   std::int32_t count, Instant deadline) {
  api::CreatePartitionsRequest request;
  request.topics.push_back({.name = topic, .count = count});
  return have_done(env, cluster_, std::move(request), create_partitions_version, deadline,
                   [](const api::CreatePartitionsResponse& answer, bool may_be_ours) {
                     if (answer.results.empty()) return ErrorCode::unknown_server_error;
                     const auto error = answer.results[0].error_code;
                     const bool is_there = error == ErrorCode::invalid_partitions;
                     return is_there && may_be_ours ? ErrorCode::none : error;
                   });
}

Expected<Done, ErrorCode> Admin::alter_configs(
    Env& env, const Configured& what,
    const std::map<std::string, std::optional<std::string>>& configs, Instant deadline) {
  constexpr std::int8_t set = 0;
  constexpr std::int8_t remove = 1;
  api::IncrementalAlterConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = static_cast<std::int8_t>(what.type);
  resource.resource_name = what.name;
  for (const auto& [name, value] : configs) {
    resource.configs.push_back(
        {.name = name, .config_operation = value ? set : remove, .value = value});
  }
  return have_done(
      env, cluster_, std::move(request), incremental_alter_configs_version, deadline,
      [](const api::IncrementalAlterConfigsResponse& answer, bool) {
        return answer.responses.empty() ? ErrorCode::unknown_server_error
                                        : answer.responses[0].error_code;
      },
      what.only_broker());
}

Expected<Done, ErrorCode> Admin::update_features(Env& env,
                                                 const std::map<std::string, std::int16_t>& levels,
                                                 Instant deadline, FeatureChange change) {
  api::UpdateFeaturesRequest request;
  for (const auto& [feature, level] : levels) {
    request.feature_updates.push_back({.feature = feature,
                                       .max_version_level = level,
                                       .upgrade_type = static_cast<std::int8_t>(change)});
  }
  // To be at a level already is fine.
  return have_done(env, cluster_, request, update_features_version, deadline,
                   [](const api::UpdateFeaturesResponse& response, bool) {
                     if (response.error_code != ErrorCode::none) return response.error_code;
                     for (const auto& one : response.results) {
                       if (one.error_code != ErrorCode::none) return one.error_code;
                     }
                     return ErrorCode::none;
                   });
}

Expected<Done, ErrorCode> Admin::unregister_broker(Env& env, NodeId broker, Instant deadline) {
  const api::UnregisterBrokerRequest request{.broker_id = broker};
  return have_done(env, cluster_, request, unregister_broker_version, deadline,
                   [](const api::UnregisterBrokerResponse& answer, bool may_be_ours) {
                     const bool is_gone = answer.error_code == ErrorCode::broker_id_not_registered;
                     return is_gone && may_be_ours ? ErrorCode::none : answer.error_code;
                   });
}

Expected<Done, ErrorCode> Admin::reassign(Env& env, const TopicPartition& partition,
                                          const std::optional<std::vector<NodeId>>& replicas,
                                          Instant deadline) {
  api::AlterPartitionReassignmentsRequest request;
  request.topics.push_back({.name = partition.topic});
  request.topics[0].partitions.push_back(
      {.partition_index = partition.partition, .replicas = replicas});
  return have_done(env, cluster_, std::move(request), alter_partition_reassignments_version,
                   deadline,
                   [&](const api::AlterPartitionReassignmentsResponse& answer, bool may_be_ours) {
                     if (answer.error_code != ErrorCode::none) return answer.error_code;
                     if (answer.responses.empty() || answer.responses[0].partitions.empty()) {
                       return ErrorCode::unknown_server_error;
                     }
                     const auto error = answer.responses[0].partitions[0].error_code;
                     const bool has_ended = error == ErrorCode::no_reassignment_in_progress;
                     return has_ended && may_be_ours ? ErrorCode::none : error;
                   });
}

Expected<Done, ErrorCode> Admin::add_voter(Env& env, NodeId voter, const Uuid& directory,
                                           const Address& address, Instant deadline) {
  api::AddRaftVoterRequest request{.voter_id = voter, .voter_directory_id = directory};
  request.listeners.push_back({"CONTROLLER", address.host, address.port});
  return have_done(env, cluster_, std::move(request), add_raft_voter_version, deadline,
                   [](const api::AddRaftVoterResponse& answer, bool may_be_ours) {
                     const bool is_there = answer.error_code == ErrorCode::duplicate_voter;
                     return is_there && may_be_ours ? ErrorCode::none : answer.error_code;
                   });
}

Expected<Done, ErrorCode> Admin::remove_voter(Env& env, NodeId voter, const Uuid& directory,
                                              Instant deadline) {
  api::RemoveRaftVoterRequest request{.voter_id = voter, .voter_directory_id = directory};
  return have_done(env, cluster_, std::move(request), remove_raft_voter_version, deadline,
                   [](const api::RemoveRaftVoterResponse& answer, bool may_be_ours) {
                     const bool is_gone = answer.error_code == ErrorCode::voter_not_found;
                     return is_gone && may_be_ours ? ErrorCode::none : answer.error_code;
                   });
}

Expected<api::ConsumerGroupDescribeResponse::DescribedGroup, ErrorCode>
Admin::describe_consumer_group(Env& env, const std::string& group, Instant deadline) {
  CoordinatorLink coordinator(cluster_, CoordinatorLink::Of::group, group);
  api::ConsumerGroupDescribeRequest request{.group_ids = {group}};
  Attempts attempts(cluster_, deadline);
  while (attempts.next(env)) {
    const auto channel = coordinator.channel(env, attempts.call_deadline(env));
    if (!channel) continue;
    const auto response =
        channel->call(env, request, consumer_group_describe_version, attempts.call_deadline(env));
    const bool is_answered = response && !response->groups.empty();
    const auto error = is_answered ? response->groups[0].error_code : ErrorCode::network_exception;
    if (error == ErrorCode::none) return response->groups[0];
    const bool may_pass = !is_answered || api::is_retriable(error);
    if (!may_pass) return Unexpected(error);
    coordinator.forget();
  }
  return Unexpected(ErrorCode::request_timed_out);
}

Expected<Offset, ErrorCode> Admin::delete_records(Env& env, const TopicPartition& partition,
                                                  Offset offset, Instant deadline) {
  if (!cluster_.await_topic(env, partition.topic, deadline)) {
    return Unexpected(ErrorCode::request_timed_out);
  }
  Attempts attempts(cluster_, deadline);
  while (attempts.next(env)) {
    const auto leader = cluster_.view().leader_of(partition);
    const auto channel = leader ? cluster_.channel_to(*leader) : nullptr;
    if (!channel) continue;
    const Instant until = attempts.call_deadline(env);
    api::DeleteRecordsRequest request{.timeout_ms = wire_timeout(env, until)};
    request.topics.push_back({.name = partition.topic});
    request.topics[0].partitions.push_back(
        {.partition_index = partition.partition, .offset = offset});
    const auto response = channel->call(env, request, delete_records_version, until);
    if (!response || response->topics.empty() || response->topics[0].partitions.empty()) continue;
    const auto& answer = response->topics[0].partitions[0];
    if (answer.error_code == ErrorCode::none) return answer.low_watermark;
    if (!api::is_retriable(answer.error_code)) return Unexpected(answer.error_code);
  }
  return Unexpected(ErrorCode::request_timed_out);
}

}  // namespace brokersim::client
