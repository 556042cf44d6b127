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
#include "core/controller/features.h"
#include "core/raft/voter_set.h"
#include "scenarios/cluster.h"
#include "scenarios/files.h"
#include "scenarios/kafka_settings.h"
#include "scenarios/nearest.h"
#include "scenarios/properties_text.h"
#include "sim/live/endpoint.h"

namespace brokersim::scenarios {
namespace {

using live::ServedNode;

constexpr std::uint16_t controller_ports_after = 1000;
constexpr std::string_view rack_setting = "broker.rack";  // Of each broker its own.

struct Setting {
  std::string key, value, where;
  bool is_of_file = false;
};

Expected<std::vector<Setting>, std::string> settings_of_file(const std::string& path) {
  if (auto why = why_no_file(path)) return Unexpected(*std::move(why));
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

// Where a node is, is typed: a file may be that of another one.
bool is_told_of_listener(const Setting& setting) {
  return setting.key == "advertised.listeners" && !setting.is_of_file;
}

std::vector<std::string> served_setting_names() {
  auto names = broker::setting_names();
  names.emplace_back(rack_setting);
  return names;
}

// The kernel knows a peer by its address only.
Expected<Done, std::string> check_limits_of_addresses(const broker::NodeConfig& config) {
  for (const auto& [address, limit] : config.max_connections_per_ip_overrides) {
    if (live::numeric({address, 0})) continue;
    return Unexpected(
        fmt::format("max.connections.per.ip.overrides: '{}' is no address in digits", address));
  }
  return Done{};
}

// A file may have been written for Kafka; what is typed is meant for us.
Expected<Done, std::string> apply(broker::NodeConfig& config,
                                  const std::vector<Setting>& settings) {
  const auto honoured = served_setting_names();
  for (const auto& setting : settings) {
    const bool is_honoured = is_among(setting.key, honoured);
    if (is_told_of_listener(setting) || setting.key == rack_setting) continue;
    if (!is_honoured && (setting.is_of_file || is_kafka_setting(setting.key))) continue;
    const auto done = broker::set(config, setting.key, setting.value);
    if (done) continue;
    return Unexpected(fmt::format("{}: {}{}", setting.where, done.error(),
                                  is_honoured ? "" : did_you_mean(setting.key, honoured)));
  }
  TRY([[maybe_unused]] const Done done, check_limits_of_addresses(config));
  return broker::check(config);
}

// What was said of it last: nothing, if nothing was.
Setting told_rack(const std::vector<Setting>& settings) {
  const auto found = std::find_if(settings.rbegin(), settings.rend(), [](const Setting& setting) {
    return setting.key == rack_setting;
  });
  return found == settings.rend() ? Setting{} : *found;
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

// "127.0.0.1:9093", "[::1]:9093"
std::optional<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = number<std::uint16_t>(text.substr(colon + 1));
  if (host.empty() || !port || *port == 0) return std::nullopt;
  return Address{std::string(host), *port};
}

// "101@127.0.0.1:9093"
Expected<std::vector<broker::Voter>, std::string> parse_quorum(const std::string& text) {
  std::vector<broker::Voter> voters;
  for (const auto part : split(text, ',')) {
    const auto at = std::min(part.find('@'), part.size());
    const auto id = number<std::int32_t>(part.substr(0, at));
    const auto address = parse_address(part.substr(std::min(at + 1, part.size())));
    if (!id || *id < 0 || !address) {
      return Unexpected(fmt::format("--quorum: '{}' is no ID@HOST:PORT", part));
    }
    if (live::is_wildcard(address->host)) {
      return Unexpected(fmt::format(
          "--quorum: nobody can connect to '{}': name an address that the others reach; with "
          "--host {} its node listens on all",
          part, address->host));
    }
    const auto is_same = [&](const broker::Voter& voter) { return voter.id == NodeId(*id); };
    if (std::any_of(voters.begin(), voters.end(), is_same)) {
      return Unexpected(fmt::format("--quorum: node {} is in it twice", *id));
    }
    voters.push_back({NodeId(*id), *address});
  }
  if (voters.empty()) return Unexpected(std::string("--quorum: wants ID@HOST:PORT,…"));
  std::sort(voters.begin(), voters.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return voters;
}

// Where brokers listen, and what clients are told of the first; ports of others follow.
struct Listening {
  Address bound;
  Address told;
};

Expected<Listening, std::string> listening_of(const ServeOptions& options,
                                              const std::vector<Setting>& settings) {
  Listening listening;
  listening.bound = listening.told = {options.host.value_or("127.0.0.1"), options.port};
  if (!options.names.empty()) {
    if (std::none_of(settings.begin(), settings.end(), is_told_of_listener)) return listening;
    return Unexpected(
        std::string("--names says what clients are told, and so does --set "
                    "advertised.listeners: leave out one of them"));
  }
  for (const auto& setting : settings) {
    if (!is_told_of_listener(setting)) continue;
    constexpr std::string_view protocol = "PLAINTEXT://";
    const std::string_view value = setting.value;
    const auto address =
        value.starts_with(protocol) ? parse_address(value.substr(protocol.size())) : std::nullopt;
    if (!address) {
      return Unexpected(fmt::format(
          "--set: advertised.listeners is '{}', but must be PLAINTEXT://HOST:PORT", value));
    }
    listening.told = *address;
  }
  if (!live::is_wildcard(listening.told.host)) return listening;
  return Unexpected(
      fmt::format("clients cannot be told to connect to {0}: name what they reach with --set "
                  "advertised.listeners=PLAINTEXT://HOST:{1}",
                  listening.told.host, listening.told.port));
}

// Where the brokers of a whole cluster stand: they have the racks in turn. Empty: in none.
Expected<std::vector<std::string>, std::string> racks_of(const std::vector<Setting>& settings,
                                                         std::int32_t brokers) {
  const auto told = told_rack(settings);
  if (told.value.empty()) return std::vector<std::string>{};
  const auto commas = std::count(told.value.begin(), told.value.end(), ',');
  const auto parts = split(told.value, ',');
  const std::vector<std::string> racks(parts.begin(), parts.end());
  const bool is_list = std::ssize(racks) == commas + 1 && !is_among("", racks);
  if (is_list && std::ssize(racks) <= brokers) return racks;
  return Unexpected(fmt::format(
      "{}: {} is '{}', but must be a name, or names with commas between, which brokers have in "
      "turn: {} at most",
      told.where, rack_setting, told.value, brokers));
}

std::string directory_of(const ServeOptions& options, NodeId node) {
  return fmt::format("{}/node-{}", options.data, node);
}

// A controller is where the quorum says, and listens there, or where --host says.
Expected<std::vector<ServedNode>, std::string> one_node(const ServeOptions& options,
                                                        const std::vector<Setting>& settings,
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
  const bool is_told = std::any_of(settings.begin(), settings.end(), is_told_of_listener);
  Address bound;
  if (config.is_controller) {
    config.listener = voter->address;
    bound = {options.host.value_or(voter->address.host), voter->address.port};
  }
  if (config.is_broker && (!config.is_controller || is_told)) {
    TRY(const Listening listening, listening_of(options, settings));
    config.listener = listening.told;
    if (!config.is_controller) bound = listening.bound;
  }
  if (options.cluster_id.empty()) {
    return Unexpected(
        std::string("--cluster-id is needed with --node-id: the same for each process"));
  }
  config.cluster_id = options.cluster_id;
  if (config.is_broker) config.rack = told_rack(settings).value;
  const auto directory = directory_of(options, config.node_id);
  config.log_dir = directory;
  return std::vector{ServedNode{.config = config,
                                .bind_host = bound.host,
                                .data_directory = directory,
                                .bind_port = bound.port}};
}

// What is given, or what any of the nodes has been told before; else a new one.
std::string cluster_id_of(const ServeOptions& options, std::int32_t brokers) {
  auto id = options.cluster_id;
  for (std::int32_t i = 1; id.empty() && i <= brokers; ++i) {
    id = live::cluster_id_in(directory_of(options, NodeId(i)));
  }
  for (std::int32_t i = 0; id.empty() && i < options.controllers; ++i) {
    id = live::cluster_id_in(directory_of(options, NodeId(first_controller + i)));
  }
  return id.empty() ? live::new_cluster_id() : id;
}

// Controllers are for the brokers beside them.
std::string controllers_host(const std::string& bound) {
  if (!live::is_wildcard(bound)) return bound;
  return bound.find(':') == std::string::npos ? "127.0.0.1" : "::1";
}

Expected<std::vector<ServedNode>, std::string> whole_cluster(const ServeOptions& options,
                                                             const std::vector<Setting>& settings,
                                                             broker::NodeConfig config) {
  const auto brokers =
      options.names.empty() ? options.brokers : static_cast<std::int32_t>(options.names.size());
  if (brokers < 1 || brokers > 100) return Unexpected(std::string("--brokers: from 1 to 100"));
  if (options.controllers < 1 || options.controllers > 9) {
    return Unexpected(std::string("--controllers: from 1 to 9"));
  }
  TRY(const Listening listening, listening_of(options, settings));
  TRY(const auto racks, racks_of(settings, brokers));
  constexpr std::int32_t last_port = 65535;
  const auto most_ports =
      std::max(options.names.empty() ? brokers : 1, controller_ports_after + options.controllers);
  if (std::max(options.port + most_ports, listening.told.port + brokers) - 1 > last_port) {
    return Unexpected(
        fmt::format("--port: the nodes need the {} ports from {} on, and {} is the last",
                    most_ports, options.port, last_port));
  }
  // The controller would refuse more copies than there are brokers, and there would be no groups.
  broker::limit_copies(config, brokers);
  config.cluster_id = cluster_id_of(options, brokers);
  std::vector<ServedNode> nodes;
  for (std::int32_t i = 0; i < options.controllers; ++i) {
    const auto port = static_cast<std::uint16_t>(options.port + controller_ports_after + i);
    config.voters.push_back(
        {NodeId(first_controller + i), {controllers_host(listening.bound.host), port}});
  }
  const auto add = [&](NodeId id, bool is_broker, const Address& told, const Address& bound) {
    auto& node = nodes.emplace_back(ServedNode{config, bound.host, "", bound.port});
    node.config.node_id = id;
    node.config.is_broker = is_broker;
    node.config.is_controller = !is_broker;
    node.config.listener = told;
    node.data_directory = directory_of(options, id);
    node.config.log_dir = node.data_directory;
  };
  for (const auto& [id, address] : config.voters) {
    add(id, false, address, {listening.bound.host, address.port});
  }
  const auto moved = [](Address address, std::int32_t by) {
    address.port = static_cast<std::uint16_t>(address.port + by);
    return address;
  };
  for (std::int32_t i = 0; i < brokers; ++i) {
    const NodeId id(i + 1);
    if (options.names.empty()) {
      add(id, true, moved(listening.told, i), moved(listening.bound, i));
    } else {
      const auto& name = options.names[static_cast<std::size_t>(i)];
      add(id, true, {name, options.port}, {fmt::format("127.0.0.{}", i + 1), options.port});
    }
    const auto turn = static_cast<std::size_t>(i);
    if (!racks.empty()) nodes.back().config.rack = racks[turn % racks.size()];
  }
  return nodes;
}

}  // namespace

Expected<std::vector<ServedNode>, std::string> served_nodes(const ServeOptions& options) {
  broker::NodeConfig config;
  config.features = controller::default_levels();
  TRY(const auto settings, settings_of(options));
  TRY([[maybe_unused]] const Done done, apply(config, settings));
  if (config.kraft_version >= raft::reconfigurable) {
    return Unexpected(
        std::string("kraft.version is 1, but the voters of a served cluster are "
                    "configured, which is 0"));
  }
  return options.node_id ? one_node(options, settings, config)
                         : whole_cluster(options, settings, config);
}

bool acts_when_served(std::string_view setting) {
  return is_among(std::string(setting), served_setting_names()) && broker::has_effect(setting);
}

std::vector<std::string> notes_on(const ServeOptions& options) {
  const auto settings = settings_of(options);
  REQUIRE(settings.has_value());
  auto known = served_setting_names();
  std::vector<std::string> notes;
  std::set<std::string> only_kafkas;
  std::vector<Setting> unknown;
  for (const auto& setting : *settings) {
    if (is_told_of_listener(setting) || acts_when_served(setting.key)) continue;
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
    list += fmt::format("{}{}", list.empty() ? "" : ",", text_of(node.config.listener));
  }
  return list;
}

std::vector<std::string> hosts_entries(const std::vector<ServedNode>& nodes) {
  std::vector<std::string> lines;
  for (const auto& node : nodes) {
    const bool is_named = node.bind_host.starts_with("127.") &&
                          !live::numeric({node.config.listener.host, 0}).has_value();
    if (!node.config.is_broker || !is_named) continue;
    lines.push_back(fmt::format("{} {}", node.bind_host, node.config.listener.host));
  }
  return lines;
}

}  // namespace brokersim::scenarios
