#include "scenarios/commands/reached_text.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace brokersim::scenarios {
namespace {

// "Empty 3, Ongoing 40": those of the statistics that begin so; empty if all of them are 0.
std::string by_state(const std::map<std::string, std::int64_t>& stats, std::string_view prefix) {
  std::vector<std::string> texts;
  bool has_any = false;
  for (const auto& [name, count] : stats) {
    if (!name.starts_with(prefix)) continue;
    texts.push_back(fmt::format("{} {}", name.substr(prefix.size()), count));
    has_any = has_any || count > 0;
  }
  return has_any ? fmt::format("{}", fmt::join(texts, ", ")) : "";
}

std::string coordinators_lost(const std::map<std::string, std::int64_t>& stats) {
  const auto groups = by_state(stats, "group_coordinators_lost_in_");
  const auto transactions = by_state(stats, "transaction_coordinators_lost_in_");
  if (groups.empty() && transactions.empty()) return "";
  std::string out = " crashes    of coordinators, by the state of what they coordinated\n";
  if (!groups.empty()) out += fmt::format("   groups        {}\n", groups);
  if (!transactions.empty()) out += fmt::format("   transactions  {}\n", transactions);
  return out;
}

}  // namespace

std::string reached_text(const std::map<std::string, std::int64_t>& stats) {
  const auto of = [&](const char* name) {
    const auto found = stats.find(name);
    return found == stats.end() ? 0 : found->second;
  };
  std::string out = fmt::format(
      " reached    {} elections, {} changes of controller, {} fencings,\n"
      "            {} ISR shrinks, {} ISR expansions, {} truncations, {} recoveries\n",
      of("elections"), of("controller_changes"), of("fencings"), of("isr_shrinks"),
      of("isr_expansions"), of("truncations"), of("recoveries"));
  if (of("snapshots_taken") > 0) {
    out += fmt::format("            {} metadata snapshots, {} loaded, {} fetched\n",
                       of("snapshots_taken"), of("snapshots_loaded"), of("snapshots_fetched"));
  }
  if (of("transactions_committed") > 0) {
    out += fmt::format(
        "            {} transactions committed, in {} runs, {} aborted, {} of unknown end,\n"
        "            {} zombies fenced\n",
        of("transactions_committed"), of("runs_that_commit"), of("transactions_aborted"),
        of("transactions_of_unknown_end"), of("zombies_fenced"));
  }
  out += coordinators_lost(stats);
  out += " faults     took effect / begun\n";
  for (const auto& [name, begun] : stats) {
    if (!name.starts_with("fault.") || name.ends_with(".effective")) continue;
    out += fmt::format("   {:<20} {:>7} / {}\n", name.substr(6), of((name + ".effective").c_str()),
                       begun);
  }
  return out;
}

}  // namespace brokersim::scenarios
