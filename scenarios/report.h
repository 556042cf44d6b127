// All that is written of a finished run, for people and programs, into one folder.
//
//   plan.toml     what was run
//   trace.jsonl   what happened; everything else is made of it, and of nothing else
//   report.html   the page: of a failing run the failure, else the elections
//   elections.*   the election timeline as .svg, .dot and .csv; of a failing run also .html
//   spacetime.*   of a failing run: who told whom what, as .svg and .dot
//   *.dot.svg     what Graphviz makes of the .dot files
//   ops.csv       what clients asked for and were told
//
// What is there of another run is removed first. The same plan and build give the same bytes: no
// file holds a wall-clock time or an absolute path.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/base/expected.h"
#include "reports/trace_file.h"
#include "scenarios/draw_plan.h"
#include "scenarios/plan.h"
#include "scenarios/run.h"

namespace brokersim::scenarios {

enum class ReportFormat : std::uint8_t { html, svg, dot, csv };
inline constexpr ReportFormat all_report_formats[] = {ReportFormat::html, ReportFormat::svg,
                                                      ReportFormat::dot, ReportFormat::csv};
std::string_view name_of(ReportFormat format);

struct ReportOptions {
  std::string out;  // The folder. It is made.
  std::set<ReportFormat> formats{std::begin(all_report_formats), std::end(all_report_formats)};
  std::string input = {};        // The file that was run: nothing else is written in its place.
  std::string graphviz = "dot";  // The program that is asked to paint what was written as DOT.
};

struct WrittenReport {
  std::vector<std::string> files;  // In the order written: "out/trace.jsonl".
  std::string page;                // "out/report.html"; empty if none was wanted.
  std::vector<std::string> notes;  // What could not be made, a sentence each: Graphviz is missing.
};

// ---- From a run --------------------------------------------------------------------------------

struct RecordRequest {
  std::string folder;          // Of scenarios.
  std::string reproduce = {};  // The line for people to type; empty: to run plan.toml.
  std::function<void(const Event&)> on_event = {};  // Called for each, in order.
  std::string revision = {};  // Of the sources (revision.h), for who reads the files.
};
// The run as a trace, replayed if it failed. The result of `run` itself goes to `result`, if that
// is given.
Expected<reports::Trace, std::string> record(const Plan& plan, const RecordRequest& request,
                                             RunResult* result = nullptr);

// Runs the plan, and writes all of it: for a failure that was found and shrunk.
Expected<WrittenReport, std::string> write_report(const Plan& plan, const RecordRequest& request,
                                                  const ReportOptions& options);

// The line that repeats what was asked for, whatever is the default by then; empty if it was a
// file, which may lie elsewhere, or be another, when somebody reads it.
std::string reproduce_line(const PlanRequest& request, const Plan& plan);
// The file that is to be run; empty of a name.
std::string input_file(const PlanRequest& request);
// As it can be typed again where it was typed, the file included.
std::string reproduce_line_from_here(const PlanRequest& request, const Plan& plan);

// ---- From a trace ------------------------------------------------------------------------------

// The error names file and line, and what to do.
Expected<reports::Trace, std::string> load_trace(const std::string& path);
Expected<WrittenReport, std::string> write_report(const reports::Trace& trace,
                                                  const ReportOptions& options);

}  // namespace brokersim::scenarios
