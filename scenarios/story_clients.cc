#include "scenarios/story_clients.h"

#include <utility>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

constexpr Duration story_retry_pause = 100ms;

// "key:value", or a value alone.
wire::Record record_of(const std::string& text) {
  wire::Record record;
  const auto colon = text.find(':');
  const bool has_key = colon != std::string::npos && text.find_first_of(" {\"") > colon;
  if (has_key) record.key = bytes_of(text.substr(0, colon));
  record.value = bytes_of(has_key ? text.substr(colon + 1) : text);
  return record;
}

bool are_alike(const client::ProducerConfig& a, const client::ProducerConfig& b) {
  return a.acks == b.acks && a.max_in_flight == b.max_in_flight &&
         a.enable_idempotence == b.enable_idempotence && a.delivery_timeout == b.delivery_timeout &&
         a.client.request_timeout == b.client.request_timeout;
}

}  // namespace

StoryClients::StoryClients(SimulatedCluster& cluster, std::function<void(Fact)> tell)
    : cluster_(cluster), tell_(std::move(tell)) {}

// ---- Machines ----------------------------------------------------------------------------------

void StoryClients::post(const std::string& name, Job job) {
  const bool is_new = !machines_.contains(name);
  Machine& machine = machines_[name];
  machine.jobs.push_back(std::move(job));
  if (is_new) {
    cluster_.start_client(name, [this, &machine](Env& env) { serve(env, machine); });
  } else {
    cluster_.world().scheduler().unpark(machine.fiber);
  }
}

void StoryClients::serve(Env& env, Machine& machine) {
  machine.fiber = env.self();
  while (!env.is_cancelled()) {
    for (auto& job : std::exchange(machine.jobs, {})) {
      env.spawn(fmt::format("job-{}", ++machine.begun), std::move(job));
    }
    env.park(never);
  }
}

client::ClientConfig StoryClients::config_of(const std::string& name) const {
  client::ClientConfig config;
  for (const auto& broker : cluster_.brokers()) {
    const bool runs = cluster_.world().find(broker.host)->state() == sim::Machine::State::running;
    if (runs) config.bootstrap_servers.push_back(broker);
  }
  if (config.bootstrap_servers.empty()) config.bootstrap_servers = cluster_.brokers();
  config.client_id = name;
  return config;
}

// ---- Producers ---------------------------------------------------------------------------------

bool StoryClients::has_producer(const std::string& name, const client::ProducerConfig& config) {
  const auto [found, is_new] = producers_.try_emplace(name);
  if (!is_new) return are_alike(found->second.config, config);
  const auto timeout = config.client.request_timeout;
  found->second.config = config;
  found->second.config.client = config_of(name);
  found->second.config.client.request_timeout = timeout;
  found->second.config.rules = cluster_.nodes().front().rules;
  return true;
}

void StoryClients::produce(const std::string& name, const Send& what) {
  values_under_way_ += what.values.size();
  post(name, [this, name, what](Env& env) {
    auto& producer = producers_.at(name);
    if (!producer.client) producer.client = client::Producer::start(env, producer.config);
    for (const auto& value : what.values) send(env, name, what, value);
  });
}

void StoryClients::send(Env& env, const std::string& name, const Send& what,
                        const std::string& value) {
  const auto producer = producers_.at(name).client;
  const auto acks = producers_.at(name).config.acks;
  wire::Record record = record_of(value);
  record.timestamp = env.wall_clock().ms;
  TopicPartition partition{what.topic, what.partition};
  while (what.partition < 0 && !env.is_cancelled()) {
    const auto chosen = producer->choose_partition(env, what.topic, record);
    if (chosen) partition = *chosen;
    if (chosen) break;
    env.sleep(story_retry_pause);
  }
  const auto op = static_cast<std::int64_t>(sent_.size()) + 1;
  sent_[op] = {partition, value};
  env.emit(SendInvoked{op, name, partition, wire::record_digest(record)});
  producer->send(
      env, partition, record, [this, name, op, acks](Host& host, const client::SendResult& result) {
        --values_under_way_;
        host.emit(SendEnded{op, name, sent_.at(op).partition, result.outcome,
                            static_cast<std::int32_t>(result.error), acks, result.offset});
      });
}

std::string StoryClients::value_of(std::int64_t op) const {
  const auto found = sent_.find(op);
  return found == sent_.end() ? fmt::format("op{}", op) : found->second.value;
}

// ---- Consumers ---------------------------------------------------------------------------------

void StoryClients::consume(const std::string& name, const Read& read) {
  consumers_[name].is_reading = true;
  post(name, [this, name, read](Env& env) {
    poll(env, name, read);
    consumers_[name].is_reading = false;
  });
}

bool StoryClients::is_reading(const std::string& name) const {
  const auto found = consumers_.find(name);
  return found != consumers_.end() && found->second.is_reading;
}

void StoryClients::poll(Env& env, const std::string& name, const Read& read) {
  auto& consumer = consumers_[name].client;
  if (!consumer) {
    client::ConsumerConfig config;
    config.client = config_of(name);
    config.auto_offset_reset = read.reset;
    config.client_rack = read.rack;
    consumer = client::Consumer::make(config);
  }
  consumer->assign(env, {read.partition});
  if (read.from) consumer->seek(env, read.partition, {.offset = *read.from});
  if (read.from_end) consumer->seek_by(env, read.partition, *read.from_end);
  for (std::size_t count = 0; count < read.count && env.now() < read.deadline;) {
    const auto polled = consumer->poll(env, read.deadline);
    if (env.is_cancelled()) return;
    take(env, name, polled);
    count += polled.records.size();
    if (!polled.problems.empty()) return;
  }
}

void StoryClients::take(Env& env, const std::string& name, const client::Polled& polled) {
  const auto tell = [&](const TopicPartition& partition, std::string what) {
    tell_({.subject = Subject::reads,
           .at = env.now(),
           .who = name,
           .what = std::move(what),
           .partition = partition});
  };
  for (const auto& reset : polled.resets) {
    env.emit(PositionReset{name, reset.partition, reset.offset, reset.why});
  }
  for (const auto& delivered : polled.records) {
    const auto& [offset, record] = delivered.at;
    env.emit(RecordDelivered{name, delivered.partition, offset, wire::record_digest(record)});
    const auto key = record.key ? std::string(as_text(*record.key)) + ":" : std::string();
    const auto value = record.value ? std::string(as_text(*record.value)) : std::string("null");
    tell(delivered.partition,
         fmt::format("reads {} at offset {} of {}", key + value, offset, delivered.partition));
  }
  for (const auto& problem : polled.problems) {
    tell(problem.partition, fmt::format("cannot read {}: {}", problem.partition, problem.error));
  }
}

// ---- Administration ----------------------------------------------------------------------------

void StoryClients::administrate(AdminJob job, const std::shared_ptr<bool>& done) {
  if (!admin_) admin_.emplace(config_of(admin_name));
  post(admin_name, [this, job = std::move(job), done](Env& env) {
    job(env, *admin_);
    *done = true;
  });
}

}  // namespace brokersim::scenarios
