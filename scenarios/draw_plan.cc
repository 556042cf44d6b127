#include "scenarios/draw_plan.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "scenarios/bugs.h"
#include "scenarios/choices.h"
#include "scenarios/draw_maintenance.h"
#include "scenarios/files.h"
#include "scenarios/in_vain.h"
#include "scenarios/plan_toml.h"
#include "sim/fault.h"
#include "sim/random.h"

namespace brokersim::scenarios {
namespace {

using sim::Random;

// ---- The parts of a plan -----------------------------------------------------------------------

std::int16_t acks_of(const std::string& text) {
  return text == "all" ? std::int16_t{-1} : static_cast<std::int16_t>(std::stoi(text));
}

class Drawing {
 public:
  Drawing(const Scenario& scenario, std::uint64_t seed)
      : scenario_(scenario), random_(seed, "plan") {
    plan_.scenario = scenario.name;
    plan_.seed = seed;
    plan_.bugs = scenario.bugs;
    plan_.quiet_at = pick(scenario.quiet_at, random_.with("quiet_at"));
    plan_.converge_within = scenario.converge_within;
  }

  Plan draw() {
    draw_cluster();
    draw_topics();
    draw_producers();
    draw_consumers();
    draw_tasks();
    if (scenario_.workload) draw_sends(*scenario_.workload);
    draw_elections();
    draw_reassignments();
    draw_throttle();
    draw_topic_changes();
    draw_voter_changes();
    draw_churn();
    draw_migrations();
    draw_record_deletions();
    draw_partition_growth();
    // Seed 0 shows the scenario's own faults alone, its own configurations and features, and nobody
    // slow or taken for gone.
    if (plan_.seed != 0) {
      draw_reading(Operation::Kind::process, scenario_.processing, "processing");
      draw_reading(Operation::Kind::pause, scenario_.pauses, "pauses");
      draw_config_changes();
      add_operations(
          draw_feature_updates(scenario_.feature_updates, random_.with("feature updates")));
    }
    draw_fixed_faults();
    if (plan_.seed != 0) {
      draw_faults();
      add_operations(draw_unregistrations(scenario_.unregistrations, plan_.faults,
                                          random_.with("unregistrations")));
    }
    drop_in_vain(plan_);
    sort_by_time(plan_.operations);
    sort_by_time(plan_.faults);
    return std::move(plan_);
  }

 private:
  void draw_cluster();
  void draw_topics();
  void draw_producers();
  void draw_consumers();
  void draw_membership(const ConsumerFamily& family, Consumer& consumer) const;
  void draw_tasks();
  void draw_sends(const WorkloadFamily& workload);
  void draw_elections();
  void draw_reassignments();
  void draw_throttle();
  void draw_topic_changes();
  void draw_voter_changes();
  void draw_churn();
  void draw_reading(Operation::Kind kind, const ReadingFamily& family, std::string_view name);
  void draw_migrations();
  std::vector<Topic> topics_among(const std::vector<std::string>& names) const;
  void draw_record_deletions();
  void draw_partition_growth();
  void draw_config_changes();
  void add_operations(const std::vector<Operation>& more) {
    plan_.operations.insert(plan_.operations.end(), more.begin(), more.end());
  }
  void draw_fixed_faults();
  void draw_fixed_fault(const FixedFault& fixed, const Random& random);
  std::vector<std::vector<std::string>> turns_of(const FixedFault& fixed,
                                                 const Random& random) const;
  Fault strike(const FixedFault& fixed, Duration at, std::vector<std::string> targets,
               const Random& random) const;
  void draw_faults();
  Fault draw_fault(const Random& random) const;
  static When draw_when(const WhenFamily& family, const Random& random);
  void add_fault(Fault fault);
  std::map<std::string, Fault::Parameter> draw_parameters(const FaultFamily& family,
                                                          const Random& random) const;
  std::vector<std::string> members(const std::string& target) const;
  std::vector<std::string> all_members(const std::vector<std::string>& sets) const;
  std::vector<std::string> draw_targets(const std::vector<std::string>& sets, std::int64_t count,
                                        const std::vector<std::string>& taken,
                                        const Random& random) const;

  template <class T>
  static void sort_by_time(std::vector<T>& entries) {
    std::stable_sort(entries.begin(), entries.end(),
                     [](const T& a, const T& b) { return a.at < b.at; });
  }

  const Scenario& scenario_;
  const Random random_;
  Plan plan_;
};

void Drawing::draw_cluster() {
  const auto random = random_.with("cluster");
  plan_.cluster.brokers =
      static_cast<std::int32_t>(pick(scenario_.brokers, random.with("brokers")));
  plan_.cluster.controllers =
      static_cast<std::int32_t>(pick(scenario_.controllers, random.with("controllers")));
  plan_.cluster.voters = static_cast<std::int32_t>(pick(scenario_.voters, random.with("voters")));
  plan_.cluster.racks = static_cast<std::int32_t>(pick(scenario_.racks, random.with("racks")));
  plan_.cluster.last_producer_epoch = static_cast<std::int16_t>(
      pick(scenario_.last_producer_epoch, random.with("last_producer_epoch")));
  plan_.cluster.settings = pick_each(scenario_.settings, random.with("settings"));
  for (const auto& [name, level] : scenario_.features) {
    plan_.cluster.features[name] =
        static_cast<std::int16_t>(pick(level, random.with("feature", name)));
  }
}

void Drawing::draw_topics() {
  for (const auto& family : scenario_.topics) {
    const auto random = random_.with("topic", family.name);
    Topic topic{.name = family.name};
    topic.partitions =
        static_cast<std::int32_t>(pick(family.partitions, random.with("partitions")));
    topic.replication_factor = static_cast<std::int16_t>(
        pick(family.replication_factor, random.with("replication_factor")));
    topic.configs = pick_each(family.configs, random.with("configs"));
    plan_.topics.push_back(std::move(topic));
  }
}

void Drawing::draw_producers() {
  for (const auto& family : scenario_.producers) {
    const auto count = pick(family.count, random_.with("producers", family.name));
    for (std::int64_t i = 1; i <= count; ++i) {
      Producer producer{.name = member_name(family.name, i)};
      const auto random = random_.with("producer", producer.name);
      producer.acks = acks_of(pick(family.acks, random.with("acks")));
      producer.linger = pick(family.linger, random.with("linger"));
      producer.batch_size = pick(family.batch_size, random.with("batch_size"));
      producer.max_in_flight =
          static_cast<std::int32_t>(pick(family.max_in_flight, random.with("max_in_flight")));
      producer.enable_idempotence = family.enable_idempotence;
      const bool by_key = pick(family.partitioner, random.with("partitioner")) == "key";
      producer.partitioner = by_key ? Partitioner::key : Partitioner::round_robin;
      producer.delivery_timeout = pick(family.delivery_timeout, random.with("delivery_timeout"));
      producer.request_timeout = pick(family.request_timeout, random.with("request_timeout"));
      const auto codec = wire::codec_named(pick(family.compression, random.with("compression")));
      producer.compression = codec.value_or(wire::Codec::none);
      if (family.is_transactional) producer.transactional_id = producer.name;
      producer.transaction_timeout =
          pick(family.transaction_timeout, random.with("transaction_timeout"));
      producer.transaction_protocol = static_cast<std::int16_t>(
          pick(family.transaction_protocol, random.with("transaction_protocol")));
      producer.first_sequence =
          static_cast<std::int32_t>(pick(family.first_sequence, random.with("first_sequence")));
      plan_.producers.push_back(std::move(producer));
    }
  }
}

void Drawing::draw_consumers() {
  for (const auto& family : scenario_.consumers) {
    const auto count = pick(family.count, random_.with("consumers", family.name));
    for (std::int64_t i = 1; i <= count; ++i) {
      Consumer consumer{.name = member_name(family.name, i), .topic = family.topic};
      if (consumer.topic.empty() && scenario_.workload) consumer.topic = scenario_.workload->topic;
      consumer.at = pick(family.at, random_.with("consumer", consumer.name));
      consumer.parses = family.parses;
      consumer.rack = pick(family.rack, random_.with("consumer", consumer.name).with("rack"));
      consumer.isolation_level = family.isolation_level;
      const auto& whose = family.group.empty() ? consumer.name : family.group;
      consumer.auto_offset_reset =
          pick(family.auto_offset_reset, random_.with("auto_offset_reset", whose));
      if (!family.group.empty()) draw_membership(family, consumer);
      plan_.consumers.push_back(std::move(consumer));
    }
  }
}

// All of a group speak one protocol: who has none in common with the others is not let in.
void Drawing::draw_membership(const ConsumerFamily& family, Consumer& consumer) const {
  const auto random = random_.with("member", consumer.name);
  consumer.group = family.group;
  if (family.is_static) consumer.instance_id = consumer.name;
  if (pick(family.protocol, random_.with("protocol", family.group)) == "consumer") {
    consumer.protocol = client::GroupProtocol::consumer;
    consumer.server_assignor =
        pick(family.server_assignor, random_.with("server_assignor", family.group));
  } else {
    const auto assignor = pick(family.assignor, random_.with("assignor", family.group));
    consumer.assignor = client::assignor_named(assignor).value_or(client::Assignor::range);
  }
  consumer.session_timeout = pick(family.session_timeout, random.with("session_timeout"));
  consumer.max_poll_interval =
      pick(family.max_poll_interval, random_.with("max_poll_interval", family.group));
  consumer.enable_auto_commit = pick(family.commit, random.with("commit")) == "auto";
}

void Drawing::draw_tasks() {
  for (const auto& family : scenario_.tasks) {
    const auto count = pick(family.count, random_.with("tasks", family.name));
    for (std::int64_t i = 1; i <= count; ++i) {
      Task task{.name = member_name(family.name, i),
                .group = family.group,
                .input = family.input,
                .output = family.output,
                .guarantee = pick(family.guarantee, random_.with("guarantee", family.group)),
                .transactional_id = family.transactional_id};
      if (task.input.empty() && scenario_.workload) task.input = scenario_.workload->topic;
      const auto random = random_.with("task", task.name);
      task.at = pick(family.at, random.with("at"));
      task.commit_interval = pick(family.commit_interval, random.with("commit_interval"));
      task.max_poll_records = pick(family.max_poll_records, random.with("max_poll_records"));
      task.transaction_timeout =
          pick(family.transaction_timeout, random.with("transaction_timeout"));
      task.transaction_protocol = static_cast<std::int16_t>(
          pick(family.transaction_protocol, random.with("transaction_protocol")));
      task.delivery_timeout = pick(family.delivery_timeout, random.with("delivery_timeout"));
      task.request_timeout = pick(family.request_timeout, random.with("request_timeout"));
      task.protocol = pick(family.protocol, random_.with("protocol", family.group));
      if (task.protocol == client::GroupProtocol::classic) {
        const auto assignor = pick(family.assignor, random_.with("assignor", family.group));
        task.assignor = client::assignor_named(assignor).value_or(client::Assignor::range);
      }
      task.session_timeout = pick(family.session_timeout, random.with("session_timeout"));
      task.max_poll_interval =
          pick(family.max_poll_interval, random_.with("max_poll_interval", family.group));
      plan_.tasks.push_back(std::move(task));
    }
  }
}

void Drawing::draw_sends(const WorkloadFamily& workload) {
  for (const auto& producer : plan_.producers) {
    const auto random = random_.with("send", producer.name);
    auto every = pick(workload.every, random.with("every"));
    auto records = pick(workload.records, random.with("records"));
    if (const auto file = workload.lines.find(producer.name); file != workload.lines.end()) {
      records = records == 0 ? file->second : std::min(records, file->second);
    }
    if (workload.within && records > 0) {
      every = pick(*workload.within, random.with("within")) / records / 1us * 1us;
    }
    Operation send{.at = pick(workload.begin, random.with("begin")),
                   .client = producer.name,
                   .topic = workload.topic,
                   .every = every};
    if (!workload.input.empty()) send.input = input_of(workload, producer.name);
    for (std::int64_t line = 1; line <= records; line += send.count) {
      const auto chunk = random.with("chunk", line);
      send.first_line = line;
      send.count =
          std::min(std::max<std::int64_t>(1, pick(workload.chunk, chunk)), records - line + 1);
      const auto keys = pick(workload.keys, random.with("keys"));
      if (keys > 0) send.key = fmt::format("k{}", between(1, keys, chunk.with("key")));
      send.aborts =
          !producer.transactional_id.empty() &&
          between(1, 100, chunk.with("aborts")) <= pick(workload.aborts, random.with("aborts"));
      plan_.operations.push_back(send);
      send.at += every * send.count;
    }
  }
}

void Drawing::draw_elections() {
  const auto count = pick(scenario_.elections.count, random_.with("elections"));
  for (std::int64_t i = 0; i < count && !plan_.topics.empty(); ++i) {
    const auto random = random_.with("election", i);
    const auto& topic = pick(plan_.topics, random.with("topic"));
    Operation elect{.at = pick(scenario_.elections.window, random.with("at")),
                    .client = admin_name,
                    .kind = Operation::Kind::elect,
                    .topic = topic.name};
    // Of all its partitions, or of one.
    const std::int64_t last = topic.partitions - 1;
    elect.partition =
        static_cast<std::int32_t>(between(any_partition, last, random.with("partition")));
    plan_.operations.push_back(std::move(elect));
  }
}

void Drawing::draw_reassignments() {
  const auto count = pick(scenario_.reassignments.count, random_.with("reassignments"));
  for (std::int64_t i = 0; i < count && !plan_.topics.empty(); ++i) {
    const auto random = random_.with("reassignment", i);
    const auto& topic = pick(plan_.topics, random.with("topic"));
    Operation move{.at = pick(scenario_.reassignments.window, random.with("at")),
                   .client = admin_name,
                   .kind = Operation::Kind::reassign,
                   .topic = topic.name};
    move.partition = static_cast<std::int32_t>(
        between(0, std::int64_t{topic.partitions} - 1, random.with("partition")));
    std::vector<std::int32_t> brokers;
    for (std::int32_t id = 1; id <= plan_.cluster.brokers; ++id) brokers.push_back(id);
    for (std::int16_t n = 0; n < topic.replication_factor && !brokers.empty(); ++n) {
      const auto broker = pick(brokers, random.with("replica", n));
      move.replicas.push_back(broker);
      std::erase(brokers, broker);
    }
    plan_.operations.push_back(std::move(move));
  }
}

// As an operator's tool sets it before the first move: of all replicas, on both sides.
void Drawing::draw_throttle() {
  const auto rate =
      pick(scenario_.reassignments.throttle, random_.with("reassignments", "throttle"));
  std::optional<Duration> first;
  for (const auto& operation : plan_.operations) {
    if (operation.kind != Operation::Kind::reassign) continue;
    first = std::min(first.value_or(operation.at), operation.at);
  }
  if (rate == 0 || !first) return;
  Operation configure{.at = *first, .client = admin_name, .kind = Operation::Kind::configure};
  const auto add = [&](const std::string& topic, std::string_view what, const std::string& value) {
    configure.topic = topic;
    configure.configs.clear();
    for (const auto* side : {"leader", "follower"}) {
      configure.configs[fmt::format("{}.replication.throttled.{}", side, what)] = value;
    }
    plan_.operations.insert(plan_.operations.begin(), configure);
  };
  for (const auto& topic : plan_.topics) add(topic.name, "replicas", "*");
  add("", "rate", fmt::format("{}", rate));
}

void Drawing::draw_topic_changes() {
  const auto& family = scenario_.topic_changes;
  auto names = family.topics;
  for (const auto& topic : plan_.topics) {
    if (family.topics.empty()) names.push_back(topic.name);
  }
  const auto count = pick(family.count, random_.with("topic changes"));
  for (std::int64_t i = 0; i < count && !names.empty(); ++i) {
    const auto random = random_.with("topic change", i);
    Operation change{.at = pick(family.window, random.with("at")),
                     .client = admin_name,
                     .kind = Operation::Kind::make_again,
                     .topic = pick(names, random.with("topic"))};
    change.away = pick(family.away, random.with("away"));
    plan_.operations.push_back(std::move(change));
  }
}

// As if each were done by the time of the next.
void Drawing::draw_voter_changes() {
  constexpr std::size_t fewest_voters = 3;
  const auto count = pick(scenario_.voter_changes.count, random_.with("voter changes"));
  std::vector<Duration> times;
  for (std::int64_t i = 0; i < count; ++i) {
    times.push_back(pick(scenario_.voter_changes.window, random_.with("voter change", i)));
  }
  std::sort(times.begin(), times.end());
  std::set<std::int32_t> voting;
  for (std::int32_t i = 1; i <= voters_at_first(plan_.cluster); ++i) voting.insert(i);
  for (std::size_t i = 0; i < times.size(); ++i) {
    std::vector<std::int32_t> candidates;
    for (std::int32_t controller = 1; controller <= plan_.cluster.controllers; ++controller) {
      const bool may_go = voting.size() > fewest_voters;
      if (may_go || !voting.contains(controller)) candidates.push_back(controller);
    }
    if (candidates.empty()) return;
    Operation change{.at = times[i], .client = admin_name, .kind = Operation::Kind::add_voter};
    change.controller = pick(candidates, random_.with("voter", static_cast<std::int64_t>(i)));
    if (voting.erase(change.controller) > 0) {
      change.kind = Operation::Kind::remove_voter;
    } else {
      voting.insert(change.controller);
    }
    plan_.operations.push_back(std::move(change));
  }
}

void Drawing::draw_churn() {
  std::vector<std::string> members;
  for (const auto& consumer : plan_.consumers) {
    if (!consumer.group.empty()) members.push_back(consumer.name);
  }
  if (members.empty()) return;
  const auto count = pick(scenario_.churn.count, random_.with("churn"));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto random = random_.with("churn", i);
    Operation change{.at = pick(scenario_.churn.window, random.with("at")),
                     .client = pick(members, random.with("member")),
                     .kind = Operation::Kind::leave};
    plan_.operations.push_back(change);
    change.at += pick(scenario_.churn.away, random.with("away"));
    change.kind = Operation::Kind::join;
    plan_.operations.push_back(change);
  }
}

// Members and tasks, or only members, which pause all that they have by then, or one partition if
// that is their own. Nothing of it lasts into the quiet time.
void Drawing::draw_reading(Operation::Kind kind, const ReadingFamily& family,
                           std::string_view name) {
  const bool is_pause = kind == Operation::Kind::pause;
  const auto readers = all_members({"members", is_pause ? "members" : "tasks"});
  std::int64_t last = any_partition;
  for (const auto& topic : plan_.topics) last = std::max<std::int64_t>(last, topic.partitions - 1);
  const auto count = pick(family.count, random_.with(name));
  for (std::int64_t i = 0; i < count && !readers.empty(); ++i) {
    const auto random = random_.with(name, i);
    Operation reading{.at = pick(family.window, random.with("at")),
                      .client = pick(readers, random.with("reader")),
                      .kind = kind};
    if (reading.at >= plan_.quiet_at) continue;
    if (is_pause) {
      const auto drawn = between(any_partition, last, random.with("partition"));
      reading.partition = static_cast<std::int32_t>(drawn);
    }
    const Duration lasting = pick(family.lasting, random.with("for"));
    reading.lasting = std::min(lasting, plan_.quiet_at - reading.at);
    plan_.operations.push_back(std::move(reading));
  }
}

// Each by the same protocol from then on, and in an order of its own.
void Drawing::draw_migrations() {
  for (std::size_t i = 0; i < scenario_.migrations.size(); ++i) {
    const auto& family = scenario_.migrations[i];
    const auto random = random_.with("migration", static_cast<std::int64_t>(i));
    std::vector<std::string> members;
    for (const auto& consumer : plan_.consumers) {
      if (consumer.group == family.group) members.push_back(consumer.name);
    }
    const bool is_up = pick(family.to, random.with("to")) == "consumer";
    auto at = pick(family.at, random.with("at"));
    while (!members.empty()) {
      const auto member = pick(members, random.with("member", at.count()));
      std::erase(members, member);
      Operation change{.at = at, .client = member, .kind = Operation::Kind::leave};
      plan_.operations.push_back(change);
      change.at += pick(family.away, random.with("away", member));
      change.kind = is_up ? Operation::Kind::join_as_consumer : Operation::Kind::join_as_classic;
      plan_.operations.push_back(change);
      at += pick(family.every, random.with("every", member));
    }
  }
}

// Those of these names; of no name: all.
std::vector<Topic> Drawing::topics_among(const std::vector<std::string>& names) const {
  auto topics = plan_.topics;
  std::erase_if(topics, [&names](const Topic& topic) {
    return !names.empty() && std::find(names.begin(), names.end(), topic.name) == names.end();
  });
  return topics;
}

void Drawing::draw_record_deletions() {
  const auto& family = scenario_.record_deletions;
  auto topics = topics_among(family.topics);
  std::erase_if(topics, [](const Topic& topic) {
    const auto policy = topic.configs.find("cleanup.policy");
    return policy != topic.configs.end() && policy->second.find("delete") == std::string::npos;
  });
  const auto count = pick(family.count, random_.with("record deletions"));
  for (std::int64_t i = 0; i < count && !topics.empty(); ++i) {
    const auto random = random_.with("record deletion", i);
    const auto topic = pick(topics, random.with("topic"));
    Operation deletion{.at = pick(family.window, random.with("at")),
                       .client = admin_name,
                       .kind = Operation::Kind::delete_records,
                       .topic = topic.name};
    deletion.partition = static_cast<std::int32_t>(
        between(0, std::int64_t{topic.partitions} - 1, random.with("partition")));
    deletion.percent = pick(family.percent, random.with("percent"));
    plan_.operations.push_back(std::move(deletion));
  }
}

// In order of time: each says how many there are to be in all.
void Drawing::draw_partition_growth() {
  const auto& family = scenario_.partition_growth;
  auto topics = topics_among(family.topics);
  const auto count = pick(family.count, random_.with("partition growth"));
  std::vector<Duration> times;
  for (std::int64_t i = 0; i < count && !topics.empty(); ++i) {
    times.push_back(pick(family.window, random_.with("partition growth", i)));
  }
  std::sort(times.begin(), times.end());
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto random = random_.with("growth", static_cast<std::int64_t>(i));
    auto& topic =
        topics[sim::uniform(random.with("topic").draw(), std::size_t{0}, topics.size() - 1)];
    topic.partitions += static_cast<std::int32_t>(pick(family.by, random.with("by")));
    Operation growth{.at = times[i],
                     .client = admin_name,
                     .kind = Operation::Kind::create_partitions,
                     .topic = topic.name};
    growth.partitions = topic.partitions;
    plan_.operations.push_back(std::move(growth));
  }
}

void Drawing::draw_config_changes() {
  const auto& family = scenario_.config_changes;
  const auto topics = topics_among(family.topics);
  const auto count = pick(family.count, random_.with("config changes"));
  for (std::int64_t i = 0; i < count && !topics.empty(); ++i) {
    const auto random = random_.with("config change", i);
    Operation change{.at = pick(family.window, random.with("at")),
                     .client = admin_name,
                     .kind = Operation::Kind::configure,
                     .topic = pick(topics, random.with("topic")).name};
    change.configs = pick_each(family.configs, random.with("configs"));
    plan_.operations.push_back(std::move(change));
  }
}

// ---- The faults of every run -------------------------------------------------------------------

void Drawing::draw_fixed_faults() {
  for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
    draw_fixed_fault(scenario_.faults[i], random_.with("fixed", static_cast<std::int64_t>(i)));
  }
}

void Drawing::draw_fixed_fault(const FixedFault& fixed, const Random& random) {
  Duration at = pick(fixed.at, random.with("at"));
  const auto times = pick(fixed.times, random.with("times"));
  std::int64_t step = 0;
  for (std::int64_t time = 0; time < times; ++time) {
    for (auto& targets : turns_of(fixed, random.with("time", time))) {
      const auto turn = random.with("step", step++);
      add_fault(strike(fixed, at, std::move(targets), turn));
      at += pick(fixed.every, turn.with("every"));
    }
  }
}

// Who is struck together, then who next.
std::vector<std::vector<std::string>> Drawing::turns_of(const FixedFault& fixed,
                                                        const Random& random) const {
  auto targets = all_members(fixed.targets);
  if (fixed.target_count) {
    const auto count = pick(*fixed.target_count, random.with("target_count"));
    targets = draw_targets(fixed.targets, count, {}, random.with("target"));
  }
  if (!fixed.in_turn) return {targets};
  std::vector<std::vector<std::string>> turns;
  for (auto& target : targets) turns.push_back({std::move(target)});
  return turns;
}

Fault Drawing::strike(const FixedFault& fixed, Duration at, std::vector<std::string> targets,
                      const Random& random) const {
  Fault fault{.kind = fixed.kind, .at = at, .targets = std::move(targets)};
  fault.lasting = pick(fixed.lasting, random.with("for"));
  if (fixed.peer_count) {
    const auto count = pick(*fixed.peer_count, random.with("peer_count"));
    fault.peers = draw_targets(fixed.peers, count, fault.targets, random.with("peer"));
  } else {
    fault.peers = all_members(fixed.peers);
    std::erase_if(fault.peers, [&](const std::string& peer) {
      return std::find(fault.targets.begin(), fault.targets.end(), peer) != fault.targets.end();
    });
  }
  for (const auto& [name, choice] : fixed.parameters) {
    fault.parameters[name] = pick(choice, random.with(name));
  }
  if (fixed.when) fault.when = draw_when(*fixed.when, random.with("when"));
  return fault;
}

// Nothing lasts into the quiet time: what is left there is lifted, and not as the plan says.
void Drawing::add_fault(Fault fault) {
  if (fault.at >= plan_.quiet_at) return;
  fault.lasting = std::min(fault.lasting, plan_.quiet_at - fault.at);
  if (!sim::find_fault_kind(fault.kind)->lasts) fault.lasting = {};
  plan_.faults.push_back(std::move(fault));
}

// ---- The mix of faults -------------------------------------------------------------------------

void Drawing::draw_faults() {
  if (scenario_.mix.kinds.empty()) return;
  const auto count = pick(scenario_.mix.count, random_.with("faults"));
  for (std::int64_t i = 0; i < count; ++i) {
    plan_.faults.push_back(draw_fault(random_.with("fault", i)));
  }
}

Fault Drawing::draw_fault(const Random& random) const {
  const auto& mix = scenario_.mix;
  std::int64_t weights = 0;
  for (const auto& kind : mix.kinds) weights += kind.weight;
  auto rest = between(1, weights, random.with("kind"));
  auto choice = mix.kinds.begin();
  while (rest > choice->weight) rest -= (choice++)->weight;

  Fault fault{.kind = choice->kind};
  fault.at = pick(mix.window, random.with("at"));
  fault.lasting = pick(choice->lasting.value_or(mix.lasting), random.with("for"));
  if (!sim::find_fault_kind(fault.kind)->lasts) fault.lasting = {};
  // Nothing lasts into the quiet time: what is left there is lifted, and not as the plan says.
  fault.lasting = std::min(fault.lasting, std::max(Duration{}, plan_.quiet_at - fault.at));
  const Choice<std::int64_t> one{1};
  const auto target_count = pick(choice->target_count.value_or(one), random.with("target_count"));
  fault.targets = draw_targets(choice->targets, target_count, {}, random.with("target"));
  const auto peer_count = pick(choice->peer_count.value_or(one), random.with("peer_count"));
  fault.peers = draw_targets(choice->peers, peer_count, fault.targets, random.with("peer"));
  fault.parameters = draw_parameters(*choice, random.with("parameter"));
  if (choice->when) fault.when = draw_when(*choice->when, random.with("when"));
  return fault;
}

When Drawing::draw_when(const WhenFamily& family, const Random& random) {
  return {.transaction = pick(family.transaction, random.with("transaction")),
          .group = pick(family.group, random.with("group")),
          .becomes = pick(family.becomes, random.with("becomes")),
          .nth = pick(family.nth, random.with("nth")),
          .after = pick(family.after, random.with("after"))};
}

std::map<std::string, Fault::Parameter> Drawing::draw_parameters(const FaultFamily& family,
                                                                 const Random& random) const {
  std::map<std::string, Fault::Parameter> result;
  for (const auto& parameter : sim::find_fault_kind(family.kind)->parameters) {
    const std::string name(parameter.name);
    const auto given = family.parameters.find(name);
    const auto key = random.with(name);
    if (given != family.parameters.end()) {
      result[name] = pick(given->second, key);
    } else if (parameter.kind == sim::FaultParameter::Kind::duration) {
      result[name] = between(Duration(parameter.low), Duration(parameter.high), key);
    } else {
      result[name] = between(parameter.low, parameter.high, key);
    }
  }
  return result;
}

// What a word of a mix's targets stands for; what is no set stands for itself.
std::vector<std::string> Drawing::members(const std::string& target) const {
  std::vector<std::string> result;
  const auto add_machines = [&](std::string_view name, std::int32_t count) {
    for (std::int32_t i = 1; i <= count; ++i) result.push_back(fmt::format("{}-{}", name, i));
  };
  const auto add_partitions = [&](std::string_view role) {
    for (const auto& topic : plan_.topics) {
      for (std::int32_t i = 0; i < topic.partitions; ++i) {
        result.push_back(fmt::format("{}:{}-{}", role, topic.name, i));
      }
    }
  };
  if (target == "brokers") {
    add_machines("broker", plan_.cluster.brokers);
  } else if (target == "controllers") {
    add_machines("controller", plan_.cluster.controllers);
  } else if (target == "clients") {
    for (const auto& producer : plan_.producers) result.push_back(producer.name);
    for (const auto& consumer : plan_.consumers) result.push_back(consumer.name);
    for (const auto& task : plan_.tasks) result.push_back(task.name);
  } else if (target == "tasks") {
    for (const auto& task : plan_.tasks) result.push_back(task.name);
  } else if (target == "members") {
    for (const auto& consumer : plan_.consumers) {
      if (!consumer.group.empty()) result.push_back(consumer.name);
    }
  } else if (target.starts_with("rack-")) {
    const auto add_those_there = [&](std::string_view name, std::int32_t count) {
      for (std::int32_t i = 1; i <= count; ++i) {
        if (rack_of(plan_.cluster, i) == target) result.push_back(fmt::format("{}-{}", name, i));
      }
    };
    add_those_there("broker", plan_.cluster.brokers);
    add_those_there("controller", plan_.cluster.controllers);
  } else if (target == "leaders") {
    add_partitions("leader");
  } else if (target == "followers") {
    add_partitions("follower");
  } else {
    result.push_back(target);
  }
  return result;
}

std::vector<std::string> Drawing::all_members(const std::vector<std::string>& sets) const {
  std::vector<std::string> all;
  for (const auto& set : sets) {
    for (auto& name : members(set)) {
      if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(std::move(name));
    }
  }
  return all;
}

std::vector<std::string> Drawing::draw_targets(const std::vector<std::string>& sets,
                                               std::int64_t count,
                                               const std::vector<std::string>& taken,
                                               const Random& random) const {
  std::vector<std::string> result;
  if (sets.empty()) return result;
  for (std::int64_t i = 0; i < count; ++i) {
    auto free = members(pick(sets, random.with("set", i)));
    std::erase_if(free, [&](const std::string& name) {
      const auto has = [&](const auto& names) {
        return std::find(names.begin(), names.end(), name) != names.end();
      };
      return has(taken) || has(result);
    });
    if (!free.empty()) result.push_back(pick(free, random.with("member", i)));
  }
  return result;
}

// ---- What the command line asks for ------------------------------------------------------------

Expected<Plan, std::string> chosen_plan(const PlanRequest& request, const std::string& what,
                                        const std::vector<Override>& overrides) {
  if (what.ends_with(".toml")) {
    TRY(const auto text, read_file(what));
    if (looks_like_plan(text)) {
      TRY(auto plan, parse_plan(text, what, overrides));
      plan.seed = request.seed.value_or(plan.seed);
      return plan;
    }
  }
  TRY(const auto scenario, load_scenario(what, request.folder, overrides));
  return draw_plan(scenario, request.seed.value_or(0));
}

}  // namespace

Plan draw_plan(const Scenario& scenario, std::uint64_t seed) {
  return Drawing(scenario, seed).draw();
}

Expected<Plan, std::string> make_plan(const PlanRequest& request) {
  if (request.seed.value_or(0) > most_seed) {
    return Unexpected(fmt::format("seed {} is beyond 2^63 - 1", *request.seed));
  }
  std::vector<Override> overrides;
  for (const auto& setting : request.settings) {
    TRY(overrides.emplace_back(), parse_override(setting));
  }
  TRY(const auto rules, rules_with(request.bugs));
  static_cast<void>(rules);
  auto what = request.what;
  if (what.empty() && !request.bugs.empty()) what = find_bug(request.bugs.front())->scenario;
  if (what.empty()) what = "leader-failover";

  TRY(auto plan, chosen_plan(request, what, overrides));
  for (const auto& bug : request.bugs) {
    const bool is_there = std::find(plan.bugs.begin(), plan.bugs.end(), bug) != plan.bugs.end();
    if (!is_there) plan.bugs.push_back(bug);
  }
  return plan;
}

}  // namespace brokersim::scenarios
