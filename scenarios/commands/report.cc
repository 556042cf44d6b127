// brokersim report TRACE|PLAN|SCENARIO|DIR: the page and the pictures of a run, from its trace, or
// by running the plan.
#include "scenarios/report.h"

#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "scenarios/commands/commands.h"
#include "scenarios/commands/numbers.h"
#include "scenarios/nearest.h"

namespace brokersim::scenarios {
namespace {

namespace fs = std::filesystem;

struct ReportRequest {
  PlanRequest plan;
  std::vector<std::string> formats;
  std::string out;
  std::string revision;  // Of the sources.
};

Expected<std::set<ReportFormat>, std::string> formats_of(const std::vector<std::string>& words) {
  std::set<ReportFormat> formats;
  std::vector<std::string> known;
  for (const ReportFormat format : all_report_formats) known.emplace_back(name_of(format));
  for (const std::string& word : words) {
    const auto at = std::find(known.begin(), known.end(), word);
    if (at == known.end()) {
      return Unexpected(fmt::format("there is no format '{}'{}", word, did_you_mean(word, known)));
    }
    formats.insert(all_report_formats[at - known.begin()]);
  }
  if (formats.empty()) formats.insert(std::begin(all_report_formats), std::end(all_report_formats));
  return formats;
}

// The trace that is meant, if it is one; a folder stands for the one in it.
std::string trace_path(const std::string& what) {
  std::error_code error;
  if (fs::is_directory(what, error)) return (fs::path(what) / "trace.jsonl").string();
  return what.ends_with(".jsonl") ? what : std::string();
}

Expected<reports::Trace, std::string> trace_for(const ReportRequest& request) {
  const auto path = trace_path(request.plan.what);
  if (path.empty()) {
    TRY(const auto plan, make_plan(request.plan));
    return record(plan, {.folder = request.plan.folder,
                         .reproduce = reproduce_line(request.plan, plan),
                         .revision = request.revision});
  }
  if (request.plan.seed || !request.plan.bugs.empty() || !request.plan.settings.empty()) {
    return Unexpected(
        fmt::format("{}: a trace is what has happened: --seed, --bug and --set are "
                    "for plans and scenarios",
                    path));
  }
  return load_trace(path);
}

// A trace's files go beside it.
std::string folder_for(const ReportRequest& request, const reports::Trace& trace) {
  if (!request.out.empty()) return request.out;
  const fs::path what = request.plan.what;
  const auto path = trace_path(request.plan.what);
  if (!path.empty()) {
    const auto folder = fs::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
  }
  if (what.extension() == ".toml") return "out/" + what.stem().string();
  return fmt::format("out/{}-{}", trace.header.title, trace.header.seed);
}

Expected<int, std::string> write(const ReportRequest& request) {
  TRY(const auto formats, formats_of(request.formats));
  TRY(const auto trace, trace_for(request));
  TRY(const auto report, write_report(trace, {.out = folder_for(request, trace),
                                              .formats = formats,
                                              .input = input_file(request.plan)}));
  for (const auto& note : report.notes) fmt::print(stderr, "note: {}\n", note);
  for (const auto& file : report.files) fmt::print("wrote      {}\n", file);
  fmt::print("{}\n", trace.run.verdict.passed() ? "passed" : "failed");
  return trace.run.verdict.passed() ? 0 : 1;
}

}  // namespace

void add_report(CLI::App& app, CommandLine& line) {
  auto request = std::make_shared<ReportRequest>();
  auto* verb = app.add_subcommand("report", "write the page and pictures of a run");
  verb->add_option("what", request->plan.what,
                   "a trace, a folder with one, a plan's file, or a scenario");
  verb->add_option("--seed", request->plan.seed,
                   "of a scenario; 0, the default: without random faults")
      ->check(whole_number(0));
  verb->add_option("--set", request->plan.settings, "key=value, instead of what the file says")
      ->allow_extra_args(false);
  verb->add_option("--bug", request->plan.bugs, "a historical bug to bring back")
      ->allow_extra_args(false);
  verb->add_option("--format", request->formats, "html, svg, dot, csv; where unsaid, all")
      ->delimiter(',');
  verb->add_option("--out", request->out, "the folder; where unsaid, the trace's own, or out/NAME");
  verb->callback([request, &line] {
    request->plan.folder = line.scenario_folder;
    request->plan.told_folder = line.told_folder;
    request->revision = line.revision;
    const auto status = write(*request);
    if (!status) fmt::print(stderr, "{}\n", status.error());
    line.exit_status = status ? *status : 2;
  });
}

}  // namespace brokersim::scenarios
