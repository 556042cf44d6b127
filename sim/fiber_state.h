// What ends a fiber's wait: the seam's rules for park, sleep, unpark and cancel, whatever the time
// is and whoever runs the fibers.
//
//             wait                unpark of a park, cancel, expire
//   running ────────► waiting ───────────────────────────────────────► ready ──run──► running
//
// An unpark that finds no park is kept for the next one, and ends no sleep; several are one. After
// a cancel no wait begins.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "core/env.h"

namespace brokersim::sim {

class FiberState {
 public:
  enum class Wait : std::uint8_t { park, sleep };

  bool has_begun() const { return state_ != State::none; }
  bool is_waiting() const { return state_ == State::parked || state_ == State::sleeping; }
  bool is_cancelled() const { return is_cancelled_; }
  // Why its latest wait ended.
  Wake wake() const { return wake_; }

  // It is ready to run for the first time.
  void begin() { become_ready(Wake::notified); }
  void run() {
    ASSERT(state_ == State::ready);
    state_ = State::running;
  }

  // The running fiber is to wait. Returns what ends the wait before it begins; nothing: it waits.
  std::optional<Wake> wait(Wait how) {
    ASSERT(state_ == State::running);
    if (is_cancelled_) return Wake::cancelled;
    const bool is_park = how == Wait::park;
    if (is_park && std::exchange(is_notified_, false)) return Wake::notified;
    state_ = is_park ? State::parked : State::sleeping;
    return std::nullopt;
  }

  // Each returns whether it ends a wait: the fiber is then ready, to be run once.

  bool unpark() {
    if (state_ == State::parked) return become_ready(Wake::notified);
    is_notified_ = true;
    return false;
  }
  bool cancel() {
    is_cancelled_ = true;
    return is_waiting() && become_ready(Wake::cancelled);
  }
  // Its deadline has passed.
  bool expire() { return is_waiting() && become_ready(Wake::timed_out); }

 private:
  enum class State : std::uint8_t { none, parked, sleeping, ready, running };

  bool become_ready(Wake wake) {
    state_ = State::ready;
    wake_ = wake;
    return true;
  }

  State state_ = State::none;
  Wake wake_ = Wake::notified;
  bool is_notified_ = false;  // An unpark that came before its park.
  bool is_cancelled_ = false;
};

}  // namespace brokersim::sim
