// The consumer's requests, and what their answers do to its positions.
#include "core/client/consumer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/api/list_offsets.h"
#include "core/client/aborted_records.h"
#include "core/client/versions.h"

namespace brokersim::client {

using api::ErrorCode;

namespace {

std::int64_t timestamp_of(OffsetReset reset) { return reset == OffsetReset::earliest ? -2 : -1; }

// The error may be cured by asking another broker, or the same a little later.
bool may_pass(ErrorCode error) {
  return api::is_retriable(error) || error == ErrorCode::unknown_server_error;
}

}  // namespace

Consumer::Consumer(ConsumerConfig config)
    : config_(std::move(config)),
      backoff_(config_.client.backoff()),
      cluster_(config_.client,
               config_.allow_auto_create_topics ? AutoCreate::allowed : AutoCreate::forbidden) {}

std::shared_ptr<Consumer> Consumer::make(ConsumerConfig config) {
  return std::shared_ptr<Consumer>(new Consumer(std::move(config)));
}

// ---- Positions ---------------------------------------------------------------------------------

void Consumer::assign(Host& host, const std::vector<TopicPartition>& partitions) {
  std::map<TopicPartition, Assigned> assigned;
  for (const TopicPartition& partition : partitions) {
    const auto kept = assigned_.find(partition);
    if (kept != assigned_.end()) {
      assigned[partition] = std::move(kept->second);
    } else {
      assigned[partition] =
          Assigned{.reset_to = config_.auto_offset_reset, .generation = ++generations_};
      cluster_.add_topic(partition.topic);
      cluster_.needs_refresh();
    }
  }
  assigned_ = std::move(assigned);
  std::erase_if(paused_, [&](const auto& partition) { return !assigned_.contains(partition); });
  std::erase_if(problems_, [&](const auto& one) { return !assigned_.contains(one.partition); });
  changed_.notify_all(host);
}

void Consumer::seek(Host& host, const TopicPartition& partition, const Position& position) {
  REQUIRE(assigned_.count(partition) > 0, partition);
  set_position(partition, assigned_[partition], position, "seek");
  changed_.notify_all(host);
}

void Consumer::start_at(Host& host, const TopicPartition& partition, const Position& committed) {
  REQUIRE(assigned_.count(partition) > 0, partition);
  set_position(partition, assigned_[partition], committed, "committed");
  changed_.notify_all(host);
}

void Consumer::pause(const TopicPartition& partition) {
  if (assigned_.contains(partition)) paused_.insert(partition);
}

void Consumer::resume(Host& host, const TopicPartition& partition) {
  if (paused_.erase(partition) > 0) changed_.notify_all(host);
}

void Consumer::seek_by(Host& host, const TopicPartition& partition, OffsetReset to) {
  REQUIRE(assigned_.count(partition) > 0, partition);
  assigned_[partition] =
      Assigned{.reset_to = to, .reset_why = "seek", .generation = ++generations_};
  forget_problems_of(partition);
  changed_.notify_all(host);
}

void Consumer::set_position(const TopicPartition& partition, Assigned& assigned,
                            const Position& position, std::string why) {
  assigned = Assigned{.position = position.offset,
                      .last_epoch = position.epoch,
                      .told_epoch = position.epoch,
                      .high_watermark = assigned.high_watermark,
                      .generation = ++generations_};
  forget_problems_of(partition);
  resets_.push_back({partition, position.offset, std::move(why)});
}

void Consumer::forget_problems_of(const TopicPartition& partition) {
  std::erase_if(problems_, [&](const auto& one) { return one.partition == partition; });
}

std::optional<Offset> Consumer::position(const TopicPartition& partition) const {
  const auto found = assigned_.find(partition);
  return found == assigned_.end() ? std::nullopt : found->second.position;
}

std::optional<Position> Consumer::position_and_epoch(const TopicPartition& partition) const {
  const auto found = assigned_.find(partition);
  if (found == assigned_.end() || !found->second.position) return std::nullopt;
  return Position{*found->second.position, found->second.last_epoch};
}

std::optional<Offset> Consumer::high_watermark(const TopicPartition& partition) const {
  const auto found = assigned_.find(partition);
  return found == assigned_.end() ? std::nullopt : found->second.high_watermark;
}

// ---- Poll --------------------------------------------------------------------------------------

Polled Consumer::poll(Env& env, Instant deadline) {
  while (true) {
    Polled polled = drain();
    start_requests(env);
    if (polled.empty() && !problems_.empty()) continue;  // Found only now.
    const Instant now = env.now();
    if (!polled.empty() || now >= deadline) return polled;
    if (changed_.wait(env, std::min(deadline, next_due(now))) == Wake::cancelled) return {};
  }
}

Polled Consumer::drain() {
  Polled polled{.resets = std::exchange(resets_, {}), .problems = std::exchange(problems_, {})};
  // Begins after the partition served last, so that a busy one does not starve the others.
  auto at = assigned_.upper_bound(last_served_);
  for (std::size_t n = 0; n < assigned_.size(); ++n, ++at) {
    if (at == assigned_.end()) at = assigned_.begin();
    auto& [partition, assigned] = *at;
    if (paused_.contains(partition)) continue;
    while (!assigned.buffered.empty() && polled.records.size() < config_.max_poll_records) {
      Delivered& next = assigned.buffered.front();
      assigned.position = next.at.offset + 1;
      assigned.last_epoch = next.leader_epoch;
      polled.records.push_back(std::move(next));
      assigned.buffered.pop_front();
      last_served_ = partition;
    }
  }
  return polled;
}

// ---- Requests ----------------------------------------------------------------------------------

bool Consumer::is_due(const TopicPartition& partition, const Assigned& assigned,
                      Instant now) const {
  // A pause keeps nobody from finding out where to begin: later that may be somewhere else.
  const bool is_paused = assigned.position && paused_.contains(partition);
  return !is_paused && assigned.buffered.empty() && !assigned.has_problem &&
         assigned.not_before <= now;
}

Instant Consumer::next_due(Instant now) const {
  Instant next = cluster_.stale_at() > now ? cluster_.stale_at() : never;
  for (const auto& [partition, assigned] : assigned_) {
    if (assigned.not_before > now) next = std::min(next, assigned.not_before);
  }
  return next;
}

void Consumer::spawn(Host& host, const std::string& name,
                     std::function<void(Consumer&, Env&)> body) {
  auto run = [self = shared_from_this(), body = std::move(body)](Env& env) {
    body(*self, env);
    self->fibers_.erase(env.self());
    self->changed_.notify_all(env);
  };
  fibers_.insert(host.spawn(fmt::format("{}/{}", config_.client.client_id, name), std::move(run)));
}

void Consumer::start_requests(Env& env) {
  const Instant now = env.now();
  std::map<NodeId, std::vector<Asked>> requests;
  bool lacks_leader = false;
  for (auto& [partition, assigned] : assigned_) {
    if (!is_due(partition, assigned, now)) continue;
    if (!assigned.position && assigned.reset_to == OffsetReset::none) {
      assigned.has_problem = true;
      problems_.push_back({partition, ErrorCode::offset_out_of_range});
      continue;
    }
    learn_epoch(partition, assigned);
    const auto broker = broker_for(partition, assigned, now);
    lacks_leader = lacks_leader || !broker;
    if (!broker || busy_.count(*broker) > 0) continue;
    requests[*broker].push_back({.partition = partition,
                                 .generation = assigned.generation,
                                 .position = assigned.position,
                                 .timestamp = timestamp_of(assigned.reset_to),
                                 .leader_epoch = cluster_.view().find(partition)->leader_epoch,
                                 .last_epoch = assigned.last_epoch,
                                 .is_of_leader = !assigned.read_replica.has_value()});
  }
  if (lacks_leader || cluster_.is_stale(now)) start_refresh(env);
  for (auto& [broker, asked] : requests) {
    busy_.insert(broker);
    spawn(env, fmt::format("fetch-{}", broker),
          [id = broker, what = std::move(asked)](Consumer& self, Env& fiber) {
            self.run_request(fiber, id, what);
            self.busy_.erase(id);
          });
  }
}

// Whoever gave us the position has read from a leader of that epoch. An earlier one may take it for
// beyond the end of the log: nobody is asked until the later one is found (KIP-320).
void Consumer::learn_epoch(const TopicPartition& partition, Assigned& assigned) {
  if (!config_.rules.fetches_with_epochs || !cluster_.view().find(partition)) return;
  const auto epoch = std::exchange(assigned.told_epoch, no_epoch);
  cluster_.view().learn_leader(partition, no_node, epoch);
}

std::optional<NodeId> Consumer::broker_for(const TopicPartition& partition, Assigned& assigned,
                                           Instant now) const {
  const auto leader = cluster_.view().leader_of(partition);
  auto& other = assigned.read_replica;
  // Only the leader knows where positions are.
  const bool is_good =
      other && assigned.position && now < other->until && cluster_.view().address_of(other->broker);
  if (leader && is_good) return other->broker;
  other.reset();
  return leader;
}

void Consumer::start_refresh(Env& env) {
  if (is_refreshing_) return;
  is_refreshing_ = true;
  spawn(env, "metadata", [](Consumer& self, Env& fiber) {
    self.cluster_.refresh(fiber, never);  // Its attempts may be further apart than one may last.
    self.is_refreshing_ = false;
  });
}

void Consumer::run_request(Env& env, NodeId broker, const std::vector<Asked>& asked) {
  const auto channel = cluster_.channel_to(broker);
  if (!channel) return all_failed(env, asked, ErrorCode::network_exception);
  std::vector<Asked> to_look_up;
  std::vector<Asked> to_fetch;
  for (const Asked& one : asked) (one.position ? to_fetch : to_look_up).push_back(one);
  if (!to_look_up.empty()) look_up(env, *channel, to_look_up);
  if (!to_fetch.empty()) fetch(env, broker, *channel, to_fetch);
}

void Consumer::close(Host& host) {
  for (const FiberId fiber : fibers_) host.cancel(fiber);
  assigned_.clear();
  cluster_.close();
}

// ---- Fetch -------------------------------------------------------------------------------------

void Consumer::fetch(Env& env, NodeId broker, wire::Channel& channel,
                     const std::vector<Asked>& asked) {
  api::FetchRequest request{
      .replica_id = no_node,
      .max_wait_ms = static_cast<std::int32_t>(milliseconds(config_.fetch_max_wait)),
      .min_bytes = config_.fetch_min_bytes,
      .max_bytes = config_.fetch_max_bytes,
      .isolation_level = static_cast<std::int8_t>(config_.isolation_level),
      .rack_id = config_.client_rack};
  for (const Asked& one : asked) {  // Ordered by partition, so that topics come together.
    const auto last_epoch = config_.rules.fetches_with_epochs ? one.last_epoch : no_epoch;
    auto& topics = request.topics;
    if (topics.empty() || topics.back().topic != one.partition.topic) {
      topics.push_back({.topic = one.partition.topic});
    }
    topics.back().partitions.push_back({.partition = one.partition.partition,
                                        .current_leader_epoch = one.leader_epoch,
                                        .fetch_offset = *one.position,
                                        .last_fetched_epoch = last_epoch,
                                        .partition_max_bytes = config_.max_partition_fetch_bytes});
  }
  sessions_[broker].prepare(request);
  const Instant deadline = env.now() + config_.client.request_timeout;
  const auto response = channel.call(env, request, fetch_version, deadline);
  if (!response) {
    sessions_[broker].failed();
    return all_failed(env, asked, ErrorCode::network_exception);
  }
  if (!sessions_[broker].accept(*response)) {
    if (fetch::is_about_session(response->error_code)) return;  // A new one begins at once.
    const bool is_named = response->error_code != ErrorCode::none;
    return all_failed(env, asked,
                      is_named ? response->error_code : ErrorCode::unknown_server_error);
  }
  std::map<TopicPartition, const api::FetchResponse::PartitionData*> answers;
  for (const auto& topic : response->responses) {
    for (const auto& data : topic.partitions) answers[{topic.topic, data.partition_index}] = &data;
  }
  for (const Asked& one : asked) {
    const auto found = answers.find(one.partition);
    if (found != answers.end()) take(env, one, *found->second);
  }
}

Consumer::Assigned* Consumer::current(const Asked& asked) {
  const auto found = assigned_.find(asked.partition);
  if (found == assigned_.end() || found->second.generation != asked.generation) return nullptr;
  return &found->second;
}

void Consumer::take(Env& env, const Asked& asked, const api::FetchResponse::PartitionData& data) {
  Assigned* assigned = current(asked);
  if (assigned == nullptr) return;
  // Two brokers may have been asked for the same, where another one leads now: the first counts.
  if (assigned->position != asked.position || !assigned->buffered.empty()) return;
  const auto& leader = data.current_leader;
  if (leader.leader_id.is_set()) {
    cluster_.view().learn_leader(asked.partition, leader.leader_id, leader.leader_epoch);
  }
  if (data.error_code == ErrorCode::offset_out_of_range && is_of_judge(asked)) {
    return out_of_range(asked.partition, *assigned);
  }
  if (data.error_code != ErrorCode::none) return failed(env, asked, *assigned, data.error_code);
  assigned->failures = 0;
  if (data.preferred_read_replica.is_set()) {
    // Of one that has only just come the metadata has to be read first.
    const bool is_known = cluster_.view().address_of(data.preferred_read_replica).has_value();
    if (!is_known) return failed(env, asked, *assigned, ErrorCode::replica_not_available);
    const Instant until = env.now() + config_.client.metadata_max_age;
    assigned->read_replica = {.broker = data.preferred_read_replica, .until = until};
    return;
  }
  if (data.diverging_epoch.end_offset >= 0) {
    const Offset end = std::min(*asked.position, data.diverging_epoch.end_offset);
    const LeaderEpoch epoch = std::min(asked.last_epoch, data.diverging_epoch.epoch);
    return truncated(asked.partition, *assigned, {end, epoch});
  }
  assigned->high_watermark = data.high_watermark;
  if (data.records) take_records(env, asked, *assigned, data);
}

void Consumer::take_records(Env& env, const Asked& asked, Assigned& assigned,
                            const api::FetchResponse::PartitionData& data) {
  const auto corrupt = [&] {
    // What came before it is good; the next fetch begins at the bad batch.
    if (!assigned.buffered.empty()) return;
    failed(env, asked, assigned, ErrorCode::corrupt_message);
  };
  const auto batches = wire::parse_batches(data.records->slice());
  if (!batches) return corrupt();
  AbortedRecords aborted(data.aborted_transactions.value_or(AbortedRecords::Listed{}));
  for (const wire::Batch& batch : *batches) {
    const bool is_aborted = aborted.has(batch);
    if (batch.header.next_offset() <= *assigned.position) continue;
    if (!batch.crc_is_valid()) return corrupt();
    if (!batch.header.is_control() && !is_aborted) {
      const auto parsed = wire::records_of(batch);
      if (!parsed) return corrupt();
      for (const wire::RecordAt& record : *parsed) {
        if (record.offset < *assigned.position) continue;
        assigned.buffered.push_back({asked.partition, record, batch.header.leader_epoch});
      }
    }
    if (!assigned.buffered.empty()) continue;
    assigned.position = batch.header.next_offset();  // Nothing in it for us.
    assigned.last_epoch = batch.header.leader_epoch;
  }
}

// ---- Look-ups ----------------------------------------------------------------------------------

void Consumer::look_up(Env& env, wire::Channel& channel, const std::vector<Asked>& asked) {
  api::ListOffsetsRequest request{
      .replica_id = no_node, .isolation_level = static_cast<std::int8_t>(config_.isolation_level)};
  for (const Asked& one : asked) {
    if (request.topics.empty() || request.topics.back().name != one.partition.topic) {
      request.topics.push_back({.name = one.partition.topic});
    }
    request.topics.back().partitions.push_back({.partition_index = one.partition.partition,
                                                .current_leader_epoch = one.leader_epoch,
                                                .timestamp = one.timestamp});
  }
  const Instant deadline = env.now() + config_.client.request_timeout;
  const auto response = channel.call(env, request, list_offsets_version, deadline);
  if (!response) return all_failed(env, asked, ErrorCode::network_exception);
  std::map<TopicPartition, Expected<Offset, ErrorCode>> answers;
  for (const auto& topic : response->topics) {
    for (const auto& data : topic.partitions) {
      Expected<Offset, ErrorCode> answer = data.offset;
      if (data.offset < 0) answer = Unexpected(ErrorCode::unknown_server_error);
      if (data.error_code != ErrorCode::none) answer = Unexpected(data.error_code);
      answers.insert_or_assign({topic.name, data.partition_index}, answer);
    }
  }
  for (const Asked& one : asked) {
    Assigned* assigned = current(one);
    const auto found = answers.find(one.partition);
    if (assigned == nullptr) continue;
    if (found == answers.end() || !found->second) {
      const bool is_missing = found == answers.end();
      failed(env, one, *assigned,
             is_missing ? ErrorCode::unknown_server_error : found->second.error());
      continue;
    }
    const std::string why = assigned->reset_why;
    set_position(one.partition, *assigned, {.offset = *found->second}, why);
  }
}

// ---- Failures ----------------------------------------------------------------------------------

void Consumer::out_of_range(const TopicPartition& partition, Assigned& assigned) {
  if (config_.auto_offset_reset == OffsetReset::none) {
    assigned.has_problem = true;
    problems_.push_back({partition, ErrorCode::offset_out_of_range});
    return;
  }
  assigned = Assigned{.reset_to = config_.auto_offset_reset,
                      .reset_why = "out_of_range",
                      .generation = ++generations_};
}

void Consumer::truncated(const TopicPartition& partition, Assigned& assigned, const Position& end) {
  if (config_.auto_offset_reset == OffsetReset::none) {
    assigned.has_problem = true;
    problems_.push_back({partition, ErrorCode::offset_out_of_range, end});
    return;
  }
  set_position(partition, assigned, end, "truncated");
}

// A follower is no judge of where a log begins and ends, nor is who no longer leads.
bool Consumer::is_of_judge(const Asked& asked) const {
  const auto* known = cluster_.view().find(asked.partition);
  return asked.is_of_leader && (!known || asked.leader_epoch >= known->leader_epoch);
}

void Consumer::failed(Env& env, const Asked& asked, Assigned& assigned, ErrorCode error) {
  assigned.read_replica.reset();
  if (is_of_judge(asked) && !may_pass(error)) {
    assigned.has_problem = true;
    problems_.push_back({asked.partition, error});
    return;
  }
  cluster_.needs_refresh();
  ++assigned.failures;
  const auto random = env.random("client.fetch", ++backoffs_);
  assigned.not_before = env.now() + backoff_.after(assigned.failures, random);
}

void Consumer::all_failed(Env& env, const std::vector<Asked>& asked, ErrorCode error) {
  for (const Asked& one : asked) {
    if (Assigned* assigned = current(one)) failed(env, one, *assigned, error);
  }
}

}  // namespace brokersim::client
