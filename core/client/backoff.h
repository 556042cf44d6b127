// How long a client waits before it tries again (KIP-580): retry.backoff.ms after the first
// failure, twice as long after each further one in a row, retry.backoff.max.ms at most; and a fifth
// more or less of it, so that clients that failed together do not come back together. Pure.
#pragma once

#include <cstdint>

#include "core/base/time.h"

namespace brokersim::client {

class Backoff {
 public:
  // `most` below `first` counts as `first`.
  Backoff(Duration first, Duration most);

  // After `failures` in a row, of which none count as one. `random`: uniform 64 bits, another
  // number for each wait.
  Duration after(std::int32_t failures, std::uint64_t random) const;

 private:
  Duration first_;
  Duration most_;
};

}  // namespace brokersim::client
