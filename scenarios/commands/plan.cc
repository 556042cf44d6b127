// brokersim plan SCENARIO --seed N: the concrete plan, as TOML on stdout.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "scenarios/commands/commands.h"
#include "scenarios/commands/numbers.h"
#include "scenarios/draw_plan.h"
#include "scenarios/plan_toml.h"

namespace brokersim::scenarios {

void add_plan(CLI::App& app, CommandLine& line) {
  auto request = std::make_shared<PlanRequest>();
  auto* verb = app.add_subcommand("plan", "print the concrete plan of a scenario and a seed");
  verb->add_option("scenario", request->what, "a scenario's name, or a file");
  verb->add_option("--seed", request->seed, "0, the default: without random faults")
      ->check(whole_number(0));
  verb->add_option("--set", request->settings, "key=value, instead of what the file says")
      ->allow_extra_args(false);
  verb->add_option("--bug", request->bugs, "a historical bug to bring back")
      ->allow_extra_args(false);
  verb->callback([request, &line] {
    request->folder = line.scenario_folder;
    const auto plan = make_plan(*request);
    if (plan) {
      fmt::print("{}", to_toml(*plan));
      line.exit_status = 0;
    } else {
      fmt::print(stderr, "{}\n", plan.error());
      line.exit_status = 2;
    }
  });
}

}  // namespace brokersim::scenarios
