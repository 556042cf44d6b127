// A plan as a TOML file: one line per operation and fault, keys in a fixed order, durations with
// units ("250ms", "1.5s"). What is written reads back equal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"
#include "scenarios/document.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

std::string to_toml(const Plan& plan);
// The error names file, line, column, and the nearest valid word. Unknown keys are errors.
Expected<Plan, std::string> parse_plan(std::string_view text, const std::string& file,
                                       const std::vector<Override>& overrides = {});
// Whether a file with this text is a plan (it has a `version`) rather than a scenario.
bool looks_like_plan(std::string_view text);

}  // namespace brokersim::scenarios
