// brokersim ledger FILE [SCENARIOS]: what all the campaigns together that a ledger tells of have
// shown, or those of some scenarios.
#include <cstdio>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "scenarios/commands/commands.h"
#include "scenarios/commands/ledger_text.h"
#include "scenarios/commands/terminal.h"
#include "scenarios/files.h"
#include "scenarios/seed_ledger.h"

namespace brokersim::scenarios {
namespace {

Expected<Done, std::string> print_ledger(const std::string& file,
                                         const std::vector<std::string>& scenarios) {
  TRY(const auto text, read_file(file));
  TRY(auto entries, parse_ledger(text, file));
  if (!scenarios.empty()) {
    TRY(entries, campaigns_of(scenarios, std::move(entries), file));
  }
  fmt::print("{}",
             ledger_text(entries, properties::make_all().size(), terminal_at(STDOUT_FILENO).style));
  return Done{};
}

}  // namespace

void add_ledger(CLI::App& app, CommandLine& line) {
  auto file = std::make_shared<std::string>();
  auto scenarios = std::make_shared<std::vector<std::string>>();
  auto* verb = app.add_subcommand("ledger", "sum up what hunt --ledger has kept of campaigns");
  verb->add_option("file", *file, "the ledger")->required();
  verb->add_option("scenarios", *scenarios, "only their campaigns; all where unsaid");
  verb->callback([file, scenarios, &line] {
    const auto printed = print_ledger(*file, *scenarios);
    if (!printed) fmt::print(stderr, "{}\n", printed.error());
    line.exit_status = printed ? 0 : 2;
  });
}

}  // namespace brokersim::scenarios
