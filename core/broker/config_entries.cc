#include "core/broker/config_entries.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/broker/setting_terms.h"
#include "core/controller/broker_config.h"
#include "core/controller/config_docs.h"
#include "core/controller/group_config.h"

namespace brokersim::broker {
namespace {

using controller::ConfigResource;
using Source = controller::TopicConfigs::Source;

ConfigType type_of(const controller::TopicConfigKey& key) {
  using Kind = controller::TopicConfigKey::Kind;
  switch (key.kind) {
    case Kind::int32: return ConfigType::int32;
    case Kind::int64: return ConfigType::int64;
    case Kind::boolean: return ConfigType::boolean;
    case Kind::ratio: return ConfigType::float64;
    case Kind::choice:
    case Kind::limits: return ConfigType::string;
    case Kind::choices:
    case Kind::replicas: return ConfigType::list;
  }
  return ConfigType::unknown;
}

ConfigType type_of_setting(std::string_view name) {
  const auto* terms = find_setting_terms(name);
  return terms ? terms->type : ConfigType::unknown;
}

// What identifies the node, and is set with every one of them.
std::map<std::string, std::string> identity_of(const NodeConfig& config) {
  std::vector<std::string> voters;
  for (const auto& voter : config.voters) {
    voters.push_back(fmt::format("{}@{}", voter.id, text_of(voter.address)));
  }
  std::vector<std::string_view> roles;
  if (config.is_broker) roles.emplace_back("broker");
  if (config.is_controller) roles.emplace_back("controller");
  std::map<std::string, std::string> identity{
      {"advertised.listeners", "PLAINTEXT://" + text_of(config.listener)},
      {"broker.id", fmt::format("{}", config.node_id)},
      {"controller.quorum.voters", fmt::format("{}", fmt::join(voters, ","))},
      {"log.dirs", config.log_dir},
      {"node.id", fmt::format("{}", config.node_id)},
      {"process.roles", fmt::format("{}", fmt::join(roles, ","))}};
  if (!config.rack.empty()) identity.emplace("broker.rack", config.rack);
  return identity;
}

}  // namespace

ConfigEntries::ConfigEntries(const controller::Image& image, const NodeConfig& config)
    : image_(image),
      dynamic_(image.configs({ConfigResource::Type::broker, fmt::format("{}", config.node_id)})),
      cluster_defaults_(image.configs({ConfigResource::Type::broker, ""})),
      own_(identity_of(config)),
      defaults_(settings_of(NodeConfig())) {
  for (auto& [name, value] : settings_of(config)) {
    const auto initial = defaults_.find(name);
    if (initial == defaults_.end() || initial->second != value) own_.emplace(name, value);
  }
}

ConfigEntries::Synonyms ConfigEntries::synonyms_in_broker(const std::string& name) const {
  Synonyms synonyms;
  const auto look_in = [&](const auto& configs, Source source) {
    const auto found = configs.find(name);
    if (found == configs.end()) return;
    synonyms.push_back({.name = name,
                        .value = std::string(found->second),
                        .source = static_cast<std::int8_t>(source)});
  };
  look_in(dynamic_, Source::broker);
  look_in(cluster_defaults_, Source::cluster);
  look_in(own_, Source::node);
  look_in(defaults_, Source::initial);
  return synonyms;
}

std::string ConfigEntries::value_of_node(const std::string& name) const {
  const auto own = own_.find(name);
  if (own != own_.end()) return own->second;
  const auto initial = defaults_.find(name);
  return initial == defaults_.end() ? "" : initial->second;
}

const controller::TopicConfigKey* ConfigEntries::key_of(std::string_view name) {
  if (const auto* const key = controller::find_topic_config_key(name)) return key;
  if (const auto* const key = controller::find_group_config_key(name)) return key;
  return controller::find_broker_config_key(name);
}

// The first synonym is in force.
ConfigEntry ConfigEntries::entry(const std::string& name, Synonyms synonyms) const {
  ConfigEntry entry{.name = name, .config_source = static_cast<std::int8_t>(Source::initial)};
  const auto* const key = key_of(name);
  entry.read_only = key == nullptr;
  entry.documentation = std::string(controller::documentation_of(name));
  // What nobody here knows may be a secret.
  entry.is_sensitive = !key && !own_.contains(name) && !defaults_.contains(name);
  for (auto& synonym : synonyms) {
    if (entry.is_sensitive) synonym.value = std::nullopt;
  }
  if (!synonyms.empty()) {
    entry.value = synonyms.front().value;
    entry.config_source = synonyms.front().source;
  }
  const auto type = key ? type_of(*key) : type_of_setting(name);
  entry.config_type = static_cast<std::int8_t>(type);
  entry.synonyms = std::move(synonyms);
  return entry;
}

std::vector<ConfigEntry> ConfigEntries::of_topic(const std::string& topic) const {
  const auto& own = image_.configs({ConfigResource::Type::topic, topic});
  std::vector<ConfigEntry> entries;
  for (const auto& key : controller::topic_config_keys()) {
    const std::string name(key.name);
    auto synonyms = key.broker.empty() ? Synonyms() : synonyms_in_broker(std::string(key.broker));
    const auto set = own.find(key.name);
    if (set != own.end()) {
      synonyms.insert(
          synonyms.begin(),
          {.name = name, .value = set->second, .source = static_cast<std::int8_t>(Source::topic)});
    }
    entries.push_back(entry(name, std::move(synonyms)));
    if (!entries.back().value) entries.back().value = std::string(key.initial);
  }
  return entries;
}

// As in Kafka what a group does not say itself counts as a default, wherever it comes from.
std::vector<ConfigEntry> ConfigEntries::of_group(const std::string& group) const {
  constexpr std::int8_t group_source = 8;
  const auto& own = image_.configs({ConfigResource::Type::group, group});
  std::vector<ConfigEntry> entries;
  for (const auto& key : controller::group_config_keys()) {
    const std::string name(key.name);
    const auto set = own.find(name);
    const bool is_own = set != own.end();
    auto value = is_own ? std::string(set->second) : value_of_node(std::string(key.broker));
    entries.push_back(entry(
        name, {{.name = name,
                .value = std::move(value),
                .source = is_own ? group_source : static_cast<std::int8_t>(Source::initial)}}));
  }
  return entries;
}

std::vector<ConfigEntry> ConfigEntries::of_broker() const {
  std::set<std::string> names;
  for (const auto& [name, value] : own_) names.insert(name);
  for (const auto& [name, value] : defaults_) names.insert(name);
  for (const auto& [name, value] : dynamic_) names.insert(name);
  for (const auto& [name, value] : cluster_defaults_) names.insert(name);
  std::vector<ConfigEntry> entries;
  for (const auto& name : names) entries.push_back(entry(name, synonyms_in_broker(name)));
  return entries;
}

std::vector<ConfigEntry> ConfigEntries::of_cluster_defaults() const {
  std::vector<ConfigEntry> entries;
  for (const auto& [name, value] : cluster_defaults_) {
    auto synonyms = synonyms_in_broker(name);
    std::erase_if(synonyms, [](const auto& synonym) {
      return synonym.source != static_cast<std::int8_t>(Source::cluster);
    });
    entries.push_back(entry(name, std::move(synonyms)));
  }
  return entries;
}

}  // namespace brokersim::broker
