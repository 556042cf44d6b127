#include "scenarios/check_names.h"

#include <fmt/format.h>

#include "core/broker/config.h"
#include "scenarios/bugs.h"
#include "scenarios/nearest.h"
#include "sim/fault.h"

namespace brokersim::scenarios {
namespace {

// The items of a list, or the one value that stands for a list of it.
std::vector<Node> items_of(const Node& node) {
  if (const auto* items = std::get_if<Items>(&node.value)) return *items;
  return {node};
}

void check_setting(const Entry& setting, ReadError& error) {
  broker::NodeConfig config;
  const auto known = broker::settings_of(config);
  if (!known.contains(setting.key)) {
    std::vector<std::string> names;
    for (const auto& [name, value] : known) names.push_back(name);
    error.set(setting.place, fmt::format("there is no setting '{}'{}", setting.key,
                                         did_you_mean(setting.key, names)));
  }
  for (const auto& item : items_of(setting.node)) {
    std::string value;
    read_value(item, value, error);
    const auto done = broker::set(config, setting.key, value);
    if (!done) error.set(item.place, done.error());
  }
}

void check_kind(const Node& node, const sim::FaultKind*& kind, ReadError& error) {
  std::string name;
  read_value(node, name, error);
  kind = sim::find_fault_kind(name);
  if (kind != nullptr) return;
  std::vector<std::string> names;
  for (const auto& known : sim::fault_kinds()) names.emplace_back(known.name);
  error.set(node.place, fmt::format("there is no fault '{}'{}", name, did_you_mean(name, names)));
}

void check_parameters(const Node& node, const sim::FaultKind& kind, ReadError& error) {
  std::vector<std::string> names;
  for (const auto& parameter : kind.parameters) names.emplace_back(parameter.name);
  const auto* table = std::get_if<Entries>(&node.value);
  if (table == nullptr) return;
  for (const auto& entry : *table) {
    bool is_known = false;
    for (const auto& name : names) is_known = is_known || name == entry.key;
    if (is_known) continue;
    error.set(entry.place, fmt::format("{} has no parameter '{}'{}", kind.name, entry.key,
                                       did_you_mean(entry.key, names)));
  }
}

}  // namespace

void check_settings(const Node& settings, ReadError& error) {
  const auto* table = std::get_if<Entries>(&settings.value);
  if (table == nullptr) return;
  for (const auto& setting : *table) check_setting(setting, error);
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
    const sim::FaultKind* kind = nullptr;
    check_kind(*name, kind, error);
    const Node* parameters = find(*table, "parameters");
    if (kind != nullptr && parameters != nullptr) check_parameters(*parameters, *kind, error);
  }
}

}  // namespace brokersim::scenarios
