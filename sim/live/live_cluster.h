// The nodes of a cluster, or some of them, in this process: started together, stopped in order —
// brokers hand over what they lead while there are controllers to hear it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/broker/config.h"
#include "core/broker/metrics.h"
#include "sim/live/data_directory.h"
#include "sim/live/live_env.h"
#include "sim/live/metrics_page.h"
#include "sim/live/metrics_server.h"
#include "sim/live/reactor.h"

namespace brokersim::live {

struct ServedNode {
  broker::NodeConfig config;
  // Where to listen: an address, or a name of one of this machine's. What others are told is the
  // config's listener.
  std::string bind_host;
  std::string data_directory;
  std::uint16_t bind_port = 0;  // 0: the listener's.

  Address bound() const { return {bind_host, bind_port != 0 ? bind_port : config.listener.port}; }
};

class LiveCluster {
 public:
  struct Hooks {
    std::function<void(const Event&)> on_event;
    // Once: every node here can be reached, and every broker may lead.
    std::function<void()> on_ready;
    // A node cannot go on.
    std::function<void(NodeId, std::string_view why)> on_failure = [](NodeId, std::string_view) {};
    // How many lines of the log nobody has read or will: for the metrics.
    std::function<std::uint64_t()> lines_dropped = [] { return 0; };
  };
  // Opens the data directories and tries the ports; the error names the place and the remedy.
  // Metrics are served at `metrics`, if it is given.
  static Expected<std::unique_ptr<LiveCluster>, std::string> open(
      std::vector<ServedNode> nodes, Hooks hooks, std::optional<Address> metrics = std::nullopt);
  ~LiveCluster();

  // Until the process is told to end (SIGTERM, SIGINT, SIGHUP) and all nodes have stopped, or a
  // node cannot go on: the error says why.
  Expected<Done, std::string> run();

 private:
  struct Node {
    ServedNode served;
    DataDirectory directory;
    std::unique_ptr<LiveEnv> env;
    FiberId main;
    broker::Monitor monitor;
  };
  class Signals;
  // Threads inherit what is blocked: this comes before any is made. What is said by errno, too,
  // is ignored: a pipe without a reader, a file beyond its limit.
  struct BlockedSignals {
    BlockedSignals();
  };

  LiveCluster(Hooks hooks, std::optional<Address> metrics);
  EventId observe(Event event);
  // The node is none of those any more.
  void no_longer(std::vector<NodeId>& those, NodeId node);
  void start(Node& node);
  void serve_metrics();
  std::string metrics(Env& env);
  // The first failure ends all nodes, and is what `run` returns, also if it comes while they end.
  void fail(NodeId node, std::string_view why);
  void stop();
  void stop_in_order();
  void stop_all(bool are_brokers);

  const Hooks hooks_;
  std::optional<Address> metrics_at_;
  const BlockedSignals blocked_;
  Reactor reactor_;
  std::unique_ptr<LiveEnv> process_;  // For fibers of no node.
  std::unique_ptr<MetricsServer> metrics_server_;
  FiberId metrics_fiber_;
  std::unique_ptr<Signals> signals_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<NodeId> unreachable_;  // A broker opens its port once it may lead …
  std::vector<NodeId> fenced_;       // … unless it is also a controller, and is reached before.
  std::uint64_t events_ = 0;
  bool is_stopping_ = false;
  std::string failure_;
};

}  // namespace brokersim::live
