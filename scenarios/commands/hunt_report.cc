#include "scenarios/commands/hunt_report.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "core/base/event_json.h"
#include "properties/all.h"
#include "scenarios/commands/reached_text.h"

namespace brokersim::scenarios {
namespace {

using End = reports::CiCase::End;

std::string seed_count(std::int64_t count) {
  return reports::counted(static_cast<std::size_t>(count), "seed");
}

std::string head(const HuntReport& report) {
  const auto& result = report.result;
  std::string out;
  if (result.failed == 0) {
    // Rounded up: what is claimed has to hold.
    const auto hundredths = (bound_in_millionths(result.seeds) + 99) / 100;
    out =
        fmt::format(" no failure in {}: with 95 % confidence fewer than {}.{:02} % of seeds fail\n",
                    seed_count(result.seeds), hundredths / 100, hundredths % 100);
  } else {
    out = fmt::format(" {} in {} of {}\n",
                      reports::counted(report.followed.size(), "distinct failure"), result.failed,
                      seed_count(result.seeds));
  }
  if (result.was_interrupted) out += " interrupted: this is what there was by then\n";
  return out;
}

std::string block_of(const Followed& one, std::int64_t seeds, reports::Style style) {
  constexpr std::string_view indent = "     ";
  const auto& failure = one.failure;
  const std::string same = one.is_replayed
                               ? "replayed 1/1 identical"
                               : "error[BS-N01]: the replay differs, the run is not deterministic";
  std::string out = fmt::format("\n   {}   {}, first {}   {}\n", failure.failure.fingerprint,
                                seed_count(failure.count), failure.first_seed, same);
  out += reports::paragraph(failure.failure.message, indent, style);
  if (!failure.consequences.empty()) {
    std::vector<std::string> names;
    for (const auto& [fingerprint, count] : failure.consequences) names.push_back(fingerprint);
    out += reports::paragraph(fmt::format("with {}", fmt::join(names, ", ")), indent, style);
  }
  if (!one.size.empty()) out += reports::paragraph(one.size, indent, style);
  out += fmt::format(
      "{}a fix needs {} for 95 % confidence\n", indent,
      reports::counted(static_cast<std::size_t>(clean_seeds_needed(failure.count, seeds)),
                       "clean seed"));
  if (!one.page.empty()) out += fmt::format("{}report     {}\n", indent, one.page);
  if (!one.plan.empty()) out += fmt::format("{}reproduce  brokersim run {}\n", indent, one.plan);
  return out;
}

// ---- Cases -------------------------------------------------------------------------------------

reports::CiCase case_of(const Followed& one, const std::string& id, const std::string& name) {
  const auto& failure = one.failure.failure;
  reports::CiCase result{.id = id, .name = name, .end = End::failed};
  const bool is_cause = failure.id == id;
  result.sentence =
      is_cause ? failure.message
               : fmt::format("A consequence of {}: {}", failure.fingerprint, failure.message);
  if (!one.plan.empty()) result.reproduce = "brokersim run " + one.plan;
  result.text = is_cause && !one.block.empty() ? one.block : result.sentence;
  result.text +=
      fmt::format("\nIn {}, first {}.\n", seed_count(one.failure.count), one.failure.first_seed);
  return result;
}

bool shows(const Followed& one, const std::string& id) {
  if (one.failure.failure.id == id) return true;
  return std::any_of(one.failure.consequences.begin(), one.failure.consequences.end(),
                     [&](const auto& entry) { return entry.first.starts_with(id + "/"); });
}

void add_properties(const std::vector<const Followed*>& failures, reports::CiSuite& suite) {
  for (const auto& property : properties::make_all()) {
    const std::string id(property->id());
    const std::string name(property->name());
    reports::CiCase result{.id = id, .name = name};
    for (const auto* one : failures) {
      const bool is_cause = one->failure.failure.id == id;
      if (!is_cause && (result.end == End::failed || !shows(*one, id))) continue;
      result = case_of(*one, id, name);
      if (is_cause) break;
    }
    suite.cases.push_back(std::move(result));
  }
}

// What is no property: runs without an end, and runs that differ when they are run again.
void add_errors(const std::vector<const Followed*>& failures, reports::CiSuite& suite) {
  for (const auto* one : failures) {
    const auto& failure = one->failure.failure;
    if (failure.id == "crash" || failure.id == "hang") {
      auto result = case_of(*one, failure.id, failure.fingerprint);
      result.end = End::error;
      suite.cases.push_back(std::move(result));
    }
    if (one->is_replayed) continue;
    suite.cases.push_back(
        {.id = "BS-N01",
         .name = "run is not deterministic",
         .end = End::error,
         .sentence = fmt::format("Seed {} failed by {} and was another run when it was run again.",
                                 one->failure.first_seed, failure.fingerprint)});
  }
}

}  // namespace

std::string file_of(const std::string& scenario) {
  if (scenario.ends_with(".toml")) return scenario;
  return "scenarios/catalogue/" + scenario + ".toml";
}

std::string seeds_text(const CampaignOptions& options, const CampaignResult& result) {
  const bool has_end = options.for_seconds == 0 && !result.was_interrupted;
  std::string text = has_end ? fmt::format("{}..{}", options.first_seed, options.last_seed)
                             : fmt::format("{} from {}", result.seeds, options.first_seed);
  if (options.shards > 1) text += fmt::format(", shard {}/{}", options.shard + 1, options.shards);
  return text;
}

std::string human(const HuntReport& report, reports::Style style) {
  const auto& result = report.result;
  std::string out = head(report);
  for (const auto& one : report.followed) out += block_of(one, result.seeds, style);
  if (!report.followed.empty()) out += "\n";
  if (!result.stats.empty()) out += reached_text(result.stats);
  if (!result.stats.empty() && !report.never_reached.empty()) {
    out += fmt::format(" never      {}\n", fmt::join(report.never_reached, ", "));
  }
  const std::int64_t ns = std::max<std::int64_t>(report.wall.count(), 1);
  return out + fmt::format(
                   " ran        {} in {} wall ({} per minute, {}x real time); slowest: seed {}, "
                   "{}\n",
                   seed_count(result.seeds), reports::text_of(report.wall),
                   result.seeds * 60'000'000'000 / ns, result.virtual_ns / ns, result.slowest_seed,
                   reports::text_of(Duration(result.slowest_ns)));
}

std::string json(const HuntReport& report) {
  const auto& result = report.result;
  const auto list = [](const auto& names, const auto& name_of) {
    std::string text;
    for (const auto& name : names) {
      text += fmt::format("{}{}", text.empty() ? "" : ",", json_quoted(name_of(name)));
    }
    return text;
  };
  std::string distinct;
  for (const auto& one : report.followed) {
    const auto& failure = one.failure.failure;
    distinct += fmt::format(
        R"({}{{"fingerprint":{},"id":{},"message":{},"count":{},"first_seed":{},"plan":{},)"
        R"("replayed":{},"report":{},"consequences":[{}]}})",
        distinct.empty() ? "" : ",", json_quoted(failure.fingerprint), json_quoted(failure.id),
        json_quoted(failure.message), one.failure.count, one.failure.first_seed,
        json_quoted(one.plan), one.is_replayed, json_quoted(one.page),
        list(one.failure.consequences, [](const auto& entry) { return entry.first; }));
  }
  std::string stats;
  for (const auto& [name, value] : result.stats) {
    stats += fmt::format("{}{}:{}", stats.empty() ? "" : ",", json_quoted(name), value);
  }
  return fmt::format(
      R"({{"seeds":{},"passed":{},"failed":{},"distinct":[{}],"wall_ns":{},"virtual_ns":{},)"
      R"("interrupted":{},"never_reached":[{}],"stats":{{{}}}}})",
      result.seeds, result.seeds - result.failed, result.failed, distinct, report.wall.count(),
      result.virtual_ns, result.was_interrupted,
      list(report.never_reached, [](const auto& name) { return name; }), stats);
}

std::vector<reports::CiSuite> suites(const HuntReport& report) {
  std::vector<reports::CiSuite> all;
  for (std::size_t i = 0; i < report.options.scenarios.size(); ++i) {
    const auto time = report.result.virtual_ns_of.find(i);
    reports::CiSuite suite{
        .scenario = report.scenarios[i].name,
        .file = file_of(report.options.scenarios[i]),
        .seeds = seeds_text(report.options, report.result),
        .simulated = Duration(time == report.result.virtual_ns_of.end() ? 0 : time->second)};
    std::vector<const Followed*> failures;
    for (const auto& one : report.followed) {
      if (one.failure.first_scenario == i) failures.push_back(&one);
    }
    add_properties(failures, suite);
    add_errors(failures, suite);
    all.push_back(std::move(suite));
  }
  return all;
}

int exit_status(const HuntReport& report, bool is_strict) {
  const bool is_deterministic = std::all_of(report.followed.begin(), report.followed.end(),
                                            [](const Followed& one) { return one.is_replayed; });
  if (!is_deterministic) return 3;
  if (report.result.was_interrupted) return 130;
  if (report.result.failed > 0) return 1;
  const bool is_untried = is_strict && !report.never_reached.empty();
  return report.result.seeds == 0 || is_untried ? 4 : 0;
}

}  // namespace brokersim::scenarios
