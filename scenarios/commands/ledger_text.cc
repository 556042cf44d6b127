#include "scenarios/commands/ledger_text.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include <fmt/format.h>

#include "scenarios/commands/reached_text.h"
#include "scenarios/tally.h"

namespace brokersim::scenarios {
namespace {

constexpr const char* row_layout = " {:<34} {:>9} {:>9} {:>7} {:>13}  {}\n";

std::string hours(Duration simulated) {
  const auto tenths = simulated / 6min;
  return fmt::format("{}.{} h", tenths / 10, tenths % 10);
}

std::string row_of(const std::string& name, const LedgerSum& sum) {
  return fmt::format(row_layout, name, sum.runs, sum.judged_by_all, sum.failed,
                     hours(sum.simulated), reports::counted(sum.revisions.size(), "build"));
}

// "4, 9, 30 and 2 more"; nothing if nobody kept which.
std::string failed_seeds_text(const std::vector<std::uint64_t>& seeds, std::int64_t failed) {
  if (seeds.empty()) return "";
  const auto more = failed - static_cast<std::int64_t>(seeds.size());
  const auto named = fmt::format("{}", fmt::join(seeds, ", "));
  return more > 0 ? fmt::format("{} and {} more", named, more) : named;
}

std::string failed_text(const LedgerEntry& entry) {
  std::string out;
  for (const auto& [fingerprint, failed] : entry.failures) {
    out += fmt::format(" failed     {} in {} of {} at {}\n", fingerprint,
                       reports::counted(static_cast<std::size_t>(failed), "seed"), entry.scenario,
                       entry.revision);
    const auto seeds = entry.failed_seeds.find(fingerprint);
    if (seeds == entry.failed_seeds.end()) continue;
    out += fmt::format("   seed     {}", failed_seeds_text(seeds->second, failed));
    if (!entry.settings.empty()) out += fmt::format(", with {}", fmt::join(entry.settings, " "));
    out += "\n";
  }
  return out;
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

}  // namespace

Expected<std::vector<LedgerEntry>, std::string> campaigns_of(
    const std::vector<std::string>& scenarios, std::vector<LedgerEntry> entries,
    const std::string& file) {
  for (const auto& name : scenarios) {
    const bool is_in = std::any_of(entries.begin(), entries.end(),
                                   [&](const auto& entry) { return entry.scenario == name; });
    if (is_in) continue;
    return Unexpected(
        fmt::format("{} has no campaign of a scenario '{}': without one, brokersim "
                    "ledger {} lists those that it has",
                    file, name, file));
  }
  std::erase_if(entries, [&](const auto& entry) {
    return std::find(scenarios.begin(), scenarios.end(), entry.scenario) == scenarios.end();
  });
  return entries;
}

std::string ledger_text(const std::vector<LedgerEntry>& entries, std::size_t properties,
                        reports::Style style) {
  std::map<std::string, LedgerSum> scenarios;
  LedgerSum all;
  for (const auto& entry : entries) {
    add(entry, properties, scenarios[entry.scenario]);
    add(entry, properties, all);
  }
  std::string out = fmt::format(row_layout, "scenario", "seeds",
                                fmt::format("by all {}", properties), "failed", "simulated", "by");
  for (const auto& [name, sum] : scenarios) out += row_of(name, sum);
  out += row_of(reports::counted(scenarios.size(), "scenario"), all);
  out += fmt::format(" judged     {} seeds, {} of them by all {} of today's properties\n", all.runs,
                     all.judged_by_all, properties);
  for (const auto& entry : entries) out += failed_text(entry);
  return out + reached_text(all.reached) + never_text(all, style);
}

}  // namespace brokersim::scenarios
