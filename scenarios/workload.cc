#include "scenarios/workload.h"

#include <algorithm>
#include <optional>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace brokersim::scenarios {
namespace {

// Operation numbers: the operation's place in the plan, then the record's in the operation.
constexpr std::int64_t records_per_operation = 1'000'000;
constexpr Duration operation_patience = 30s;
constexpr Duration retry_pause = 500ms;

}  // namespace

std::uint64_t digest_of(const wire::Record& record) {
  std::uint64_t digest = 0;
  for (const auto* part : {&record.key, &record.value}) {
    if (*part) digest = XXH3_64bits_withSeed((*part)->data(), (*part)->size(), digest + 1);
  }
  return digest;
}

Workload::Workload(const Plan& plan, const Inputs& inputs, SimulatedCluster& cluster)
    : plan_(plan), inputs_(inputs), cluster_(cluster) {
  progress_[admin_name];
  for (const auto& producer : plan_.producers) progress_[producer.name];
  for (const auto& consumer : plan_.consumers) {
    if (!consumer.group.empty()) members_[consumer.name];
  }
  std::int64_t number = 0;
  for (const auto& operation : plan_.operations) {
    ++number;
    const bool is_for_member =
        operation.kind == Operation::Kind::leave || operation.kind == Operation::Kind::join;
    const auto member = members_.find(operation.client);
    if (is_for_member && member != members_.end()) {
      member->second.steps.push_back({&operation, number});
    }
    const auto found = progress_.find(operation.client);
    const bool is_for_admin =
        operation.kind == Operation::Kind::elect || operation.kind == Operation::Kind::reassign;
    if (is_for_member || found == progress_.end() || !find_topic(operation.topic)) continue;
    if (is_for_admin == (operation.client == admin_name)) {
      found->second.steps.push_back({&operation, number});
    }
  }
  const auto sort = [](std::vector<Step>& steps) {
    std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
      return a.operation->at < b.operation->at;
    });
  };
  for (auto& [name, progress] : progress_) sort(progress.steps);
  for (auto& [name, member] : members_) sort(member.steps);
}

// ---- Machines ----------------------------------------------------------------------------------

void Workload::start() {
  std::set<std::string> names{admin_name};
  for (const auto& producer : plan_.producers) names.insert(producer.name);
  for (const auto& consumer : plan_.consumers) names.insert(consumer.name);
  for (const auto& name : names) {
    cluster_.start_client(name, [this, name](Env& env) { run_client(env, name); });
  }
}

void Workload::restart() {
  for (const auto& machine : cluster_.world().machines()) {
    if (has_more_to_do(machine->name())) cluster_.world().restart(*machine);
  }
}

bool Workload::has_more_to_do(const std::string& name) const {
  const auto found = progress_.find(name);
  if (found != progress_.end() && !found->second.has_finished()) return true;
  if (found != progress_.end() && !found->second.under_way.empty()) return true;
  if (name == admin_name && created_.size() < plan_.topics.size()) return true;
  return std::any_of(plan_.consumers.begin(), plan_.consumers.end(),
                     [&](const Consumer& consumer) { return consumer.name == name; });
}

// One machine may be several clients: all but the first role have fibers of their own.
void Workload::run_client(Env& env, const std::string& name) {
  std::vector<FiberId> others;
  for (const auto& consumer : plan_.consumers) {
    if (consumer.name != name) continue;
    others.push_back(env.spawn("consumer-of-" + consumer.topic, [this, &consumer](Env& fiber) {
      if (consumer.group.empty()) {
        consume(fiber, consumer);
      } else {
        take_part(fiber, consumer);
      }
    }));
  }
  if (name == admin_name) administrate(env);
  for (const auto& producer : plan_.producers) {
    if (producer.name == name) produce(env, producer);
  }
  if (others.empty()) return;
  while (!env.is_cancelled()) env.park(never);
  for (const FiberId fiber : others) env.cancel(fiber);
}

client::ClientConfig Workload::config_of(const std::string& name) const {
  client::ClientConfig config;
  config.bootstrap_servers = cluster_.brokers();
  config.client_id = name;
  return config;
}

const Topic* Workload::find_topic(const std::string& name) const {
  const auto found = std::find_if(plan_.topics.begin(), plan_.topics.end(),
                                  [&](const Topic& topic) { return topic.name == name; });
  return found == plan_.topics.end() ? nullptr : &*found;
}

// ---- Admin -------------------------------------------------------------------------------------

void Workload::administrate(Env& env) {
  client::Admin admin(config_of(admin_name));
  create_topics(env, admin);
  auto& progress = progress_[admin_name];
  while (!progress.has_finished()) {
    const Operation& operation = *progress.steps[progress.step].operation;
    if (!env.sleep_until(Instant{operation.at})) return;
    ++progress.step;
    if (operation.kind == Operation::Kind::elect) elect(env, admin, operation);
    if (operation.kind == Operation::Kind::reassign) reassign(env, admin, operation);
  }
}

void Workload::create_topics(Env& env, client::Admin& admin) {
  for (const auto& topic : plan_.topics) {
    while (!created_.contains(topic.name) && !env.is_cancelled()) {
      const client::NewTopic wanted{.name = topic.name,
                                    .partitions = topic.partitions,
                                    .replication_factor = topic.replication_factor,
                                    .configs = topic.configs};
      const auto result = admin.create_topics(env, {wanted}, env.now() + operation_patience);
      // An earlier attempt, of ours before a crash or given up too early, may have made it.
      if (result || result.error() == api::ErrorCode::topic_already_exists) {
        created_.insert(topic.name);
      } else {
        env.sleep(retry_pause);
      }
    }
  }
}

void Workload::elect(Env& env, client::Admin& admin, const Operation& operation) {
  std::vector<TopicPartition> partitions;
  const std::int32_t count = find_topic(operation.topic)->partitions;
  for (std::int32_t i = 0; i < count; ++i) {
    if (operation.partition == any_partition || operation.partition == i) {
      partitions.push_back({operation.topic, i});
    }
  }
  if (partitions.empty()) return;
  // That nothing was to be done, or that nobody could be elected, is an answer like any other.
  (void)admin.elect_leaders(env, client::ElectionType::preferred, partitions,
                            env.now() + operation_patience);
}

// Answered once it is decided; the move takes as long as it takes.
void Workload::reassign(Env& env, client::Admin& admin, const Operation& operation) {
  std::vector<NodeId> replicas;
  for (const auto number : operation.replicas) replicas.push_back(NodeId(number));
  (void)admin.reassign(env, {operation.topic, operation.partition}, replicas,
                       env.now() + operation_patience);
}

// ---- Producers ---------------------------------------------------------------------------------

std::int64_t Workload::count_of(const Operation& operation) const {
  if (operation.input.empty()) return operation.count;
  const auto lines = static_cast<std::int64_t>(inputs_.at(operation.input).size());
  return std::clamp<std::int64_t>(lines - operation.first_line + 1, 0, operation.count);
}

std::string Workload::value_of(const Operation& operation, std::int64_t index) const {
  const std::int64_t line = operation.first_line + index;
  if (operation.input.empty()) return fmt::format("{} #{}", operation.client, line);
  return inputs_.at(operation.input)[static_cast<std::size_t>(line - 1)];
}

void Workload::produce(Env& env, const Producer& producer) {
  auto& progress = progress_[producer.name];
  for (const std::int64_t op : std::set(progress.under_way)) {
    ended(env, producer, op, {Outcome::unknown, api::ErrorCode::unknown_server_error});
  }
  client::ProducerConfig config;
  config.client = config_of(producer.name);
  config.client.request_timeout = producer.request_timeout;
  config.acks = producer.acks;
  config.batch_size = static_cast<std::size_t>(producer.batch_size);
  config.linger = producer.linger;
  config.delivery_timeout = producer.delivery_timeout;
  config.max_in_flight = producer.max_in_flight;
  config.compression_type = producer.compression;
  config.enable_idempotence = producer.enable_idempotence;
  config.rules = cluster_.nodes().front().rules;
  const auto client = client::Producer::start(env, config);
  while (!progress.has_finished()) {
    const Step& step = progress.steps[progress.step];
    const Duration offset = step.operation->every * progress.record;
    if (progress.record >= count_of(*step.operation)) {
      ++progress.step;
      progress.record = 0;
    } else if (env.sleep_until(Instant{step.operation->at + offset})) {
      send(env, *client, producer, step);
    } else {
      break;
    }
  }
  client->close(env);
}

std::optional<TopicPartition> Workload::choose(Env& env, client::Producer& client,
                                               const Producer& producer, const Operation& operation,
                                               const wire::Record& record) const {
  if (operation.partition != any_partition) {
    return TopicPartition{operation.topic, operation.partition};
  }
  const wire::Record keyless;
  const auto& by = producer.partitioner == Partitioner::key ? record : keyless;
  while (!env.is_cancelled()) {
    const auto chosen = client.choose_partition(env, operation.topic, by);
    if (chosen) return *chosen;
    env.sleep(retry_pause);
  }
  return std::nullopt;
}

// A record counts as done from the moment it is handed to the producer.
void Workload::send(Env& env, client::Producer& client, const Producer& producer,
                    const Step& step) {
  const Operation& operation = *step.operation;
  auto& progress = progress_[producer.name];
  wire::Record record;
  record.timestamp = env.wall_clock().ms;
  std::string value = value_of(operation, progress.record);
  record.value = bytes_of(value);
  if (!operation.key.empty()) record.key = bytes_of(operation.key);
  const auto partition = choose(env, client, producer, operation, record);
  if (!partition) return;
  const std::int64_t op = step.number * records_per_operation + ++progress.record;
  if (partition->partition >= find_topic(operation.topic)->partitions) return;
  env.emit(SendInvoked{op, producer.name, *partition, digest_of(record)});
  sent_[op] = {.partition = *partition, .value = std::move(value), .acks = producer.acks};
  progress.under_way.insert(op);
  client.send(env, *partition, record,
              [this, &producer, op](Host& host, const client::SendResult& result) {
                ended(host, producer, op, result);
              });
}

void Workload::ended(Host& host, const Producer& producer, std::int64_t op,
                     const client::SendResult& result) {
  auto& record = sent_[op];
  record.has_ended = true;
  record.outcome = result.outcome;
  progress_[producer.name].under_way.erase(op);
  host.emit(SendEnded{op, producer.name, record.partition, result.outcome,
                      static_cast<std::int32_t>(result.error), producer.acks, result.offset});
}

bool Workload::has_sent_all() const {
  return std::all_of(progress_.begin(), progress_.end(), [](const auto& entry) {
    return entry.second.has_finished() && entry.second.under_way.empty();
  });
}

// ---- Consumers ---------------------------------------------------------------------------------

std::vector<TopicPartition> Workload::partitions_of(const Consumer& consumer) const {
  std::vector<TopicPartition> partitions;
  const Topic* topic = find_topic(consumer.topic);
  for (std::int32_t i = 0; topic && i < topic->partitions; ++i) {
    const bool is_named = std::find(consumer.partitions.begin(), consumer.partitions.end(), i) !=
                          consumer.partitions.end();
    if (consumer.partitions.empty() || is_named) partitions.push_back({topic->name, i});
  }
  return partitions;
}

void Workload::consume(Env& env, const Consumer& consumer) {
  const auto partitions = partitions_of(consumer);
  if (partitions.empty()) return;
  if (!env.sleep_until(Instant{consumer.at})) return;
  client::ConsumerConfig config;
  config.client = config_of(consumer.name);
  config.auto_offset_reset = client::OffsetReset::earliest;
  config.client_rack = consumer.rack;
  const auto client = client::Consumer::make(config);
  client->assign(env, partitions);
  while (!env.is_cancelled()) {
    const auto polled = client->poll(env, env.now() + 1s);
    take(env, consumer, polled);
    if (polled.problems.empty()) continue;
    env.sleep(retry_pause);
    for (const auto& problem : polled.problems) {
      client->seek_by(env, problem.partition, client::OffsetReset::earliest);
    }
  }
  client->close(env);
}

void Workload::take(Host& host, const Consumer& consumer, const client::Polled& polled) {
  auto& copies = copies_[consumer.name];
  for (const auto& reset : polled.resets) {
    host.emit(PositionReset{consumer.name, reset.partition, reset.offset, reset.why});
    auto& copy = copies[reset.partition];
    copy.records.erase(copy.records.lower_bound(reset.offset), copy.records.end());
    copy.position = reset.offset;
    copy.has_begun = true;
  }
  for (const auto& delivered : polled.records) {
    const auto& [offset, record] = delivered.at;
    host.emit(RecordDelivered{consumer.name, delivered.partition, offset, digest_of(record)});
    auto& copy = copies[delivered.partition];
    copy.records[offset] = record.value ? std::string(as_text(*record.value)) : std::string();
    copy.position = offset + 1;
  }
}

bool Workload::is_at_end(const properties::Ledger& ledger, const TopicPartition& partition,
                         std::optional<Offset> position) {
  const auto* known = ledger.find(partition);
  const auto* log = known ? known->log_of(known->state.leader) : nullptr;
  return log == nullptr || log->end_offset() == 0 || position == log->end_offset();
}

bool Workload::has_read_all(const properties::Ledger& ledger) const {
  for (const auto& consumer : plan_.consumers) {
    const auto member = members_.find(consumer.name);
    // Whoever has left its group reads nothing.
    if (member != members_.end() && !member->second.is_in) continue;
    const auto copies = copies_.find(consumer.name);
    for (const auto& name : partitions_of(consumer)) {
      std::optional<Offset> position;
      if (member != members_.end()) {
        position = position_of_group(consumer.group, name);
      } else if (copies != copies_.end()) {
        const auto copy = copies->second.find(name);
        if (copy != copies->second.end()) position = copy->second.position;
      }
      if (!is_at_end(ledger, name, position)) return false;
    }
  }
  return true;
}

}  // namespace brokersim::scenarios
