// brokersim: the command line. Each verb is a file in scenarios/commands/.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <system_error>

#include <fmt/format.h>

#include "scenarios/commands/commands.h"
#include "scenarios/forked.h"
#include "scenarios/nearest.h"
#include "scenarios/revision.h"

#ifndef BROKERSIM_SCENARIO_DIR
#define BROKERSIM_SCENARIO_DIR "scenarios"
#endif

namespace brokersim::scenarios {
namespace {

// A word that is no verb: what was meant?
std::string unknown_verb(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> verbs;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    verbs.push_back(verb->get_name());
  }
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--scenarios") ++i;  // Its folder is no verb.
    if (word.starts_with("-")) continue;
    if (std::find(verbs.begin(), verbs.end(), word) != verbs.end()) return {};
    const auto meant = did_you_mean(word, verbs);
    return fmt::format("there is no verb '{}'{}\n", word,
                       meant.empty() ? "; brokersim --help lists those there are" : meant);
  }
  return {};
}

int main(int argc, char** argv) {
  CommandLine line;
  line.scenario_folder = BROKERSIM_SCENARIO_DIR;
  line.revision = revision();
  CLI::App app(
      "Puts the Kafka broker protocol on trial: whole clusters in virtual time, with "
      "faults, from one seed.",
      "brokersim");
  app.set_version_flag("--version", fmt::format("brokersim 0.1.0 ({})", revision()));
  app.add_option("--scenarios", line.scenario_folder, "the folder with catalogue/ and input/")
      ->each([&line](const std::string& folder) { line.told_folder = folder; });
  app.require_subcommand(1);
  app.fallthrough();
  add_run(app, line);
  add_plan(app, line);
  add_hunt(app, line);
  add_shrink(app, line, [&line](const std::vector<Plan>& plans, int jobs) {
    return fingerprints_of(plans, {.folder = line.scenario_folder, .jobs = jobs});
  });
  add_verify(app, line);
  add_list(app, line);
  add_explain(app, line);
  add_report(app, line);
  add_serve(app, line);
  add_story(app, line);
  add_ledger(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::string message = unknown_verb(app, argc, argv);
    if (message.empty()) {
      app.exit(error);
    } else {
      fmt::print(stderr, "{}", message);
    }
    return 2;
  }
  return line.exit_status;
}

// What was printed is there, or whoever reads it is told: a full disk is no empty result.
bool is_written() {
  std::cout.flush();
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
}

int checked_main(int argc, char** argv) {
  int status = 0;
  try {
    status = main(argc, argv);
  } catch (const std::system_error&) {
    if (std::ferror(stdout) == 0) throw;  // It was something else.
  }
  if (is_written()) return status;
  std::fputs("stdout could not be written to: the result is not whole\n", stderr);
  return 2;
}

}  // namespace
}  // namespace brokersim::scenarios

int main(int argc, char** argv) { return brokersim::scenarios::checked_main(argc, argv); }
