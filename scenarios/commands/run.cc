// brokersim run [SCENARIO|PLAN]: one run and its verdict. Without arguments the demo: a leader is
// lost in the middle of an upload.
#include "scenarios/run.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

#include "reports/summary.h"
#include "reports/trace_file.h"
#include "scenarios/commands/commands.h"
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
};

// As it can be typed again.
std::string reproduce_line(const Request& request) {
  std::string line = "brokersim run";
  if (!request.plan.what.empty()) line += " " + request.plan.what;
  if (request.plan.seed) line += fmt::format(" --seed {}", *request.plan.seed);
  for (const auto& bug : request.plan.bugs) line += " --bug " + bug;
  for (const auto& setting : request.plan.settings) line += fmt::format(" --set '{}'", setting);
  return line;
}

bool wants_color() {
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr &&
         (term == nullptr || std::string_view(term) != "dumb");
}

// The changes that a person follows: who runs, who leads, who is in sync.
bool is_watched(const Event& event) {
  return std::holds_alternative<NodeStarted>(event.body) ||
         std::holds_alternative<NodeStopped>(event.body) ||
         std::holds_alternative<FaultBegan>(event.body) ||
         std::holds_alternative<FaultEnded>(event.body) ||
         std::holds_alternative<QuorumRoleChanged>(event.body) ||
         std::holds_alternative<BrokerFenced>(event.body) ||
         std::holds_alternative<BrokerUnfenced>(event.body) ||
         std::holds_alternative<LeaderElected>(event.body) ||
         std::holds_alternative<IsrChanged>(event.body) ||
         std::holds_alternative<LogTruncated>(event.body) ||
         std::holds_alternative<LogRecovered>(event.body) ||
         std::holds_alternative<FaultsLifted>(event.body) ||
         std::holds_alternative<Note>(event.body);
}

void watch(const Event& event) {
  if (!is_watched(event)) return;
  const std::string who = event.node.is_set() ? fmt::format("n{}", event.node) : "";
  fmt::print("{:>14}  {:<6} {}\n", reports::text_of(event.at.since_start), who,
             reports::describe(event));
}

Expected<Done, std::string> write_plan(const Request& request, const Plan& plan) {
  std::error_code error;
  std::filesystem::create_directories(request.out, error);
  if (error) return Unexpected(fmt::format("{}: {}", request.out, error.message()));
  return write_file(request.out + "/plan.toml", to_toml(plan));
}

void print(const Request& request, RunResult& result) {
  if (!request.out.empty()) {
    result.report.files = {request.out + "/plan.toml", request.out + "/trace.jsonl"};
  }
  result.report.reproduce = reproduce_line(request);
  if (request.format == "json") {
    fmt::print("{}\n", reports::result_json(result.report));
    return;
  }
  fmt::print("{}upload     {}\ntrace      {}\n",
             reports::summary(result.report, result.events, {.has_color = wants_color()}),
             text_of(result.upload), result.report.trace_hash);
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
  options.on_event = [&](const Event& event) {
    if (trace) trace->write(event);
    if (request.watches) watch(event);
  };
  TRY(auto result, run(plan, options));
  file.flush();
  if (trace && !file) return Unexpected(request.out + "/trace.jsonl: cannot be written");
  print(request, result);
  return result.report.verdict.passed() ? 0 : 1;
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
  verb->add_option("--format", request->format, "human or json")
      ->check(CLI::IsMember({"human", "json"}));
  verb->add_flag("--watch", request->watches, "print changes as they happen");
  verb->callback([request, &line] {
    request->plan.folder = line.scenario_folder;
    const auto status = run_and_print(*request);
    if (!status) fmt::print(stderr, "{}\n", status.error());
    line.exit_status = status ? *status : 2;
  });
}

}  // namespace brokersim::scenarios
