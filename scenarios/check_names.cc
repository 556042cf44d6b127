#include "scenarios/check_names.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "core/broker/config.h"
#include "core/controller/features.h"
#include "core/controller/topic_config.h"
#include "core/controller/topic_name.h"
#include "core/raft/voter_set.h"
#include "scenarios/bugs.h"
#include "scenarios/cluster.h"
#include "scenarios/coordinator_states.h"
#include "scenarios/nearest.h"
#include "sim/fault.h"

namespace brokersim::scenarios {
namespace {

void check_setting(const Entry& setting, ReadError& error) {
  broker::NodeConfig config;
  const auto names = broker::setting_names();
  if (!std::binary_search(names.begin(), names.end(), setting.key)) {
    error.set(setting.place, fmt::format("there is no setting '{}'{}", setting.key,
                                         did_you_mean(setting.key, names)));
  }
  if (!broker::has_effect(setting.key)) {
    error.set(setting.place, fmt::format("nothing acts upon '{}' yet", setting.key));
  }
  for (const auto& item : items_of(setting.node)) {
    std::string value;
    read_value(item, value, error);
    const auto done = broker::set(config, setting.key, value);
    if (!done) error.set(item.place, done.error());
  }
}

// Null, and an error, if there is no such kind.
const sim::FaultKind* kind_of(const Node& node, ReadError& error) {
  std::string name;
  read_value(node, name, error);
  const auto* kind = sim::find_fault_kind(name);
  if (kind != nullptr) return kind;
  std::vector<std::string> names;
  for (const auto& known : sim::fault_kinds()) names.emplace_back(known.name);
  error.set(node.place, fmt::format("there is no fault '{}'{}", name, did_you_mean(name, names)));
  return nullptr;
}

// Whether it is a number, or a range of numbers, as opposed to durations.
bool is_numeric(const Node& node) {
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr) return std::holds_alternative<std::int64_t>(node.value);
  return text->find_first_not_of("0123456789.") == std::string::npos &&
         text->find("..") != std::string::npos;
}

void check_parameter(const Entry& entry, const sim::FaultKind& kind, ReadError& error) {
  std::vector<std::string> names;
  for (const auto& parameter : kind.parameters) {
    names.emplace_back(parameter.name);
    if (parameter.name != entry.key) continue;
    const bool wants_number = parameter.kind == sim::FaultParameter::Kind::number;
    for (const auto& item : items_of(entry.node)) {
      if (is_numeric(item) == wants_number) continue;
      error.set(item.place,
                fmt::format("{} of {} is {}", entry.key, kind.name,
                            wants_number ? "a whole number" : "a duration such as \"250ms\""));
    }
    return;
  }
  error.set(entry.place, fmt::format("{} has no parameter '{}'{}", kind.name, entry.key,
                                     did_you_mean(entry.key, names)));
}

// A number, or a range of them, as it is written.
struct NumberRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::string text;
};
std::optional<NumberRange> numbers_in(const Node& node) {
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
    return NumberRange{*number, *number, fmt::format("{}", *number)};
  }
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr || !is_numeric(node)) return std::nullopt;
  NumberRange numbers{0, 0, *text};
  const auto* const end = text->data() + text->size();
  std::from_chars(text->data(), end, numbers.low);
  std::from_chars(text->data() + text->find("..") + 2, end, numbers.high);
  return numbers;
}

// What a fault waits for is of one thing, and a state that this can be in.
void check_when(const Node& node, ReadError& error) {
  const auto* when = std::get_if<Entries>(&node.value);
  if (when == nullptr) return error.set(node.place, "a table is wanted here");
  const bool is_transaction = find(*when, "transaction") != nullptr;
  if (is_transaction == (find(*when, "group") != nullptr)) {
    error.set(node.place, "a fault waits for a transaction or for a group");
  }
  const Node* becomes = find(*when, "becomes");
  if (becomes == nullptr) return error.set(node.place, "there is no 'becomes' here");
  check_words(*becomes, is_transaction ? "state of transactions" : "state of groups",
              is_transaction ? transaction_states() : group_states(), error);
  const Node* nth = find(*when, "nth");
  for (const auto& item : nth ? items_of(*nth) : std::vector<Node>{}) {
    const auto numbers = numbers_in(item);
    if (numbers && numbers->low < 1) error.set(item.place, "the first time is nth = 1");
  }
}

void check_fault(const Entries& fault, const sim::FaultKind& kind, ReadError& error) {
  if (const Node* when = find(fault, "when")) check_when(*when, error);
  const Node* parameters = find(fault, "parameters");
  const auto* table = parameters ? std::get_if<Entries>(&parameters->value) : nullptr;
  for (std::size_t i = 0; table && i < table->size(); ++i) {
    check_parameter((*table)[i], kind, error);
  }
  const Node* peers = find(fault, "peers");
  if (peers != nullptr && kind.target == sim::FaultKind::Target::machine) {
    error.set(peers->place,
              fmt::format("{} strikes machines, so it has targets and no peers", kind.name));
  }
}

void check_target_of_plan(const Node& node, bool waits, ReadError& error) {
  static const std::vector<std::string> roles{"leader", "follower", "coordinator",
                                              "transaction_coordinator"};
  static const std::vector<std::string> sets{"brokers", "controllers", "clients",  "members",
                                             "tasks",   "leaders",     "followers"};
  std::string target;
  read_value(node, target, error);
  if (target == sim::triggering_machine && !waits) {
    error.set(node.place, "'there' is where what a fault waits for happens: it has no 'when'");
  }
  for (const auto& set : sets) {
    if (target != set) continue;
    error.set(node.place,
              fmt::format("'{}' is a set, which only scenarios draw from: a plan says which", set));
  }
  const auto colon = target.find(':');
  if (colon == std::string::npos) return;
  const auto role = target.substr(0, colon);
  if (std::find(roles.begin(), roles.end(), role) != roles.end()) return;
  error.set(node.place, fmt::format("there is no '{}:'{}", role, did_you_mean(role, roles)));
}

// A config as it would be told to the controller, or one of several such.
void check_topic_config(const Entry& config, ReadError& error) {
  const auto* const key = controller::find_topic_config_key(config.key);
  if (key == nullptr) {
    std::vector<std::string> names;
    for (const auto& known : controller::topic_config_keys()) names.emplace_back(known.name);
    error.set(config.place, fmt::format("there is no '{}' that a topic could be configured with{}",
                                        config.key, did_you_mean(config.key, names)));
    return;
  }
  for (const auto& item : items_of(config.node)) {
    std::string value;
    read_value(item, value, error);
    const auto why = controller::why_unfit(*key, value);
    if (why) error.set(item.place, fmt::format("{} is '{}': {}", config.key, value, *why));
  }
}

void check_topic(const Entries& topic, const Node& name, std::vector<std::string>& names,
                 ReadError& error) {
  std::string text;
  read_value(name, text, error);
  const auto legal = controller::check_topic_name(text);
  if (!legal) error.set(name.place, legal.error().message);
  if (std::find(names.begin(), names.end(), text) != names.end()) {
    error.set(name.place, fmt::format("there is a topic '{}' already", text));
  }
  names.push_back(text);
  const Node* const configs = find(topic, "configs");
  const auto* table = configs ? std::get_if<Entries>(&configs->value) : nullptr;
  if (table == nullptr) return;
  for (const auto& config : *table) check_topic_config(config, error);
}

// Whether the quorum's voters may be those that the disks were formatted with.
bool may_begin_with_voters(const Entries& root) {
  const Node* const settings = find(root, "settings");
  const auto* table = settings ? std::get_if<Entries>(&settings->value) : nullptr;
  const Node* const version = table ? find(*table, raft::kraft_version_feature) : nullptr;
  for (const auto& item : version ? items_of(*version) : std::vector<Node>{}) {
    ReadError ignored;
    std::string value;
    read_value(item, value, ignored);
    if (value != "0") return true;
  }
  return false;
}

}  // namespace

std::vector<Node> items_of(const Node& node) {
  if (const auto* items = std::get_if<Items>(&node.value)) return *items;
  return {node};
}

std::vector<const Entries*> tables_in(const Entries& root, std::string_view key) {
  std::vector<const Entries*> tables;
  const Node* node = find(root, key);
  if (node == nullptr) return tables;
  if (const auto* table = std::get_if<Entries>(&node->value)) tables.push_back(table);
  const auto* items = std::get_if<Items>(&node->value);
  for (std::size_t i = 0; items && i < items->size(); ++i) {
    if (const auto* table = std::get_if<Entries>(&(*items)[i].value)) tables.push_back(table);
  }
  return tables;
}

void check_bounds(const Entries& root, std::span<const Bounds> all, ReadError& error) {
  for (const auto& bounds : all) {
    for (const auto* table : tables_in(root, bounds.table)) {
      const Node* node = find(*table, bounds.key);
      for (const auto& item : node ? items_of(*node) : std::vector<Node>{}) {
        const auto numbers = numbers_in(item);
        if (!numbers) continue;
        const auto refuse = [&](std::string_view how, std::int64_t bound) {
          error.set(item.place, fmt::format("{} is {}, but must be {} {}", bounds.key,
                                            numbers->text, how, bound));
        };
        if (numbers->low < bounds.least) refuse("at least", bounds.least);
        if (numbers->high > bounds.most) refuse("at most", bounds.most);
      }
    }
  }
}

std::span<const Bounds> common_bounds() {
  // A fiber of its own waits for each request in flight.
  constexpr std::int64_t most_in_flight = 1000;
  // Ids of controllers follow those of the brokers.
  constexpr std::int64_t most_brokers = first_controller - 1;
  constexpr std::int64_t most_controllers = 9;
  constexpr std::int64_t most_acks = 9;
  static constexpr Bounds all[] = {
      {"cluster", "brokers", 1, most_brokers},
      {"cluster", "controllers", 1, most_controllers},
      {"producers", "acks", -1, most_acks},
      {"cluster", "voters", 0},
      {"cluster", "racks", 0},
      {"topics", "partitions", 1},
      {"topics", "replication_factor", 1},
      {"producers", "batch_size", 1},
      {"producers", "max_in_flight", 1, most_in_flight},
      {"tasks", "max_poll_records", 1},
  };
  return all;
}

void check_topic_tables(const Entries& root, ReadError& error) {
  const Node* const topics = find(root, "topics");
  std::vector<std::string> names;
  for (const auto& topic : topics ? items_of(*topics) : std::vector<Node>{}) {
    const auto* table = std::get_if<Entries>(&topic.value);
    const Node* const name = table ? find(*table, "name") : nullptr;
    if (name == nullptr) {
      error.set(topic.place, "a topic has a name");
      continue;
    }
    check_topic(*table, *name, names, error);
  }
}

void check_voters(const Entries& root, ReadError& error) {
  const Node* const cluster = find(root, "cluster");
  const auto* table = cluster ? std::get_if<Entries>(&cluster->value) : nullptr;
  const Node* const voters = table ? find(*table, "voters") : nullptr;
  if (voters == nullptr || may_begin_with_voters(root)) return;
  for (const auto& item : items_of(*voters)) {
    const auto numbers = numbers_in(item);
    if (!numbers || numbers->high <= 0) continue;
    error.set(item.place,
              "all controllers vote where kraft.version is 0: say \"kraft.version\" = 1 in "
              "settings");
  }
}

void check_words(const Node& node, std::string_view what, const std::vector<std::string>& words,
                 ReadError& error) {
  for (const auto& item : items_of(node)) {
    std::string word;
    read_value(item, word, error);
    if (std::find(words.begin(), words.end(), word) != words.end()) continue;
    error.set(item.place,
              fmt::format("there is no {} '{}'{}", what, word, did_you_mean(word, words)));
  }
}

void check_settings(const Node& settings, ReadError& error) {
  const auto* table = std::get_if<Entries>(&settings.value);
  if (table == nullptr) return;
  for (const auto& setting : *table) check_setting(setting, error);
}

void check_features(const Node& features, ReadError& error) {
  const auto* table = std::get_if<Entries>(&features.value);
  if (table == nullptr) return;
  std::vector<std::string> names;
  const auto supported = controller::supported_features();
  std::vector<controller::SupportedFeature> all(supported.begin(), supported.end());
  all.push_back(
      {raft::kraft_version_feature, {raft::KRaftVersions().min, raft::KRaftVersions().max}});
  for (const auto& known : all) names.emplace_back(known.name);
  for (const auto& entry : *table) {
    const auto known = std::find_if(all.begin(), all.end(),
                                    [&](const auto& feature) { return feature.name == entry.key; });
    if (known == all.end()) {
      error.set(entry.place, fmt::format("there is no feature '{}'{}", entry.key,
                                         did_you_mean(entry.key, names)));
      continue;
    }
    for (const auto& item : items_of(entry.node)) {
      const auto* level = std::get_if<std::int64_t>(&item.value);
      const bool is_known =
          level && (*level == 0 || (known->levels.min <= *level && *level <= known->levels.max));
      if (is_known) continue;
      error.set(item.place, fmt::format("{} has levels {} to {}, and 0", entry.key,
                                        known->levels.min, known->levels.max));
    }
  }
}

void check_bugs(const Node& bugs, ReadError& error) {
  for (const auto& item : items_of(bugs)) {
    std::string name;
    read_value(item, name, error);
    const auto rules = rules_with({name});
    if (!rules) error.set(item.place, rules.error());
  }
}

void check_idempotence(const Entries& producer, ReadError& error) {
  constexpr std::int64_t most_in_flight = 5;
  const auto is_true = [&producer](std::string_view key) {
    const Node* node = find(producer, key);
    const auto* value = node ? std::get_if<bool>(&node->value) : nullptr;
    return value != nullptr && *value;
  };
  const bool is_transactional = is_true("transactional") || find(producer, "transactional_id");
  if (!is_true("enable_idempotence") && !is_transactional) return;
  const auto refuse = [&](const Node& node, std::string_view what) {
    error.set(node.place,
              fmt::format("{} {}", is_transactional ? "in transactions" : "with enable_idempotence",
                          what));
  };
  const Node* acks = find(producer, "acks");
  for (const auto& item : acks ? items_of(*acks) : std::vector<Node>{}) {
    const auto* text = std::get_if<std::string>(&item.value);
    if (text == nullptr || *text != "all") refuse(item, "acks must be \"all\"");
  }
  const Node* in_flight = find(producer, "max_in_flight");
  for (const auto& item : in_flight ? items_of(*in_flight) : std::vector<Node>{}) {
    const auto* number = std::get_if<std::int64_t>(&item.value);
    if (number && *number > most_in_flight) refuse(item, "max_in_flight must be at most 5");
  }
}

void check_faults(const Node& faults, ReadError& error) {
  for (const auto& item : items_of(faults)) {
    const auto* table = std::get_if<Entries>(&item.value);
    const Node* name = table ? find(*table, "kind") : nullptr;
    if (name == nullptr) {
      error.set(item.place, "there is no 'kind' here");
      continue;
    }
    if (const auto* kind = kind_of(*name, error)) check_fault(*table, *kind, error);
  }
}

void check_targets_of_plan(const Node& faults, ReadError& error) {
  for (const auto& item : items_of(faults)) {
    const auto* table = std::get_if<Entries>(&item.value);
    for (const char* side : {"targets", "peers"}) {
      const Node* targets = table ? find(*table, side) : nullptr;
      if (targets == nullptr) continue;
      const bool waits = find(*table, "when") != nullptr;
      for (const auto& target : items_of(*targets)) check_target_of_plan(target, waits, error);
    }
  }
}

}  // namespace brokersim::scenarios
