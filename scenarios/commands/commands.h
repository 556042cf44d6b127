// The verbs of the command line. Each adds its subcommand; when that is chosen, its callback does
// the work and stores the exit status (0 held, 1 violated, 2 usage, 3 internal, 4 budget ended).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "scenarios/plan.h"
#include "scenarios/shrink.h"

namespace brokersim::scenarios {

// What all verbs share. Outlives the parsing.
struct CommandLine {
  std::string scenario_folder;  // --scenarios DIR: holds catalogue/ and input/.
  std::string told_folder;      // The same as it was told; empty where it was not.
  std::string revision;         // Of the sources (revision.h).
  int exit_status = 0;
};

// Runs plans, up to `jobs` at once, each in a process of its own; their fingerprints in order.
using RunPlans = std::function<std::vector<Fingerprints>(const std::vector<Plan>& plans, int jobs)>;

void add_run(CLI::App& app, CommandLine& line);
void add_hunt(CLI::App& app, CommandLine& line);
void add_verify(CLI::App& app, CommandLine& line);
void add_plan(CLI::App& app, CommandLine& line);
void add_shrink(CLI::App& app, CommandLine& line, RunPlans run_plans);
void add_list(CLI::App& app, CommandLine& line);
void add_explain(CLI::App& app, CommandLine& line);
void add_report(CLI::App& app, CommandLine& line);
void add_serve(CLI::App& app, CommandLine& line);
void add_ledger(CLI::App& app, CommandLine& line);
void add_story(CLI::App& app, CommandLine& line);

}  // namespace brokersim::scenarios
