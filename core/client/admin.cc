// Administrative requests, repeated until they are answered for good.
#include "core/client/admin.h"

#include <algorithm>
#include <utility>

#include "core/api/metadata.h"
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

api::CreateTopicsRequest::CreatableTopic to_wire(const NewTopic& topic) {
  api::CreateTopicsRequest::CreatableTopic out{.name = topic.name,
                                               .num_partitions = topic.partitions,
                                               .replication_factor = topic.replication_factor};
  for (const auto& [name, value] : topic.configs) out.configs.push_back({name, value});
  return out;
}

}  // namespace

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

}  // namespace brokersim::client
