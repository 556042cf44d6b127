// What runs together reached, and which faults took effect, for people.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace brokersim::scenarios {

// Some lines, of the sums of what runs count (tally.h).
std::string reached_text(const std::map<std::string, std::int64_t>& stats);

}  // namespace brokersim::scenarios
