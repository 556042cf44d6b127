// Work in processes of its own, several at once: no state leaks from one run to the next, and a
// crash or a hang costs one run and is a finding like any other.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/plan.h"
#include "scenarios/shrink.h"

namespace brokersim::scenarios {

struct ChildTask {
  std::uint64_t id = 0;
  std::function<std::string()> run;  // Called in the child.
};

struct ChildResult {
  enum class End : std::uint8_t { ok, crashed, hung };
  End end = End::ok;
  std::string output;  // What `run` returned.
  std::string errors;  // What was left on stderr.
  std::int64_t wall_ns = 0;
};

struct ChildLimits {
  int jobs = 1;
  std::int64_t wall_seconds = 120;  // Who takes longer hangs, and is killed.
};

// Takes tasks from `next` until it has none, and tells of each how it ended, in the order in which
// they end. `tick` is called several times a second.
void run_children(const ChildLimits& limits, const std::function<std::optional<ChildTask>()>& next,
                  const std::function<void(std::uint64_t id, const ChildResult&)>& ended,
                  const std::function<void()>& tick = {});

// "crash/scheduler.cc:120" or "hang": what a run that did not come to its end is known by.
std::string fingerprint_of(const ChildResult& result);

struct ForkOptions {
  std::string folder;  // Of scenarios.
  int jobs = 1;
  std::int64_t wall_seconds = 120;
};
// The fingerprints of each plan's failures, in the order of the plans. A plan that cannot run has
// none.
std::vector<Fingerprints> fingerprints_of(const std::vector<Plan>& plans,
                                          const ForkOptions& options);

}  // namespace brokersim::scenarios
