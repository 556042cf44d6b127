// A failure is told of only after it was seen twice.
#pragma once

#include <string>

#include "core/base/expected.h"
#include "reports/run_result.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

// Runs the plan of a failing run again, and notes in the result whether it was the same run. Of a
// passing run does nothing.
Expected<Done, std::string> replay(const Plan& plan, const std::string& folder,
                                   reports::RunResult& result);

}  // namespace brokersim::scenarios
