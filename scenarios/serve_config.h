// What `brokersim serve` is to serve: nodes, where they listen, where their data is. Kafka's names
// in a properties file, short options for the common case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"
#include "sim/live/live_cluster.h"

namespace brokersim::scenarios {

struct ServeOptions {
  // A whole cluster in this process.
  std::int32_t brokers = 3;
  std::int32_t controllers = 3;
  std::string data = "brokersim-data";
  std::uint16_t port = 9092;  // Of broker 1; the others follow, and controllers 1000 later.
  // An address of this machine, or a name of one: what is listened on, and told to clients unless
  // the setting advertised.listeners says otherwise.
  std::optional<std::string> host;
  std::vector<std::string> names;  // Of the brokers: each has an address of its own, one port.

  // Or one node of a cluster over several processes.
  std::optional<std::int32_t> node_id;
  std::string roles = "broker";
  std::string quorum;      // "101@127.0.0.1:9093,…"
  std::string cluster_id;  // The same in each process.

  std::string config_file;            // Kafka's server.properties (properties_text.h).
  std::vector<std::string> settings;  // key=value, over the file.
};

// The error names the option or the file's line, and what would fit.
Expected<std::vector<live::ServedNode>, std::string> served_nodes(const ServeOptions& options);
// Whether a setting of a file does anything here.
bool acts_when_served(std::string_view setting);
// What of the settings has no effect, for people: a line for each name in the file that nobody
// knows, and one for all that only Kafka knows. Requires options that served_nodes accepts.
std::vector<std::string> notes_on(const ServeOptions& options);

// "127.0.0.1:9092,127.0.0.1:9093,…"
std::string bootstrap_servers(const std::vector<live::ServedNode>& nodes);
// The lines for /etc/hosts that names of brokers on loopback addresses need; empty without names.
std::vector<std::string> hosts_entries(const std::vector<live::ServedNode>& nodes);

}  // namespace brokersim::scenarios
