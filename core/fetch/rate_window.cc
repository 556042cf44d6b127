#include "core/fetch/rate_window.h"

#include <algorithm>
#include <limits>

namespace brokersim::fetch {

void RateWindow::record(Instant now, std::int64_t bytes) {
  while (!samples_.empty() && is_forgotten(samples_.front(), now)) samples_.pop_front();
  if (samples_.empty() || now - samples_.back().begins >= shape_.sample) {
    samples_.push_back({.begins = now});
  }
  samples_.back().bytes += bytes;
}

bool RateWindow::exceeds(Instant now, std::int64_t bytes_per_second) const {
  std::int64_t bytes = 0;
  Instant begins = now;
  for (const auto& sample : samples_) {
    if (is_forgotten(sample, now)) continue;
    begins = std::min(begins, sample.begins);
    bytes += sample.bytes;
  }
  const std::int64_t elapsed_ms = milliseconds(std::max(now - begins, shape_.sample));
  // A rate that nothing can reach: the product would not fit.
  if (bytes_per_second > std::numeric_limits<std::int64_t>::max() / elapsed_ms) return false;
  return bytes > bytes_per_second * elapsed_ms / 1000;
}

}  // namespace brokersim::fetch
