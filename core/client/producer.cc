// The producer's fibers: senders for each broker, metadata, expiry.
#include "core/client/producer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/api/init_producer_id.h"
#include "core/client/partitioner.h"
#include "core/client/versions.h"

namespace brokersim::client {

using api::ErrorCode;
using wire::CallError;

namespace {

Attempt attempt_of(CallError error) {
  return {.error = error == CallError::timed_out ? ErrorCode::request_timed_out
                                                 : ErrorCode::network_exception,
          .was_sent = error != CallError::unreachable};
}

}  // namespace

Producer::Producer(ProducerConfig config)
    : config_(std::move(config)),
      cluster_(config_.client, AutoCreate::allowed),
      accumulator_(config_) {
  if (config_.transactional_id) REQUIRE(config_.enable_idempotence);
  if (!config_.enable_idempotence) return;
  REQUIRE(config_.acks == -1, config_.acks);
  REQUIRE(config_.max_in_flight <= 5, config_.max_in_flight);
}

std::shared_ptr<Producer> Producer::start(Host& host, ProducerConfig config) {
  const std::shared_ptr<Producer> producer(new Producer(std::move(config)));
  producer->spawn(host, "metadata", &Producer::metadata_loop, no_node);
  producer->spawn(host, "expiry", &Producer::expiry_loop, no_node);
  if (producer->config_.enable_idempotence && !producer->config_.transactional_id) {
    producer->spawn(host, "producer-id", &Producer::producer_id_loop, no_node);
  }
  return producer;
}

void Producer::spawn(Host& host, const std::string& name, void (Producer::*body)(Env&, NodeId),
                     NodeId of) {
  const auto run = [self = shared_from_this(), body, of](Env& env) {
    ((*self).*body)(env, of);
    self->fibers_.erase(env.self());
    self->settled_.notify_all(env);
  };
  fibers_.insert(host.spawn(fmt::format("{}/{}", config_.client.client_id, name), run));
}

void Producer::start_senders(Host& host) {
  for (const auto& [broker, address] : cluster_.view().brokers()) {
    auto& sender = senders_[broker];
    if (sender || is_closing_) continue;
    sender = std::make_unique<Sender>();
    for (std::int32_t i = 0; i < config_.max_in_flight; ++i) {
      spawn(host, fmt::format("send-{}-{}", broker, i), &Producer::send_loop, broker);
    }
  }
  work_.notify_all(host);
}

// ---- What the caller does ----------------------------------------------------------------------

Expected<TopicPartition, ErrorCode> Producer::choose_partition(Env& env, const std::string& topic,
                                                               const wire::Record& record) {
  if (!cluster_.await_topic(env, topic, env.now() + config_.max_block)) {
    const TopicView* known = cluster_.view().find(topic);
    const bool has_error = known != nullptr && known->error != ErrorCode::none;
    return Unexpected(has_error ? known->error : ErrorCode::request_timed_out);
  }
  const std::int32_t count = cluster_.view().partition_count(topic);
  if (record.key) return TopicPartition{topic, partition_of_key(*record.key, count)};
  std::int32_t& next = round_robin_[topic];
  next = (next + 1) % count;
  return TopicPartition{topic, next};
}

void Producer::send(Env& env, const TopicPartition& partition, const wire::Record& record,
                    OnSent on_sent) {
  const auto refuse = [&](ErrorCode error) {
    if (on_sent) on_sent(env, {.outcome = Outcome::failed, .error = error});
  };
  if (size_bound(record) > config_.max_request_size) return refuse(ErrorCode::message_too_large);
  const Instant deadline = env.now() + config_.max_block;
  while (!is_closing_ && !accumulator_.has_room_for(record)) {
    if (settled_.wait(env, deadline) != Wake::notified) return refuse(ErrorCode::request_timed_out);
  }
  if (is_closing_) return refuse(ErrorCode::operation_not_attempted);
  cluster_.add_topic(partition.topic);
  accumulator_.add(env.now(), partition, record, std::move(on_sent));
  const auto leader = cluster_.view().leader_of(partition);
  if (!leader) {
    want_metadata(env);
  } else if (senders_.count(*leader) == 0) {
    start_senders(env);
  }
  work_.notify_all(env);
}

SendResult Producer::send_and_wait(Env& env, const TopicPartition& partition,
                                   const wire::Record& record) {
  // Shared, as a cancelled caller does not stay for the result.
  const auto result = std::make_shared<std::optional<SendResult>>();
  send(env, partition, record, [result](Host&, const SendResult& sent) { *result = sent; });
  while (!*result) {
    if (settled_.wait(env) == Wake::cancelled) return {.outcome = Outcome::unknown};
  }
  return **result;
}

bool Producer::flush(Env& env, const std::function<bool()>& is_vain) {
  const std::int64_t up_to = accumulator_.flush();
  work_.notify_all(env);
  while (!accumulator_.is_settled(up_to)) {
    if (is_vain() || settled_.wait(env) == Wake::cancelled) return false;
  }
  return true;
}

void Producer::drop(Env& env) {
  accumulator_.abandon(env);
  settled_.notify_all(env);
  if (flush(env)) accumulator_.resume();
}

void Producer::close(Env& env) {
  (void)flush(env);
  is_closing_ = true;
  accumulator_.abandon(env);
  for (const FiberId fiber : fibers_) env.cancel(fiber);
  while (!fibers_.empty() && settled_.wait(env) != Wake::cancelled) {
  }
  cluster_.close();
}

// ---- Metadata and expiry -----------------------------------------------------------------------

void Producer::want_metadata(Host& host) {
  cluster_.needs_refresh();
  metadata_.notify_all(host);
}

void Producer::metadata_loop(Env& env, NodeId) {
  while (!is_closing_ && !env.is_cancelled()) {
    const Instant now = env.now();
    if (cluster_.is_stale(now) || accumulator_.lacks_leader(cluster_.view())) {
      cluster_.refresh(env, never);  // Its attempts may be further apart than one may last.
      start_senders(env);
    } else {
      metadata_.wait(env, cluster_.stale_at());
    }
  }
}

void Producer::expiry_loop(Env& env, NodeId) {
  while (!is_closing_ && !env.is_cancelled()) {
    accumulator_.expire(env, env.now());
    settled_.notify_all(env);
    // Nothing added later expires earlier than this.
    const Instant now = env.now();
    env.sleep_until(std::min(accumulator_.next_expiry(now), now + config_.delivery_timeout));
  }
}

// ---- The producer id ---------------------------------------------------------------------------

void Producer::producer_id_loop(Env& env, NodeId) {
  std::int32_t failures = 0;
  std::uint64_t waits = 0;
  while (!is_closing_ && !env.is_cancelled()) {
    if (!accumulator_.needs_producer_id()) {
      settled_.wait(env);
    } else if (const auto id = ask_producer_id(env)) {
      failures = 0;
      accumulator_.set_producer_id(*id);
      work_.notify_all(env);
    } else {
      const auto random = env.random("client.producer-id", ++waits);
      env.sleep(config_.client.backoff().after(++failures, random));
    }
  }
}

// Any broker has ids to give.
std::optional<std::int64_t> Producer::ask_producer_id(Env& env) {
  const Instant deadline = env.now() + config_.client.request_timeout;
  if (cluster_.view().brokers().empty()) cluster_.refresh(env, deadline);
  const auto& brokers = cluster_.view().brokers();
  if (brokers.empty()) return std::nullopt;
  // Who has none yet has asked for some: only who does not answer is left for another.
  const auto first = env.random("client.producer-id.broker", 0) % brokers.size();
  const auto chosen = static_cast<std::ptrdiff_t>((first + silent_brokers_) % brokers.size());
  const auto channel = cluster_.channel_to(std::next(brokers.begin(), chosen)->first);
  const auto answer =
      channel->call(env, api::InitProducerIdRequest{}, init_producer_id_version, deadline);
  if (!answer) {
    ++silent_brokers_;
    want_metadata(env);
  }
  if (!answer || answer->error_code != ErrorCode::none) return std::nullopt;
  return answer->producer_id;
}

// ---- Senders -----------------------------------------------------------------------------------

void Producer::send_loop(Env& env, NodeId broker) {
  while (!is_closing_ && !env.is_cancelled()) {
    auto batches = next_batches(env, broker);
    if (!batches.empty()) exchange(env, broker, std::move(batches));
  }
}

std::vector<BatchPtr> Producer::next_batches(Env& env, NodeId broker) {
  Sender& sender = *senders_.at(broker);
  while (sender.has_front || (!sender.is_connected && sender.in_flight > 0)) {
    if (sender.turn.wait(env) == Wake::cancelled) return {};
  }
  sender.has_front = true;
  auto batches = accumulator_.take(env.now(), cluster_.view(), broker);
  while (batches.empty() && !is_closing_) {
    const Instant due = accumulator_.next_due(cluster_.view(), broker);
    if (work_.wait(env, due) == Wake::cancelled) break;
    batches = accumulator_.take(env.now(), cluster_.view(), broker);
  }
  sender.has_front = false;
  if (!batches.empty()) ++sender.in_flight;
  sender.turn.notify_all(env);  // Runs after our request is on its way.
  return batches;
}

void Producer::exchange(Env& env, NodeId broker, std::vector<BatchPtr> batches) {
  Instant deadline = env.now() + config_.client.request_timeout;
  Instant last_delivery{};
  for (const auto& batch : batches) {
    last_delivery = std::max(last_delivery, accumulator_.delivery_deadline(*batch));
  }
  deadline = std::min(deadline, last_delivery);
  const auto channel = cluster_.channel_to(broker);
  const auto request = request_for(batches);
  std::optional<Attempt> same_for_all;
  api::ProduceResponse response;
  if (!channel) {
    same_for_all = attempt_of(CallError::unreachable);
  } else if (config_.acks == 0) {
    const auto sent = channel->send(env, request, produce_version_, deadline);
    same_for_all = sent ? Attempt{} : attempt_of(sent.error());
  } else {
    auto answer = channel->call(env, request, produce_version_, deadline);
    if (!answer) same_for_all = attempt_of(answer.error());
    if (answer) response = *std::move(answer);
  }
  Sender& sender = *senders_.at(broker);
  --sender.in_flight;
  sender.is_connected = !same_for_all || same_for_all->error == ErrorCode::none;
  if (same_for_all) {
    settle_all(env, std::move(batches), *same_for_all);
  } else {
    settle_each(env, std::move(batches), response);
  }
  sender.turn.notify_all(env);
  settled_.notify_all(env);
  work_.notify_all(env);
}

api::ProduceRequest Producer::request_for(const std::vector<BatchPtr>& batches) const {
  api::ProduceRequest request{
      .transactional_id = config_.transactional_id,
      .acks = config_.acks,
      .timeout_ms = static_cast<std::int32_t>(milliseconds(config_.client.request_timeout))};
  for (const auto& batch : batches) {  // Ordered by partition, so that topics come together.
    auto& topics = request.topic_data;
    if (topics.empty() || topics.back().name != batch->partition.topic) {
      topics.push_back({.name = batch->partition.topic});
    }
    topics.back().partition_data.push_back(
        {.index = batch->partition.partition, .records = api::Records(batch->finished->bytes())});
  }
  return request;
}

void Producer::settle_all(Env& env, std::vector<BatchPtr> batches, const Attempt& attempt) {
  if (attempt.error != ErrorCode::none) want_metadata(env);
  for (auto& batch : batches) accumulator_.settle(env, env.now(), std::move(batch), attempt);
}

void Producer::settle_each(Env& env, std::vector<BatchPtr> batches,
                           const api::ProduceResponse& response) {
  // What the response leaves out may have been stored.
  std::map<TopicPartition, Attempt> attempts;
  for (const auto& topic : response.responses) {
    for (const auto& partition : topic.partition_responses) {
      const TopicPartition id{topic.name, partition.index};
      attempts[id] = {.error = partition.error_code, .base_offset = partition.base_offset};
      if (partition.error_code != ErrorCode::none) want_metadata(env);
      const auto& leader = partition.current_leader;
      if (leader.leader_id.is_set()) {
        cluster_.view().learn_leader(id, leader.leader_id, leader.leader_epoch);
      }
    }
  }
  for (auto& batch : batches) {
    const auto found = attempts.find(batch->partition);
    const Attempt missing{.error = ErrorCode::unknown_server_error};
    const Attempt attempt = found == attempts.end() ? missing : found->second;
    accumulator_.settle(env, env.now(), std::move(batch), attempt);
  }
}

}  // namespace brokersim::client
