#include "core/broker/fetchers.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/api/list_offsets.h"

namespace brokersim::broker {

using api::ErrorCode;

namespace {

constexpr std::int16_t fetch_version = 17;
constexpr std::int16_t list_offsets_version = 9;
constexpr std::int64_t latest_timestamp = -1;
constexpr std::int64_t earliest_timestamp = -2;
constexpr std::int8_t read_uncommitted = 0;

Address address_of(const controller::Broker& broker) {
  if (broker.endpoints.empty()) return {};
  return {broker.endpoints.front().host, broker.endpoints.front().port};
}

std::optional<std::vector<wire::Batch>> batches_in(const api::FetchResponse::PartitionData& data) {
  if (!data.records) return std::vector<wire::Batch>{};
  auto batches = wire::parse_batches(data.records->slice());
  if (!batches) return std::nullopt;
  return *std::move(batches);
}

partition::FetchAnswer answer_of(const api::FetchResponse::PartitionData& data,
                                 const std::optional<std::vector<wire::Batch>>& batches) {
  partition::FetchAnswer answer;
  answer.error = data.error_code;
  if (!batches && data.error_code == ErrorCode::none) answer.error = ErrorCode::corrupt_message;
  answer.high_watermark = data.high_watermark;
  answer.log_start_offset = data.log_start_offset;
  if (data.diverging_epoch.end_offset >= 0) {
    answer.diverging = partition::Divergence{.epoch = data.diverging_epoch.epoch,
                                             .end_offset = data.diverging_epoch.end_offset};
  }
  if (batches && !batches->empty()) {
    answer.first_offset = batches->front().header.base_offset;
    answer.first_batch_end = batches->front().header.next_offset();
  }
  return answer;
}

}  // namespace

void Fetchers::apply(Host& host, const controller::Image& image) {
  for (const auto& [id, broker] : image.brokers()) {
    if (id == config_.node_id) continue;
    auto& channel = channels_[id];
    const auto address = address_of(broker);
    const bool is_new = channel == nullptr;
    if (!is_new && channel->peer() == address) continue;
    channel = std::make_shared<wire::Channel>(
        address, fmt::format("broker-{}-fetcher-{}", config_.node_id, id));
    if (is_new) {
      fibers_.spawn(host, fmt::format("replica-fetcher-{}", id),
                    [this, id = id](Env& env) { run(env, id); });
    }
  }
}

void Fetchers::run(Env& env, NodeId leader) {
  while (!env.is_cancelled()) {
    Instant wake_at = never;
    const auto changes = replicas_.role_changes();
    const auto asked = due(env, leader, wake_at);
    if (asked.empty()) {
      if (changes == replicas_.role_changes()) replicas_.roles().wait(env, wake_at);
      continue;
    }
    if (!fetch(env, leader, asked)) {
      for (const auto& [replica, position] : asked) {
        replica->back_off(env, position);
      }
    }
  }
}

std::vector<Fetchers::Asked> Fetchers::due(Host& host, NodeId leader, Instant& wake_at) const {
  std::vector<Asked> asked;
  if (!lifecycle_.is_registered()) {
    wake_at = host.now() + config_.replica_fetch_backoff;
    return asked;
  }
  const Instant now = host.now();
  for (const auto& [partition, replica] : replicas_.all()) {
    auto* follower = replica->follower();
    if (!follower || follower->leader() != leader) continue;
    if (replica->log().is_offline()) continue;  // What it holds is not to be relied on.
    const auto position = follower->next_fetch(now);
    // A follower of a new epoch does not know yet how much it lacks; who is in sync lacks little.
    const bool is_in_sync =
        follower->has_caught_up() || partition::contains(replica->state().isr, config_.node_id);
    if (position && quota_.holds_back(now, partition, is_in_sync)) {
      wake_at = std::min(wake_at, now + config_.replica_fetch_backoff);
    } else if (position) {
      asked.push_back({replica, *position});
    } else if (!follower->is_parked()) {
      wake_at = std::min(wake_at, follower->not_before());
    }
  }
  return asked;
}

api::FetchRequest Fetchers::request_for(const std::vector<Asked>& asked) const {
  api::FetchRequest request;
  request.replica_state = {.replica_id = config_.node_id, .replica_epoch = lifecycle_.epoch()};
  request.max_wait_ms = static_cast<std::int32_t>(milliseconds(config_.replica_fetch_wait_max));
  request.min_bytes = config_.replica_fetch_min_bytes;
  request.max_bytes = config_.replica_fetch_response_max_bytes;
  request.isolation_level = read_uncommitted;
  for (const auto& [replica, position] : asked) {
    if (request.topics.empty() || request.topics.back().topic_id != replica->topic_id()) {
      request.topics.push_back({.topic_id = replica->topic_id()});
    }
    request.topics.back().partitions.push_back(
        {.partition = replica->partition().partition,
         .current_leader_epoch = position.current_leader_epoch,
         .fetch_offset = position.fetch_offset,
         .last_fetched_epoch = position.last_fetched_epoch,
         .log_start_offset = replica->log().start_offset(),
         .partition_max_bytes = config_.replica_fetch_max_bytes});
  }
  return request;
}

bool Fetchers::fetch(Env& env, NodeId leader, const std::vector<Asked>& asked) {
  // Asking for more says that what lies before is here: on the disk, if it has to be, though an
  // earlier leader's fetcher, or we as the leader, may still be syncing it.
  for (const auto& one : asked) {
    if (!one.replica->flush_if_due(env)) return false;
  }
  const auto channel = channels_.at(leader);  // Outlives a change of the address.
  auto request = request_for(asked);
  sessions_[leader].prepare(request);
  const Instant deadline = env.now() + config_.replica_socket_timeout;
  const auto response = channel->call(env, request, fetch_version, deadline);
  if (!response) {
    sessions_[leader].failed();
    return false;
  }
  // Where the leader has forgotten the session, a new one begins at once.
  if (!sessions_[leader].accept(*response)) return fetch::is_about_session(response->error_code);
  take(env, *response, asked);
  make_durable(env, asked);
  for (const auto& one : asked) {
    if (one.replica->must_ask_leader_offsets()) ask_leader_offsets(env, *channel, one);
  }
  return true;
}

void Fetchers::take(Env& env, const api::FetchResponse& response, const std::vector<Asked>& asked) {
  const std::vector<wire::Batch> none;
  for (const auto& topic : response.responses) {
    for (const auto& data : topic.partitions) {
      const auto found = std::find_if(asked.begin(), asked.end(), [&](const Asked& one) {
        return one.replica->topic_id() == topic.topic_id &&
               one.replica->partition().partition == data.partition_index;
      });
      if (found == asked.end()) continue;
      const auto batches = batches_in(data);
      if (data.diverging_epoch.end_offset >= 0 && !found->replica->prepare_to_cut(env)) {
        found->replica->back_off(env, found->position);
        continue;
      }
      found->replica->fetched(env, found->position, answer_of(data, batches),
                              batches ? *batches : none);
      replicas_.lower_log_start(env, *found->replica);
      charge(env, found->replica->partition(), data);
    }
  }
}

// That nothing came of a throttled partition is taken note of, too (KIP-73).
void Fetchers::charge(Host& host, const TopicPartition& partition,
                      const api::FetchResponse::PartitionData& data) {
  if (data.error_code != ErrorCode::none || !quota_.is_throttled(partition)) return;
  quota_.record(host.now(),
                data.records ? static_cast<std::int64_t>(data.records->bytes.size()) : 0);
}

// Before the leader hears that we have it, or a truncated log grows again.
void Fetchers::make_durable(Env& env, const std::vector<Asked>& asked) {
  for (const auto& [replica, position] : asked) {
    if (replica->is_retired()) continue;
    replicas_.lower_checkpoints(env, replica->partition(), replica->log());
    (void)replica->flush_if_due(env);  // The broker hears of a failure.
  }
}

// The leader's log does not reach our position, or begins after it: where does it begin and end?
void Fetchers::ask_leader_offsets(Env& env, wire::Channel& channel, const Asked& asked) {
  const auto ask = [&](std::int64_t timestamp) -> std::optional<Offset> {
    api::ListOffsetsRequest request;
    request.replica_id = config_.node_id;
    request.topics.push_back(
        {.name = asked.replica->partition().topic,
         .partitions = {{.partition_index = asked.replica->partition().partition,
                         .current_leader_epoch = asked.position.current_leader_epoch,
                         .timestamp = timestamp}}});
    const Instant deadline = env.now() + config_.replica_socket_timeout;
    const auto response = channel.call(env, request, list_offsets_version, deadline);
    if (!response || response->topics.empty() || response->topics[0].partitions.empty()) return {};
    const auto& answer = response->topics[0].partitions[0];
    if (answer.error_code != ErrorCode::none) return {};
    return answer.offset;
  };
  const auto start = ask(earliest_timestamp);
  const auto end = ask(latest_timestamp);
  if (start && end && asked.replica->prepare_to_cut(env)) {
    asked.replica->leader_offsets(env, asked.position, {.start = *start, .end = *end});
    replicas_.lower_log_start(env, *asked.replica);
    make_durable(env, {asked});
  } else {
    asked.replica->back_off(env, asked.position);
  }
}

}  // namespace brokersim::broker
