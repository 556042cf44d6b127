#include "core/client/backoff.h"

#include <algorithm>

namespace brokersim::client {
namespace {

constexpr std::uint64_t jitter_permille = 200;

}  // namespace

Backoff::Backoff(Duration first, Duration most) : first_(first), most_(std::max(first, most)) {}

Duration Backoff::after(std::int32_t failures, std::uint64_t random) const {
  Duration wait = first_;
  for (std::int32_t i = 1; i < failures && wait < most_; ++i) wait *= 2;
  const auto permille = 1000 - jitter_permille + random % (2 * jitter_permille + 1);
  wait = std::min(wait, most_);  // Varied after that: who waits longest must not be in step either.
  return std::min(wait * static_cast<std::int64_t>(permille) / 1000, most_);
}

}  // namespace brokersim::client
