#include "scenarios/serve_config.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/base/trimmed.h"
#include "core/raft/voter_set.h"
#include "scenarios/cluster.h"
#include "scenarios/kafka_settings.h"
#include "scenarios/nearest.h"
#include "scenarios/properties_text.h"

namespace brokersim::scenarios {
namespace {

using live::ServedNode;

constexpr std::uint16_t controller_ports_after = 1000;

struct Setting {
  std::string key, value, where;
  bool is_of_file = false;
};

Expected<std::vector<Setting>, std::string> settings_of_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) return Unexpected(fmt::format("{}: cannot be read", path));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto properties = parse_properties(text);
  if (!properties) return Unexpected(fmt::format("{}:{}", path, properties.error()));
  std::vector<Setting> settings;
  for (auto& property : *properties) {
    settings.push_back({std::move(property.name), std::move(property.value),
                        fmt::format("{}:{}", path, property.line), true});
  }
  return settings;
}

Expected<std::vector<Setting>, std::string> settings_of(const ServeOptions& options) {
  std::vector<Setting> settings;
  if (!options.config_file.empty()) {
    TRY(settings, settings_of_file(options.config_file));
  }
  for (const std::string_view text : options.settings) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
      return Unexpected(fmt::format("--set: '{}' is no key=value", text));
    }
    settings.push_back({std::string(trimmed(text.substr(0, equals))),
                        std::string(trimmed(text.substr(equals + 1))), "--set"});
  }
  return settings;
}

bool is_among(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A file may have been written for Kafka; what is typed is meant for us.
Expected<Done, std::string> apply(broker::NodeConfig& config,
                                  const std::vector<Setting>& settings) {
  const auto honoured = broker::setting_names();
  for (const auto& setting : settings) {
    const bool is_honoured = is_among(setting.key, honoured);
    if (!is_honoured && (setting.is_of_file || is_kafka_setting(setting.key))) continue;
    const auto done = broker::set(config, setting.key, setting.value);
    if (done) continue;
    return Unexpected(fmt::format("{}: {}{}", setting.where, done.error(),
                                  is_honoured ? "" : did_you_mean(setting.key, honoured)));
  }
  return broker::check(config);
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// "101@127.0.0.1:9093"
Expected<std::vector<broker::Voter>, std::string> parse_quorum(const std::string& text) {
  std::vector<broker::Voter> voters;
  for (const auto part : split(text, ',')) {
    const auto at = part.find('@');
    const auto colon = part.rfind(':');
    const bool has_shape = at != std::string_view::npos && colon != std::string_view::npos &&
                           at < colon && at + 1 < colon;
    const auto id = has_shape ? number<std::int32_t>(part.substr(0, at)) : std::nullopt;
    const auto port = has_shape ? number<std::uint16_t>(part.substr(colon + 1)) : std::nullopt;
    if (!id || !port) {
      return Unexpected(fmt::format("--quorum: '{}' is no ID@HOST:PORT", part));
    }
    voters.push_back({NodeId(*id), {std::string(part.substr(at + 1, colon - at - 1)), *port}});
  }
  if (voters.empty()) return Unexpected(std::string("--quorum: wants ID@HOST:PORT,…"));
  std::sort(voters.begin(), voters.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return voters;
}

std::string directory_of(const ServeOptions& options, NodeId node) {
  return fmt::format("{}/node-{}", options.data, node);
}

Expected<std::vector<ServedNode>, std::string> one_node(const ServeOptions& options,
                                                        broker::NodeConfig config) {
  TRY(config.voters, parse_quorum(options.quorum));
  config.node_id = NodeId(*options.node_id);
  config.is_broker = config.is_controller = false;
  for (const auto role : split(options.roles, ',')) {
    if (role != "broker" && role != "controller") {
      return Unexpected(fmt::format("--roles: '{}' is neither broker nor controller", role));
    }
    (role == "broker" ? config.is_broker : config.is_controller) = true;
  }
  const auto voter = std::find_if(config.voters.begin(), config.voters.end(),
                                  [&](const auto& v) { return v.id == config.node_id; });
  if (config.is_controller != (voter != config.voters.end())) {
    return Unexpected(fmt::format("--quorum: node {} is {} it, but its --roles are '{}'",
                                  config.node_id, config.is_controller ? "not in" : "in",
                                  options.roles));
  }
  config.listener = config.is_controller ? voter->address : Address{options.host, options.port};
  if (options.cluster_id.empty()) {
    return Unexpected(
        std::string("--cluster-id is needed with --node-id: the same for each process"));
  }
  config.cluster_id = options.cluster_id;
  const auto directory = directory_of(options, config.node_id);
  config.log_dir = directory;
  return std::vector{
      ServedNode{.config = config, .bind_host = config.listener.host, .data_directory = directory}};
}

Expected<std::vector<ServedNode>, std::string> whole_cluster(const ServeOptions& options,
                                                             broker::NodeConfig config) {
  const auto brokers =
      options.names.empty() ? options.brokers : static_cast<std::int32_t>(options.names.size());
  if (brokers < 1 || brokers > 100) return Unexpected(std::string("--brokers: from 1 to 100"));
  if (options.controllers < 1 || options.controllers > 9) {
    return Unexpected(std::string("--controllers: from 1 to 9"));
  }
  constexpr std::int32_t last_port = 65535;
  const auto most_ports =
      std::max(options.names.empty() ? brokers : 1, controller_ports_after + options.controllers);
  if (options.port + most_ports - 1 > last_port) {
    return Unexpected(
        fmt::format("--port: the nodes need the {} ports from {} on, and {} is the last",
                    most_ports, options.port, last_port));
  }
  // The controller would refuse more copies than there are brokers, and there would be no groups.
  broker::limit_copies(config, brokers);
  const auto kept = live::cluster_id_in(directory_of(options, NodeId(1)));
  config.cluster_id = !options.cluster_id.empty() ? options.cluster_id
                      : !kept.empty()             ? kept
                                                  : live::new_cluster_id();
  std::vector<ServedNode> nodes;
  for (std::int32_t i = 0; i < options.controllers; ++i) {
    const auto port = static_cast<std::uint16_t>(options.port + controller_ports_after + i);
    config.voters.push_back({NodeId(first_controller + i), {options.host, port}});
  }
  const auto add = [&](NodeId id, bool is_broker, Address listener, std::string bind_host) {
    auto& node = nodes.emplace_back(ServedNode{config, std::move(bind_host), ""});
    node.config.node_id = id;
    node.config.is_broker = is_broker;
    node.config.is_controller = !is_broker;
    node.config.listener = std::move(listener);
    node.data_directory = directory_of(options, id);
    node.config.log_dir = node.data_directory;
  };
  for (const auto& voter : config.voters) add(voter.id, false, voter.address, options.host);
  for (std::int32_t i = 0; i < brokers; ++i) {
    const NodeId id(i + 1);
    if (options.names.empty()) {
      add(id, true, {options.host, static_cast<std::uint16_t>(options.port + i)}, options.host);
    } else {
      const auto& name = options.names[static_cast<std::size_t>(i)];
      add(id, true, {name, options.port}, fmt::format("127.0.0.{}", i + 1));
    }
  }
  return nodes;
}

}  // namespace

Expected<std::vector<ServedNode>, std::string> served_nodes(const ServeOptions& options) {
  broker::NodeConfig config;
  TRY(const auto settings, settings_of(options));
  TRY([[maybe_unused]] const Done done, apply(config, settings));
  if (config.kraft_version >= raft::reconfigurable) {
    return Unexpected(
        std::string("kraft.version is 1, but the voters of a served cluster are "
                    "configured, which is 0"));
  }
  return options.node_id ? one_node(options, config) : whole_cluster(options, config);
}

std::vector<std::string> notes_on(const ServeOptions& options) {
  const auto settings = settings_of(options);
  REQUIRE(settings.has_value());
  auto known = broker::setting_names();
  std::vector<std::string> notes;
  std::set<std::string> only_kafkas;
  std::vector<Setting> unknown;
  for (const auto& setting : *settings) {
    if (is_among(setting.key, known) && broker::has_effect(setting.key)) continue;
    if (is_kafka_setting(setting.key)) {
      only_kafkas.insert(setting.key);
    } else {
      unknown.push_back(setting);
    }
  }
  for (const auto name : kafka_settings()) known.emplace_back(name);
  for (const auto& setting : unknown) {
    notes.push_back(fmt::format("{}: there is no setting '{}'{}", setting.where, setting.key,
                                did_you_mean(setting.key, known)));
  }
  if (!only_kafkas.empty()) {
    notes.push_back(
        fmt::format("settings of Kafka's without effect here: {}", fmt::join(only_kafkas, ", ")));
  }
  return notes;
}

std::string bootstrap_servers(const std::vector<ServedNode>& nodes) {
  std::string list;
  for (const auto& node : nodes) {
    if (!node.config.is_broker) continue;
    const auto& at = node.config.listener;
    list += fmt::format("{}{}:{}", list.empty() ? "" : ",", at.host, at.port);
  }
  return list;
}

std::vector<std::string> hosts_entries(const std::vector<ServedNode>& nodes) {
  std::vector<std::string> lines;
  for (const auto& node : nodes) {
    if (!node.config.is_broker || node.bind_host == node.config.listener.host) continue;
    lines.push_back(fmt::format("{} {}", node.bind_host, node.config.listener.host));
  }
  return lines;
}

}  // namespace brokersim::scenarios
