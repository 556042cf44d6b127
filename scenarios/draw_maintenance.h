// What an operator does to the cluster itself while faults strike: features go up and down, brokers
// that are down are taken for gone. Each entry's draws depend on its own index only.
#pragma once

#include <vector>

#include "scenarios/plan.h"
#include "scenarios/scenario.h"
#include "sim/random.h"

namespace brokersim::scenarios {

// Each time one of the features, and one of its levels.
std::vector<Operation> draw_feature_updates(const FeatureUpdateFamily& family,
                                            const sim::Random& random);

// Each time a broker that one of `faults` takes down, by its name and at a time of its own, for
// longer than the operator waits: so there may be fewer than the family counts.
std::vector<Operation> draw_unregistrations(const UnregistrationFamily& family,
                                            const std::vector<Fault>& faults,
                                            const sim::Random& random);

}  // namespace brokersim::scenarios
