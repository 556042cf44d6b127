// brokersim ledger FILE: what all the campaigns together that a ledger tells of have shown.
#include <cstdio>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

#include "properties/all.h"
#include "scenarios/commands/commands.h"
#include "scenarios/commands/ledger_text.h"
#include "scenarios/commands/terminal.h"
#include "scenarios/files.h"
#include "scenarios/seed_ledger.h"

namespace brokersim::scenarios {
namespace {

Expected<Done, std::string> print_ledger(const std::string& file) {
  TRY(const auto text, read_file(file));
  TRY(const auto entries, parse_ledger(text, file));
  fmt::print("{}",
             ledger_text(entries, properties::make_all().size(), terminal_at(STDOUT_FILENO).style));
  return Done{};
}

}  // namespace

void add_ledger(CLI::App& app, CommandLine& line) {
  auto file = std::make_shared<std::string>();
  auto* verb = app.add_subcommand("ledger", "sum up what hunt --ledger has kept of campaigns");
  verb->add_option("file", *file, "the ledger")->required();
  verb->callback([file, &line] {
    const auto printed = print_ledger(*file);
    if (!printed) fmt::print(stderr, "{}\n", printed.error());
    line.exit_status = printed ? 0 : 2;
  });
}

}  // namespace brokersim::scenarios
