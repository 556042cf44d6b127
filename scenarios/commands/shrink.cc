// brokersim shrink PLAN: the smallest plan that fails the same way.
//
// The best so far is written after each improvement, so that an interrupt keeps it.
#include "scenarios/shrink.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "scenarios/commands/commands.h"
#include "scenarios/commands/numbers.h"
#include "scenarios/commands/progress.h"
#include "scenarios/duration_text.h"
#include "scenarios/files.h"
#include "scenarios/plan_toml.h"
#include "scenarios/run.h"
#include "scenarios/scenario.h"

namespace brokersim::scenarios {
namespace {

struct ShrinkRequest {
  std::string plan;
  std::string fingerprint;  // Empty: the first that the plan has.
  std::string out;          // Empty: <plan>-smallest.toml
  std::size_t runs = 2000;
  std::string duration = "600s";
  int jobs = 1;
};

// "10s"; a number alone is of seconds.
Expected<std::chrono::nanoseconds, std::string> time_in(const std::string& text) {
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const auto duration = parse_duration(is_number ? text + "s" : text);
  if (duration) return *duration;
  return Unexpected(fmt::format("--for '{}': a time such as 60s is wanted", text));
}

Expected<Plan, std::string> plan_in(const std::string& file) {
  TRY(const auto text, read_file(file));
  auto plan = parse_plan(text, file);
  if (!plan && parse_scenario(text, file)) {
    return Unexpected(
        fmt::format("{}: this is a scenario, and shrink makes plans smaller: brokersim plan {} "
                    "--seed N",
                    file, file));
  }
  return plan;
}

// Which failure is to be kept: the one that was named, if the plan fails so.
Expected<std::string, std::string> kept_failure(const ShrinkRequest& request,
                                                const Fingerprints& found) {
  if (found.empty()) return Unexpected(request.plan + ": this plan does not fail");
  if (request.fingerprint.empty()) return found.front();
  if (std::find(found.begin(), found.end(), request.fingerprint) != found.end()) {
    return request.fingerprint;
  }
  return Unexpected(fmt::format("--fingerprint '{}': {} fails by {}", request.fingerprint,
                                request.plan, fmt::join(found, ", ")));
}

Expected<Done, std::string> shrink_file(const ShrinkRequest& request, const RunPlans& run_plans,
                                        const std::string& folder) {
  using Clock = std::chrono::steady_clock;
  TRY(const auto time, time_in(request.duration));
  const auto began = Clock::now();
  TRY(const auto plan, plan_in(request.plan));
  TRY([[maybe_unused]] const Done possible, can_run(plan, folder));
  TRY(const auto fingerprint, kept_failure(request, run_plans({plan}, 1).front()));
  const auto stem = request.plan.substr(0, request.plan.rfind(".toml"));
  const auto out = request.out.empty() ? stem + "-smallest.toml" : request.out;

  // Whether there is a file to write to is known before the work, not behind it.
  TRY([[maybe_unused]] const Done begun, write_file(out, to_toml(plan)));
  fmt::print(stderr, "shrinking {}\n", fingerprint);
  Shrinker shrinker(plan, fingerprint, {.runs = request.runs});
  ShrinkProgress progress;
  const auto jobs = static_cast<std::size_t>(request.jobs);
  for (auto batch = shrinker.next(jobs); !batch.empty() && Clock::now() - began < time;
       batch = shrinker.next(jobs)) {
    const auto before = shrinker.still_failing();
    shrinker.tell(run_plans(batch, request.jobs));
    progress.show(shrinker);
    if (shrinker.still_failing() > before) {
      TRY(const auto done, write_file(out, to_toml(shrinker.best())));
      static_cast<void>(done);
    }
  }
  TRY(const auto done, write_file(out, to_toml(shrinker.best())));
  static_cast<void>(done);
  fmt::print("{}: {}, was {}; tried {}{}\n", out, size_of(shrinker.best()), size_of(plan),
             shrinker.tried(), shrinker.is_done() ? "" : ", budget used up");
  return Done{};
}

}  // namespace

void add_shrink(CLI::App& app, CommandLine& line, RunPlans run_plans) {
  auto request = std::make_shared<ShrinkRequest>();
  request->jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  auto* verb = app.add_subcommand("shrink", "make a failing plan as small as possible");
  verb->add_option("plan", request->plan, "a plan's file")->required();
  verb->add_option("--fingerprint", request->fingerprint,
                   "the failure to keep: BS-D01/lost …; where unsaid, the first that the plan has");
  verb->add_option("--out", request->out,
                   "where to write the smallest plan; where unsaid, PLAN-smallest.toml");
  verb->add_option("--runs", request->runs, "at most so many runs")
      ->capture_default_str()
      ->check(whole_number(0));
  verb->add_option("--for", request->duration, "at most so long")->capture_default_str();
  verb->add_option("--jobs", request->jobs, "runs at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  verb->callback([request, run_plans = std::move(run_plans), &line] {
    const auto done = shrink_file(*request, run_plans, line.scenario_folder);
    line.exit_status = done ? 0 : 2;
    if (!done) fmt::print(stderr, "{}\n", done.error());
  });
}

}  // namespace brokersim::scenarios
