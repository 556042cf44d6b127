// A machine of the simulated world: what survives the programs that run on it — its name, disk and
// clock — and which of its incarnations runs. World does things to it; this is what there is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/env.h"
#include "sim/disk.h"
#include "sim/links.h"
#include "sim/scheduler.h"

namespace brokersim::sim {

class SimEnv;

// What is wrong with a wall clock.
struct ClockFault {
  Duration skew{};             // It is ahead by this; behind where negative.
  std::int64_t drift_ppm = 0;  // And gains this much while the fault lasts.
};

// The wall clock of one machine: true time, plus what is wrong with it at present.
class WallClock {
 public:
  explicit WallClock(WallTime at_start) : at_start_(at_start) {}

  WallTime read(Instant now);
  // The latest time that it ever showed; it may have gone back since.
  WallTime latest() const { return latest_; }

  // Overlays. Ids are never reused; removing one that is gone does nothing.
  std::uint64_t add(ClockFault fault, Instant now);
  void remove_fault(std::uint64_t id) { overlays_.erase(id); }
  std::int64_t effects(std::uint64_t id) const;  // How often it falsified a reading.

 private:
  struct Overlay {
    ClockFault fault;
    Instant since;
  };
  WallTime at_start_;
  WallTime latest_;
  std::map<std::uint64_t, Overlay> overlays_;
  std::vector<std::int64_t> effects_;  // Of id 1, 2, 3 …
};

class Machine {
 public:
  enum class State : std::uint8_t { off, down, running, paused };  // off: without power.
  using Program = std::function<void(Env&)>;

  Machine(std::string name, NodeId node, HostId host, std::uint64_t seed, const DiskModel& disk,
          WallTime at_start);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  const std::string& name() const { return name_; }
  NodeId node() const { return node_; }
  HostId host() const { return host_; }
  Disk& disk() { return disk_; }
  const Disk& disk() const { return disk_; }
  WallClock& clock() { return clock_; }

  State state() const { return state_; }
  bool is_up() const { return state_ == State::running || state_ == State::paused; }
  std::int32_t starts() const { return starts_; }
  // Somebody else wanted the end of the last incarnation, not its program: World::stop.
  bool was_asked_to_end() const { return was_asked_to_end_; }

 private:
  friend class World;

  const std::string name_;
  const NodeId node_;
  const HostId host_;
  Disk disk_;
  WallClock clock_;
  State state_ = State::down;
  std::int32_t starts_ = 0;
  bool was_asked_to_end_ = false;
  Program program_;
  ProcessId process_;
  FiberId main_;
  std::uint64_t past_suspensions_ = 0;  // Of earlier incarnations.
  std::uint64_t crash_at_ = 0;          // The suspension that ends in a crash; 0: none.
  // All incarnations' Envs: abandoned fibers refer to theirs.
  std::vector<std::unique_ptr<SimEnv>> envs_;
};

}  // namespace brokersim::sim
