// Signal: fibers wait for something to change, whoever changes it notifies. Purgatories, back-off
// and shutdown are all built from this.
//
//   while (!condition) {
//     if (signal.wait(env, deadline) != Wake::notified) break;
//   }
//
// As with a condition variable, the condition is checked again after each wake-up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/env.h"

namespace brokersim {

class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal() { ASSERT(waiting_.empty()); }

  Wake wait(Env& env, Instant deadline = never) {
    waiting_.push_back(env.self());
    const Wake wake = env.park(deadline);
    std::erase(waiting_, env.self());
    return wake;
  }

  // Never suspends; the woken fibers run later.
  void notify_all(Host& host) {
    ++notifications_;
    for (const FiberId fiber : waiting_) host.unpark(fiber);
    waiting_.clear();
  }

  // How often that was: who suspends for something else sees by it what it has missed.
  std::uint64_t notifications() const { return notifications_; }

  // Waits for the first of several signals.
  friend Wake wait_any(Env& env, std::span<Signal* const> signals, Instant deadline) {
    for (auto* signal : signals) signal->waiting_.push_back(env.self());
    const Wake wake = env.park(deadline);
    for (auto* signal : signals) std::erase(signal->waiting_, env.self());
    return wake;
  }

 private:
  std::vector<FiberId> waiting_;
  std::uint64_t notifications_ = 0;
};

}  // namespace brokersim
