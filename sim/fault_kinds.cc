// The catalogue of faults. What each does is in sim/fault.cc.
#include <algorithm>

#include "sim/fault.h"

namespace brokersim::sim {
namespace {

using Target = FaultKind::Target;
constexpr auto duration = FaultParameter::Kind::duration;
constexpr auto numeric = FaultParameter::Kind::number;

constexpr std::int64_t ms(std::int64_t count) { return count * 1'000'000; }

std::vector<FaultKind> make_kinds() {
  return {
      {.name = "power_loss", .meaning = "the machine is off; what was not synced may be gone"},
      {.name = "crash", .meaning = "the process ends at once; its files stay"},
      {.name = "restart", .meaning = "the process is asked to end, and starts again"},
      {.name = "pause", .meaning = "nothing runs on the machine, as in a long stop of a VM"},
      {.name = "partition",
       .meaning = "nothing gets through between targets and peers",
       .target = Target::link},
      {.name = "one_way_partition",
       .meaning = "nothing gets through from targets to peers",
       .target = Target::link},
      {.name = "link_stall",
       .meaning = "bytes between targets and peers are late; no connection breaks",
       .target = Target::link},
      {.name = "slow_link",
       .meaning = "bytes between targets and peers take longer",
       .target = Target::link,
       .parameters = {{"extra", "added latency", duration, ms(20), ms(1), ms(2000)},
                      {"bytes_per_second", "at most; 0: as ever", numeric, 0, 20'000, 5'000'000}}},
      {.name = "link_reset",
       .meaning = "all connections between targets and peers break",
       .target = Target::link,
       .lasts = false,
       .parameters = {{"after_delivery", "1: bytes on the way still arrive", numeric, 0, 0, 1}}},
      {.name = "slow_disk",
       .meaning = "syncs and cold reads take longer",
       .parameters = {{"factor", "how many times as long", numeric, 1, 1, 50},
                      {"extra", "added latency", duration, ms(50), ms(1), ms(1000)}}},
      {.name = "cold_cache",
       .meaning = "memory is short: files are read from the disk, not from the page cache",
       .parameters = {{"every", "it is emptied so often; 0: each read is cold", duration, 0, ms(1),
                       ms(100)}}},
      {.name = "disk_error",
       .meaning = "syncs fail",
       .parameters = {{"times", "how many; 0: all", numeric, 1, 1, 3}}},
      {.name = "write_error",
       .meaning = "appends fail, and part of what was written may be in the file",
       .parameters = {{"times", "how many; 0: all", numeric, 1, 1, 3}}},
      {.name = "full_disk", .meaning = "nothing can be appended or created"},
      {.name = "clock_skew",
       .meaning = "the wall clock is wrong; it jumps when the fault begins and ends",
       .parameters = {{"ahead", "by so much", duration, ms(5000), 0, ms(600'000)},
                      {"behind", "by so much", duration, 0, 0, ms(600'000)},
                      {"drift_ppm", "and gains", numeric, 0, 0, 500}}},
  };
}

}  // namespace

std::span<const FaultKind> fault_kinds() {
  static const std::vector<FaultKind> kinds = make_kinds();
  return kinds;
}

const FaultKind* find_fault_kind(std::string_view name) {
  const auto kinds = fault_kinds();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace brokersim::sim
