// The page of a failing run: the sentence first, everything escaped, every link with a target, and
// caps that are said.
#include "reports/failure_page.h"

#include <regex>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/reports/has.h"
#include "tests/reports/tale.h"

namespace brokersim::reports {

namespace {

Trace trace_of(const LostRecord& run) {
  Trace trace;
  trace.header = {.seed = 7, .title = "demo", .plan = "seed = 7 # <plan>\n"};
  trace.events = run.events;
  trace.messages = run.messages;
  trace.run.scenario = "demo";
  trace.run.seed = 7;
  trace.run.reproduce = "brokersim run demo --set 'a<b'";
  trace.run.verdict.findings = {{"BS-D01", "acked record lost", true, 1, ""}};
  trace.run.verdict.violations = {run.violation};
  return trace;
}

std::set<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
    found.insert((*at)[1]);
  }
  return found;
}

TEST(FailurePage, says_sentence_then_command_then_evidence_and_escapes_all) {
  const std::string page = failure_page(trace_of(LostRecord()), {});
  const auto sentence = page.find("<h1>The &lt;record&gt; was lost.</h1>");
  const auto command = page.find("brokersim run demo --set &#39;a&lt;b&#39;");
  const auto command_too = page.find("brokersim run demo --set 'a&lt;b'");
  const auto facts = page.find("acknowledges offset 4 (acks=all)");
  ASSERT_NE(sentence, std::string::npos);
  ASSERT_NE(std::min(command, command_too), std::string::npos);
  ASSERT_NE(facts, std::string::npos);
  EXPECT_LT(sentence, std::min(command, command_too));
  EXPECT_LT(std::min(command, command_too), facts);
  EXPECT_EQ(page.find("<record>"), std::string::npos);
  EXPECT_EQ(page.find("<plan>"), std::string::npos);
}

TEST(FailurePage, every_link_within_it_has_a_target) {
  const std::string page = failure_page(trace_of(LostRecord()), {});
  const auto ids = all_matches(page, " id=\"([^\"]+)\"");
  const auto targets = all_matches(page, "href=\"#([^\"]+)\"");
  EXPECT_GE(targets.size(), 4u);
  for (const auto& target : targets) EXPECT_TRUE(ids.contains(target)) << target;
}

TEST(FailurePage, names_the_cause_and_not_what_was_seen_first) {
  Trace trace = trace_of(LostRecord());
  auto& violations = trace.run.verdict.violations;
  violations.insert(violations.begin(), {"BS-V01", "logs_differ", "They differ."});
  const std::string page = failure_page(trace, {});
  EXPECT_TRUE(has(page, "<h1>The &lt;record&gt; was lost.</h1>"));
  EXPECT_TRUE(has(page, "<title>BS-D01: acked record lost"));
  EXPECT_TRUE(has(page, "<li>BS-V01: They differ.</li>"));
  EXPECT_FALSE(has(page, "<li>BS-D01"));
}

TEST(FailurePage, says_that_the_failure_was_seen_twice_only_if_it_was) {
  Trace trace = trace_of(LostRecord());
  EXPECT_FALSE(has(failure_page(trace, {}), "replayed"));
  trace.run.replays = trace.run.identical_replays = 1;
  EXPECT_TRUE(has(failure_page(trace, {}), "1/1: same trace hash"));
  trace.run.identical_replays = 0;
  EXPECT_TRUE(has(failure_page(trace, {}), "0/1: not the same run"));
}

TEST(FailurePage, a_long_run_shows_the_events_up_to_the_facts_and_says_so) {
  LostRecord run;
  for (int i = 0; i < 7000; ++i) run.add(5s + i * 1ms, 1, NodePaused{});
  const auto rows = event_rows(run.events, run.violation);
  EXPECT_EQ(rows.last - rows.first, most_event_rows);
  EXPECT_LE(rows.first, run.acked.value);
  const std::string page = failure_page(trace_of(run), {});
  EXPECT_NE(page.find("5000 of " + std::to_string(run.events.size()) + " events"),
            std::string::npos);
}

TEST(FailurePage, rows_end_a_little_after_facts_that_are_late) {
  LostRecord run;
  for (int i = 0; i < 9000; ++i) run.add(5s + i * 1ms, 1, NodePaused{});
  run.violation.facts = {EventId{8000}, EventId{8001}};
  const auto rows = event_rows(run.events, run.violation);
  EXPECT_EQ(rows.last, 8501u);
  EXPECT_EQ(rows.last - rows.first, most_event_rows);
}

TEST(FailurePage, a_fact_from_long_before_the_rows_has_a_row_all_the_same) {
  LostRecord run;
  for (int i = 0; i < 9000; ++i) run.add(5s + i * 1ms, 1, NodePaused{});
  run.violation.facts = {run.acked, EventId{8001}};
  const std::string page = failure_page(trace_of(run), {});
  const std::string name = fmt::format("e{}", run.acked.value);
  EXPECT_TRUE(has(page, fmt::format("href=\"#{}\"", name)));
  EXPECT_TRUE(has(page, fmt::format("id=\"{}\"", name)));
  EXPECT_TRUE(has(page, "events between are in trace.jsonl"));
}

TEST(FailurePage, a_violation_without_facts_has_a_page_too) {
  LostRecord run;
  run.violation.facts = {};
  run.violation.partition.reset();
  const std::string page = failure_page(trace_of(run), {.promise = "It converges."});
  EXPECT_NE(page.find("It converges."), std::string::npos);
  EXPECT_NE(page.find("The &lt;record&gt; was lost."), std::string::npos);
}

}  // namespace

}  // namespace brokersim::reports
