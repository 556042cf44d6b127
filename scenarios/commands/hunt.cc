// brokersim hunt [SCENARIO…]: many seeds; each distinct failure replayed, shrunk and kept as a
// plan. stdout is the result, stderr the progress.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "reports/summary.h"
#include "scenarios/bugs.h"
#include "scenarios/campaign.h"
#include "scenarios/commands/ci_output.h"
#include "scenarios/commands/commands.h"
#include "scenarios/commands/hunt_ledger.h"
#include "scenarios/commands/hunt_report.h"
#include "scenarios/commands/numbers.h"
#include "scenarios/commands/progress.h"
#include "scenarios/draw_plan.h"
#include "scenarios/duration_text.h"
#include "scenarios/files.h"
#include "scenarios/plan_toml.h"
#include "scenarios/report.h"

namespace brokersim::scenarios {
namespace {

volatile std::sig_atomic_t interrupts = 0;

struct HuntRequest {
  CampaignOptions campaign;
  std::vector<std::string> bugs;
  std::vector<std::string> settings;
  std::string seeds;  // Empty: 100, or as many as there is time for.
  std::string ledger;
  std::string shard;
  std::string duration;
  std::string format = "human";
  std::string out = "out";
  bool shrinks = true;
  std::size_t shrink_runs = 500;
  bool is_strict = false;
  std::string told_folder;    // As after --scenarios.
  std::string told_revision;  // Of the sources.
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

Expected<Done, std::string> settle(HuntRequest& request) {
  auto& campaign = request.campaign;
  if (!request.seeds.empty() && !parse_seeds(request.seeds, campaign)) {
    return Unexpected(fmt::format("--seeds '{}': a number or A..B is wanted", request.seeds));
  }
  if (campaign.first_seed > campaign.last_seed) {
    return Unexpected(fmt::format("--seeds '{}': there is no seed in that", request.seeds));
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
    if (request.seeds.empty()) campaign.last_seed = most_seed;
  }
  if (std::max(campaign.first_seed, campaign.last_seed) > most_seed) {
    return Unexpected(fmt::format("--seeds '{}': seeds end at 2^63 - 1", request.seeds));
  }
  if (campaign.scenarios.empty()) {
    const Bug* bug = request.bugs.empty() ? nullptr : find_bug(request.bugs.front());
    campaign.scenarios = {bug ? std::string(bug->scenario) : "leader-failover"};
  }
  return Done{};
}

// Campaigns draw plans themselves.
Expected<Done, std::string> check_is_no_plan(const std::string& name) {
  if (!name.ends_with(".toml")) return Done{};
  TRY(const auto text, read_file(name));
  if (!looks_like_plan(text)) return Done{};
  return Unexpected(fmt::format(
      "{}: this is a plan, and hunt draws plans of scenarios: brokersim run {}", name, name));
}

// Everything is read before the first fork: children share it.
Expected<std::vector<Scenario>, std::string> load(const HuntRequest& request) {
  std::vector<Override> overrides;
  for (const auto& setting : request.settings) {
    TRY(overrides.emplace_back(), parse_override(setting));
  }
  TRY([[maybe_unused]] const Rules rules, rules_with(request.bugs));
  std::vector<Scenario> scenarios;
  for (const auto& name : request.campaign.scenarios) {
    TRY([[maybe_unused]] const Done possible, check_is_no_plan(name));
    TRY(auto scenario, load_scenario(name, request.campaign.folder, overrides));
    scenario.bugs.insert(scenario.bugs.end(), request.bugs.begin(), request.bugs.end());
    scenarios.push_back(std::move(scenario));
  }
  return scenarios;
}

// "BS-D01-lost_at_clean_election": of a file and of a folder.
std::string file_name_of(const std::string& fingerprint) {
  std::string name = fingerprint;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') c = '-';
  }
  return name;
}

Plan shrunk(const HuntRequest& request, const Plan& plan, const std::string& fingerprint) {
  Shrinker shrinker(plan, fingerprint, {.runs = request.shrink_runs});
  ShrinkProgress progress;
  const auto jobs = request.campaign.jobs;
  fmt::print(stderr, "shrinking {}\n", fingerprint);
  for (auto batch = shrinker.next(static_cast<std::size_t>(jobs)); !batch.empty();
       batch = shrinker.next(static_cast<std::size_t>(jobs))) {
    shrinker.tell(fingerprints_of(batch, {.folder = request.campaign.folder,
                                          .jobs = jobs,
                                          .wall_seconds = request.campaign.wall_seconds}));
    progress.show(shrinker);
    if (interrupts > 0) break;
  }
  progress.finish();
  return shrinker.best();
}

// What a run tells, run in a process of its own.
ChildResult alone(const HuntRequest& request, const std::function<std::string()>& task) {
  ChildResult answer;
  bool is_started = false;
  run_children(
      {.jobs = 1, .wall_seconds = request.campaign.wall_seconds},
      [&]() -> std::optional<ChildTask> {
        if (std::exchange(is_started, true)) return std::nullopt;
        return ChildTask{0, task};
      },
      [&](std::uint64_t, const ChildResult& child) { answer = child; });
  return answer;
}

// Whether the failing run, run again, is the same run.
bool is_same_again(const HuntRequest& request, const Plan& plan, const DistinctFailure& failure) {
  const auto again = parse_seed_result(failure.first_seed, alone(request, [&] {
                                         const auto result =
                                             run(plan, {.folder = request.campaign.folder});
                                         return result ? to_text(*result) : std::string();
                                       }));
  const auto* cause = again.cause();
  return again.trace_hash == failure.first_hash && cause != nullptr &&
         cause->fingerprint == failure.failure.fingerprint;
}

// The block that tells of the plan's failure; of a crash what it left on stderr.
std::string block_of(const HuntRequest& request, const Plan& plan) {
  const auto child = alone(request, [&] {
    const auto result = run(plan, {.folder = request.campaign.folder, .keeps_events = true});
    return result ? reports::failure_block(result->report, result->events) : result.error();
  });
  return child.end == ChildResult::End::ok ? child.output : child.errors;
}

// The failure's page and what belongs to it; its path, or empty if there is none: a run without an
// end has nothing to show.
std::string page_of(const HuntRequest& request, const Plan& plan, const DistinctFailure& failure) {
  if (failure.failure.id == "crash" || failure.failure.id == "hang") return {};
  const auto child = alone(request, [&] {
    const auto written =
        write_report(plan, {.folder = request.campaign.folder, .revision = request.told_revision},
                     {.out = request.out + "/" + file_name_of(failure.failure.fingerprint)});
    if (!written) fmt::print(stderr, "{}\n", written.error());
    return written ? written->page : std::string();
  });
  if (!child.errors.empty()) fmt::print(stderr, "{}", child.errors);
  return child.end == ChildResult::End::ok ? child.output : std::string();
}

Followed follow(const HuntRequest& request, const std::vector<Scenario>& scenarios,
                const DistinctFailure& failure) {
  Followed followed{.failure = failure};
  const auto& fingerprint = failure.failure.fingerprint;
  Plan plan = draw_plan(scenarios[failure.first_scenario], failure.first_seed);
  followed.size = size_of(plan);
  followed.is_replayed = is_same_again(request, plan, failure);
  if (request.shrinks && followed.is_replayed && interrupts == 0) {
    plan = shrunk(request, plan, fingerprint);
    followed.size = fmt::format("shrunk from {} to {}", followed.size, size_of(plan));
  }
  followed.block = block_of(request, plan);
  const std::string path = request.out + "/" + file_name_of(fingerprint) + ".toml";
  const auto made = make_folder(request.out);
  const auto written = made ? write_file(path, to_toml(plan)) : made;
  if (written) followed.plan = path;
  if (!written) fmt::print(stderr, "{}\n", written.error());
  if (written) followed.page = page_of(request, plan, failure);
  return followed;
}

CampaignResult go(const HuntRequest& request, const std::vector<Scenario>& scenarios) {
  Campaign campaign(request.campaign, [&](std::size_t scenario, std::uint64_t seed) {
    return draw_plan(scenarios[scenario], seed);
  });
  const auto& names = request.campaign.scenarios;
  CampaignProgress progress(
      {.name = names.size() == 1 ? scenarios[0].name : fmt::format("{} scenarios", names.size()),
       .size = static_cast<std::int64_t>(campaign.size()),
       .for_seconds = request.campaign.for_seconds,
       .jobs = request.campaign.jobs},
      scenarios);
  std::signal(SIGINT, [](int) {
    if (interrupts > 0) _exit(130);
    interrupts = 1;
  });
  auto result = campaign.go(
      [&](const CampaignResult& so_far, const SeedResult& latest) { progress.add(so_far, latest); },
      [&] { progress.show(); }, [] { return interrupts > 0; });
  progress.finish();
  return result;
}

Expected<Done, std::string> print(const HuntRequest& request, const HuntReport& report) {
  if (request.format == "json") {
    fmt::print("{}\n", json(report));
  } else if (request.format == "human") {
    fmt::print("{}", human(report, terminal_at(STDOUT_FILENO).style));
  } else {
    return print_suites(request.format, suites(report));
  }
  return Done{};
}

// A ledger that cannot be written to any more costs nothing of what was found.
Expected<int, std::string> hunt(HuntRequest request) {
  TRY([[maybe_unused]] const Done settled, settle(request));
  HuntReport report;
  TRY(report.scenarios, load(request));
  const LedgerRequest ledger{.file = request.ledger,
                             .revision = request.told_revision,
                             .bugs = request.bugs,
                             .settings = request.settings,
                             .has_range = request.seeds.find("..") != std::string::npos};
  TRY([[maybe_unused]] const Done chosen, choose_seeds(ledger, report.scenarios, request.campaign));
  const auto began = std::chrono::steady_clock::now();
  report.options = request.campaign;
  report.asked = {.settings = request.settings,
                  .bugs = request.bugs,
                  .folder = request.campaign.folder,
                  .told_folder = request.told_folder};
  report.is_strict = request.is_strict;
  report.result = go(request, report.scenarios);
  report.wall = std::chrono::steady_clock::now() - began;
  const auto kept = append_to_ledger(ledger, report);
  if (!kept) fmt::print(stderr, "{}\n", kept.error());
  report.never_reached = never_reached(report.scenarios, report.result);
  for (const auto& [fingerprint, failure] : report.result.distinct) {
    report.followed.push_back(follow(request, report.scenarios, failure));
  }
  if (interrupts > 0) report.result.was_interrupted = true;
  TRY([[maybe_unused]] const Done printed, print(request, report));
  const int status = exit_status(report);
  return kept || status != 0 ? status : 2;
}

}  // namespace

void add_hunt(CLI::App& app, CommandLine& line) {
  auto request = std::make_shared<HuntRequest>();
  request->campaign.jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  auto& campaign = request->campaign;
  auto* verb = app.add_subcommand("hunt", "run many seeds; distinct failures, replayed and shrunk");
  verb->add_option("scenarios", campaign.scenarios,
                   "names or files; seeds go round among them; where unsaid, leader-failover or "
                   "what reaches the first --bug");
  verb->add_option("--seeds", request->seeds, "N: seeds 1 to N, 100 where unsaid; or A..B");
  verb->add_option("--ledger", request->ledger,
                   "add what comes of it to this file; seeds begin behind those that it has");
  verb->add_option("--for", request->duration, "how long to go on, such as 60s");
  verb->add_option("--jobs", campaign.jobs, "processes at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  verb->add_option("--shard", request->shard, "i/n: the seeds of this machine of n");
  verb->add_option("--bug", request->bugs, "a historical bug to bring back")
      ->allow_extra_args(false);
  verb->add_option("--set", request->settings, "key=value, instead of what the file says")
      ->allow_extra_args(false);
  verb->add_option("--stop-after", campaign.stop_after, "so many distinct failures; 0: never")
      ->capture_default_str()
      ->check(whole_number(0));
  verb->add_option("--timeout", campaign.wall_seconds, "seconds that one run may take")
      ->capture_default_str()
      ->check(whole_number(1));
  verb->add_option("--out", request->out, "the folder for the plans and pages of failures")
      ->capture_default_str();
  verb->add_option("--shrink-runs", request->shrink_runs, "at most, for each failure")
      ->capture_default_str()
      ->check(whole_number(0));
  verb->add_flag("!--no-shrink", request->shrinks, "keep failing plans as they are");
  verb->add_flag("--strict", request->is_strict,
                 "no verdict (exit 4) if what the scenarios are about was never reached");
  verb->add_option("--format", request->format, "human, json, junit or github")
      ->check(CLI::IsMember({"human", "json", "junit", "github"}));
  verb->callback([request, &line] {
    request->campaign.folder = line.scenario_folder;
    request->told_folder = line.told_folder;
    request->told_revision = line.revision;
    const auto status = hunt(*request);
    if (!status) fmt::print(stderr, "{}\n", status.error());
    line.exit_status = status ? *status : 2;
  });
}

}  // namespace brokersim::scenarios
