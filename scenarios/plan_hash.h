// A plan as one number: equal plans have equal hashes, others hardly ever.
#pragma once

#include <cstdint>

#include "scenarios/plan.h"

namespace brokersim::scenarios {

std::uint64_t hash_of(const Plan& plan);

}  // namespace brokersim::scenarios
