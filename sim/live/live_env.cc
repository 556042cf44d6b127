#include "sim/live/live_env.h"

#include <ctime>
#include <sys/random.h>
#include <utility>

#include "core/base/assert.h"
#include "sim/live/live_network.h"

namespace brokersim::live {
namespace {

// Tells of the error that ends it, unless it was closed or its fiber cancelled.
class WatchedListener final : public Listener {
 public:
  WatchedListener(std::unique_ptr<Listener> listener, std::function<void(IoError)> on_error)
      : listener_(std::move(listener)), on_error_(std::move(on_error)) {}

  IoResult<std::unique_ptr<Stream>> accept(Env& env) override {
    auto accepted = listener_->accept(env);
    if (accepted) return accepted;
    const IoError error = accepted.error();
    const bool is_final = error != IoError::exhausted;
    const bool is_ours = error == IoError::closed || error == IoError::cancelled;
    if (is_final && !is_ours) on_error_(error);
    return accepted;
  }
  void close() override { listener_->close(); }

 private:
  const std::unique_ptr<Listener> listener_;
  const std::function<void(IoError)> on_error_;
};

}  // namespace

WallTime LiveEnv::wall_clock() { return system_time(); }

EventId LiveEnv::emit(EventBody body, EventCauses causes) {
  return config_.on_event(Event{EventId{}, reactor_.now(), config_.node, causes, std::move(body)});
}

FiberId LiveEnv::spawn(std::string_view name, std::function<void(Env&)> body) {
  ++fibers_;
  return reactor_.spawn(name, [this, run = std::move(body)] {
    run(*this);
    --fibers_;
  });
}

IoResult<std::unique_ptr<Listener>> LiveEnv::listen(std::uint16_t port) {
  const Address bound{config_.bind_host, config_.bind_port != 0 ? config_.bind_port : port};
  const auto on_error = [this, bound](IoError error) {
    if (config_.on_unreachable) config_.on_unreachable(bound, error);
  };
  auto listener = listen_on(reactor_, bound);
  if (!listener) {
    on_error(listener.error());
    return listener;
  }
  if (config_.on_listening) config_.on_listening();
  return std::make_unique<WatchedListener>(*std::move(listener), on_error);
}

IoResult<std::unique_ptr<Stream>> LiveEnv::connect(const Address& to, Instant deadline) {
  return connect_to(reactor_, lookups_, to, deadline);
}

WallTime system_time() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return WallTime{std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000};
}

std::uint64_t entropy() {
  std::uint64_t bits = 0;
  const auto got = getrandom(&bits, sizeof bits, 0);
  ASSERT(got == sizeof bits, got);
  return bits;
}

}  // namespace brokersim::live
