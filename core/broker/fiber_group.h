// Fibers that live and end together: what is started is known, can be cancelled, and waited for.
#pragma once

#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "core/env.h"
#include "core/signal.h"

namespace brokersim::broker {

class FiberGroup {
 public:
  // The group must outlive the fiber: wait_until_empty before it goes.
  void spawn(Host& host, std::string_view name, std::function<void(Env&)> body) {
    ++running_;
    const FiberId id = host.spawn(name, [this, body = std::move(body)](Env& fiber) {
      body(fiber);
      --running_;
      ids_.erase(fiber.self());
      ended_.notify_all(fiber);
    });
    ids_.insert(id);
    if (is_cancelled_) host.cancel(id);
  }

  // All waits of the fibers end, those of fibers that are yet to come included; they are not over
  // yet.
  void cancel(Host& host) {
    is_cancelled_ = true;
    for (const FiberId id : std::set(ids_)) host.cancel(id);
  }

  // Requires a fiber that is not of the group and not cancelled.
  void wait_until_empty(Env& env) {
    while (running_ > 0 && ended_.wait(env) != Wake::cancelled) {
    }
  }

 private:
  std::set<FiberId> ids_;
  int running_ = 0;
  bool is_cancelled_ = false;
  Signal ended_;
};

}  // namespace brokersim::broker
