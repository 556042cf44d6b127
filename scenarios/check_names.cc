#include "scenarios/check_names.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/broker/config.h"
#include "core/controller/features.h"
#include "core/controller/topic_config.h"
#include "core/controller/topic_name.h"
#include "core/raft/voter_set.h"
#include "scenarios/bugs.h"
#include "scenarios/check_numbers.h"
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

void check_parameter(const Entry& entry, const sim::FaultKind& kind, ReadError& error) {
  std::vector<std::string> names;
  for (const auto& parameter : kind.parameters) {
    names.emplace_back(parameter.name);
    if (parameter.name != entry.key) continue;
    const bool wants_number = parameter.kind == sim::FaultParameter::Kind::number;
    for (const auto& item : items_of(entry.node)) {
      const auto numbers = numbers_in(item);
      if (numbers && numbers->low < 0) {
        error.set(item.place,
                  fmt::format("{} is {}, but must be at least 0", entry.key, numbers->text));
      }
      if (numbers.has_value() == wants_number) continue;
      error.set(item.place,
                fmt::format("{} of {} is {}", entry.key, kind.name,
                            wants_number ? "a whole number" : "a duration such as \"250ms\""));
    }
    return;
  }
  error.set(entry.place, fmt::format("{} has no parameter '{}'{}", kind.name, entry.key,
                                     did_you_mean(entry.key, names)));
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
  for (const auto& item : items_in(*when, "nth")) {
    const auto numbers = numbers_in(item);
    if (numbers && numbers->low < 1) error.set(item.place, "the first time is nth = 1");
  }
}

void check_fault(const Entries& fault, const sim::FaultKind& kind, ReadError& error) {
  if (const Node* when = find(fault, "when")) check_when(*when, error);
  const auto* parameters = table_in(fault, "parameters");
  for (std::size_t i = 0; parameters && i < parameters->size(); ++i) {
    check_parameter((*parameters)[i], kind, error);
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
  check_topic_configs(topic, error);
}

}  // namespace

void check_topic_tables(const Entries& root, ReadError& error) {
  std::vector<std::string> names;
  for (const auto& topic : items_in(root, "topics")) {
    const auto* table = std::get_if<Entries>(&topic.value);
    const Node* const name = table ? find(*table, "name") : nullptr;
    if (name == nullptr) {
      error.set(topic.place, "a topic has a name");
      continue;
    }
    check_topic(*table, *name, names, error);
  }
}

void check_topic_configs(const Entries& table, ReadError& error) {
  const auto* const configs = table_in(table, "configs");
  if (configs == nullptr) return;
  for (const auto& config : *configs) check_topic_config(config, error);
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
