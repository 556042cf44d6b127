#include "scenarios/report.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "scenarios/files.h"
#include "scenarios/plan_toml.h"

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

std::string reproduce_line(const PlanRequest& request) {
  if (request.what.ends_with(".toml")) return {};
  std::string line = "brokersim run";
  if (!request.what.empty()) line += " " + request.what;
  if (request.seed) line += fmt::format(" --seed {}", *request.seed);
  for (const auto& bug : request.bugs) line += " --bug " + bug;
  for (const auto& setting : request.settings) line += fmt::format(" --set '{}'", setting);
  return line;
}

Expected<reports::Trace, std::string> record(const Plan& plan, const RecordRequest& request,
                                             RunResult* result) {
  reports::Trace trace;
  RunOptions options{.folder = request.folder, .keeps_events = true};
  options.on_message = [&trace](const Message& message) { trace.messages.push_back(message); };
  TRY(auto finished, run(plan, options));
  std::sort(trace.messages.begin(), trace.messages.end(),
            [](const Message& a, const Message& b) { return a.number < b.number; });
  finished.report.reproduce =
      request.reproduce.empty() ? "brokersim run plan.toml" : request.reproduce;
  trace.events = result ? finished.events : std::move(finished.events);
  trace.run = finished.report;
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

Expected<WrittenReport, std::string> write_report(const Plan& plan, const std::string& folder,
                                                  const ReportOptions& options) {
  TRY(const auto trace, record(plan, {.folder = folder}));
  return write_report(trace, options);
}

// ---- From a trace ------------------------------------------------------------------------------

Expected<reports::Trace, std::string> load_trace(const std::string& path) {
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
    const std::string path = path_ + "/" + name;
    TRY([[maybe_unused]] const Done done, write_file(path, text));
    written_.push_back(path);
    return Done{};
  }
  std::vector<std::string> written() && { return std::move(written_); }

 private:
  std::string path_;
  std::vector<std::string> written_;
};

}  // namespace

Expected<WrittenReport, std::string> write_report(const reports::Trace& trace,
                                                  const ReportOptions& options) {
  Folder folder(options.out);
  TRY([[maybe_unused]] const Done made, folder.make());
  if (!trace.header.plan.empty()) {
    TRY([[maybe_unused]] const Done plan, folder.write("plan.toml", trace.header.plan));
  }
  std::ostringstream file;
  reports::write_trace(file, trace);
  TRY([[maybe_unused]] const Done written, folder.write("trace.jsonl", file.str()));
  WrittenReport report;
  report.files = std::move(folder).written();
  return report;
}

}  // namespace brokersim::scenarios
