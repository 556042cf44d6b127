// What GitHub Actions reads: annotations on stdout, and a job summary in Markdown.
//
// Its limits are silent, so they are kept here: ten annotations of a kind per step, of which the
// last says how many more there are, and 64 KiB of summary.
#pragma once

#include <string>
#include <vector>

#include "reports/suite.h"

namespace brokersim::reports {

// One line for each failed case, "::error file=…,line=1,title=…::…", and one that says how it went.
std::string github_annotations(const std::vector<CiSuite>& suites);
// To be appended to the file that $GITHUB_STEP_SUMMARY names.
std::string github_summary(const std::vector<CiSuite>& suites);

}  // namespace brokersim::reports
