// The world of one run: time, the network, the machines, and the record of what happened.
//
//   World world(seed);
//   Machine& broker = world.add_machine("broker-1", NodeId(1));
//   world.start(broker, [&](Env& env) { broker::run(env, config); });
//   world.run_until(Instant{10s});
//
// Everything in it is a function of the seed and of what is asked of it. Worlds may be made and
// unmade many times in a process, one at a time alive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/event.h"
#include "sim/machine.h"
#include "sim/network.h"
#include "sim/recorder.h"
#include "sim/scheduler.h"

namespace brokersim::sim {

struct WorldModel {
  Scheduler::Costs costs;
  NetworkModel network;
  DiskModel disk;
  WallTime at_start{1'750'000'000'000};
  int checkpoint_log2 = 12;
};

class World {
 public:
  explicit World(std::uint64_t seed, WorldModel model = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::uint64_t seed() const { return seed_; }
  Scheduler& scheduler() { return scheduler_; }
  Network& network() { return network_; }
  Recorder& recorder() { return recorder_; }
  // An event of the world itself, or of what it sees at `node`.
  EventId emit(EventBody body, NodeId node = no_node, EventCauses causes = {}) {
    return recorder_.record(node, std::move(body), causes);
  }

  // ---- Machines ----

  // Nothing runs there yet. The name is also its host name; names and nodes are unique.
  Machine& add_machine(const std::string& name, NodeId node);
  Machine* find(std::string_view name);  // Null if there is none.
  Machine* find(NodeId node);
  const std::vector<std::unique_ptr<Machine>>& machines() const { return machines_; }

  // In each of these a machine that is not in the fitting state is left as it is; they return
  // whether something changed.

  // Runs `program` as the main fiber of a new incarnation. The incarnation ends, in order, when its
  // last fiber does. A machine that could not sync something is booted anew before.
  bool start(Machine& machine, Machine::Program program);
  bool restart(Machine& machine);  // Starts the same program, if none runs.
  // Asks the program to end: cancels its main fiber.
  bool stop(Machine& machine);
  // The program is gone at once; what it wrote to files stays, its kernel closes its connections.
  bool crash(Machine& machine);
  // The machine is gone: what was not synced may be lost, peers notice nothing until they send.
  // One that nothing runs on has that to lose, too.
  bool power_off(Machine& machine);
  bool pause(Machine& machine);  // Nothing runs on it, time goes on.
  bool resume(Machine& machine);

  // Crashes the machine when its fibers have waited `nth` times (from 1) since the world began.
  void crash_at_suspension(Machine& machine, std::uint64_t nth);
  std::uint64_t suspensions(const Machine& machine) const;

  // ---- Running ----

  void run_until(Instant time) { scheduler_.run_until(time); }
  bool run_until(const std::function<bool()>& condition, Instant limit) {
    return scheduler_.run_until(condition, limit);
  }
  Instant now() const { return scheduler_.now(); }

 private:
  class Feed;
  void end(Machine& machine, Machine::State state, NodeStopped::How how);
  void lose_power(Machine& machine);
  void arm_crash(Machine& machine);
  std::string describe() const;
  static void add_context(std::string& report);

  const std::uint64_t seed_;
  const WorldModel model_;
  Recorder recorder_;
  Scheduler scheduler_;
  Network network_;
  std::unique_ptr<Feed> feed_;
  std::vector<std::unique_ptr<Machine>> machines_;
};

}  // namespace brokersim::sim
