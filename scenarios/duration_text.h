// Durations as people write them, exact to the nanosecond: "250ms", "1.5s", "0s".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace brokersim::scenarios {

// A decimal number and a unit (ns, us, ms, s, min, h). Nothing if it is not one, is negative, is
// finer than a nanosecond or beyond 292 years.
std::optional<Duration> parse_duration(std::string_view text);

// Why it is none, for a message.
std::string why_no_duration(std::string_view text);

// In the largest unit up to seconds that it fills once. Reads back equal.
std::string text_of(Duration duration);

}  // namespace brokersim::scenarios
