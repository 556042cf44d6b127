// The seam in virtual time: Env for the fibers of one incarnation of a machine.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/env.h"
#include "sim/machine.h"
#include "sim/network.h"
#include "sim/random.h"
#include "sim/recorder.h"
#include "sim/scheduler.h"

namespace brokersim::sim {

class SimEnv final : public Env {
 public:
  struct Parts {
    Scheduler& scheduler;
    Recorder& recorder;
    Network& network;
    Machine& machine;
  };
  // `random` is of this incarnation: a restarted node draws other numbers.
  SimEnv(const Parts& parts, Random random) : parts_(parts), random_(random) {}

  void set_process(ProcessId process) { process_ = process; }

  NodeId node() const override { return parts_.machine.node(); }
  Instant now() override;
  WallTime wall_clock() override;
  std::uint64_t random(std::string_view purpose, std::uint64_t key) override {
    return random_.draw(purpose, key);
  }
  void charge(Duration cpu) override { parts_.scheduler.charge(cpu); }
  Files& files() override { return parts_.machine.disk(); }
  EventId emit(EventBody body, EventCauses causes) override {
    return parts_.recorder.record(node(), std::move(body), causes);
  }
  FiberId spawn(std::string_view name, std::function<void(Env&)> body) override;
  void unpark(FiberId fiber) override { parts_.scheduler.unpark(fiber); }
  void cancel(FiberId fiber) override { parts_.scheduler.cancel(fiber); }
  IoResult<std::unique_ptr<Listener>> listen(std::uint16_t port) override;

  FiberId self() const override { return parts_.scheduler.running(); }
  bool is_cancelled() const override { return parts_.scheduler.is_cancelled(); }
  Wake park(Instant deadline) override { return parts_.scheduler.park(deadline); }
  bool sleep_until(Instant time) override { return parts_.scheduler.sleep_until(time); }
  IoResult<std::unique_ptr<Stream>> connect(const Address& to, Instant deadline) override;

 private:
  Parts parts_;
  Random random_;
  ProcessId process_;
};

}  // namespace brokersim::sim
