// brokersim serve: the same brokers and controllers on real sockets and files, for real clients.
#include <cstdio>
#include <memory>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/base/expected.h"
#include "core/base/uuid_text.h"
#include "reports/summary.h"
#include "scenarios/commands/commands.h"
#include "scenarios/serve_config.h"
#include "sim/live/event_log.h"
#include "sim/live/line_writer.h"

namespace brokersim::scenarios {
namespace {

using live::Level;

struct Options : ServeOptions {
  std::uint16_t metrics_port = 0;  // 0: none.
  std::string log_level = "info";
  bool is_verbose = false;
  bool is_quiet = false;
};

Level level_of(const Options& options) {
  if (options.is_verbose) return Level::debug;
  if (options.is_quiet) return Level::error;
  return *live::level_named(options.log_level);
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

std::optional<Address> metrics_address(const Options& options,
                                       const std::vector<live::ServedNode>& nodes) {
  if (options.metrics_port == 0) return std::nullopt;
  return Address{nodes.front().bind_host, options.metrics_port};
}

// How it ended: the exit status, and why if it is not 0.
struct Ended {
  int status = 0;
  std::string why;
};

Ended run(const Options& options, const std::vector<live::ServedNode>& nodes,
          live::LineWriter& lines) {
  live::EventLog log(
      level_of(options), [&lines](std::string line) { lines.write(std::move(line)); },
      &live::system_time);
  const auto on_failure = [&log](NodeId node, std::string_view why) {
    log.say(Level::error, node, "node_failed", why);
  };
  auto cluster = live::LiveCluster::open(nodes,
                                         {.on_event = [&log](const Event& e) { log.event(e); },
                                          .on_ready = [&nodes] { say_ready(nodes); },
                                          .on_failure = on_failure,
                                          .lines_dropped = [&lines] { return lines.dropped(); }},
                                         metrics_address(options, nodes));
  if (!cluster) {
    log.say(Level::error, no_node, "start_failed", cluster.error());
    return {2, cluster.error()};
  }
  for (const auto& note : notes_on(options)) log.say(Level::warn, no_node, "setting", note);
  const auto ended = (*cluster)->run();
  if (!ended) return {3, ended.error()};
  return {};
}

// Options that were given, though perhaps with their defaults.
struct Told {
  bool brokers = false;
  bool controllers = false;
  bool roles = false;
};

// What is of a whole cluster, or of one node of another, and would have no effect.
Expected<Done, std::string> check_node(const Options& options, const Told& told) {
  const auto refuse = [](std::string why) { return Unexpected(std::move(why)); };
  if (!options.node_id) {
    if (told.roles) return refuse("--roles are those of one node: say --node-id, too");
    if (options.quorum.empty()) return Done{};
    return refuse("--quorum is of one node of a cluster over several processes: say --node-id");
  }
  if (*options.node_id < 0) {
    return refuse(fmt::format("--node-id: from 0 on, not {}", *options.node_id));
  }
  const auto only_of_all = [&](const char* option) {
    return refuse(
        fmt::format("{}: with --node-id one node is served, and its --roles say as what", option));
  };
  if (told.brokers) return only_of_all("--brokers");
  if (told.controllers) return only_of_all("--controllers");
  if (!options.names.empty()) return only_of_all("--names");
  return Done{};
}

// What would be taken for something else than it is.
Expected<Done, std::string> check_options(const Options& options, const Told& told) {
  const auto refuse = [](std::string why) { return Unexpected(std::move(why)); };
  if (options.port == 0) return refuse("--port: from 1 to 65535, for clients have to know it");
  if (options.metrics_port != 0 && options.metrics_port == options.port) {
    return refuse(fmt::format("--metrics-port: {} is the --port of the first node already",
                              options.metrics_port));
  }
  if (!options.cluster_id.empty() && !parse_uuid(options.cluster_id)) {
    return refuse(
        fmt::format("--cluster-id '{}': 22 base64 characters are wanted, as in "
                    "AAAAAAAAAAAAAAAAAAAAAA",
                    options.cluster_id));
  }
  TRY([[maybe_unused]] const Done fits, check_node(options, told));
  const auto names = options.names.size();
  if (names > 0 && told.brokers && std::cmp_not_equal(options.brokers, names)) {
    return refuse(
        fmt::format("--names: {} for {}, but each has one", reports::counted(names, "name"),
                    reports::counted(static_cast<std::size_t>(options.brokers), "broker")));
  }
  return Done{};
}

int serve(const Options& options) {
  const auto nodes = served_nodes(options);
  if (!nodes) {
    fmt::print(stderr, "{}\n", nodes.error());
    return 2;
  }
  live::LineWriter lines(STDERR_FILENO);
  const auto ended = run(options, *nodes, lines);
  if (ended.status == 0) {
    fmt::print("stopped\n");
  } else {
    lines.write(ended.why);
  }
  return ended.status;
}

void add_options(CLI::App& verb, Options& options) {
  verb.add_option("--brokers", options.brokers, "how many brokers")->capture_default_str();
  verb.add_option("--controllers", options.controllers, "how many controllers")
      ->capture_default_str();
  verb.add_option("--data", options.data, "the folder with the nodes' data")->capture_default_str();
  verb.add_option("--port", options.port, "of the first broker")->capture_default_str();
  verb.add_option("--host", options.host,
                  "where to listen, and what clients are told unless advertised.listeners is set "
                  "[127.0.0.1]");
  verb.add_option("--names", options.names,
                  "a host name per broker: 127.0.0.1, 127.0.0.2 … on the same port")
      ->delimiter(',');
  verb.add_option("--node-id", options.node_id, "serve one node of a larger cluster");
  verb.add_option("--roles", options.roles, "of that node: broker, controller or broker,controller")
      ->capture_default_str();
  verb.add_option("--quorum", options.quorum, "the controllers: ID@HOST:PORT,…");
  verb.add_option("--cluster-id", options.cluster_id, "22 base64 characters");
  verb.add_option("--config", options.config_file, "a server.properties with Kafka's names");
  verb.add_option("--set", options.settings, "key=value, over the file")->allow_extra_args(false);
  verb.add_option("--metrics-port", options.metrics_port,
                  "serve GET /metrics, in Prometheus' format; 0: nowhere")
      ->capture_default_str();
  verb.add_option("--log-level", options.log_level, "error, warn, info or debug")
      ->check(CLI::IsMember({"error", "warn", "info", "debug"}))
      ->capture_default_str();
  verb.add_flag("--verbose", options.is_verbose, "--log-level debug: every event");
  verb.add_flag("--quiet", options.is_quiet, "--log-level error");
}

}  // namespace

void add_serve(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("serve", "serve a cluster to real clients, until SIGTERM");
  add_options(*verb, *options);
  verb->callback([options, verb, &line] {
    const auto is_told = [verb](const char* name) { return verb->get_option(name)->count() > 0; };
    const auto possible = check_options(*options, {.brokers = is_told("--brokers"),
                                                   .controllers = is_told("--controllers"),
                                                   .roles = is_told("--roles")});
    if (!possible) fmt::print(stderr, "{}\n", possible.error());
    line.exit_status = possible ? serve(*options) : 2;
  });
}

}  // namespace brokersim::scenarios
