// JUnit XML that Jenkins, GitLab and GitHub's actions all read.
//
// A suite is a scenario, a case a property of it. Times are simulated, so that the same runs are
// the same file; there is no time stamp. What is wrong stands in the message and again in the text,
// because some readers show only one of them.
#pragma once

#include <string>
#include <vector>

#include "reports/suite.h"

namespace brokersim::reports {

std::string junit_xml(const std::vector<CiSuite>& suites);

// `text` inside XML: escaped, and without what XML 1.0 does not allow at all.
std::string xml_text(std::string_view text);

}  // namespace brokersim::reports
