#include "sim/live/live_cluster.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

#include "core/broker/node.h"
#include "sim/live/endpoint.h"
#include "sim/live/live_network.h"

namespace brokersim::live {

namespace {

// A terminal that goes is one to end for, unless somebody has said otherwise (nohup).
sigset_t ending_signals() {
  struct sigaction at_hangup {};
  sigaction(SIGHUP, nullptr, &at_hangup);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (at_hangup.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
  return set;
}

// Nobody reads them any more: what is still to end, as a disk that hangs, can be ended by them.
void heed_ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

// Connections and segments are many; what the system allows is not given by itself.
void allow_many_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string_view why_not(IoError error) {
  switch (error) {
    case IoError::exists: return "the port is taken";
    case IoError::not_found: return "this machine has no such address";
    case IoError::refused: return "only the superuser may have such a port";
    default: return name_of(error);
  }
}

std::string unreachable(const Address& bound, IoError error,
                        std::string_view options = "--port or --host") {
  return fmt::format("cannot listen on {}: {}: name another {}", text_of(bound), why_not(error),
                     options);
}

// In digits, where it is a name. Of several addresses that of IPv4: whoever types one in types it.
Expected<Done, std::string> look_up_host(std::string& host) {
  if (numeric({host, 0})) return Done{};
  const auto found = look_up({host, 0});
  if (found.empty()) {
    return Unexpected(
        fmt::format("cannot listen on {}: nobody knows this name: add it to DNS or /etc/hosts, or "
                    "name an address with --host",
                    host));
  }
  const auto is_ipv4 = [](const Endpoint& each) { return each.storage.ss_family == AF_INET; };
  const auto ipv4 = std::find_if(found.begin(), found.end(), is_ipv4);
  host = address_of(ipv4 != found.end() ? *ipv4 : found.front()).host;
  return Done{};
}

}  // namespace

LiveCluster::BlockedSignals::BlockedSignals() {
  const sigset_t set = ending_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

// SIGTERM, SIGINT and SIGHUP, as something to read. The second of the first two ends the process at
// once.
class LiveCluster::Signals final : public Watcher {
 public:
  explicit Signals(LiveCluster& cluster) : cluster_(cluster) {
    const sigset_t set = ending_signals();
    descriptor_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    ASSERT(descriptor_ >= 0, errno);
    cluster_.reactor_.watch(descriptor_, *this);
  }
  ~Signals() override { close(descriptor_); }

  void on_ready(bool, bool) override {
    signalfd_siginfo info{};
    while (read(descriptor_, &info, sizeof info) == sizeof info) {
      // A terminal that goes tells of it twice: its shell does, and the kernel.
      if (cluster_.is_stopping_ && info.ssi_signo != SIGHUP) _exit(130);
      cluster_.stop();
    }
  }

 private:
  LiveCluster& cluster_;
  int descriptor_ = -1;
};

LiveCluster::LiveCluster(Hooks hooks, std::optional<Address> metrics)
    : hooks_(std::move(hooks)), metrics_at_(std::move(metrics)) {}

LiveCluster::~LiveCluster() = default;

Expected<std::unique_ptr<LiveCluster>, std::string> LiveCluster::open(
    std::vector<ServedNode> nodes, Hooks hooks, std::optional<Address> metrics) {
  allow_many_descriptors();
  auto cluster =
      std::unique_ptr<LiveCluster>(new LiveCluster(std::move(hooks), std::move(metrics)));
  if (auto& at = cluster->metrics_at_) {
    if (const auto known = look_up_host(at->host); !known) {
      return Unexpected("metrics: " + known.error());
    }
    const auto listener = listen_on(cluster->reactor_, *at);
    if (!listener) {
      return Unexpected("metrics: " + unreachable(*at, listener.error(), "--metrics-port"));
    }
  }
  for (auto& served : nodes) {
    if (const auto known = look_up_host(served.bind_host); !known) {
      return Unexpected(fmt::format("node {} {}", served.config.node_id, known.error()));
    }
    const Address bound = served.bound();
    const auto listener = listen_on(cluster->reactor_, bound);
    if (!listener) {
      return Unexpected(
          fmt::format("node {} {}", served.config.node_id, unreachable(bound, listener.error())));
    }
    auto directory =
        DataDirectory::open(served.data_directory, served.config.node_id, served.config.cluster_id);
    if (!directory) return Unexpected(directory.error());
    const auto& config = served.config;
    cluster->unreachable_.push_back(config.node_id);
    if (config.is_broker && config.is_controller) cluster->fenced_.push_back(config.node_id);
    cluster->nodes_.push_back(
        std::make_unique<Node>(Node{std::move(served), *std::move(directory), nullptr, {}, {}}));
  }
  return cluster;
}

EventId LiveCluster::observe(Event event) {
  event.id = EventId{++events_};
  hooks_.on_event(event);
  return event.id;
}

void LiveCluster::no_longer(std::vector<NodeId>& those, NodeId node) {
  if (std::erase(those, node) == 0) return;
  if (unreachable_.empty() && fenced_.empty()) hooks_.on_ready();
}

void LiveCluster::start(Node& node) {
  const NodeId id = node.served.config.node_id;
  LiveEnv::Config config{.node = id,
                         .data_directory = node.directory.path(),
                         .bind_host = node.served.bind_host,
                         .bind_port = node.served.bind_port,
                         .seed = entropy(),
                         .on_event = [this](Event e) { return observe(std::move(e)); }};
  config.on_unreachable = [this, &node, id](const Address& bound, IoError error) {
    const auto why = unreachable(bound, error);
    node.env->emit(Note{fmt::format("node {} stops: {}", id, why)}, {});
    fail(id, why);
  };
  config.on_listening = [this, id] { no_longer(unreachable_, id); };
  node.env = std::make_unique<LiveEnv>(reactor_, std::move(config));
  // Not the controller's event, which is of another process, perhaps.
  node.monitor.on_serving = [this, id] { no_longer(fenced_, id); };
  node.monitor.on_failed_end = [this, id](std::string_view why) { fail(id, why); };
  node.main = node.env->spawn("main", [this, &node, id](Env& env) {
    const auto ended = broker::run_node(env, node.served.config, &node.monitor);
    if (!ended) fail(id, ended.error());
  });
}

void LiveCluster::fail(NodeId node, std::string_view why) {
  if (failure_.empty()) {
    failure_ = node == no_node ? std::string(why) : fmt::format("node {}: {}", node, why);
    hooks_.on_failure(node, why);
  }
  stop();
}

// ---- Metrics -----------------------------------------------------------------------------------

void LiveCluster::serve_metrics() {
  LiveEnv::Config config{.data_directory = ".", .bind_host = metrics_at_->host};
  config.on_event = [](const Event&) { return EventId{}; };
  process_ = std::make_unique<LiveEnv>(reactor_, std::move(config));
  metrics_server_ =
      std::make_unique<MetricsServer>(metrics_at_->port, [this](Env& env) { return metrics(env); });
  metrics_fiber_ = process_->spawn("metrics", [this](Env& env) {
    const auto ended = metrics_server_->run(env);
    if (ended || ended.error() == IoError::cancelled) return;
    fail(no_node, "metrics: " + unreachable(*metrics_at_, ended.error(), "--metrics-port"));
  });
}

// The nodes are looked at here, where they are; the text is made where it holds nobody up.
std::string LiveCluster::metrics(Env&) {
  struct Scrape {
    std::vector<ScrapedNode> nodes;
    std::string text;
  };
  const auto scrape = std::make_shared<Scrape>();
  for (const auto& node : nodes_) {
    auto look = node->monitor.look();
    if (!look) continue;
    scrape->nodes.push_back({.id = node->served.config.node_id,
                             .look = *std::move(look),
                             .fibers = node->env->fibers(),
                             .syncs = node->env->sync_latencies()});
    reactor_.give_way();
  }
  const bool has_run =
      reactor_.run_elsewhere(reactor_.jobs(), [scrape, dropped = hooks_.lines_dropped()] {
        scrape->text = metrics_page(scrape->nodes, dropped);
      });
  return has_run ? std::move(scrape->text) : std::string();
}

// ---- The end -----------------------------------------------------------------------------------

Expected<Done, std::string> LiveCluster::run() {
  signals_ = std::make_unique<Signals>(*this);
  for (auto& node : nodes_) start(*node);
  if (metrics_at_) serve_metrics();
  reactor_.run();
  heed_ending_signals();
  if (!failure_.empty()) return Unexpected(failure_);
  return Done{};
}

void LiveCluster::stop() {
  if (std::exchange(is_stopping_, true)) return;
  reactor_.spawn("stop", [this] { stop_in_order(); });
}

void LiveCluster::stop_in_order() {
  stop_all(true);
  stop_all(false);
  reactor_.cancel(metrics_fiber_);
}

void LiveCluster::stop_all(bool are_brokers) {
  std::vector<Node*> stopping;
  for (auto& node : nodes_) {
    if (node->served.config.is_broker != are_brokers) continue;
    reactor_.cancel(node->main);
    stopping.push_back(node.get());
  }
  const auto runs = [](const Node* node) { return node->env->fibers() > 0; };
  while (std::any_of(stopping.begin(), stopping.end(), runs)) {
    reactor_.sleep_until(reactor_.now() + 10ms);
  }
}

}  // namespace brokersim::live
