// Verdicts in the formats of CI systems, put where those look for them.
#pragma once

#include <string>
#include <vector>

#include "core/base/expected.h"
#include "reports/suite.h"

namespace brokersim::scenarios {

// `format` is junit or github: both on stdout; github also appends to the file that
// $GITHUB_STEP_SUMMARY names, if it does.
Expected<Done, std::string> print_suites(const std::string& format,
                                         const std::vector<reports::CiSuite>& suites);

}  // namespace brokersim::scenarios
