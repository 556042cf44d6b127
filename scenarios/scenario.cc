#include "scenarios/scenario.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "scenarios/check_names.h"
#include "scenarios/files.h"
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
    f("partitioner", producer.partitioner);
    f("delivery_timeout", producer.delivery_timeout);
    f("request_timeout", producer.request_timeout);
  }
};

template <>
struct Fields<ConsumerFamily> {
  static void visit(auto& consumer, auto&& f) {
    f("name", consumer.name);
    f("topic", consumer.topic);
    f("count", consumer.count);
    f("at", consumer.at);
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
    f("begin", workload.begin);
    f("every", workload.every);
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
struct Fields<FaultChoice> {
  static void visit(auto& choice, auto&& f) {
    f("kind", choice.kind);
    f("weight", choice.weight);
    f("for", choice.lasting);
    f("targets", choice.targets);
    f("target_count", choice.target_count);
    f("peers", choice.peers);
    f("peer_count", choice.peer_count);
    f("parameters", choice.parameters);
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
  // The cluster's are two of a table.
  struct Cluster {
    Scenario& scenario;
  };
  static void visit(auto& scenario, auto&& f) {
    f("about", scenario.about);
    f("bugs", scenario.bugs);
    f("cluster", Cluster{scenario});
    f("settings", scenario.settings);
    f("topics", scenario.topics);
    f("producers", scenario.producers);
    f("consumers", scenario.consumers);
    f("workload", scenario.workload);
    f("elections", scenario.elections);
    f("faults", scenario.faults);
    f("mix", scenario.mix);
    f("quiet_at", scenario.quiet_at);
    f("converge_within", scenario.converge_within);
  }
};

void read_value(const Node& node, const Fields<Scenario>::Cluster& cluster, ReadError& error) {
  FieldReader read(node, error);
  read("brokers", cluster.scenario.brokers);
  read("controllers", cluster.scenario.controllers);
  read.finish();
}

namespace {

void check(const Entries& root, ReadError& error) {
  if (const Node* settings = find(root, "settings")) check_settings(*settings, error);
  if (const Node* bugs = find(root, "bugs")) check_bugs(*bugs, error);
  if (const Node* faults = find(root, "faults")) check_faults(*faults, error);
  const Node* mix = find(root, "mix");
  const auto* table = mix ? std::get_if<Entries>(&mix->value) : nullptr;
  const Node* kinds = table ? find(*table, "kinds") : nullptr;
  if (kinds) check_faults(*kinds, error);
}

void check_words(const Scenario& scenario, const Place& place, ReadError& error) {
  for (const auto& producer : scenario.producers) {
    for (const auto& word : producer.partitioner.values) {
      Partitioner partitioner{};
      read_value(Node{.value = word, .place = place}, partitioner, error);
    }
    for (const auto& word : producer.acks.values) {
      std::int16_t acks{};
      read_value(Node{.value = word, .place = place}, Acks{acks}, error);
    }
  }
  std::int64_t weights = 0;
  for (const auto& kind : scenario.mix.kinds) weights += kind.weight;
  if (!scenario.mix.kinds.empty() && weights <= 0) error.set(place, "the mix weighs nothing");
}

// Which files there are, and how long: a plan names lines, so that it depends on no other file.
Expected<Done, std::string> count_lines(Scenario& scenario, const std::string& folder) {
  if (!scenario.workload || scenario.workload->input.empty()) return Done{};
  auto& workload = *scenario.workload;
  for (const auto& family : scenario.producers) {
    const auto most = std::max(family.count.values.front(), family.count.values.back());
    for (std::int64_t i = 1; i <= most; ++i) {
      const auto name = member_name(family.name, i);
      TRY(const auto text, read_file(std::filesystem::path(folder) / input_of(workload, name)));
      workload.lines[name] = lines_in(text);
    }
  }
  return Done{};
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
  FieldReader read(root, error);
  Fields<Scenario>::visit(scenario, read);
  read.finish();
  check(root, error);
  check_words(scenario, Place{.file = file}, error);
  if (error) return Unexpected(error.text());
  return scenario;
}

Expected<Scenario, std::string> load_scenario(const std::string& name, const std::string& folder,
                                              const std::vector<Override>& overrides) {
  std::string path = name;
  if (!name.ends_with(".toml")) {
    const auto names = catalogue(folder);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return Unexpected(
          fmt::format("there is no scenario '{}'{}", name, did_you_mean(name, names)));
    }
    path = folder + "/catalogue/" + name + ".toml";
  }
  TRY(const auto text, read_file(path));
  TRY(auto scenario, parse_scenario(text, path, overrides));
  TRY(const auto done, count_lines(scenario, folder));
  static_cast<void>(done);
  return scenario;
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
