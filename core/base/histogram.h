// How long something took, over many times: counts by upper bound, as Prometheus wants them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/time.h"

namespace brokersim {

class LatencyHistogram {
 public:
  // Each bucket holds what took at most so long; one more holds the rest.
  static constexpr std::array<Duration, 17> bounds{100us, 250us,  500us,  1ms,   2500us, 5ms,
                                                   10ms,  25ms,   50ms,   100ms, 250ms,  500ms,
                                                   1s,    2500ms, 5000ms, 10s,   30s};

  void add(Duration took) {
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), took) - bounds.begin();
    ++buckets_[static_cast<std::size_t>(bucket)];
    ++count_;
    sum_ += took;
  }

  std::uint64_t in_bucket(std::size_t index) const { return buckets_[index]; }
  std::uint64_t count() const { return count_; }
  Duration sum() const { return sum_; }

 private:
  std::array<std::uint64_t, bounds.size() + 1> buckets_{};
  std::uint64_t count_ = 0;
  Duration sum_{};
};

}  // namespace brokersim
