// A report is a function of the plan: the same bytes whenever and wherever it is written, whether
// from the plan or from the trace; and watching messages changes nothing that happens.
#include "scenarios/report.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "scenarios/files.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

namespace fs = std::filesystem;

Plan failing_plan() {
  auto plan = make_plan({.what = folder + "/plans/REP-01.toml", .folder = folder});
  EXPECT_TRUE(plan.has_value()) << plan.error();
  return *plan;
}

// A folder of its own, emptied before.
std::string fresh_folder(const std::string& name) {
  const auto path = fs::path(testing::TempDir()) / ("brokersim-report-" + name);
  fs::remove_all(path);
  return path.string();
}

std::map<std::string, std::string> files_in(const std::string& path) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    files[entry.path().filename().string()] = *read_file(entry.path().string());
  }
  return files;
}

TEST(Report, a_run_is_the_same_whether_its_messages_are_watched_or_not) {
  const Plan plan = failing_plan();
  const auto alone = run(plan, {.folder = folder});
  const auto watched = record(plan, {.folder = folder});
  ASSERT_TRUE(alone.has_value() && watched.has_value());
  EXPECT_EQ(watched->run.trace_hash, alone->report.trace_hash);
  EXPECT_GT(watched->messages.size(), 500u);
}

TEST(Report, messages_are_numbered_and_in_order_and_answer_requests_before_them) {
  const auto trace = record(failing_plan(), {.folder = folder});
  ASSERT_TRUE(trace.has_value());
  std::int64_t number = 0;
  for (const Message& message : trace->messages) {
    EXPECT_EQ(message.number, ++number);
    EXPECT_LT(message.answers, message.number);
    EXPECT_LE(message.sent, message.ended);
    EXPECT_FALSE(message.api.empty()) << to_json(message);
  }
}

TEST(Report, of_the_same_plan_is_the_same_to_the_byte) {
  const std::string first = fresh_folder("first");
  const std::string second = fresh_folder("second");
  ASSERT_TRUE(write_report(failing_plan(), {.folder = folder}, {.out = first}).has_value());
  ASSERT_TRUE(write_report(failing_plan(), {.folder = folder}, {.out = second}).has_value());
  const auto files = files_in(first);
  EXPECT_EQ(files, files_in(second));
  for (const auto* name :
       {"plan.toml", "trace.jsonl", "report.html", "ops.csv", "spacetime.svg", "spacetime.dot"}) {
    EXPECT_TRUE(files.contains(name)) << name;
  }
  for (const auto& [name, text] : files) {
    EXPECT_EQ(text.find(BROKERSIM_SOURCE_DIR), std::string::npos) << name;
    EXPECT_EQ(text.find(first), std::string::npos) << name;
  }
}

TEST(Report, of_the_trace_is_that_of_the_run) {
  const std::string first = fresh_folder("of-plan");
  const std::string second = fresh_folder("of-trace");
  ASSERT_TRUE(write_report(failing_plan(), {.folder = folder}, {.out = first}).has_value());
  const auto trace = load_trace(first + "/trace.jsonl");
  ASSERT_TRUE(trace.has_value()) << trace.error();
  ASSERT_TRUE(write_report(*trace, {.out = second}).has_value());
  EXPECT_EQ(files_in(first), files_in(second));
}

TEST(Report, writes_the_formats_that_are_wanted_and_says_which) {
  const std::string out = fresh_folder("formats");
  const auto written = write_report(failing_plan(), {.folder = folder},
                                    {.out = out, .formats = {ReportFormat::csv}});
  ASSERT_TRUE(written.has_value()) << written.error();
  EXPECT_TRUE(written->page.empty());
  EXPECT_EQ(written->files.size(), files_in(out).size());
  EXPECT_FALSE(files_in(out).contains("report.html"));
  EXPECT_FALSE(files_in(out).contains("spacetime.svg"));
  EXPECT_TRUE(files_in(out).contains("ops.csv"));
}

TEST(Report, replaces_that_of_another_run_and_adds_to_that_of_the_same) {
  const std::string out = fresh_folder("replaced");
  const auto failing = record(failing_plan(), {.folder = folder});
  ASSERT_TRUE(failing.has_value());
  ASSERT_TRUE(write_report(*failing, {.out = out}).has_value());
  ASSERT_TRUE(write_report(*failing, {.out = out, .formats = {ReportFormat::csv}}).has_value());
  EXPECT_TRUE(files_in(out).contains("elections.html"));
  EXPECT_TRUE(files_in(out).contains("spacetime.svg"));

  Plan plan = failing_plan();
  plan.bugs.clear();
  const auto passing = write_report(plan, {.folder = folder}, {.out = out});
  ASSERT_TRUE(passing.has_value()) << passing.error();
  EXPECT_EQ(files_in(out).size(), passing->files.size());
  EXPECT_FALSE(files_in(out).contains("elections.html"));
  EXPECT_FALSE(files_in(out).contains("spacetime.svg"));
}

TEST(Report, names_the_build_for_who_reads_it) {
  const auto trace = record(failing_plan(), {.folder = folder, .revision = "0123456"});
  ASSERT_TRUE(trace.has_value());
  EXPECT_EQ(trace->header.version, "0.1.0 (0123456)");
}

TEST(Report, without_graphviz_lacks_a_picture_and_says_so_once) {
  const std::string out = fresh_folder("no-graphviz");
  const auto written =
      write_report(failing_plan(), {.folder = folder}, {.out = out, .graphviz = "/nowhere/dot"});
  ASSERT_TRUE(written.has_value()) << written.error();
  ASSERT_EQ(written->notes.size(), 1u);
  EXPECT_NE(written->notes[0].find("Graphviz"), std::string::npos) << written->notes[0];
  EXPECT_TRUE(files_in(out).contains("spacetime.dot"));
}

TEST(Report, a_broken_trace_is_named_with_its_line_and_what_to_do) {
  const std::string out = fresh_folder("broken");
  fs::create_directories(out);
  const std::string path = out + "/trace.jsonl";
  ASSERT_TRUE(write_report(failing_plan(), {.folder = folder}, {.out = out}).has_value());
  std::string text = *read_file(path);
  const auto second_line = text.find('\n') + 1;
  ASSERT_TRUE(write_file(path, text.substr(0, second_line) + "{\"e\":1}\n").has_value());
  const auto broken = load_trace(path);
  ASSERT_FALSE(broken.has_value());
  EXPECT_NE(broken.error().find(path + ":2: "), std::string::npos) << broken.error();
  EXPECT_NE(broken.error().find("brokersim run"), std::string::npos) << broken.error();

  ASSERT_TRUE(write_file(path, text.substr(0, text.rfind("{\"end\""))).has_value());
  const auto interrupted = load_trace(path);
  ASSERT_FALSE(interrupted.has_value());
  EXPECT_NE(interrupted.error().find("interrupted"), std::string::npos) << interrupted.error();

  const auto missing = load_trace(out + "/nothing.jsonl");
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().find("nothing.jsonl"), std::string::npos);
}

TEST(Report, the_line_that_reproduces_a_run_holds_no_path) {
  const Plan plan{.scenario = "elections", .seed = 7};
  EXPECT_EQ(reproduce_line({.what = "elections", .seed = 7, .bugs = {"REP-01"}}, plan),
            "brokersim run elections --seed 7 --bug REP-01");
  EXPECT_EQ(reproduce_line({.settings = {"a=b c"}}, plan),
            "brokersim run elections --seed 7 --set 'a=b c'");
  EXPECT_EQ(reproduce_line({.settings = {"a='b"}, .told_folder = "my own"}, plan),
            R"(brokersim --scenarios 'my own' run elections --seed 7 --set 'a='\''b')");
  EXPECT_EQ(reproduce_line_from_here({.what = "a b.toml", .bugs = {"REP-01"}}, plan),
            "brokersim run 'a b.toml' --bug REP-01");
  EXPECT_EQ(reproduce_line({.what = "/home/me/plan.toml"}, plan), "");
  const auto trace = record(failing_plan(), {.folder = folder});
  EXPECT_EQ(trace->run.reproduce, "brokersim run plan.toml");
}

}  // namespace
}  // namespace brokersim::scenarios
