#include "sim/machine.h"

#include <algorithm>
#include <utility>

#include "sim/sim_env.h"

namespace brokersim::sim {

WallTime WallClock::read(Instant now) {
  Duration offset = now.since_start;
  for (const auto& [id, overlay] : overlays_) {
    const Duration gained = (now - overlay.since) / 1'000'000 * overlay.fault.drift_ppm;
    const Duration wrong = overlay.fault.skew + gained;
    if (wrong != 0ns) ++effects_[id - 1];
    offset += wrong;
  }
  const WallTime shown{at_start_.ms + milliseconds(offset)};
  latest_ = std::max(latest_, shown);
  return shown;
}

std::uint64_t WallClock::add(ClockFault fault, Instant now) {
  effects_.push_back(0);
  overlays_.emplace(effects_.size(), Overlay{fault, now});
  return effects_.size();
}

std::int64_t WallClock::effects(std::uint64_t id) const {
  REQUIRE(id >= 1 && id <= effects_.size(), id);
  return effects_[id - 1];
}

Machine::Machine(std::string name, NodeId node, HostId host, std::uint64_t seed,
                 const DiskModel& disk, WallTime at_start)
    : name_(std::move(name)), node_(node), host_(host), disk_(seed, node, disk), clock_(at_start) {}

Machine::~Machine() = default;

}  // namespace brokersim::sim
