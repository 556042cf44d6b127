#include "scenarios/workload.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "scenarios/plan_members.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace brokersim::scenarios {
namespace {

constexpr Duration operation_patience = 30s;
// Records are deleted once every replica that lives has done so, which an operator need not wait
// for: what was asked of a leader it does as long as it leads.
constexpr Duration deletion_patience = 5s;
constexpr Duration retry_pause = 500ms;
constexpr Duration metadata_max_age = 3s;  // Of clients, where topics grow.
constexpr Duration watch_interval = 1s;

// The first offset that is to stay; -1, the high watermark, where nothing is. Nothing if nobody
// says what is there.
std::optional<Offset> end_of_deletion(Env& env, client::Admin& admin,
                                      const TopicPartition& partition, const Operation& operation,
                                      Instant deadline) {
  if (operation.before >= 0) return operation.before;
  if (operation.percent >= 100) return Offset{-1};
  const auto begin = admin.list_offset(env, partition, client::earliest_timestamp, deadline);
  const auto end = admin.list_offset(env, partition, client::latest_timestamp, deadline);
  if (!begin || !end || *begin < 0 || *end < *begin) return std::nullopt;
  return *begin + (*end - *begin) * operation.percent / 100;
}

}  // namespace

std::int64_t op_number(std::int64_t step, std::int64_t record) {
  return step * most_records + record;
}

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
    if (!consumer.group.empty()) members_[consumer.name].protocol = consumer.protocol;
  }
  for (const auto& task : plan_.tasks) tasks_[task.name];
  std::int64_t number = 0;
  for (const auto& operation : plan_.operations) {
    ++number;
    if (is_of_reading(operation.kind)) {
      reading_[operation.client].push_back({&operation, number});
      continue;
    }
    const bool is_for_member = is_of_membership(operation.kind);
    const auto member = members_.find(operation.client);
    if (is_for_member && member != members_.end()) {
      member->second.steps.push_back({&operation, number});
    }
    const auto found = progress_.find(operation.client);
    const bool is_for_quorum = operation.kind == Operation::Kind::add_voter ||
                               operation.kind == Operation::Kind::remove_voter;
    const bool is_for_brokers =
        operation.kind == Operation::Kind::configure && operation.topic.empty();
    const bool is_for_cluster = operation.kind == Operation::Kind::unregister_broker ||
                                operation.kind == Operation::Kind::update_features;
    const bool is_for_admin = !is_for_member && operation.kind != Operation::Kind::send;
    const bool is_for_nothing =
        !is_for_quorum && !is_for_brokers && !is_for_cluster && !find_topic(operation.topic);
    if (is_for_member || found == progress_.end() || is_for_nothing) continue;
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
  for (auto& [name, steps] : reading_) sort(steps);
}

// ---- Machines ----------------------------------------------------------------------------------

void Workload::start() {
  std::set<std::string> names{admin_name};
  for (const auto& producer : plan_.producers) names.insert(producer.name);
  for (const auto& consumer : plan_.consumers) names.insert(consumer.name);
  for (const auto& task : plan_.tasks) names.insert(task.name);
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
  if (name == admin_name && !growing_.empty()) return true;
  if (tasks_.contains(name)) return true;
  if (name == admin_name && !consumer_groups(plan_).empty() && !allows_consumer_groups_)
    return true;
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
  for (const auto& task : plan_.tasks) {
    if (task.name != name) continue;
    others.push_back(
        env.spawn("task-of-" + task.group, [this, &task](Env& fiber) { run_task(fiber, task); }));
  }
  if (name == admin_name && !consumer_groups(plan_).empty()) {
    others.push_back(env.spawn("groups", [this](Env& fiber) { watch_consumer_groups(fiber); }));
  }
  if (name == admin_name) administrate(env);
  for (const auto& producer : plan_.producers) {
    if (producer.name != name) continue;
    if (producer.transactional_id.empty()) {
      produce(env, producer);
    } else {
      produce_in_transactions(env, producer);
    }
  }
  if (others.empty()) return;
  while (!env.is_cancelled()) env.park(never);
  for (const FiberId fiber : others) env.cancel(fiber);
}

client::ClientConfig Workload::config_of(const std::string& name) const {
  client::ClientConfig config;
  config.bootstrap_servers = cluster_.brokers();
  config.client_id = name;
  // Nobody is told of new partitions: who looks often finds them while the run lasts.
  const auto grows = [](const Operation& each) {
    return each.kind == Operation::Kind::create_partitions;
  };
  const auto& operations = plan_.operations;
  if (std::any_of(operations.begin(), operations.end(), grows)) {
    config.metadata_max_age = metadata_max_age;
  }
  return config;
}

const Topic* Workload::find_topic(const std::string& name) const {
  const auto found = std::find_if(plan_.topics.begin(), plan_.topics.end(),
                                  [&](const Topic& topic) { return topic.name == name; });
  return found == plan_.topics.end() ? nullptr : &*found;
}

std::int32_t Workload::partition_count(const std::string& topic) const {
  const Topic* known = find_topic(topic);
  const auto grown = grown_.find(topic);
  if (known == nullptr) return 0;
  return grown == grown_.end() ? known->partitions : std::max(known->partitions, grown->second);
}

// ---- Admin -------------------------------------------------------------------------------------

void Workload::administrate(Env& env) {
  client::Admin admin(config_of(admin_name));
  raise_features(env, admin);
  delete_topics(env, admin);
  create_topics(env, admin);
  grow_topics(env, admin);
  if (!consumer_groups(plan_).empty()) allow_consumer_groups(env, admin);
  auto& progress = progress_[admin_name];
  while (!progress.has_finished()) {
    const Operation& operation = *progress.steps[progress.step].operation;
    if (!env.sleep_until(Instant{operation.at})) return;
    ++progress.step;
    if (operation.kind == Operation::Kind::elect) elect(env, admin, operation);
    if (operation.kind == Operation::Kind::reassign) reassign(env, admin, operation);
    if (operation.kind == Operation::Kind::configure) configure(env, admin, operation);
    if (operation.kind == Operation::Kind::make_again) make_again(env, admin, operation);
    if (operation.kind == Operation::Kind::delete_records) delete_records(env, admin, operation);
    if (operation.kind == Operation::Kind::unregister_broker) {
      unregister_broker(env, admin, operation);
    }
    if (operation.kind == Operation::Kind::update_features) update_features(env, admin, operation);
    if (operation.kind == Operation::Kind::create_partitions) {
      auto& wanted = grown_[operation.topic];
      wanted = std::max(wanted, operation.partitions);
      growing_[operation.topic] = wanted;
      grow_topics(env, admin);
    }
    if (operation.controller > 0) change_voters(env, admin, operation);
  }
}

void Workload::raise_features(Env& env, client::Admin& admin) {
  while (!has_features_ && !plan_.cluster.features.empty() && !env.is_cancelled()) {
    has_features_ =
        admin.update_features(env, plan_.cluster.features, env.now() + operation_patience)
            .has_value();
    if (!has_features_) env.sleep(retry_pause);
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
        gone_.erase(topic.name);
      } else {
        env.sleep(retry_pause);
      }
    }
  }
}

// What was begun is gone through with: once it was asked for, the topic may vanish at any time.
void Workload::make_again(Env& env, client::Admin& admin, const Operation& operation) {
  while (!gone_.contains(operation.topic) && !env.is_cancelled()) {
    const auto known = admin.describe_topic(env, operation.topic, env.now() + operation_patience);
    if (known) {
      gone_[operation.topic] = known->id;
      created_.erase(operation.topic);
      grown_.erase(operation.topic);
    } else {
      env.sleep(retry_pause);
    }
  }
  delete_topics(env, admin);
  if (env.sleep(operation.away)) create_topics(env, admin);
}

void Workload::delete_topics(Env& env, client::Admin& admin) {
  for (const auto& [name, id] : std::map(gone_)) {
    while (!env.is_cancelled()) {
      if (admin.delete_topic(env, id, env.now() + operation_patience)) break;
      env.sleep(retry_pause);
    }
  }
}

// That there are as many already an earlier attempt may have brought about.
void Workload::grow_topics(Env& env, client::Admin& admin) {
  for (const auto& [topic, count] : std::map(growing_)) {
    while (growing_.contains(topic) && !env.is_cancelled()) {
      const auto done = admin.create_partitions(env, topic, count, env.now() + operation_patience);
      if (done || done.error() == api::ErrorCode::invalid_partitions) {
        growing_.erase(topic);
      } else {
        env.sleep(retry_pause);
      }
    }
  }
}

// That it is gone already, or beyond what is committed by now, is an answer like any other.
void Workload::delete_records(Env& env, client::Admin& admin, const Operation& operation) const {
  for (const auto& partition : partitions_of(operation.topic)) {
    if (!concerns(operation, partition.partition)) continue;
    const Instant deadline = env.now() + deletion_patience;
    const auto end = end_of_deletion(env, admin, partition, operation, deadline);
    if (end) (void)admin.delete_records(env, partition, *end, deadline);
  }
}

void Workload::allow_consumer_groups(Env& env, client::Admin& admin) {
  while (!allows_consumer_groups_ && !env.is_cancelled()) {
    const auto result =
        admin.update_features(env, {{"group.version", 1}}, env.now() + operation_patience);
    allows_consumer_groups_ = result.has_value();
    if (!result) env.sleep(retry_pause);
  }
}

void Workload::watch_consumer_groups(Env& env) {
  const auto groups = consumer_groups(plan_);
  client::Admin admin(config_of(admin_name));
  while (env.sleep(watch_interval)) {
    for (const auto& group : groups) {
      (void)admin.describe_consumer_group(env, group, env.now() + watch_interval);
    }
  }
}

void Workload::elect(Env& env, client::Admin& admin, const Operation& operation) {
  std::vector<TopicPartition> partitions;
  const std::int32_t count = partition_count(operation.topic);
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

void Workload::configure(Env& env, client::Admin& admin, const Operation& operation) {
  using Type = client::Configured::Type;
  const client::Configured what{operation.topic.empty() ? Type::broker : Type::topic,
                                operation.topic};
  (void)admin.alter_configs(env, what, {operation.configs.begin(), operation.configs.end()},
                            env.now() + operation_patience);
}

// That it is a voter already, or none, is an answer like any other: an earlier change may have come
// to nothing.
void Workload::change_voters(Env& env, client::Admin& admin, const Operation& operation) {
  if (operation.controller > plan_.cluster.controllers) return;
  const auto& node = cluster_.nodes()[static_cast<std::size_t>(operation.controller - 1)];
  const auto [id, directory] = replica_of(node.node_id);
  const Instant deadline = env.now() + operation_patience;
  if (operation.kind == Operation::Kind::add_voter) {
    (void)admin.add_voter(env, id, directory, node.listener, deadline);
  } else if (operation.kind == Operation::Kind::remove_voter) {
    (void)admin.remove_voter(env, id, directory, deadline);
  }
}

// That it is not registered, or no more, is an answer like any other.
void Workload::unregister_broker(Env& env, client::Admin& admin, const Operation& operation) {
  (void)admin.unregister_broker(env, NodeId(operation.broker), env.now() + operation_patience);
}

// Whoever is told that this would be the wrong way goes the other. That it cannot be done either is
// an answer like any other.
void Workload::update_features(Env& env, client::Admin& admin, const Operation& operation) {
  const Instant deadline = env.now() + operation_patience;
  const auto raised = admin.update_features(env, operation.levels, deadline);
  if (raised || raised.error() != api::ErrorCode::invalid_update_version) return;
  (void)admin.update_features(env, operation.levels, deadline,
                              client::FeatureChange::safe_downgrade);
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
  end_unknown(env, producer.name, producer.acks, progress.under_way);
  const auto client = client::Producer::start(env, config_of_producer(producer));
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

std::optional<TopicPartition> Workload::choose(Env& env, const Choose& choose_for,
                                               const Producer& producer, const Operation& operation,
                                               const wire::Record& record) const {
  if (operation.partition != any_partition) {
    return TopicPartition{operation.topic, operation.partition};
  }
  const wire::Record keyless;
  const auto& by = producer.partitioner == Partitioner::key ? record : keyless;
  while (!env.is_cancelled()) {
    const auto chosen = choose_for(by);
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
  const auto record = record_of(env, operation, progress.record);
  const auto choose_for = [&](const wire::Record& by) {
    return client.choose_partition(env, operation.topic, by);
  };
  const auto partition = choose(env, choose_for, producer, operation, record);
  if (!partition) return;
  const std::int64_t op = op_number(step.number, ++progress.record);
  if (partition->partition >= partition_count(operation.topic)) return;
  client.send(env, *partition, record,
              invoked(env, producer.name, producer.acks, *partition, record, op));
}

wire::Record Workload::record_of(Host& host, const Operation& operation, std::int64_t index) const {
  wire::Record record;
  record.timestamp = host.wall_clock().ms;
  record.value = bytes_of(value_of(operation, index));
  if (!operation.key.empty()) record.key = bytes_of(operation.key);
  return record;
}

std::set<std::int64_t>& Workload::under_way(const std::string& client) {
  const auto task = tasks_.find(client);
  return task == tasks_.end() ? progress_[client].under_way : task->second.under_way;
}

client::OnSent Workload::invoked(Host& host, const std::string& client, std::int16_t acks,
                                 const TopicPartition& partition, const wire::Record& record,
                                 std::int64_t op) {
  host.emit(SendInvoked{op, client, partition, digest_of(record)});
  sent_[op] = {.partition = partition,
               .value = record.value ? std::string(as_text(*record.value)) : std::string(),
               .acks = acks};
  under_way(client).insert(op);
  return [this, client, acks, op](Host& of, const client::SendResult& result) {
    ended(of, client, acks, op, result);
  };
}

void Workload::ended(Host& host, const std::string& client, std::int16_t acks, std::int64_t op,
                     const client::SendResult& result) {
  auto& record = sent_[op];
  record.has_ended = true;
  record.outcome = result.outcome;
  under_way(client).erase(op);
  host.emit(SendEnded{op, client, record.partition, result.outcome,
                      static_cast<std::int32_t>(result.error), acks, result.offset});
}

// What was under way when the process before ended.
void Workload::end_unknown(Host& host, const std::string& client, std::int16_t acks,
                           const std::set<std::int64_t>& ops) {
  for (const std::int64_t op : std::set(ops)) {
    ended(host, client, acks, op, {Outcome::unknown, api::ErrorCode::unknown_server_error});
  }
}

std::optional<Waiting> Workload::unsent() const {
  if (!gone_.empty()) {
    return Waiting{"", fmt::format("{} was deleted and is not there again", gone_.begin()->first)};
  }
  if (!growing_.empty()) {
    return Waiting{"", fmt::format("{} has not all its partitions yet", growing_.begin()->first)};
  }
  for (const auto& [name, progress] : progress_) {
    if (!progress.has_sent_all()) return Waiting{"", name + " " + text_of(progress)};
  }
  return std::nullopt;
}

std::optional<Waiting> Workload::unsent_outside_transactions() const {
  for (const auto& producer : plan_.producers) {
    const auto& progress = progress_.at(producer.name);
    if (!producer.transactional_id.empty() || progress.has_sent_all()) continue;
    return Waiting{"", producer.name + " " + text_of(progress)};
  }
  return std::nullopt;
}

std::string Workload::text_of(const Progress& progress) {
  if (!progress.has_finished()) {
    return fmt::format("is at operation {} of its {}", progress.step + 1, progress.steps.size());
  }
  if (progress.transaction) return "has a transaction open";
  return fmt::format("does not know how {} of its records ended", progress.under_way.size());
}

// ---- Consumers ---------------------------------------------------------------------------------

std::vector<TopicPartition> Workload::partitions_of(const std::string& topic,
                                                    const std::vector<std::int32_t>& named) const {
  std::vector<TopicPartition> partitions;
  for (std::int32_t i = 0; i < partition_count(topic); ++i) {
    const bool is_named = std::find(named.begin(), named.end(), i) != named.end();
    if (named.empty() || is_named) partitions.push_back({topic, i});
  }
  return partitions;
}

void Workload::consume(Env& env, const Consumer& consumer) {
  auto partitions = partitions_of(consumer.topic, consumer.partitions);
  if (partitions.empty()) return;
  if (!env.sleep_until(Instant{consumer.at})) return;
  client::ConsumerConfig config;
  config.client = config_of(consumer.name);
  config.auto_offset_reset = consumer.auto_offset_reset;
  config.client_rack = consumer.rack;
  config.isolation_level = consumer.isolation_level;
  config.rules = cluster_.nodes().front().rules.consumer;
  const auto client = client::Consumer::make(config);
  client->assign(env, partitions);
  while (!env.is_cancelled()) {
    auto present = partitions_of(consumer.topic, consumer.partitions);
    if (present != partitions) client->assign(env, partitions = std::move(present));
    const auto polled = client->poll(env, env.now() + 1s);
    take(env, consumer, polled);
    // Behind what was handed over there may be markers, and what was aborted.
    for (const auto& partition : partitions) {
      const auto position = client->position(partition);
      if (position) copies_[consumer.name][partition].position = *position;
    }
    if (polled.problems.empty()) continue;
    env.sleep(retry_pause);
    for (const auto& problem : polled.problems) go_on(env, *client, problem);
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

std::optional<std::string> Workload::behind(const properties::Ledger& ledger,
                                            const TopicPartition& partition,
                                            std::optional<Offset> position) {
  const auto* known = ledger.find_present(partition);
  const auto* log = known ? known->log_of(known->state.leader) : nullptr;
  if (log == nullptr || log->end_offset() == 0 || position == log->end_offset()) {
    return std::nullopt;
  }
  const auto where = fmt::format("{}, which ends at {}", partition, log->end_offset());
  if (!position) return "has " + where;
  if (*position < 0) return "has not begun to read " + where;
  return fmt::format("is at offset {} of {}", *position, where);
}

std::optional<Waiting> Workload::unread_of(const properties::Ledger& ledger,
                                           const Consumer& consumer,
                                           const client::Partitions& endless) const {
  const auto member = members_.find(consumer.name);
  // Whoever has left its group reads nothing.
  if (member != members_.end() && !member->second.is_in) return std::nullopt;
  const auto copies = copies_.find(consumer.name);
  for (const auto& name : partitions_of(consumer.topic, consumer.partitions)) {
    Owner reader{consumer.name};
    std::optional<Offset> position = reader.position;
    if (member != members_.end()) {
      const auto owner = owner_in_group(consumer.group, name);
      reader = owner.value_or(Owner{fmt::format("nobody in the group {}", consumer.group)});
      position = owner ? std::optional(owner->position) : std::nullopt;
    } else if (copies != copies_.end()) {
      const auto copy = copies->second.find(name);
      if (copy != copies->second.end()) position = copy->second.position;
    }
    const auto what = endless.contains(name) ? std::nullopt : behind(ledger, name, position);
    if (what) return Waiting{consumer.group, reader.name + " " + *what};
  }
  return std::nullopt;
}

std::optional<Waiting> Workload::unread(const properties::Ledger& ledger, bool of_groups,
                                        const client::Partitions& endless) const {
  for (const auto& consumer : plan_.consumers) {
    if (!consumer.group.empty() && !of_groups) continue;
    auto waiting = unread_of(ledger, consumer, endless);
    if (waiting) return waiting;
  }
  return std::nullopt;
}

}  // namespace brokersim::scenarios
