// brokersim run [SCENARIO|PLAN]: one run and its verdict. Without arguments the demo: a leader is
// lost in the middle of an upload.
#include "scenarios/run.h"

#include <cstdio>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

#include "reports/summary.h"
#include "reports/watch.h"
#include "scenarios/commands/ci_output.h"
#include "scenarios/commands/commands.h"
#include "scenarios/commands/hunt_report.h"
#include "scenarios/commands/numbers.h"
#include "scenarios/commands/terminal.h"
#include "scenarios/draw_plan.h"
#include "scenarios/replay.h"
#include "scenarios/report.h"

namespace brokersim::scenarios {
namespace {

struct Request {
  PlanRequest plan;
  std::string format = "human";
  std::string out;  // Folder for files; empty: none are written.
  bool watches = false;
  bool is_quiet = false;
  std::string revision;  // Of the sources.
};

// A run, and what was written of it.
struct Finished {
  RunResult result;
  WrittenReport written;
};

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
      // The whole story is that of the cause.
      const bool is_cause = &violation == properties::cause_of(report.verdict.violations);
      one.text = is_cause ? reports::failure_block(report, result.events) : violation.message;
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

void print_human(const Request& request, const Finished& finished) {
  const auto& result = finished.result;
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
  const auto& page = finished.written.page;
  if (!page.empty()) {
    fmt::print("report     {}, with {} beside it\n", page,
               reports::counted(finished.written.files.size() - 1, "file"));
  }
}

Expected<int, std::string> print(const Request& request, const Finished& finished) {
  const auto& result = finished.result;
  for (const auto& note : finished.written.notes) fmt::print(stderr, "note: {}\n", note);
  if (request.format == "json") {
    fmt::print("{}\n", reports::result_json(result.report));
  } else if (request.format == "human") {
    print_human(request, finished);
  } else {
    TRY([[maybe_unused]] const Done done,
        print_suites(request.format, {suite_of(request, result)}));
  }
  if (!is_deterministic(result)) return 3;
  return result.report.verdict.passed() ? 0 : 1;
}

// What programs are to read on stdout is not mixed with what is for people.
std::FILE* stream_of_watch(const Request& request) {
  return request.format == "human" ? stdout : stderr;
}

// Runs the plan, a failing one twice. With --out all that can be written of it is, and says so.
Expected<Finished, std::string> run_and_write(const Request& request, const Plan& plan) {
  std::FILE* const stream = stream_of_watch(request);
  reports::Watch watch(plan.cluster.brokers, plan.cluster.controllers,
                       terminal_at(fileno(stream)).style);
  std::function<void(const Event&)> on_event;
  if (request.watches) {
    fmt::print(stream, "{}", watch.head());
    on_event = [&watch, stream](const Event& event) {
      fmt::print(stream, "{}", watch.observe(event));
    };
  }
  const auto& folder = request.plan.folder;
  Finished finished;
  if (request.out.empty()) {
    TRY(finished.result, run(plan, {.folder = folder, .keeps_events = true, .on_event = on_event}));
    TRY([[maybe_unused]] const Done replayed, replay(plan, folder, finished.result.report));
    return finished;
  }
  TRY(const auto trace,
      record(plan, {folder, reproduce_line(request.plan, plan), on_event, request.revision},
             &finished.result));
  TRY(finished.written,
      write_report(trace, {.out = request.out, .input = input_file(request.plan)}));
  return finished;
}

Expected<int, std::string> run_and_print(const Request& request) {
  TRY(const auto plan, make_plan(request.plan));
  TRY(auto finished, run_and_write(request, plan));
  finished.result.report.reproduce = reproduce_line_from_here(request.plan, plan);
  return print(request, finished);
}

}  // namespace

void add_run(CLI::App& app, CommandLine& line) {
  auto request = std::make_shared<Request>();
  auto* verb = app.add_subcommand("run", "run one plan and judge it; without arguments: the demo");
  verb->add_option("what", request->plan.what, "a scenario's name, or a scenario's or plan's file");
  verb->add_option("--seed", request->plan.seed, "0, the default: without random faults")
      ->check(whole_number(0));
  verb->add_option("--set", request->plan.settings, "key=value, instead of what the file says")
      ->allow_extra_args(false);
  verb->add_option("--bug", request->plan.bugs, "a historical bug to bring back")
      ->allow_extra_args(false);
  verb->add_option("--out", request->out,
                   "a folder for the page, its pictures, the trace and the plan");
  verb->add_option("--format", request->format, "human, json, junit or github")
      ->check(CLI::IsMember({"human", "json", "junit", "github"}));
  verb->add_flag("-q,--quiet", request->is_quiet, "print the verdict's line alone");
  verb->add_flag("--watch", request->watches,
                 "print changes as they happen; to stderr if the result is for programs");
  verb->callback([request, &line] {
    request->plan.folder = line.scenario_folder;
    request->plan.told_folder = line.told_folder;
    request->revision = line.revision;
    const auto status = run_and_print(*request);
    if (!status) fmt::print(stderr, "{}\n", status.error());
    line.exit_status = status ? *status : 2;
  });
}

}  // namespace brokersim::scenarios
