// Three replicas, and times since the test began.
#pragma once

#include "core/base/ids.h"
#include "core/base/time.h"

namespace brokersim::partition {

inline constexpr NodeId n1{1}, n2{2}, n3{3};

inline Instant at(Duration d) { return Instant{d}; }

}  // namespace brokersim::partition
