#include "sim/sim_env.h"

#include <utility>

namespace brokersim::sim {

Instant SimEnv::now() {
  parts_.scheduler.charge(parts_.scheduler.costs().clock_reading);
  return parts_.scheduler.now();
}

WallTime SimEnv::wall_clock() { return parts_.machine.clock().read(now()); }

FiberId SimEnv::spawn(std::string_view name, std::function<void(Env&)> body) {
  return parts_.scheduler.spawn(process_, name, [this, run = std::move(body)] { run(*this); });
}

IoResult<std::unique_ptr<Listener>> SimEnv::listen(std::uint16_t port) {
  return parts_.network.listen(parts_.machine.host(), port);
}

IoResult<std::unique_ptr<Stream>> SimEnv::connect(const Address& to, Instant deadline) {
  return parts_.network.connect(*this, parts_.machine.host(), to, deadline);
}

}  // namespace brokersim::sim
