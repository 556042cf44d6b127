#include "scenarios/commands/hunt_report.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "core/base/event_json.h"
#include "properties/all.h"
#include "scenarios/commands/reached_text.h"
#include "scenarios/report.h"

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

// "first 17", and where there are several scenarios, of which.
std::string first_text(const HuntReport& report, const DistinctFailure& failure) {
  if (report.scenarios.size() == 1) return fmt::format("first {}", failure.first_seed);
  return fmt::format("first {} of {}", failure.first_seed,
                     report.scenarios[failure.first_scenario].name);
}

// The smallest plan; where it could not be written, the seed that it was drawn from.
std::string reproduce_line_of(const HuntReport& report, const Followed& one) {
  if (!one.plan.empty()) return "brokersim run " + one.plan;
  return reproduce_seed(report, one.failure.first_scenario, one.failure.first_seed);
}

std::string block_of(const HuntReport& report, const Followed& one, reports::Style style) {
  constexpr std::string_view indent = "     ";
  const auto& failure = one.failure;
  const std::string same = one.is_replayed
                               ? "replayed 1/1 identical"
                               : "error[BS-N01]: the replay differs, the run is not deterministic";
  std::string out = fmt::format("\n   {}   {}, {}   {}\n", failure.failure.fingerprint,
                                seed_count(failure.count), first_text(report, failure), same);
  out += reports::paragraph(failure.failure.message, indent, style);
  if (!failure.consequences.empty()) {
    std::vector<std::string> names;
    for (const auto& [fingerprint, count] : failure.consequences) names.push_back(fingerprint);
    out += reports::paragraph(fmt::format("with {}", fmt::join(names, ", ")), indent, style);
  }
  if (!one.size.empty()) out += reports::paragraph(one.size, indent, style);
  out += fmt::format("{}a fix needs {} for 95 % confidence\n", indent,
                     reports::counted(static_cast<std::size_t>(
                                          clean_seeds_needed(failure.count, report.result.seeds)),
                                      "clean seed"));
  if (!one.page.empty()) out += fmt::format("{}report     {}\n", indent, one.page);
  return out + fmt::format("{}reproduce  {}\n", indent, reproduce_line_of(report, one));
}

// ---- Cases -------------------------------------------------------------------------------------

// The cases of one scenario.
class Cases {
 public:
  Cases(const HuntReport& report, std::size_t scenario) : report_(report), scenario_(scenario) {
    for (const auto& one : report.followed) {
      if (one.failure.seen_in.contains(scenario)) failures_.push_back(&one);
    }
  }

  std::vector<reports::CiCase> all() const {
    std::vector<reports::CiCase> cases;
    for (const auto& property : properties::make_all()) {
      cases.push_back(of_property(std::string(property->id()), std::string(property->name())));
    }
    add_errors(cases);
    return cases;
  }

 private:
  const DistinctFailure::Seen& seen(const Followed& one) const {
    return one.failure.seen_in.at(scenario_);
  }

  bool shows(const Followed& one, const std::string& id) const {
    return seen(one).consequences.contains(id);
  }

  // Null if the property names the failure itself.
  const DistinctFailure::Consequence* consequence(const Followed& one,
                                                  const std::string& id) const {
    if (one.failure.failure.id == id) return nullptr;
    const auto found = seen(one).consequences.find(id);
    return found == seen(one).consequences.end() ? nullptr : &found->second;
  }

  std::string sentence_of(const Followed& one, const std::string& id) const {
    const auto* follows = consequence(one, id);
    if (follows == nullptr) return one.failure.failure.message;
    return fmt::format("A consequence of {}: {}", one.failure.failure.fingerprint,
                       follows->message);
  }

  // All of it, and how often it came up here.
  std::string text_of(const Followed& one, const std::string& id) const {
    const auto* follows = consequence(one, id);
    const bool has_block = follows == nullptr && !one.block.empty();
    std::string text = has_block ? one.block : sentence_of(one, id);
    const auto count = follows ? follows->count : seen(one).count;
    const auto first = follows ? follows->first_seed : seen(one).first_seed;
    text += fmt::format("\nIn {}, first {}.\n", seed_count(count), first);
    if (follows != nullptr || one.failure.first_scenario == scenario_) return text;
    return text + fmt::format("Followed in {}, where seed {} failed so first.\n",
                              report_.scenarios[one.failure.first_scenario].name,
                              one.failure.first_seed);
  }

  // A plan is made smaller as long as it fails by its cause: what followed may be gone from it.
  std::string reproduce_of(const Followed& one, const std::string& id) const {
    const auto* follows = consequence(one, id);
    return follows ? reproduce_seed(report_, scenario_, follows->first_seed)
                   : reproduce_line_of(report_, one);
  }

  reports::CiCase of_failure(const Followed& one, const std::string& id,
                             const std::string& name) const {
    return {.id = id,
            .name = name,
            .end = End::failed,
            .sentence = sentence_of(one, id),
            .text = text_of(one, id),
            .reproduce = reproduce_of(one, id)};
  }

  // What names a property comes before what it is a consequence of. One case tells of all.
  reports::CiCase of_property(const std::string& id, const std::string& name) const {
    std::vector<const Followed*> telling;
    std::copy_if(failures_.begin(), failures_.end(), std::back_inserter(telling),
                 [&](const Followed* one) { return one->failure.failure.id == id; });
    std::copy_if(
        failures_.begin(), failures_.end(), std::back_inserter(telling),
        [&](const Followed* one) { return one->failure.failure.id != id && shows(*one, id); });
    if (telling.empty()) return without_failure(id, name);
    auto result = of_failure(*telling.front(), id, name);
    std::vector<std::string> others;
    for (std::size_t i = 1; i < telling.size(); ++i) {
      const auto& other = *telling[i];
      others.push_back(other.failure.failure.fingerprint);
      result.text +=
          fmt::format("\n{}reproduce  {}\n", text_of(other, id), reproduce_of(other, id));
    }
    if (!others.empty()) result.sentence += fmt::format(" Also: {}.", fmt::join(others, ", "));
    return result;
  }

  // Skipped if no run could judge it.
  reports::CiCase without_failure(const std::string& id, const std::string& name) const {
    reports::CiCase result{.id = id, .name = name};
    const auto& ended_of = report_.result.ended_of;
    const auto ended = ended_of.find(scenario_);
    if (ended == ended_of.end()) {
      result.end = End::skipped;
      result.sentence = "not judged: no run of this scenario ended";
      return result;
    }
    const auto all = report_.result.unjudged_of.find(scenario_);
    if (all == report_.result.unjudged_of.end()) return result;
    const auto unjudged = all->second.find(id);
    if (unjudged == all->second.end() || unjudged->second.seeds < ended->second) return result;
    result.end = End::skipped;
    result.sentence = "not judged: no witness of " + unjudged->second.lacks;
    return result;
  }

  // What is no property: runs without an end, and runs that differ when they are run again.
  void add_errors(std::vector<reports::CiCase>& cases) const {
    for (const auto* one : failures_) {
      const auto& failure = one->failure.failure;
      if (failure.id == "crash" || failure.id == "hang") {
        cases.push_back(of_failure(*one, failure.id, failure.fingerprint));
        cases.back().end = End::error;
      }
      if (one->is_replayed || one->failure.first_scenario != scenario_) continue;
      cases.push_back({.id = "BS-N01",
                       .name = "run is not deterministic",
                       .end = End::error,
                       .sentence = fmt::format(
                           "Seed {} failed by {} and was another run when it was run again.",
                           one->failure.first_seed, failure.fingerprint)});
    }
  }

  const HuntReport& report_;
  const std::size_t scenario_;
  std::vector<const Followed*> failures_;  // That came up there.
};

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

std::string reproduce_seed(const HuntReport& report, std::size_t scenario, std::uint64_t seed) {
  PlanRequest request = report.asked;
  request.what = report.options.scenarios[scenario];
  request.seed = seed;
  Plan plan;
  plan.scenario = report.scenarios[scenario].name;
  plan.seed = seed;
  return reproduce_line_from_here(request, plan);
}

std::string why_no_verdict(const HuntReport& report) {
  if (report.result.seeds == 0) return "no seed was run";
  if (!report.is_strict || report.never_reached.empty()) return {};
  return fmt::format("--strict, and what the scenarios are about was never reached: {}",
                     fmt::join(report.never_reached, ", "));
}

std::string human(const HuntReport& report, reports::Style style) {
  const auto& result = report.result;
  std::string out = head(report);
  for (const auto& one : report.followed) out += block_of(report, one, style);
  if (!report.followed.empty()) out += "\n";
  if (!result.stats.empty()) out += reached_text(result.stats);
  if (!result.stats.empty() && !report.never_reached.empty()) {
    out += fmt::format(" never      {}\n", fmt::join(report.never_reached, ", "));
  }
  const auto why = why_no_verdict(report);
  if (!why.empty()) out += fmt::format(" no verdict {}\n", why);
  const std::int64_t ns = std::max<std::int64_t>(report.wall.count(), 1);
  return out + fmt::format(
                   " ran        {} in {} wall ({} per minute, {}x real time); slowest: seed {}, "
                   "{}\n",
                   seed_count(result.seeds), reports::text_of(report.wall),
                   result.seeds * 60'000'000'000 / ns, result.virtual_ns / ns, result.slowest_seed,
                   reports::text_of(Duration(result.slowest_ns)));
}

namespace {

// Where the failure came up, an object for each scenario.
std::string json_of_seen(const HuntReport& report, const DistinctFailure& failure) {
  std::string text;
  for (const auto& [scenario, seen] : failure.seen_in) {
    text +=
        fmt::format(R"({}{{"scenario":{},"count":{},"first_seed":{}}})", text.empty() ? "" : ",",
                    json_quoted(report.scenarios[scenario].name), seen.count, seen.first_seed);
  }
  return text;
}

}  // namespace

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
        R"({}{{"fingerprint":{},"id":{},"message":{},"count":{},"first_seed":{},)"
        R"("first_scenario":{},"plan":{},"replayed":{},"report":{},"scenarios":[{}],)"
        R"("consequences":[{}]}})",
        distinct.empty() ? "" : ",", json_quoted(failure.fingerprint), json_quoted(failure.id),
        json_quoted(failure.message), one.failure.count, one.failure.first_seed,
        json_quoted(report.scenarios[one.failure.first_scenario].name), json_quoted(one.plan),
        one.is_replayed, json_quoted(one.page), json_of_seen(report, one.failure),
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
    suite.cases = Cases(report, i).all();
    all.push_back(std::move(suite));
  }
  const auto why = why_no_verdict(report);
  if (!why.empty() && !all.empty()) {
    all.front().cases.push_back({.id = "no verdict",
                                 .name = "the campaign tried what it is about",
                                 .end = End::error,
                                 .sentence = fmt::format("No verdict: {}.", why),
                                 .text = why});
  }
  return all;
}

int exit_status(const HuntReport& report) {
  const bool is_deterministic = std::all_of(report.followed.begin(), report.followed.end(),
                                            [](const Followed& one) { return one.is_replayed; });
  if (!is_deterministic) return 3;
  if (report.result.was_interrupted) return 130;
  if (report.result.failed > 0) return 1;
  return why_no_verdict(report).empty() ? 0 : 4;
}

}  // namespace brokersim::scenarios
