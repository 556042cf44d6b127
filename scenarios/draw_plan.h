// scenario + seed -> plan. Each entry's draws depend on the seed and on its own index only, so that
// the same entries stay what they are when others come or go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/expected.h"
#include "scenarios/plan.h"
#include "scenarios/scenario.h"

namespace brokersim::scenarios {

// Seed 0 is the scenario's fixed part alone, without the mix of faults: the demo. From seed 1 on
// the mix is drawn as well. At most 2^63 - 1.
Plan draw_plan(const Scenario& scenario, std::uint64_t seed);

// What the command line asks for: a scenario's name, a scenario's file or a plan's file.
struct PlanRequest {
  std::string what;  // Empty: the scenario that reaches the first bug, or the demo.
  std::optional<std::uint64_t> seed;  // Of a plan's file: replaces its seed. Unset: 0.
  std::vector<std::string> settings;  // Each "key=value", as after --set.
  std::vector<std::string> bugs;      // Added to those of the file.
  std::string folder;                 // Of scenarios.
  std::string told_folder;  // The same, as after --scenarios; empty where it was not told.
};
Expected<Plan, std::string> make_plan(const PlanRequest& request);

}  // namespace brokersim::scenarios
