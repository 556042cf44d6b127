// Back-off between attempts.
#include "core/client/config.h"

#include <algorithm>

namespace brokersim::client {

Duration backoff_after(std::int32_t failures, const ClientConfig& config) {
  Duration backoff = config.retry_backoff;
  for (std::int32_t i = 1; i < failures && backoff < config.retry_backoff_max; ++i) backoff *= 2;
  return std::min(backoff, std::max(config.retry_backoff, config.retry_backoff_max));
}

}  // namespace brokersim::client
