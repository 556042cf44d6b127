#include "sim/live/live_env.h"

#include <ctime>
#include <sys/random.h>
#include <utility>

#include "core/base/assert.h"
#include "sim/live/live_network.h"

namespace brokersim::live {

WallTime LiveEnv::wall_clock() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return WallTime{std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000};
}

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
  return listen_on(reactor_, {config_.bind_host, port});
}

IoResult<std::unique_ptr<Stream>> LiveEnv::connect(const Address& to, Instant deadline) {
  return connect_to(reactor_, to, deadline);
}

std::uint64_t entropy() {
  std::uint64_t bits = 0;
  const auto got = getrandom(&bits, sizeof bits, 0);
  ASSERT(got == sizeof bits, got);
  return bits;
}

}  // namespace brokersim::live
