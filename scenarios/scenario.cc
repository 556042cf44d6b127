#include "scenarios/scenario.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "scenarios/check_scenario.h"
#include "scenarios/files.h"
#include "scenarios/inputs.h"
#include "scenarios/nearest.h"
#include "scenarios/plan_fields.h"

namespace brokersim::scenarios {

// ---- Ranges and choices: overloads found by the namespace of their arguments --------------------

namespace {

// The nodes of the two ends of "low..high"; none if it is no range.
std::vector<Node> ends_of(const Node& node) {
  const auto* text = std::get_if<std::string>(&node.value);
  const auto dots = text ? text->find("..") : std::string::npos;
  if (dots == std::string::npos) return {};
  std::vector<Node> ends;
  for (const auto& end : {text->substr(0, dots), text->substr(dots + 2)}) {
    const bool is_number =
        !end.empty() && end.size() < 18 && end.find_first_not_of("0123456789") == std::string::npos;
    ends.push_back({.value = end, .place = node.place});
    if (is_number) ends.back().value = static_cast<std::int64_t>(std::stoll(end));
  }
  return ends;
}

template <class T>
bool is_range(const T& low, const T& high) {
  return low <= high;
}
bool is_range(const Fault::Parameter& low, const Fault::Parameter& high) {
  return low.index() == high.index() && low <= high;
}

}  // namespace

template <class T>
void read_value(const Node& node, Choice<T>& choice, ReadError& error) {
  choice = Choice<T>();
  auto nodes = std::is_same_v<T, std::string> ? std::vector<Node>() : ends_of(node);
  choice.is_range = !nodes.empty();
  if (const auto* items = std::get_if<Items>(&node.value)) nodes = *items;
  if (nodes.empty()) nodes = {node};
  for (const auto& each : nodes) read_value(each, choice.values.emplace_back(), error);
  if (choice.is_range && !is_range(choice.values[0], choice.values[1])) {
    error.set(node.place, "this is no range: from low to high, of one kind");
  }
}

template <class T>
void read_value(const Node& node, std::optional<T>& value, ReadError& error) {
  read_value(node, value.emplace(), error);
}

// ---- The fields --------------------------------------------------------------------------------

template <>
struct Fields<TopicFamily> {
  static void visit(auto& topic, auto&& f) {
    f("name", topic.name);
    f("partitions", topic.partitions);
    f("replication_factor", topic.replication_factor);
    f("configs", topic.configs);
  }
};

template <>
struct Fields<ProducerFamily> {
  static void visit(auto& producer, auto&& f) {
    f("name", producer.name);
    f("count", producer.count);
    f("acks", producer.acks);
    f("linger", producer.linger);
    f("batch_size", producer.batch_size);
    f("max_in_flight", producer.max_in_flight);
    f("enable_idempotence", producer.enable_idempotence);
    f("partitioner", producer.partitioner);
    f("delivery_timeout", producer.delivery_timeout);
    f("request_timeout", producer.request_timeout);
    f("compression", producer.compression);
    f("transactional", producer.is_transactional);
    f("transaction_timeout", producer.transaction_timeout);
    f("transaction_protocol", producer.transaction_protocol);
    f("first_sequence", producer.first_sequence);
  }
};

template <>
struct Fields<ConsumerFamily> {
  static void visit(auto& consumer, auto&& f) {
    f("name", consumer.name);
    f("topic", consumer.topic);
    f("count", consumer.count);
    f("at", consumer.at);
    f("parses", consumer.parses);
    f("rack", consumer.rack);
    f("isolation_level", consumer.isolation_level);
    f("auto_offset_reset", consumer.auto_offset_reset);
    f("group", consumer.group);
    f("static", consumer.is_static);
    f("protocol", consumer.protocol);
    f("assignor", consumer.assignor);
    f("server_assignor", consumer.server_assignor);
    f("session_timeout", consumer.session_timeout);
    f("max_poll_interval", consumer.max_poll_interval);
    f("commit", consumer.commit);
  }
};

template <>
struct Fields<TaskFamily> {
  static void visit(auto& task, auto&& f) {
    f("name", task.name);
    f("group", task.group);
    f("input", task.input);
    f("output", task.output);
    f("count", task.count);
    f("guarantee", task.guarantee);
    f("transactional_id", task.transactional_id);
    f("at", task.at);
    f("commit_interval", task.commit_interval);
    f("max_poll_records", task.max_poll_records);
    f("transaction_timeout", task.transaction_timeout);
    f("transaction_protocol", task.transaction_protocol);
    f("delivery_timeout", task.delivery_timeout);
    f("request_timeout", task.request_timeout);
    f("protocol", task.protocol);
    f("assignor", task.assignor);
    f("session_timeout", task.session_timeout);
    f("max_poll_interval", task.max_poll_interval);
  }
};

template <>
struct Fields<ChurnFamily> {
  static void visit(auto& churn, auto&& f) {
    f("count", churn.count);
    f("window", churn.window);
    f("away", churn.away);
  }
};

template <>
struct Fields<ReadingFamily> {
  static void visit(auto& reading, auto&& f) {
    f("count", reading.count);
    f("window", reading.window);
    f("for", reading.lasting);
  }
};

template <>
struct Fields<MigrationFamily> {
  static void visit(auto& migration, auto&& f) {
    f("group", migration.group);
    f("to", migration.to);
    f("at", migration.at);
    f("every", migration.every);
    f("away", migration.away);
  }
};

template <>
struct Fields<WorkloadFamily> {
  static void visit(auto& workload, auto&& f) {
    f("topic", workload.topic);
    f("input", workload.input);
    f("records", workload.records);
    f("chunk", workload.chunk);
    f("keys", workload.keys);
    f("aborts", workload.aborts);
    f("begin", workload.begin);
    f("every", workload.every);
    f("within", workload.within);
  }
};

template <>
struct Fields<ElectionFamily> {
  static void visit(auto& elections, auto&& f) {
    f("count", elections.count);
    f("window", elections.window);
  }
};

template <>
struct Fields<ReassignmentFamily> {
  static void visit(auto& reassignments, auto&& f) {
    f("count", reassignments.count);
    f("window", reassignments.window);
    f("throttle", reassignments.throttle);
  }
};

template <>
struct Fields<TopicChangeFamily> {
  static void visit(auto& changes, auto&& f) {
    f("count", changes.count);
    f("window", changes.window);
    f("away", changes.away);
    f("topics", changes.topics);
  }
};

template <>
struct Fields<RecordDeletionFamily> {
  static void visit(auto& deletions, auto&& f) {
    f("count", deletions.count);
    f("window", deletions.window);
    f("percent", deletions.percent);
    f("topics", deletions.topics);
  }
};

template <>
struct Fields<PartitionGrowthFamily> {
  static void visit(auto& growth, auto&& f) {
    f("count", growth.count);
    f("window", growth.window);
    f("by", growth.by);
    f("topics", growth.topics);
  }
};

template <>
struct Fields<ConfigChangeFamily> {
  static void visit(auto& changes, auto&& f) {
    f("count", changes.count);
    f("window", changes.window);
    f("configs", changes.configs);
    f("topics", changes.topics);
  }
};

template <>
struct Fields<FeatureUpdateFamily> {
  static void visit(auto& updates, auto&& f) {
    f("count", updates.count);
    f("window", updates.window);
    f("levels", updates.levels);
  }
};

template <>
struct Fields<UnregistrationFamily> {
  static void visit(auto& unregistrations, auto&& f) {
    f("count", unregistrations.count);
    f("after", unregistrations.after);
  }
};

template <>
struct Fields<VoterFamily> {
  static void visit(auto& changes, auto&& f) {
    f("count", changes.count);
    f("window", changes.window);
  }
};

template <>
struct Fields<WhenFamily> {
  static void visit(auto& when, auto&& f) {
    f("transaction", when.transaction);
    f("group", when.group);
    f("becomes", when.becomes);
    f("nth", when.nth);
    f("after", when.after);
  }
};

template <>
struct Fields<FaultFamily> {
  static void visit(auto& fault, auto&& f) {
    f("kind", fault.kind);
    f("when", fault.when);
    f("targets", fault.targets);
    f("target_count", fault.target_count);
    f("peers", fault.peers);
    f("peer_count", fault.peer_count);
    f("parameters", fault.parameters);
  }
};

template <>
struct Fields<FaultChoice> {
  static void visit(auto& choice, auto&& f) {
    Fields<FaultFamily>::visit(choice, f);
    f("weight", Natural{choice.weight});
    f("for", choice.lasting);
  }
};

template <>
struct Fields<FixedFault> {
  static void visit(auto& fault, auto&& f) {
    Fields<FaultFamily>::visit(fault, f);
    f("at", fault.at);
    f("for", fault.lasting);
    f("times", fault.times);
    f("in_turn", fault.in_turn);
    f("every", fault.every);
  }
};

template <>
struct Fields<FaultMix> {
  static void visit(auto& mix, auto&& f) {
    f("count", mix.count);
    f("window", mix.window);
    f("for", mix.lasting);
    f("kinds", mix.kinds);
  }
};

template <>
struct Fields<Scenario> {
  // The cluster's are five of a table.
  struct Cluster {
    Scenario& scenario;
  };
  static void visit(auto& scenario, auto&& f) {
    f("about", scenario.about);
    f("bugs", scenario.bugs);
    f("cluster", Cluster{scenario});
    f("settings", scenario.settings);
    f("features", scenario.features);
    f("topics", scenario.topics);
    f("producers", scenario.producers);
    f("consumers", scenario.consumers);
    f("tasks", scenario.tasks);
    f("workload", scenario.workload);
    f("elections", scenario.elections);
    f("reassignments", scenario.reassignments);
    f("topic_changes", scenario.topic_changes);
    f("record_deletions", scenario.record_deletions);
    f("partition_growth", scenario.partition_growth);
    f("config_changes", scenario.config_changes);
    f("feature_updates", scenario.feature_updates);
    f("unregistrations", scenario.unregistrations);
    f("voter_changes", scenario.voter_changes);
    f("churn", scenario.churn);
    f("processing", scenario.processing);
    f("pauses", scenario.pauses);
    f("migrations", scenario.migrations);
    f("faults", scenario.faults);
    f("mix", scenario.mix);
    f("reaches", scenario.reaches);
    f("quiet_at", scenario.quiet_at);
    f("converge_within", scenario.converge_within);
  }
};

void read_value(const Node& node, const Fields<Scenario>::Cluster& cluster, ReadError& error) {
  FieldReader read(node, error);
  read("brokers", cluster.scenario.brokers);
  read("controllers", cluster.scenario.controllers);
  read("voters", cluster.scenario.voters);
  read("racks", cluster.scenario.racks);
  read("last_producer_epoch", cluster.scenario.last_producer_epoch);
  read.finish();
}

namespace {

// What a producer family's files are, for a message about one that is not.
std::string wanted_files(const ProducerFamily& family, std::int64_t most) {
  if (most == 1) return member_name(family.name, 1) + ".jsonl";
  return fmt::format("{}.jsonl to {}.jsonl", member_name(family.name, 1),
                     member_name(family.name, most));
}

// Which files there are, and how long: a plan names lines, so that it depends on no other file.
Expected<Done, std::string> count_lines(Scenario& scenario, const std::string& folder) {
  if (!scenario.workload || scenario.workload->input.empty()) return Done{};
  auto& workload = *scenario.workload;
  const bool is_json =
      std::any_of(scenario.consumers.begin(), scenario.consumers.end(),
                  [](const auto& family) { return family.parses == Parses::json; });
  for (const auto& family : scenario.producers) {
    const auto most = *std::max_element(family.count.values.begin(), family.count.values.end());
    for (std::int64_t i = 1; i <= most; ++i) {
      const auto name = member_name(family.name, i);
      const auto lines = read_lines(input_of(workload, name), folder);
      if (!lines) {
        return Unexpected(
            fmt::format("{}; workload.input, '{}', is a folder with one file for each producer: {}",
                        lines.error(), workload.input, wanted_files(family, most)));
      }
      if (is_json) {
        TRY([[maybe_unused]] const Done done, check_json(*lines, input_of(workload, name)));
      }
      workload.lines[name] = static_cast<std::int64_t>(lines->size());
    }
  }
  return Done{};
}

// What a user says on the command line is meant from where the user is.
void mark_as_local(WorkloadFamily& workload, const std::vector<Override>& overrides) {
  const bool is_set = std::any_of(overrides.begin(), overrides.end(),
                                  [](const auto& each) { return each.key == "workload.input"; });
  const auto& input = workload.input;
  if (is_set && !input.empty() && !input.starts_with('/') && !input.starts_with('.')) {
    workload.input = "./" + input;
  }
}

std::string stem_of(const std::string& file) { return std::filesystem::path(file).stem().string(); }

}  // namespace

std::string member_name(const std::string& family, std::int64_t number) {
  return fmt::format("{}-{:02}", family, number);
}

std::string input_of(const WorkloadFamily& workload, const std::string& producer) {
  return (std::filesystem::path(workload.input) / (producer + ".jsonl")).string();
}

Expected<Scenario, std::string> parse_scenario(std::string_view text, const std::string& file,
                                               const std::vector<Override>& overrides) {
  TRY(const auto root, parse_document(text, file, overrides));
  ReadError error;
  Scenario scenario;
  scenario.name = stem_of(file);
  if (const Node* operations = find(root, "operations")) {
    error.set(operations->place,
              "operations are those of a plan, which says what it is: version = 1 is missing");
  }
  FieldReader read(root, error);
  Fields<Scenario>::visit(scenario, read);
  read.finish();
  if (!error) check_scenario(root, scenario, error);
  if (error) return Unexpected(error.text());
  return scenario;
}

Expected<Scenario, std::string> load_scenario(const std::string& name, const std::string& folder,
                                              const std::vector<Override>& overrides) {
  std::string path = name;
  if (!name.ends_with(".toml")) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(name, ignored)) {
      return Unexpected(name + ": files of scenarios and plans end in .toml, and this does not");
    }
    const auto names = catalogue(folder);
    if (names.empty()) return Unexpected(no_catalogue_in(folder));
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return Unexpected(
          fmt::format("there is no scenario '{}'{}", name, did_you_mean(name, names)));
    }
    path = folder + "/catalogue/" + name + ".toml";
  }
  TRY(const auto text, read_file(path));
  TRY(auto scenario, parse_scenario(text, path, overrides));
  if (scenario.workload) mark_as_local(*scenario.workload, overrides);
  TRY([[maybe_unused]] const Done done, count_lines(scenario, folder));
  return scenario;
}

std::string no_catalogue_in(const std::string& folder) {
  return fmt::format("--scenarios {}: there are no scenarios in {}/catalogue", folder, folder);
}

std::vector<std::string> catalogue(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder + "/catalogue", error)) {
    if (file.path().extension() == ".toml") names.push_back(file.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace brokersim::scenarios
