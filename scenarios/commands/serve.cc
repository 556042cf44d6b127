// brokersim serve: the same brokers and controllers on real sockets and files, for real clients.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "core/base/event_json.h"
#include "scenarios/commands/commands.h"
#include "scenarios/serve_config.h"

namespace brokersim::scenarios {
namespace {

// What somebody who runs a cluster wants to be told of; the rest only with --verbose.
bool is_notable(const Event& event) {
  return std::holds_alternative<QuorumRoleChanged>(event.body) ||
         std::holds_alternative<BrokerRegistered>(event.body) ||
         std::holds_alternative<BrokerFenced>(event.body) ||
         std::holds_alternative<BrokerUnfenced>(event.body) ||
         std::holds_alternative<LeaderElected>(event.body) ||
         std::holds_alternative<IsrChanged>(event.body) ||
         std::holds_alternative<LogTruncated>(event.body) ||
         std::holds_alternative<Note>(event.body);
}

void say_ready(const std::vector<live::ServedNode>& nodes) {
  const auto entries = hosts_entries(nodes);
  if (!entries.empty()) {
    fmt::print("hosts      clients need these lines in /etc/hosts:\n");
    for (const auto& entry : entries) fmt::print("             {}\n", entry);
  }
  fmt::print("ready      bootstrap.servers={}\n", bootstrap_servers(nodes));
  std::fflush(stdout);
}

int serve(const ServeOptions& options, bool is_verbose, bool is_quiet) {
  const auto nodes = served_nodes(options);
  if (!nodes) {
    fmt::print(stderr, "{}\n", nodes.error());
    return 2;
  }
  auto cluster =
      live::LiveCluster::open(*nodes, {.on_event =
                                           [=](const Event& event) {
                                             if (is_verbose || (!is_quiet && is_notable(event))) {
                                               fmt::print(stderr, "{}\n", to_json(event));
                                             }
                                           },
                                       .on_ready = [&] { say_ready(*nodes); }});
  if (!cluster) {
    fmt::print(stderr, "{}\n", cluster.error());
    return 2;
  }
  const auto ended = (*cluster)->run();
  if (!ended) {
    fmt::print(stderr, "{}\n", ended.error());
    return 3;
  }
  fmt::print("stopped\n");
  return 0;
}

}  // namespace

void add_serve(CLI::App& app, CommandLine& line) {
  struct Options : ServeOptions {
    bool is_verbose = false;
    bool is_quiet = false;
  };
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("serve", "serve a cluster to real clients, until SIGTERM");
  verb->add_option("--brokers", options->brokers, "how many brokers")->capture_default_str();
  verb->add_option("--controllers", options->controllers, "how many controllers")
      ->capture_default_str();
  verb->add_option("--data", options->data, "the folder with the nodes' data")
      ->capture_default_str();
  verb->add_option("--port", options->port, "of the first broker")->capture_default_str();
  verb->add_option("--host", options->host, "a numeric address to listen on and to advertise")
      ->capture_default_str();
  verb->add_option("--names", options->names,
                   "a host name per broker: 127.0.0.1, 127.0.0.2 … on the same port")
      ->delimiter(',');
  verb->add_option("--node-id", options->node_id, "serve one node of a larger cluster");
  verb->add_option("--roles", options->roles, "of that node: broker, controller, or both")
      ->capture_default_str();
  verb->add_option("--quorum", options->quorum, "the controllers: ID@HOST:PORT,…");
  verb->add_option("--cluster-id", options->cluster_id, "22 base64 characters");
  verb->add_option("--config", options->config_file, "a properties file with Kafka's names");
  verb->add_option("--set", options->settings, "key=value, over the file")->allow_extra_args(false);
  verb->add_flag("--verbose", options->is_verbose, "log every event");
  verb->add_flag("--quiet", options->is_quiet, "log nothing");
  verb->callback([options, &line] {
    line.exit_status = serve(*options, options->is_verbose, options->is_quiet);
  });
}

}  // namespace brokersim::scenarios
