// The epochs of a fetch session (KIP-227): each request that is served raises it by one.
#pragma once

#include <cstdint>
#include <limits>

namespace brokersim::fetch {

inline constexpr std::int32_t initial_epoch = 0;  // Names all partitions, and wants a session.
inline constexpr std::int32_t final_epoch = -1;   // Names all partitions, and wants none.

// Past the largest they begin again, at the first that is neither of those two.
constexpr std::int32_t epoch_after(std::int32_t epoch) {
  return epoch == std::numeric_limits<std::int32_t>::max() ? 1 : epoch + 1;
}

}  // namespace brokersim::fetch
