// One run of a plan and what became of it.
//
//   start nodes and clients ─► faults at their times ─► quiet_at: all lifted, everything restarts
//   ─► until converged, or the plan's bound ─► verdict
//
// A run is a function of the build, the plan and its input files: options change what is told of
// it, and never what happens.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "core/base/expected.h"
#include "core/base/message.h"
#include "reports/run_result.h"
#include "scenarios/plan.h"
#include "scenarios/upload.h"
#include "sim/fault.h"
#include "sim/recorder.h"

namespace brokersim::scenarios {

// A crash that no plan names: it lies between two steps of a node, wherever that is in time.
struct CrashPoint {
  std::string machine;
  std::uint64_t suspension = 0;  // It crashes when its fibers have waited so many times (from 1).
  Duration down_for = 3s;
};

struct RunOptions {
  std::string folder;  // Of scenarios: input files are relative to it.
  bool keeps_events = false;
  std::function<void(const Event&)> on_event;  // Called for each, in order.
  // Called for each when its fate is known. Nobody reads the frames for it otherwise.
  std::function<void(const Message&)> on_message;
  std::optional<CrashPoint> crash_at;
  // Told of the hashed items first <= number < last.
  std::uint64_t watch_first = 0, watch_last = 0;
  std::function<void(const sim::Recorder::Trace&)> watcher;
};

struct RunResult {
  reports::RunResult report;
  Upload upload;
  std::map<std::string, sim::Faults::Count> faults;  // By kind.
  std::map<std::string, std::uint64_t> suspensions;  // By node: where it might crash.
  std::vector<Event> events;                         // If they were to be kept.
  std::vector<sim::Recorder::Checkpoint> checkpoints;
  std::uint64_t items = 0;  // That were hashed.

  std::vector<std::string> fingerprints() const { return report.verdict.fingerprints(); }
};

// An error says what is wrong with the plan: a setting, a bug, a member that no group takes, an
// input file.
Expected<RunResult, std::string> run(const Plan& plan, const RunOptions& options);
// The same error, without the run.
Expected<Done, std::string> can_run(const Plan& plan, const std::string& folder);

}  // namespace brokersim::scenarios
