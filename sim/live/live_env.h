// The seam in real time: Env for the fibers of one node of this process.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/env.h"
#include "sim/live/live_files.h"
#include "sim/live/lookups.h"
#include "sim/live/reactor.h"
#include "sim/random.h"

namespace brokersim::live {

class LiveEnv final : public Env {
 public:
  struct Config {
    NodeId node = no_node;
    std::string data_directory;
    std::string bind_host = "127.0.0.1";  // A numeric address.
    std::uint16_t bind_port = 0;          // Whatever port core believes to be at; 0: that one.
    std::uint64_t seed = 0;               // Of what the node draws: from the system's entropy.
    // Told of each event; the ids count over all nodes that share it.
    std::function<EventId(Event)> on_event;
    // Told that nobody can reach the node any more: it cannot listen, or not accept. Core only
    // sees a listener end.
    std::function<void(const Address& bound, IoError error)> on_unreachable = {};
    // The node can be reached from now on.
    std::function<void()> on_listening = {};
  };
  LiveEnv(Reactor& reactor, Config config)
      : reactor_(reactor),
        config_(std::move(config)),
        random_(config_.seed, "live"),
        lookups_(reactor),
        files_(reactor, config_.data_directory) {}

  NodeId node() const override { return config_.node; }
  Instant now() override { return reactor_.now(); }
  WallTime wall_clock() override;
  std::uint64_t random(std::string_view purpose, std::uint64_t key) override {
    return random_.draw(purpose, key);
  }
  void charge(Duration) override {}  // Time passes by itself.
  Files& files() override { return files_; }
  EventId emit(EventBody body, EventCauses causes) override;
  FiberId spawn(std::string_view name, std::function<void(Env&)> body) override;
  void unpark(FiberId fiber) override { reactor_.unpark(fiber); }
  void cancel(FiberId fiber) override { reactor_.cancel(fiber); }
  IoResult<std::unique_ptr<Listener>> listen(std::uint16_t port) override;

  FiberId self() const override { return reactor_.running(); }
  bool is_cancelled() const override { return reactor_.is_cancelled(); }
  Wake park(Instant deadline) override { return reactor_.park(deadline); }
  bool sleep_until(Instant time) override { return reactor_.sleep_until(time); }
  IoResult<std::unique_ptr<Stream>> connect(const Address& to, Instant deadline) override;

  // How many of its fibers have not ended.
  std::size_t fibers() const { return fibers_; }
  const LatencyHistogram& sync_latencies() const { return files_.sync_latencies(); }

 private:
  Reactor& reactor_;
  const Config config_;
  const sim::Random random_;
  Lookups lookups_;
  LiveFiles files_;
  std::size_t fibers_ = 0;
};

// What the machine's clock on the wall says.
WallTime system_time();
// 64 bits of the system's entropy.
std::uint64_t entropy();

}  // namespace brokersim::live
