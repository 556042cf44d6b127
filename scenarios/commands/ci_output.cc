#include "scenarios/commands/ci_output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "reports/github.h"
#include "reports/junit.h"
#include "scenarios/commands/terminal.h"

namespace brokersim::scenarios {

Expected<Done, std::string> print_suites(const std::string& format,
                                         const std::vector<reports::CiSuite>& suites) {
  if (format == "junit") {
    fmt::print("{}", reports::junit_xml(suites));
    return Done{};
  }
  fmt::print("{}", reports::github_annotations(suites));
  const auto path = process_environment()("GITHUB_STEP_SUMMARY");
  if (!path || path->empty()) return Done{};
  std::ofstream file(*path, std::ios::binary | std::ios::app);
  file << reports::github_summary(suites) << std::flush;
  if (!file) return Unexpected(fmt::format("{}: {}", *path, std::strerror(errno)));
  return Done{};
}

}  // namespace brokersim::scenarios
