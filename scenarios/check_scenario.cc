#include "scenarios/check_scenario.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/raft/voter_set.h"
#include "scenarios/check_names.h"
#include "scenarios/check_numbers.h"
#include "scenarios/duration_text.h"
#include "scenarios/tally.h"
#include "sim/fault.h"

namespace brokersim::scenarios {
namespace {

template <class T>
T most_of(const Choice<T>& choice) {
  return *std::max_element(choice.values.begin(), choice.values.end());
}

template <class T>
T least_of(const Choice<T>& choice) {
  return *std::min_element(choice.values.begin(), choice.values.end());
}

std::vector<std::string> transactional_ids_in(const Scenario& scenario) {
  std::vector<std::string> ids;
  const auto add = [&ids](const std::string& family, std::int64_t count) {
    for (std::int64_t i = 1; i <= count; ++i) ids.push_back(member_name(family, i));
  };
  for (const auto& family : scenario.producers) {
    if (family.is_transactional) add(family.name, most_of(family.count));
  }
  for (const auto& family : scenario.tasks) {
    add(family.name, most_of(family.count));
    if (!family.transactional_id.empty()) ids.push_back(family.transactional_id);
  }
  return ids;
}

std::vector<std::string> groups_in(const Scenario& scenario) {
  std::vector<std::string> groups;
  for (const auto& family : scenario.tasks) groups.push_back(family.group);
  for (const auto& family : scenario.consumers) {
    if (!family.group.empty()) groups.push_back(family.group);
  }
  return groups;
}

// Everything that a target may say in this scenario.
std::vector<std::string> targets_in(const Scenario& scenario) {
  std::vector<std::string> names{"brokers", "controllers", "clients",    "members", "tasks",
                                 "leaders", "followers",   "controller", "admin"};
  const auto add = [&names](std::string_view name, std::int64_t count) {
    for (std::int64_t i = 1; i <= count; ++i) names.push_back(fmt::format("{}-{}", name, i));
  };
  add("broker", most_of(scenario.brokers));
  add("controller", most_of(scenario.controllers));
  add("rack", most_of(scenario.racks));
  const auto add_members = [&names](const auto& families) {
    for (const auto& family : families) {
      for (std::int64_t i = 1; i <= most_of(family.count); ++i) {
        names.push_back(member_name(family.name, i));
      }
    }
  };
  add_members(scenario.producers);
  add_members(scenario.tasks);
  add_members(scenario.consumers);
  for (const auto& id : transactional_ids_in(scenario)) {
    names.push_back("transaction_coordinator:" + id);
  }
  for (const auto& group : groups_in(scenario)) names.push_back("coordinator:" + group);
  for (const auto& topic : scenario.topics) {
    for (std::int64_t i = 0; i < most_of(topic.partitions); ++i) {
      names.push_back(fmt::format("leader:{}-{}", topic.name, i));
      names.push_back(fmt::format("follower:{}-{}", topic.name, i));
    }
  }
  return names;
}

void check_targets(const Entries& fault, std::vector<std::string> names, ReadError& error) {
  if (find(fault, "when") != nullptr) names.emplace_back(sim::triggering_machine);
  for (const char* side : {"targets", "peers"}) {
    if (const Node* targets = find(fault, side)) check_words(*targets, "target", names, error);
  }
}

// Whom a fault waits for; any one will do.
void check_whom(const Entries& fault, const Scenario& scenario, ReadError& error) {
  const auto* when = table_in(fault, "when");
  if (when == nullptr) return;
  const auto check = [&](const char* key, std::string_view what, std::vector<std::string> names) {
    names.emplace_back(sim::any_name);
    if (const Node* whom = find(*when, key)) check_words(*whom, what, names, error);
  };
  check("transaction", "transactional id", transactional_ids_in(scenario));
  check("group", "group", groups_in(scenario));
}

// A fault that lasts needs a time to last; in a mix that is the mix's.
void check_lasting(const Entries& fault, ReadError& error) {
  const Node* name = find(fault, "kind");
  const auto* text = name ? std::get_if<std::string>(&name->value) : nullptr;
  const auto* kind = text ? sim::find_fault_kind(*text) : nullptr;
  if (kind == nullptr || !kind->lasts || find(fault, "for") != nullptr) return;
  error.set(name->place, fmt::format("{} lasts, so it needs a time: for = \"5s\"", *text));
}

void check_mix(const Entries& root, const Scenario& scenario, ReadError& error) {
  const auto* mix = table_in(root, "mix");
  const Node* kinds = mix ? find(*mix, "kinds") : nullptr;
  if (kinds == nullptr) return;
  check_faults(*kinds, error);
  const auto names = targets_in(scenario);
  for (const auto* choice : tables_in(*mix, "kinds")) {
    check_targets(*choice, names, error);
    check_whom(*choice, scenario, error);
  }
  std::int64_t weights = 0;
  for (const auto& kind : scenario.mix.kinds) weights += kind.weight;
  if (weights <= 0) error.set(kinds->place, "the mix weighs nothing");
}

void check_producer(const Entries& producer, ReadError& error) {
  check_idempotence(producer, error);
  if (const Node* partitioner = find(producer, "partitioner")) {
    check_words(*partitioner, "partitioner", {"round_robin", "key"}, error);
  }
  if (const Node* compression = find(producer, "compression")) {
    check_words(*compression, "codec", {"none", "gzip", "snappy", "lz4", "zstd"}, error);
  }
  for (const auto& item : items_in(producer, "acks")) {
    std::int16_t value{};
    read_value(item, Acks{value}, error);
  }
}

void check_member(const Entries& consumer, ReadError& error) {
  if (const Node* assignor = find(consumer, "assignor")) {
    check_words(*assignor, "assignor", {"range", "roundrobin", "sticky", "cooperative-sticky"},
                error);
  }
  if (const Node* protocol = find(consumer, "protocol")) {
    check_words(*protocol, "protocol of groups", {"classic", "consumer"}, error);
  }
  if (const Node* assignor = find(consumer, "server_assignor")) {
    check_words(*assignor, "assignor of coordinators", {"uniform", "range"}, error);
  }
  if (const Node* commit = find(consumer, "commit")) {
    check_words(*commit, "way to commit", {"auto", "manual"}, error);
  }
}

void check_migration(const Entries& migration, const Scenario& scenario, ReadError& error) {
  if (const Node* protocol = find(migration, "to")) {
    check_words(*protocol, "protocol of groups", {"classic", "consumer"}, error);
  }
  std::vector<std::string> groups;
  for (const auto& consumer : scenario.consumers) {
    if (!consumer.group.empty()) groups.push_back(consumer.group);
  }
  if (const Node* group = find(migration, "group")) check_words(*group, "group", groups, error);
}

void check_task(const Entries& task, ReadError& error) {
  if (const Node* assignor = find(task, "assignor")) {
    check_words(*assignor, "assignor", {"range", "roundrobin", "sticky", "cooperative-sticky"},
                error);
  }
}

void check_workload(const Entries& root, const Scenario& scenario, ReadError& error) {
  if (!scenario.workload || !scenario.workload->topic.empty()) return;
  error.set(find(root, "workload")->place,
            "to which topic do the producers send? Say topic = \"…\"");
}

// Whether each input counts as often as it should can be told only by who reads what came of it.
void check_pipelines(const Entries& root, const Scenario& scenario, ReadError& error) {
  const auto nodes = items_in(root, "tasks");
  for (std::size_t i = 0; i < std::min(nodes.size(), scenario.tasks.size()); ++i) {
    const auto& task = scenario.tasks[i];
    const auto& workloads = scenario.workload ? scenario.workload->topic : std::string();
    const auto& input = task.input.empty() ? workloads : task.input;
    const auto refuse = [&](std::string_view field, const std::string& why) {
      error.set(place_of_field(nodes[i], field), why);
    };
    if (task.output.empty()) refuse("output", "where to? Say output = \"…\", another topic");
    if (input.empty()) refuse("input", "of which topic? Say input = \"…\", or topic in [workload]");
    if (task.output == input) {
      refuse("output", fmt::format("'{}' is what the tasks read: their output is another topic",
                                   task.output));
    }
    const bool is_read = std::any_of(
        scenario.consumers.begin(), scenario.consumers.end(), [&](const ConsumerFamily& consumer) {
          const auto& topic = consumer.topic.empty() ? workloads : consumer.topic;
          return topic == task.output && most_of(consumer.count) > 0 &&
                 consumer.isolation_level == client::IsolationLevel::read_committed;
        });
    if (is_read) continue;
    refuse("output", fmt::format("nobody reads '{0}', so that nothing could be told of it: add "
                                 "[[consumers]] with topic = \"{0}\" and isolation_level = "
                                 "\"read_committed\"",
                                 task.output));
  }
}

// What a group of tasks has committed says what was processed, and how often: of all of them alike,
// and of nobody else.
void check_groups_of_tasks(const Entries& root, const Scenario& scenario, ReadError& error) {
  const auto nodes = items_in(root, "tasks");
  for (std::size_t i = 0; i < std::min(nodes.size(), scenario.tasks.size()); ++i) {
    const auto& family = scenario.tasks[i];
    const auto first =
        std::find_if(scenario.tasks.begin(), scenario.tasks.end(),
                     [&](const TaskFamily& each) { return each.group == family.group; });
    if (first->guarantee.values == family.guarantee.values) continue;
    error.set(place_of_field(nodes[i], "guarantee"),
              fmt::format("'{}' has another guarantee by its tasks '{}': say the same here, or "
                          "another group",
                          family.group, first->name));
  }
  const auto workloads = scenario.workload ? scenario.workload->topic : std::string();
  const auto readers = items_in(root, "consumers");
  for (std::size_t i = 0; i < std::min(readers.size(), scenario.consumers.size()); ++i) {
    const auto& consumer = scenario.consumers[i];
    const auto& topic = consumer.topic.empty() ? workloads : consumer.topic;
    const auto family =
        std::find_if(scenario.tasks.begin(), scenario.tasks.end(), [&](const TaskFamily& each) {
          const auto& input = each.input.empty() ? workloads : each.input;
          return each.group == consumer.group && input == topic;
        });
    if (consumer.group.empty() || family == scenario.tasks.end()) continue;
    error.set(place_of_field(readers[i], "group"),
              fmt::format("'{}' is the group of the tasks '{}', which read the same topic: say "
                          "another group",
                          consumer.group, family->name));
  }
}

// From quiet_at on no fault begins, in whatever run.
void check_times(const Entries& root, const Scenario& scenario, ReadError& error) {
  const auto check = [&](const Node& node, std::string_view field, const Choice<Duration>& at) {
    if (least_of(at) < most_of(scenario.quiet_at)) return;
    error.set(place_of_field(node, field),
              fmt::format("{} is {} or later, but from quiet_at on, {}, no fault begins", field,
                          text_of(least_of(at)), text_of(most_of(scenario.quiet_at))));
  };
  const auto faults = items_in(root, "faults");
  for (std::size_t i = 0; i < std::min(faults.size(), scenario.faults.size()); ++i) {
    check(faults[i], "at", scenario.faults[i].at);
  }
  const Node* mix = find(root, "mix");
  if (mix == nullptr || scenario.mix.kinds.empty() || most_of(scenario.mix.count) == 0) return;
  check(*mix, "window", scenario.mix.window);
}

void check_topics(const Entries& root, const Scenario& scenario, ReadError& error) {
  std::vector<std::string> topics;
  for (const auto& topic : scenario.topics) topics.push_back(topic.name);
  for (const char* user : {"workload", "consumers"}) {
    for (const auto* table : tables_in(root, user)) {
      if (const Node* topic = find(*table, "topic")) check_words(*topic, "topic", topics, error);
    }
  }
  for (const auto* task : tables_in(root, "tasks")) {
    for (const char* side : {"input", "output"}) {
      if (const Node* topic = find(*task, side)) check_words(*topic, "topic", topics, error);
    }
  }
  for (const char* changes :
       {"topic_changes", "record_deletions", "partition_growth", "config_changes"}) {
    for (const auto* table : tables_in(root, changes)) {
      if (const Node* changed = find(*table, "topics")) {
        check_words(*changed, "topic", topics, error);
      }
    }
  }
  const auto tables = tables_in(root, "topics");
  for (std::size_t i = 0; i < std::min(tables.size(), scenario.topics.size()); ++i) {
    const auto copies = most_of(scenario.topics[i].replication_factor);
    const auto brokers = least_of(scenario.brokers);
    if (copies <= brokers) continue;
    const Node* place = find(*tables[i], "replication_factor");
    for (const char* other : {"name", "partitions"}) {
      if (place == nullptr) place = find(*tables[i], other);
    }
    error.set(place ? place->place : find(root, "topics")->place,
              fmt::format("{} copies of a partition need as many brokers, but there may be only {}",
                          copies, brokers));
  }
}

void check_config_changes(const Entries& root, const Scenario& scenario, ReadError& error) {
  const auto* const changes = table_in(root, "config_changes");
  if (changes == nullptr) return;
  check_topic_configs(*changes, error);
  if (most_of(scenario.config_changes.count) > 0 && scenario.config_changes.configs.empty()) {
    error.set(find(root, "config_changes")->place,
              "nothing to configure: say configs = { \"KAFKA.NAME\" = \"…\" }");
  }
}

void check_feature_updates(const Entries& root, const Scenario& scenario, ReadError& error) {
  const auto* const updates = table_in(root, "feature_updates");
  if (updates == nullptr) return;
  if (const Node* levels = find(*updates, "levels")) check_features(*levels, error);
  if (most_of(scenario.feature_updates.count) > 0 && scenario.feature_updates.levels.empty()) {
    error.set(find(root, "feature_updates")->place,
              "no feature to change: say levels = { \"FEATURE\" = [0, 1] }");
  }
}

// Voters are fixed otherwise (KIP-853).
void check_voter_changes(const Entries& root, const Scenario& scenario, ReadError& error) {
  const Node* changes = find(root, "voter_changes");
  if (changes == nullptr || most_of(scenario.voter_changes.count) == 0) return;
  const std::string name(raft::kraft_version_feature);
  const auto begun = scenario.settings.find(name);
  const bool begins_with_1 = begun != scenario.settings.end() &&
                             std::find(begun->second.values.begin(), begun->second.values.end(),
                                       "1") != begun->second.values.end();
  const auto raised = scenario.features.find(name);
  const bool is_raised = raised != scenario.features.end() && most_of(raised->second) > 0;
  if (begins_with_1 || is_raised) return;
  error.set(changes->place,
            "voters are fixed where kraft.version is 0: say \"kraft.version\" = 1 in [settings]");
}

void check_counts(const Entries& root, ReadError& error) {
  static constexpr Bounds all[] = {
      {"producers", "count", 0},
      {"consumers", "count", 0},
      {"tasks", "count", 0},
      {"workload", "records", 0},
      {"workload", "chunk", 1, most_records},
      {"workload", "keys", 0},
      {"workload", "aborts", 0},
      {"elections", "count", 0},
      {"reassignments", "count", 0},
      {"reassignments", "throttle", 0},
      {"topic_changes", "count", 0},
      {"record_deletions", "count", 0},
      {"record_deletions", "percent", 0, 100},
      {"partition_growth", "count", 0},
      {"partition_growth", "by", 1},
      {"config_changes", "count", 0},
      {"feature_updates", "count", 0},
      {"unregistrations", "count", 0},
      {"voter_changes", "count", 0},
      {"churn", "count", 0},
      {"processing", "count", 0},
      {"pauses", "count", 0},
      {"faults", "target_count", 1},
      {"faults", "peer_count", 1},
      {"faults", "times", 0},
      {"mix", "count", 0},
  };
  check_bounds(root, common_bounds(), error);
  check_bounds(root, all, error);
}

// The machines of two families of one name would be called the same.
template <class Family>
void check_families(const Entries& root, std::string_view list, const std::vector<Family>& families,
                    ReadError& error) {
  const auto nodes = items_in(root, list);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(nodes.size(), families.size()); ++i) {
    const auto& name = families[i].name;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      error.set(
          place_of_field(nodes[i], "name"),
          fmt::format("there are {} '{}' already: each machine has a name of its own", list, name));
    }
    names.push_back(name);
  }
}

}  // namespace

void check_scenario(const Entries& root, const Scenario& scenario, ReadError& error) {
  if (const Node* settings = find(root, "settings")) check_settings(*settings, error);
  if (const Node* features = find(root, "features")) check_features(*features, error);
  if (const Node* bugs = find(root, "bugs")) check_bugs(*bugs, error);
  if (const Node* aims = find(root, "reaches")) check_words(*aims, "aim", Tally().names(), error);
  check_counts(root, error);
  check_topic_tables(root, error);
  check_voters(root, error);
  check_topics(root, scenario, error);
  check_families(root, "producers", scenario.producers, error);
  check_families(root, "consumers", scenario.consumers, error);
  check_families(root, "tasks", scenario.tasks, error);
  for (const auto* producer : tables_in(root, "producers")) check_producer(*producer, error);
  for (const auto* consumer : tables_in(root, "consumers")) check_member(*consumer, error);
  for (const auto* task : tables_in(root, "tasks")) check_task(*task, error);
  for (const auto* migration : tables_in(root, "migrations")) {
    check_migration(*migration, scenario, error);
  }
  if (const Node* faults = find(root, "faults")) check_faults(*faults, error);
  const auto names = targets_in(scenario);
  for (const auto* fault : tables_in(root, "faults")) {
    check_targets(*fault, names, error);
    check_whom(*fault, scenario, error);
    check_lasting(*fault, error);
  }
  check_mix(root, scenario, error);
  check_workload(root, scenario, error);
  check_pipelines(root, scenario, error);
  check_groups_of_tasks(root, scenario, error);
  check_times(root, scenario, error);
  check_config_changes(root, scenario, error);
  check_feature_updates(root, scenario, error);
  check_voter_changes(root, scenario, error);
}

}  // namespace brokersim::scenarios
