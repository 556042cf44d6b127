// brokersim verify [SCENARIO|PLAN]: whether a run is the same every time.
#include "scenarios/verify.h"

#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "scenarios/commands/commands.h"
#include "scenarios/commands/numbers.h"
#include "scenarios/draw_plan.h"

namespace brokersim::scenarios {
namespace {

Expected<int, std::string> verify_and_print(const PlanRequest& request) {
  TRY(const auto plan, make_plan(request));
  const auto verification = verify(plan, request.folder);
  if (!verification) {
    fmt::print("error: the run did not come to its end: {}\n", verification.error());
    return 3;
  }
  if (verification->is_same()) {
    fmt::print("same       {} items, hash {}, in two runs\n", verification->items,
               verification->hash);
    return 0;
  }
  const auto& difference = *verification->difference;
  if (difference.item == 0) {
    fmt::print("error: two runs differed, but two more did not: it does not always show\n");
    return 3;
  }
  fmt::print("error: the run is not deterministic; the first difference is item {}\n",
             difference.item);
  fmt::print("  first run   {}\n  second run  {}\n", difference.first, difference.second);
  return 3;
}

}  // namespace

void add_verify(CLI::App& app, CommandLine& line) {
  auto request = std::make_shared<PlanRequest>();
  auto* verb = app.add_subcommand("verify", "run a plan twice and compare everything that happens");
  verb->add_option("what", request->what, "a scenario's name, or a scenario's or plan's file");
  verb->add_option("--seed", request->seed, "0, the default: without random faults")
      ->check(whole_number(0));
  verb->add_option("--set", request->settings, "key=value, instead of what the file says")
      ->allow_extra_args(false);
  verb->add_option("--bug", request->bugs, "a historical bug to bring back")
      ->allow_extra_args(false);
  verb->callback([request, &line] {
    request->folder = line.scenario_folder;
    const auto status = verify_and_print(*request);
    if (!status) fmt::print(stderr, "{}\n", status.error());
    line.exit_status = status ? *status : 2;
  });
}

}  // namespace brokersim::scenarios
