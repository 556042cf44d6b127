// brokersim hunt [SCENARIO…]: many seeds; each distinct failure replayed, shrunk and kept as a
// plan. stdout is the result, stderr the progress.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/base/event_json.h"
#include "reports/summary.h"
#include "scenarios/bugs.h"
#include "scenarios/campaign.h"
#include "scenarios/commands/commands.h"
#include "scenarios/commands/progress.h"
#include "scenarios/draw_plan.h"
#include "scenarios/duration_text.h"
#include "scenarios/files.h"
#include "scenarios/plan_toml.h"

namespace brokersim::scenarios {
namespace {

volatile std::sig_atomic_t interrupts = 0;

struct Request {
  CampaignOptions campaign;
  std::vector<std::string> bugs;
  std::vector<std::string> settings;
  std::string seeds = "100";
  std::string shard;
  std::string duration;
  std::string format = "human";
  std::string out = "out";
  bool shrinks = true;
  std::size_t shrink_runs = 500;
};

// What became of a distinct failure after the campaign.
struct Followed {
  DistinctFailure failure;
  bool is_replayed = false;  // A second run was the same, hash and all.
  std::string plan;          // The file of the smallest plan.
  std::string size;
};

// "200" from seed 1 on, or "A..B".
bool parse_seeds(const std::string& text, CampaignOptions& options) {
  const auto number = [](std::string_view part, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    return error == std::errc{} && end == part.data() + part.size() && !part.empty();
  };
  const auto dots = text.find("..");
  if (dots == std::string::npos) {
    options.first_seed = 1;
    return number(text, options.last_seed);
  }
  return number(std::string_view(text).substr(0, dots), options.first_seed) &&
         number(std::string_view(text).substr(dots + 2), options.last_seed);
}

// "2/8": the second of eight.
bool parse_shard(const std::string& text, CampaignOptions& options) {
  if (text.empty()) return true;
  const auto slash = text.find('/');
  if (slash == std::string::npos) return false;
  const std::uint64_t number = std::strtoull(text.c_str(), nullptr, 10);
  options.shards = std::strtoull(text.c_str() + slash + 1, nullptr, 10);
  options.shard = number - 1;
  return number >= 1 && number <= options.shards;
}

Expected<Done, std::string> settle(Request& request) {
  auto& campaign = request.campaign;
  if (!parse_seeds(request.seeds, campaign)) {
    return Unexpected(fmt::format("--seeds '{}': a number or A..B is wanted", request.seeds));
  }
  if (!parse_shard(request.shard, campaign)) {
    return Unexpected(fmt::format("--shard '{}': i/n is wanted, i from 1 to n", request.shard));
  }
  if (!request.duration.empty()) {
    const auto duration = parse_duration(request.duration);
    if (!duration || *duration < 1s) {
      return Unexpected(fmt::format("--for '{}': a time such as 60s is wanted", request.duration));
    }
    campaign.for_seconds = *duration / 1s;
    if (request.seeds == "100") campaign.last_seed = std::numeric_limits<std::int64_t>::max();
  }
  if (campaign.scenarios.empty()) {
    const Bug* bug = request.bugs.empty() ? nullptr : find_bug(request.bugs.front());
    campaign.scenarios = {bug ? std::string(bug->scenario) : "leader-failover"};
  }
  return Done{};
}

// Everything is read before the first fork: children share it.
Expected<std::vector<Scenario>, std::string> load(const Request& request) {
  std::vector<Override> overrides;
  for (const auto& setting : request.settings) {
    TRY(overrides.emplace_back(), parse_override(setting));
  }
  TRY([[maybe_unused]] const Rules rules, rules_with(request.bugs));
  std::vector<Scenario> scenarios;
  for (const auto& name : request.campaign.scenarios) {
    TRY(auto scenario, load_scenario(name, request.campaign.folder, overrides));
    scenario.bugs.insert(scenario.bugs.end(), request.bugs.begin(), request.bugs.end());
    scenarios.push_back(std::move(scenario));
  }
  return scenarios;
}

std::string file_name_of(const std::string& fingerprint) {
  std::string name = fingerprint;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') c = '-';
  }
  return name + ".toml";
}

Plan shrunk(const Request& request, const Plan& plan, const std::string& fingerprint) {
  Shrinker shrinker(plan, fingerprint, {.runs = request.shrink_runs});
  const auto jobs = request.campaign.jobs;
  fmt::print(stderr, "shrinking {}\n", fingerprint);
  for (auto batch = shrinker.next(static_cast<std::size_t>(jobs)); !batch.empty();
       batch = shrinker.next(static_cast<std::size_t>(jobs))) {
    shrinker.tell(fingerprints_of(batch, {.folder = request.campaign.folder,
                                          .jobs = jobs,
                                          .wall_seconds = request.campaign.wall_seconds}));
    if (interrupts > 0) break;
  }
  fmt::print(stderr, "{}", shrinker.progress());
  return shrinker.best();
}

// Whether the failing run, run again, is the same run.
bool is_same_again(const Request& request, const Plan& plan, const DistinctFailure& failure) {
  bool is_same = false;
  bool is_started = false;
  run_children(
      {.jobs = 1, .wall_seconds = request.campaign.wall_seconds},
      [&]() -> std::optional<ChildTask> {
        if (std::exchange(is_started, true)) return std::nullopt;
        return ChildTask{failure.first_seed, [&] {
                           const auto result = run(plan, {.folder = request.campaign.folder});
                           return result ? to_text(*result) : std::string();
                         }};
      },
      [&](std::uint64_t seed, const ChildResult& child) {
        const auto again = parse_seed_result(seed, child);
        is_same = again.trace_hash == failure.first_hash &&
                  std::any_of(again.failures.begin(), again.failures.end(), [&](const auto& one) {
                    return one.fingerprint == failure.failure.fingerprint;
                  });
      });
  return is_same;
}

Followed follow(const Request& request, const std::vector<Scenario>& scenarios,
                const DistinctFailure& failure) {
  Followed followed{.failure = failure, .plan = {}, .size = {}};
  const auto& fingerprint = failure.failure.fingerprint;
  Plan plan = draw_plan(scenarios[failure.first_scenario], failure.first_seed);
  followed.is_replayed = is_same_again(request, plan, failure);
  if (request.shrinks && followed.is_replayed && interrupts == 0) {
    plan = shrunk(request, plan, fingerprint);
  }
  followed.size =
      fmt::format("{} faults, {} operations", plan.faults.size(), plan.operations.size());
  std::error_code error;
  std::filesystem::create_directories(request.out, error);
  const std::string path = request.out + "/" + file_name_of(fingerprint);
  const auto written = write_file(path, to_toml(plan));
  if (written) followed.plan = path;
  if (!written) fmt::print(stderr, "{}\n", written.error());
  return followed;
}

// ---- Results -----------------------------------------------------------------------------------

void print_reached(const CampaignResult& result) {
  fmt::print(" reached    {}\n",
             fmt::join(
                 std::vector<std::string>{
                     fmt::format("{} elections", result.stats.at("elections")),
                     fmt::format("{} of the quorum", result.stats.at("quorum_elections")),
                     fmt::format("{} fencings", result.stats.at("fencings")),
                     fmt::format("{} ISR changes", result.stats.at("isr_changes")),
                     fmt::format("{} truncations", result.stats.at("truncations")),
                     fmt::format("{} recoveries", result.stats.at("recoveries"))},
                 ", "));
  fmt::print(" faults     (took effect / begun)\n");
  for (const auto& [name, begun] : result.stats) {
    if (!name.starts_with("fault.") || name.ends_with(".effective")) continue;
    const auto effective = result.stats.find(name + ".effective");
    fmt::print("   {:<20} {:>7} / {}\n", name.substr(6),
               effective == result.stats.end() ? 0 : effective->second, begun);
  }
}

void print_human(const CampaignResult& result, const std::vector<Followed>& followed,
                 Duration wall) {
  if (result.failed == 0) {
    const auto bound = bound_in_millionths(result.seeds);
    fmt::print(
        " no failure in {} seeds: with 95 % confidence fewer than {}.{:04} % of seeds fail\n",
        result.seeds, bound / 10'000, bound % 10'000);
  } else {
    fmt::print(" {} distinct failures in {} of {} seeds\n", followed.size(), result.failed,
               result.seeds);
  }
  for (const auto& one : followed) {
    fmt::print("   {:<34} {} seeds, first {}   {}\n     {}\n     {}\n",
               one.failure.failure.fingerprint, one.failure.count, one.failure.first_seed,
               one.is_replayed ? "replayed 1/1 identical" : "REPLAY DIFFERS: not deterministic",
               one.failure.failure.message, one.size);
    if (!one.plan.empty()) fmt::print("     reproduce  brokersim run {}\n", one.plan);
  }
  if (!result.stats.empty()) print_reached(result);
  const std::int64_t ns = std::max<std::int64_t>(wall.count(), 1);
  fmt::print(" {} seeds in {} wall ({} per minute, {}x real time); slowest: seed {}, {}\n",
             result.seeds, reports::text_of(wall), result.seeds * 60'000'000'000 / ns,
             result.virtual_ns / ns, result.slowest_seed,
             reports::text_of(Duration(result.slowest_ns)));
}

void print_json(const CampaignResult& result, const std::vector<Followed>& followed,
                Duration wall) {
  std::string distinct;
  for (const auto& one : followed) {
    const auto& failure = one.failure.failure;
    distinct += fmt::format(
        R"({}{{"fingerprint":{},"id":{},"message":{},"count":{},"first_seed":{},"plan":{},)"
        R"("replayed":{}}})",
        distinct.empty() ? "" : ",", json_quoted(failure.fingerprint), json_quoted(failure.id),
        json_quoted(failure.message), one.failure.count, one.failure.first_seed,
        json_quoted(one.plan), one.is_replayed);
  }
  std::string stats;
  for (const auto& [name, value] : result.stats) {
    stats += fmt::format("{}{}:{}", stats.empty() ? "" : ",", json_quoted(name), value);
  }
  fmt::print(R"({{"seeds":{},"passed":{},"failed":{},"distinct":[{}],"wall_ns":{},)"
             R"("virtual_ns":{},"stats":{{{}}}}})"
             "\n",
             result.seeds, result.seeds - result.failed, result.failed, distinct, wall.count(),
             result.virtual_ns, stats);
}

int status_of(const CampaignResult& result, const std::vector<Followed>& followed) {
  for (const auto& one : followed) {
    if (!one.is_replayed) return 3;
  }
  if (result.failed > 0) return 1;
  if (result.was_interrupted) return 130;
  return result.seeds == 0 ? 4 : 0;
}

Expected<int, std::string> hunt(Request request) {
  TRY([[maybe_unused]] const Done done, settle(request));
  TRY(const auto scenarios, load(request));
  const auto began = std::chrono::steady_clock::now();
  Campaign campaign(request.campaign, [&](std::size_t scenario, std::uint64_t seed) {
    return draw_plan(scenarios[scenario], seed);
  });
  CampaignProgress progress(campaign.size(), request.campaign.for_seconds);
  std::signal(SIGINT, [](int) {
    if (interrupts > 0) _exit(130);
    interrupts = 1;
  });
  const auto result = campaign.go(
      [&](const CampaignResult& so_far, const SeedResult& latest) { progress.add(so_far, latest); },
      [&] { progress.show(); }, [] { return interrupts > 0; });
  progress.finish();
  const Duration wall = std::chrono::steady_clock::now() - began;
  std::vector<Followed> followed;
  for (const auto& [fingerprint, failure] : result.distinct) {
    followed.push_back(follow(request, scenarios, failure));
  }
  if (request.format == "json") {
    print_json(result, followed, wall);
  } else {
    print_human(result, followed, wall);
  }
  return status_of(result, followed);
}

}  // namespace

void add_hunt(CLI::App& app, CommandLine& line) {
  auto request = std::make_shared<Request>();
  request->campaign.jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  auto& campaign = request->campaign;
  auto* verb = app.add_subcommand("hunt", "run many seeds; distinct failures, replayed and shrunk");
  verb->add_option("scenarios", campaign.scenarios, "names or files; seeds go round among them");
  verb->add_option("--seeds", request->seeds, "N: seeds 1 to N; or A..B");
  verb->add_option("--for", request->duration, "how long to go on, such as 60s");
  verb->add_option("--jobs", campaign.jobs, "processes at once")->check(CLI::Range(1, 1024));
  verb->add_option("--shard", request->shard, "i/n: the seeds of this machine of n");
  verb->add_option("--bug", request->bugs, "a historical bug to bring back")
      ->allow_extra_args(false);
  verb->add_option("--set", request->settings, "key=value, instead of what the file says")
      ->allow_extra_args(false);
  verb->add_option("--stop-after", campaign.stop_after, "so many distinct failures");
  verb->add_option("--timeout", campaign.wall_seconds, "seconds that one run may take");
  verb->add_option("--out", request->out, "the folder for plans of failures");
  verb->add_option("--shrink-runs", request->shrink_runs, "at most, for each failure");
  verb->add_flag("!--no-shrink", request->shrinks, "keep failing plans as they are");
  verb->add_option("--format", request->format, "human or json")
      ->check(CLI::IsMember({"human", "json"}));
  verb->callback([request, &line] {
    request->campaign.folder = line.scenario_folder;
    const auto status = hunt(*request);
    if (!status) fmt::print(stderr, "{}\n", status.error());
    line.exit_status = status ? *status : 2;
  });
}

}  // namespace brokersim::scenarios
