#include "scenarios/commands/hunt_ledger.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "properties/all.h"
#include "scenarios/files.h"

namespace brokersim::scenarios {
namespace {

Expected<Done, std::string> check_request(const LedgerRequest& request, std::size_t scenarios) {
  if (!request.bugs.empty()) {
    return Unexpected(std::string(
        "--ledger keeps evidence for the protocol as it is: leave --bug away, or the ledger"));
  }
  if (scenarios != 1) {
    return Unexpected(std::string("--ledger: one scenario at a time"));
  }
  if (request.revision == "unknown") {
    return Unexpected(std::string(
        "--ledger: this program was built outside a repository, so nobody could run its seeds "
        "again: build it in a clone"));
  }
  if (request.revision.ends_with('+')) {
    return Unexpected(
        fmt::format("--ledger: files differed from commit {} when this program was "
                    "built: commit them and build again, so that its runs can be repeated",
                    request.revision.substr(0, request.revision.size() - 1)));
  }
  return Done{};
}

// Of the campaign as it is asked for, before it runs.
LedgerEntry asked_for(const LedgerRequest& request, const Scenario& scenario,
                      const CampaignOptions& options) {
  return {.revision = request.revision,
          .scenario = scenario.name,
          .settings = request.settings,
          .first_seed = options.first_seed,
          .last_seed = options.last_seed,
          .shard = options.shard + 1,
          .shards = options.shards};
}

}  // namespace

Expected<Done, std::string> choose_seeds(const LedgerRequest& request,
                                         const std::vector<LedgerEntry>& known,
                                         const Scenario& scenario, CampaignOptions& options) {
  if (options.last_seed < options.first_seed) return Done{};  // None are wanted.
  if (!request.has_range) {
    const auto next = next_seed(known, scenario.name, request.settings);
    if (next > most_seed) {
      return Unexpected(
          fmt::format("--ledger: {} has all seeds of {}", request.file, scenario.name));
    }
    const auto more = options.last_seed - options.first_seed;
    options.first_seed = next;
    options.last_seed = next + std::min(more, most_seed - next);
  }
  const auto wanted = asked_for(request, scenario, options);
  for (const auto& entry : known) {
    if (!wanted.overlaps(entry)) continue;
    return Unexpected(fmt::format(
        "--ledger: seeds {}..{} of {} at {} are in {} already; without a "
        "range --seeds begins behind them",
        entry.first_seed, entry.last_seed, entry.scenario, entry.revision, request.file));
  }
  return Done{};
}

Expected<Done, std::string> choose_seeds(const LedgerRequest& request,
                                         const std::vector<Scenario>& scenarios,
                                         CampaignOptions& options) {
  if (request.file.empty()) return Done{};
  TRY([[maybe_unused]] const Done possible, check_request(request, scenarios.size()));
  std::vector<LedgerEntry> known;
  if (std::filesystem::exists(request.file)) {
    TRY(const auto text, read_file(request.file));
    TRY(known, parse_ledger(text, request.file));
  }
  TRY([[maybe_unused]] const Done chosen, choose_seeds(request, known, scenarios.front(), options));
  // Whether there is a file to write to is known before the campaign, not behind it.
  const auto folder = std::filesystem::path(request.file).parent_path().string();
  if (!folder.empty()) {
    TRY([[maybe_unused]] const Done made, make_folder(folder));
  }
  return append_to_file(request.file, "");
}

LedgerEntry entry_of(const LedgerRequest& request, const HuntReport& report) {
  auto entry = asked_for(request, report.scenarios.front(), report.options);
  const auto& result = report.result;
  entry.last_seed = result.last_seed;
  entry.runs = result.seeds;
  entry.properties = static_cast<std::int64_t>(properties::make_all().size());
  entry.simulated = Duration(result.virtual_ns);
  for (const auto& [fingerprint, failure] : result.distinct) {
    entry.failures[fingerprint] = failure.count;
    const auto& seeds = failure.lowest_seeds;
    if (!seeds.empty()) entry.failed_seeds[fingerprint].assign(seeds.begin(), seeds.end());
  }
  for (const auto& [name, count] : result.stats) {
    if (count != 0) entry.reached[name] = count;
  }
  return entry;
}

Expected<Done, std::string> append_to_ledger(const LedgerRequest& request,
                                             const HuntReport& report) {
  if (request.file.empty() || report.result.seeds == 0) return Done{};
  const auto entry = to_toml(entry_of(request, report));
  const auto done = append_to_file(request.file, entry);
  if (done) return done;
  return Unexpected(
      fmt::format("{}\n--ledger: this was to be added to it:\n{}", done.error(), entry));
}

}  // namespace brokersim::scenarios
