#include "scenarios/replay.h"

#include "scenarios/run.h"

namespace brokersim::scenarios {

Expected<Done, std::string> replay(const Plan& plan, const std::string& folder,
                                   reports::RunResult& result) {
  if (result.verdict.passed()) return Done{};
  TRY(const auto again, run(plan, {.folder = folder}));
  const bool is_same = again.report.trace_hash == result.trace_hash &&
                       again.fingerprints() == result.verdict.fingerprints();
  ++result.replays;
  if (is_same) ++result.identical_replays;
  return Done{};
}

}  // namespace brokersim::scenarios
