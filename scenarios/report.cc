#include "scenarios/report.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "properties/all.h"
#include "reports/dot.h"
#include "reports/elections_page.h"
#include "reports/failure_page.h"
#include "reports/graphviz.h"
#include "reports/operations.h"
#include "reports/spacetime.h"
#include "reports/svg.h"
#include "reports/timeline.h"
#include "scenarios/files.h"
#include "scenarios/plan_toml.h"
#include "scenarios/replay.h"

namespace brokersim::scenarios {

std::string_view name_of(ReportFormat format) {
  switch (format) {
    case ReportFormat::html: return "html";
    case ReportFormat::svg: return "svg";
    case ReportFormat::dot: return "dot";
    case ReportFormat::csv: return "csv";
  }
  __builtin_unreachable();
}

// ---- From a run --------------------------------------------------------------------------------

namespace {

// As a word of a POSIX shell.
std::string shell_quoted(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string line_of(const PlanRequest& request, std::string_view what,
                    std::optional<std::uint64_t> seed) {
  std::string line = "brokersim ";
  if (!request.told_folder.empty())
    line += "--scenarios " + shell_quoted(request.told_folder) + " ";
  line += "run " + shell_quoted(what);
  if (seed) line += fmt::format(" --seed {}", *seed);
  for (const auto& bug : request.bugs) line += " --bug " + bug;
  for (const auto& setting : request.settings) line += " --set " + shell_quoted(setting);
  return line;
}

}  // namespace

std::string reproduce_line(const PlanRequest& request, const Plan& plan) {
  if (!input_file(request).empty()) return {};
  return line_of(request, plan.scenario, plan.seed);
}

std::string input_file(const PlanRequest& request) {
  return request.what.ends_with(".toml") ? request.what : std::string();
}

std::string reproduce_line_from_here(const PlanRequest& request, const Plan& plan) {
  auto line = reproduce_line(request, plan);
  return line.empty() ? line_of(request, request.what, request.seed) : line;
}

Expected<reports::Trace, std::string> record(const Plan& plan, const RecordRequest& request,
                                             RunResult* result) {
  reports::Trace trace;
  RunOptions options{.folder = request.folder, .keeps_events = true, .on_event = request.on_event};
  options.on_message = [&trace](const Message& message) { trace.messages.push_back(message); };
  TRY(auto finished, run(plan, options));
  std::sort(trace.messages.begin(), trace.messages.end(),
            [](const Message& a, const Message& b) { return a.number < b.number; });
  finished.report.reproduce =
      request.reproduce.empty() ? "brokersim run plan.toml" : request.reproduce;
  TRY([[maybe_unused]] const Done replayed, replay(plan, request.folder, finished.report));
  trace.events = result ? finished.events : std::move(finished.events);
  trace.run = finished.report;
  if (!request.revision.empty()) trace.run.version += fmt::format(" ({})", request.revision);
  trace.has_end = true;
  trace.header = {.seed = plan.seed,
                  .title = trace.run.scenario,
                  .version = trace.run.version,
                  .cluster = trace.run.cluster,
                  .reproduce = trace.run.reproduce,
                  .plan = to_toml(plan)};
  if (result) *result = std::move(finished);
  return trace;
}

Expected<WrittenReport, std::string> write_report(const Plan& plan, const RecordRequest& request,
                                                  const ReportOptions& options) {
  TRY(const auto trace, record(plan, request));
  return write_report(trace, options);
}

// ---- From a trace ------------------------------------------------------------------------------

Expected<reports::Trace, std::string> load_trace(const std::string& path) {
  if (auto why = why_no_file(path)) return Unexpected(*std::move(why));
  std::ifstream file(path, std::ios::binary);
  if (!file) return Unexpected(fmt::format("{}: cannot be read", path));
  auto trace = reports::read_trace(file);
  if (!trace) {
    return Unexpected(fmt::format("{}:{}: {}; write the trace again: brokersim run … --out DIR",
                                  path, trace.error().line, trace.error().message));
  }
  if (!trace->has_end) {
    return Unexpected(fmt::format(
        "{}: the run was interrupted, its trace has no verdict: write it again with the plan "
        "beside it: brokersim report plan.toml",
        path));
  }
  return *std::move(trace);
}

namespace {

// Writes file after file, and remembers which.
class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  Expected<Done, std::string> make() const {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error) return Unexpected(fmt::format("{}: {}", path_, error.message()));
    return Done{};
  }
  Expected<Done, std::string> write(const std::string& name, const std::string& text) {
    TRY([[maybe_unused]] const Done done, write_file(path_ + "/" + name, text));
    keep(name);
    return Done{};
  }
  // What is there already is one of the files, too.
  void keep(const std::string& name) {
    written_.push_back(path_ + "/" + name);
    names_.push_back(name);
  }
  // A run that passes writes fewer files than one that fails, whose pages must not stay then.
  void remove_all_but(const std::string& input) const {
    for (const char* name : {"plan.toml", "trace.jsonl", "report.html", "elections.html",
                             "elections.svg", "elections.dot", "elections.dot.svg", "elections.csv",
                             "spacetime.svg", "spacetime.dot", "spacetime.dot.svg", "ops.csv"}) {
      std::error_code error;
      if (!is_same_file(name, input)) std::filesystem::remove(path_ + "/" + name, error);
    }
  }
  bool is_same_file(const std::string& name, const std::string& input) const {
    std::error_code error;
    return !input.empty() && std::filesystem::equivalent(path_ + "/" + name, input, error);
  }
  const std::vector<std::string>& names() const { return names_; }
  std::vector<std::string> written() && { return std::move(written_); }

 private:
  std::string path_;
  std::vector<std::string> names_;
  std::vector<std::string> written_;
};

bool holds_plan_of(const reports::Trace& trace, const std::string& path) {
  const auto text = read_file(path);
  if (!text) return false;
  const auto plan = parse_plan(*text, path);
  return plan && to_toml(*plan) == trace.header.plan;
}

// Makes the files of one report.
class ReportWriter {
 public:
  ReportWriter(const reports::Trace& trace, const ReportOptions& options)
      : trace_(trace), options_(options), folder_(options.out) {}

  Expected<WrittenReport, std::string> write() {
    TRY([[maybe_unused]] const Done made, folder_.make());
    std::ostringstream file;
    reports::write_trace(file, trace_);
    const auto before = read_file(options_.out + "/trace.jsonl");
    if (!before || *before != file.str()) folder_.remove_all_but(options_.input);
    TRY([[maybe_unused]] const Done plan, write_plan());
    TRY([[maybe_unused]] const Done trace, folder_.write("trace.jsonl", file.str()));
    TRY([[maybe_unused]] const Done elections, write_elections());
    if (has_failed()) {
      TRY([[maybe_unused]] const Done spacetime, write_spacetime());
    }
    if (wants(ReportFormat::csv)) {
      TRY([[maybe_unused]] const Done operations,
          folder_.write("ops.csv", reports::operations_csv(reports::operations_of(trace_.events))));
    }
    if (wants(ReportFormat::html) && has_failed()) {
      TRY([[maybe_unused]] const Done page, write_failure_page());
    }
    report_.page = wants(ReportFormat::html) ? options_.out + "/report.html" : std::string();
    report_.files = std::move(folder_).written();
    return std::move(report_);
  }

 private:
  bool wants(ReportFormat format) const { return options_.formats.contains(format); }
  bool has_failed() const { return !trace_.run.verdict.passed(); }
  const properties::Violation& cause() const {
    return *properties::cause_of(trace_.run.verdict.violations);
  }

  // The same plan stays as somebody wrote it.
  Expected<Done, std::string> write_plan() {
    const std::string name = "plan.toml";
    if (trace_.header.plan.empty()) return Done{};
    if (!holds_plan_of(trace_, options_.out + "/" + name)) {
      return folder_.write(name, trace_.header.plan);
    }
    folder_.keep(name);
    return Done{};
  }

  Expected<Done, std::string> write_spacetime() {
    const auto picture = reports::spacetime(trace_.events, trace_.messages, cause());
    return write_picture("spacetime", reports::svg_file(picture.scene),
                         reports::dot(picture.scene));
  }

  // As we paint it, and as text for Graphviz with what that makes of it.
  Expected<Done, std::string> write_picture(const std::string& name, const std::string& svg,
                                            const std::string& dot) {
    if (wants(ReportFormat::svg)) {
      TRY([[maybe_unused]] const Done done, folder_.write(name + ".svg", svg));
    }
    if (!wants(ReportFormat::dot)) return Done{};
    TRY([[maybe_unused]] const Done done, folder_.write(name + ".dot", dot));
    if (!report_.notes.empty()) return Done{};  // It has failed before.
    const auto painted =
        reports::svg_by_graphviz(dot, reports::Layout::given, {.program = options_.graphviz});
    if (painted) return folder_.write(name + ".dot.svg", *painted);
    report_.notes.push_back(
        fmt::format("{}: what is written as .dot was not painted as .dot.svg", painted.error()));
    return Done{};
  }

  // The page of a passing run is that of its elections.
  Expected<Done, std::string> write_elections() {
    const std::vector<reports::PageLink> links = {{"failure", "report.html"}};
    const auto report = reports::election_report(
        trace_.run, trace_.events, has_failed() ? links : std::vector<reports::PageLink>());
    TRY([[maybe_unused]] const Done picture, write_picture("elections", report.svg, report.dot));
    if (wants(ReportFormat::csv)) {
      TRY([[maybe_unused]] const Done csv, folder_.write("elections.csv", report.csv));
    }
    if (!wants(ReportFormat::html)) return Done{};
    return folder_.write(has_failed() ? "elections.html" : "report.html", report.html);
  }

  Expected<Done, std::string> write_failure_page() {
    reports::FailurePageParts parts;
    parts.promise = promise_of(cause().id);
    parts.timeline = timeline();
    parts.properties = reports::property_table(trace_.run.verdict);
    parts.links = {{"elections", "elections.html"}};
    parts.downloads = folder_.names();
    return folder_.write("report.html", reports::failure_page(trace_, parts));
  }

  // Of this picture only the numbers of elections are links; the other page explains them.
  reports::Markup timeline() const {
    auto scene = reports::timeline(reports::elections_of(trace_.events));
    for (auto& mark : scene.marks) {
      std::visit(
          [](auto& shape) {
            if (shape.tag.link.starts_with('#')) shape.tag.link.insert(0, "elections.html");
          },
          mark);
    }
    return reports::panel("timeline", "Who led what, when",
                          "elections.html explains each election, by its number",
                          reports::picture(reports::svg(scene)));
  }

  static std::string promise_of(std::string_view id) {
    for (const auto& property : properties::make_all()) {
      if (property->id() == id) return std::string(property->explanation());
    }
    return {};
  }

  const reports::Trace& trace_;
  const ReportOptions& options_;
  Folder folder_;
  WrittenReport report_;
};

// A folder's plan.toml is what was run there: if that is the input, it must be the same plan.
Expected<Done, std::string> check_input(const reports::Trace& trace, const ReportOptions& options) {
  std::error_code error;
  const std::string path = options.out + "/plan.toml";
  if (options.input.empty() || trace.header.plan.empty()) return Done{};
  if (!std::filesystem::equivalent(path, options.input, error)) return Done{};
  if (holds_plan_of(trace, path)) return Done{};
  return Unexpected(
      fmt::format("--out {}: the plan of this run would replace {}, which is another: name another "
                  "folder",
                  options.out, path));
}

}  // namespace

Expected<WrittenReport, std::string> write_report(const reports::Trace& trace,
                                                  const ReportOptions& options) {
  TRY([[maybe_unused]] const Done possible, check_input(trace, options));
  return ReportWriter(trace, options).write();
}

}  // namespace brokersim::scenarios
