// Time as the broker knows it: int64 nanoseconds, never floating point.
//
// Instant is monotonic time since the run (or the process) began. WallTime is what a clock on the
// wall says: it may be wrong, differ between nodes and jump. The two types never meet.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace brokersim {

using Duration = std::chrono::duration<std::int64_t, std::nano>;
using namespace std::chrono_literals;

struct Instant {
  Duration since_start{};

  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  friend constexpr Instant operator+(Instant t, Duration d) { return {t.since_start + d}; }
  friend constexpr Instant operator-(Instant t, Duration d) { return {t.since_start - d}; }
  friend constexpr Duration operator-(Instant a, Instant b) {
    return a.since_start - b.since_start;
  }
  constexpr Instant& operator+=(Duration d) {
    since_start += d;
    return *this;
  }
  constexpr std::int64_t ns() const { return since_start.count(); }
};

// Later than anything that happens: a wait without a deadline.
inline constexpr Instant never{Duration::max()};

// 146 years. What is longer could not be added to a time of now.
inline constexpr Duration longest_duration = Duration::max() / 2;

// Milliseconds since 1970-01-01 UTC, the unit of every timestamp in the Kafka protocol.
struct WallTime {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(const WallTime&, const WallTime&) = default;
};

constexpr std::int64_t milliseconds(Duration d) { return d / 1ms; }

}  // namespace brokersim

template <>
struct fmt::formatter<brokersim::Instant> : fmt::formatter<std::int64_t> {
  auto format(brokersim::Instant t, format_context& context) const {
    return fmt::formatter<std::int64_t>::format(t.ns(), context);
  }
};
