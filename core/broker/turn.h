// Turn: fibers do something one after another, though each may suspend in the middle of it.
//
//   const auto held = turn.take(env);
//   if (!held) return;  // cancelled
#pragma once

#include <utility>

#include "core/env.h"
#include "core/signal.h"

namespace brokersim::broker {

class Turn {
 public:
  // Has the turn until it is destroyed, which never suspends.
  class Held {
   public:
    Held() = default;
    Held(Turn& turn, Host& host) : turn_(&turn), host_(&host) {}
    Held(Held&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)), host_(other.host_) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (!turn_) return;
      turn_->is_taken_ = false;
      turn_->freed_.notify_all(*host_);
    }
    explicit operator bool() const { return turn_ != nullptr; }

   private:
    Turn* turn_ = nullptr;
    Host* host_ = nullptr;
  };

  // Waits until nobody else has the turn. Nothing is held if the fiber is cancelled meanwhile.
  [[nodiscard]] Held take(Env& env) {
    while (is_taken_) {
      if (freed_.wait(env) == Wake::cancelled) return {};
    }
    is_taken_ = true;
    return {*this, env};
  }

 private:
  bool is_taken_ = false;
  Signal freed_;
};

}  // namespace brokersim::broker
