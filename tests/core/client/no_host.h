// A host for classes whose results need nothing of it.
#pragma once

#include <cstdlib>

#include "core/env.h"

namespace brokersim::client {

class NoHost : public Host {
 public:
  NodeId node() const override { return no_node; }
  Instant now() override { return {}; }
  WallTime wall_clock() override { return {}; }
  std::uint64_t random(std::string_view, std::uint64_t) override { return 0; }  // Shortest waits.
  void charge(Duration) override {}
  Files& files() override { std::abort(); }
  EventId emit(EventBody, EventCauses) override { return {}; }
  FiberId spawn(std::string_view, std::function<void(Env&)>) override { return {}; }
  void unpark(FiberId) override {}
  void cancel(FiberId) override {}
  IoResult<std::unique_ptr<Listener>> listen(std::uint16_t) override {
    return Unexpected(IoError::refused);
  }
};

}  // namespace brokersim::client
