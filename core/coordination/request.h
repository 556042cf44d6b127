// What a coordinator's pure classes are asked with: by whom, and when.
#pragma once

#include <compare>
#include <cstdint>

#include "core/base/time.h"

namespace brokersim::coordination {

// The owner's name for a request, under which it gets its answer.
struct RequestId {
  std::uint64_t value = 0;
  friend auto operator<=>(RequestId, RequestId) = default;
};

// Timers run on the one clock, what is persisted bears the other.
struct Now {
  Instant at;
  WallTime wall;
};

}  // namespace brokersim::coordination
