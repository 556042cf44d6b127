// brokersim run [SCENARIO|PLAN]: one run and its verdict. Without arguments the demo: a leader is
// lost in the middle of an upload.
#include "scenarios/run.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

#include "reports/summary.h"
#include "reports/trace_file.h"
#include "reports/watch.h"
#include "scenarios/commands/ci_output.h"
#include "scenarios/commands/commands.h"
#include "scenarios/commands/hunt_report.h"
#include "scenarios/commands/terminal.h"
#include "scenarios/draw_plan.h"
#include "scenarios/files.h"
#include "scenarios/plan_toml.h"

namespace brokersim::scenarios {
namespace {

struct Request {
  PlanRequest plan;
  std::string format = "human";
  std::string out;  // Folder for files; empty: none are written.
  bool watches = false;
  bool is_quiet = false;
};

// As it can be typed again: complete, whatever is the default today.
std::string reproduce_line(const Request& request, const Plan& plan) {
  const bool is_file = request.plan.what.ends_with(".toml");
  std::string line = "brokersim run " + (is_file ? request.plan.what : plan.scenario);
  if (request.plan.seed || !is_file) line += fmt::format(" --seed {}", plan.seed);
  for (const auto& bug : request.plan.bugs) line += " --bug " + bug;
  for (const auto& setting : request.plan.settings) line += fmt::format(" --set '{}'", setting);
  return line;
}

Expected<Done, std::string> write_plan(const Request& request, const Plan& plan) {
  std::error_code error;
  std::filesystem::create_directories(request.out, error);
  if (error) return Unexpected(fmt::format("{}: {}", request.out, error.message()));
  return write_file(request.out + "/plan.toml", to_toml(plan));
}

// A failure is told of only after it was seen twice.
Expected<Done, std::string> replay(const Plan& plan, const std::string& folder, RunResult& result) {
  if (result.report.verdict.passed()) return Done{};
  TRY(const auto again, run(plan, {.folder = folder}));
  const bool is_same = again.report.trace_hash == result.report.trace_hash &&
                       again.fingerprints() == result.fingerprints();
  ++result.report.replays;
  if (is_same) ++result.report.identical_replays;
  return Done{};
}

bool is_deterministic(const RunResult& result) {
  return result.report.replays == result.report.identical_replays;
}

// What is louder than any broken promise: nothing that is said of such a run can be relied on.
std::string nondeterminism(const RunResult& result) {
  return fmt::format(
      "error[BS-N01]: run is not deterministic\n"
      "  The plan ran twice and was not the same run: the first had the trace {}.\n\n"
      "  help: `brokersim verify` finds the first event that differs\n"
      "reproduce  {}\n",
      result.report.trace_hash, result.report.reproduce);
}

reports::CiSuite suite_of(const Request& request, const RunResult& result) {
  const auto& report = result.report;
  const bool is_file = request.plan.what.ends_with(".toml");
  reports::CiSuite suite{.scenario = report.scenario,
                         .file = file_of(is_file ? request.plan.what : report.scenario),
                         .seeds = fmt::format("{}", report.seed),
                         .simulated = report.simulated};
  for (const auto& finding : report.verdict.findings) {
    reports::CiCase one{.id = finding.id, .name = finding.name};
    if (!finding.is_judged) {
      one.end = reports::CiCase::End::skipped;
      one.sentence = "not judged: no witness of " + finding.lacks;
    }
    for (const auto& violation : report.verdict.violations) {
      if (violation.id != finding.id || one.end == reports::CiCase::End::failed) continue;
      one.end = reports::CiCase::End::failed;
      one.sentence = violation.message;
      one.text = reports::failure_block(report, result.events);
      one.reproduce = report.reproduce;
    }
    suite.cases.push_back(std::move(one));
  }
  if (!is_deterministic(result)) {
    suite.cases.push_back({.id = "BS-N01",
                           .name = "run is not deterministic",
                           .end = reports::CiCase::End::error,
                           .sentence = "The plan ran twice and was not the same run.",
                           .text = nondeterminism(result),
                           .reproduce = report.reproduce});
  }
  return suite;
}

void print_human(const Request& request, const RunResult& result) {
  const auto style = terminal_at(STDOUT_FILENO).style;
  if (!is_deterministic(result)) {
    fmt::print("{}", nondeterminism(result));
  } else if (request.is_quiet) {
    fmt::print("{}", reports::verdict_line(result.report, style));
  } else {
    fmt::print("{}upload     {}\ntrace      {}\n",
               reports::summary(result.report, result.events, style), text_of(result.upload),
               result.report.trace_hash);
  }
}

Expected<int, std::string> print(const Request& request, const RunResult& result) {
  if (request.format == "json") {
    fmt::print("{}\n", reports::result_json(result.report));
  } else if (request.format == "human") {
    print_human(request, result);
  } else {
    TRY([[maybe_unused]] const Done done,
        print_suites(request.format, {suite_of(request, result)}));
  }
  if (!is_deterministic(result)) return 3;
  return result.report.verdict.passed() ? 0 : 1;
}

Expected<int, std::string> run_and_print(const Request& request) {
  TRY(const auto plan, make_plan(request.plan));
  RunOptions options{.folder = request.plan.folder, .keeps_events = true};
  std::ofstream file;
  std::unique_ptr<reports::TraceWriter> trace;
  if (!request.out.empty()) {
    TRY([[maybe_unused]] const Done done, write_plan(request, plan));
    file.open(request.out + "/trace.jsonl", std::ios::binary);
    trace = std::make_unique<reports::TraceWriter>(
        file, reports::TraceHeader{.seed = plan.seed, .title = plan.scenario});
  }
  reports::Watch watch(plan.cluster.brokers, plan.cluster.controllers,
                       terminal_at(STDOUT_FILENO).style);
  if (request.watches) fmt::print("{}", watch.head());
  options.on_event = [&](const Event& event) {
    if (trace) trace->write(event);
    if (request.watches) fmt::print("{}", watch.observe(event));
  };
  TRY(auto result, run(plan, options));
  file.flush();
  if (trace && !file) return Unexpected(request.out + "/trace.jsonl: cannot be written");
  if (!request.out.empty()) {
    result.report.files = {request.out + "/plan.toml", request.out + "/trace.jsonl"};
  }
  TRY([[maybe_unused]] const Done replayed, replay(plan, request.plan.folder, result));
  result.report.reproduce = reproduce_line(request, plan);
  return print(request, result);
}

}  // namespace

void add_run(CLI::App& app, CommandLine& line) {
  auto request = std::make_shared<Request>();
  auto* verb = app.add_subcommand("run", "run one plan and judge it; without arguments: the demo");
  verb->add_option("what", request->plan.what, "a scenario's name, or a scenario's or plan's file");
  verb->add_option("--seed", request->plan.seed, "0, the default: without random faults");
  verb->add_option("--set", request->plan.settings, "key=value, instead of what the file says")
      ->allow_extra_args(false);
  verb->add_option("--bug", request->plan.bugs, "a historical bug to bring back")
      ->allow_extra_args(false);
  verb->add_option("--out", request->out, "a folder for plan.toml and trace.jsonl");
  verb->add_option("--format", request->format, "human, json, junit or github")
      ->check(CLI::IsMember({"human", "json", "junit", "github"}));
  verb->add_flag("-q,--quiet", request->is_quiet, "print the verdict's line alone");
  verb->add_flag("--watch", request->watches, "print changes as they happen");
  verb->callback([request, &line] {
    request->plan.folder = line.scenario_folder;
    const auto status = run_and_print(*request);
    if (!status) fmt::print(stderr, "{}\n", status.error());
    line.exit_status = status ? *status : 2;
  });
}

}  // namespace brokersim::scenarios
