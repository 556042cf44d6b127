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
#include "scenarios/commands/progress.h"
#include "scenarios/files.h"
#include "scenarios/plan_toml.h"

namespace brokersim::scenarios {
namespace {

struct ShrinkRequest {
  std::string plan;
  std::string fingerprint;  // Empty: the first that the plan has.
  std::string out;          // Empty: <plan>-smallest.toml
  std::size_t runs = 2000;
  std::int64_t seconds = 600;
  int jobs = 1;
};

Expected<Done, std::string> shrink_file(const ShrinkRequest& request, const RunPlans& run_plans) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(request.seconds);
  TRY(const auto text, read_file(request.plan));
  TRY(const auto plan, parse_plan(text, request.plan));
  auto fingerprint = request.fingerprint;
  if (fingerprint.empty()) {
    const auto found = run_plans({plan}, 1).front();
    if (found.empty()) return Unexpected(request.plan + ": this plan does not fail");
    fingerprint = found.front();
  }
  const auto stem = request.plan.substr(0, request.plan.rfind(".toml"));
  const auto out = request.out.empty() ? stem + "-smallest.toml" : request.out;

  fmt::print(stderr, "shrinking {}\n", fingerprint);
  Shrinker shrinker(plan, fingerprint, {.runs = request.runs});
  ShrinkProgress progress;
  const auto jobs = static_cast<std::size_t>(std::max(1, request.jobs));
  for (auto batch = shrinker.next(jobs); !batch.empty() && Clock::now() < end;
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
  verb->add_option("--fingerprint", request->fingerprint, "the failure to keep: BS-D01/lost …");
  verb->add_option("--out", request->out, "where to write the smallest plan");
  verb->add_option("--runs", request->runs, "at most so many runs");
  verb->add_option("--for", request->seconds, "at most so many seconds");
  verb->add_option("--jobs", request->jobs, "runs at once");
  verb->callback([request, run_plans = std::move(run_plans), &line] {
    const auto done = shrink_file(*request, run_plans);
    line.exit_status = done ? 0 : 2;
    if (!done) fmt::print(stderr, "{}\n", done.error());
  });
}

}  // namespace brokersim::scenarios
