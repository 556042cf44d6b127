// brokersim ledger FILE: what all the campaigns together that a ledger tells of have shown.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

#include "reports/summary.h"
#include "scenarios/commands/commands.h"
#include "scenarios/commands/reached_text.h"
#include "scenarios/commands/terminal.h"
#include "scenarios/files.h"
#include "scenarios/seed_ledger.h"
#include "scenarios/tally.h"

namespace brokersim::scenarios {
namespace {

constexpr const char* row_layout = " {:<34} {:>9} {:>7} {:>13}  {}\n";

std::string hours(Duration simulated) {
  const auto tenths = simulated / 6min;
  return fmt::format("{}.{} h", tenths / 10, tenths % 10);
}

std::string row_of(const std::string& name, const LedgerSum& sum) {
  return fmt::format(row_layout, name, sum.runs, sum.failed, hours(sum.simulated),
                     reports::counted(sum.revisions.size(), "build"));
}

// What no run of any campaign counted.
std::string never_text(const LedgerSum& all, reports::Style style) {
  std::vector<std::string> names;
  for (const auto& name : Tally().names()) {
    if (!all.reached.contains(name)) names.push_back(name);
  }
  if (names.empty()) return "";
  return reports::paragraph(fmt::format("never: {}", fmt::join(names, ", ")), " ", style);
}

std::string text_of(const std::vector<LedgerEntry>& entries, reports::Style style) {
  std::map<std::string, LedgerSum> scenarios;
  LedgerSum all;
  for (const auto& entry : entries) {
    add(entry, scenarios[entry.scenario]);
    add(entry, all);
  }
  std::string out = fmt::format(row_layout, "scenario", "seeds", "failed", "simulated", "by");
  for (const auto& [name, sum] : scenarios) out += row_of(name, sum);
  out += row_of(reports::counted(scenarios.size(), "scenario"), all);
  for (const auto& entry : entries) {
    for (const auto& [fingerprint, seeds] : entry.failures) {
      out += fmt::format(" failed     {} in {} of {} at {}\n", fingerprint,
                         reports::counted(static_cast<std::size_t>(seeds), "seed"), entry.scenario,
                         entry.revision);
    }
  }
  return out + reached_text(all.reached) + never_text(all, style);
}

Expected<Done, std::string> print_ledger(const std::string& file) {
  TRY(const auto text, read_file(file));
  TRY(const auto entries, parse_ledger(text, file));
  fmt::print("{}", text_of(entries, terminal_at(STDOUT_FILENO).style));
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
