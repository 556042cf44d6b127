// How a finished run is told: the elections that its events show, the blocks on a terminal, and the
// JSON object.
#include "reports/summary.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/reports/has.h"
#include "tests/reports/tale.h"

namespace brokersim::reports {

namespace {

struct ElectionTale : Tale {
  EventId partition(Duration at, int leader, int epoch, std::vector<NodeId> isr) {
    PartitionCommitted body{orders, NodeId{leader}, LeaderEpoch{epoch}};
    body.isr = std::move(isr);
    return add(at, -1, body);
  }
  std::vector<Election> elections() const { return elections_of(events).all(); }
};

// Broker 1 stops at 1 s, is fenced at 4 s, broker 2 is committed at 4.1 s, leads at 4.3 s, and
// acknowledges at 4.8 s.
ElectionTale told_failover() {
  ElectionTale run;
  run.add(0ms, 1, NodeStarted{"broker-1", 0});
  run.add(0ms, 2, NodeStarted{"broker-2", 0});
  run.partition(100ms, 1, 0, {NodeId{1}, NodeId{2}});
  run.add(200ms, 1, BecameLeader{orders, LeaderEpoch{0}});
  run.add(1s, 1, NodeStopped{NodeStopped::How::power_loss});
  run.add(4s, 101, BrokerFenced{NodeId{1}, "heartbeat timeout"});
  run.add(4s, 101,
          LeaderElected{orders, NodeId{1}, NodeId{2}, LeaderEpoch{1}, "broker-1 fenced", true});
  run.partition(4100ms, 2, 1, {NodeId{2}});
  run.add(4300ms, 2, BecameLeader{orders, LeaderEpoch{1}});
  run.add(4800ms, 2, ProduceAnswered{"producer-1", orders, -1, 0, {}});
  return run;
}

RunResult result_of(const ElectionTale& run) {
  RunResult result;
  result.version = "0.1.0";
  result.scenario = "leader-failover";
  result.seed = 42;
  result.trace_hash = "00ff";
  result.simulated = 60s;
  result.wall = 240ms;
  result.faults = 1;
  result.elections = run.elections();
  result.outages = outages_of(elections_of(run.events));
  result.reproduce = "brokersim run leader-failover --seed 42";
  result.verdict.events = 10;
  result.verdict.findings = {{"BS-D01", "acked record lost"}, {"BS-V01", "does not converge"}};
  return result;
}

RunResult failed(const ElectionTale& run) {
  RunResult result = result_of(run);
  result.verdict.findings[0].violations = 3;
  properties::Violation violation;
  violation.id = "BS-D01";
  violation.kind = "lost_at_clean_election";
  violation.message = "The record at offset 0 of orders-0 was \"lost\".";
  violation.facts = {EventId{3}, EventId{8}};
  violation.at = Instant{4300ms};
  violation.count = 3;
  result.verdict.violations = {violation};
  return result;
}

}  // namespace

TEST(Elections, say_where_the_time_without_a_leader_went) {
  const ElectionTale run = told_failover();
  ASSERT_EQ(run.elections().size(), 1U);
  const Election e = run.elections()[0];
  EXPECT_EQ(e.from, NodeId{1});
  EXPECT_EQ(e.to, NodeId{2});
  EXPECT_EQ(e.leader_epoch, LeaderEpoch{1});
  EXPECT_EQ(e.why, "broker-1 fenced");
  EXPECT_TRUE(e.is_clean);
  EXPECT_EQ(e.detect, Duration(3s));
  EXPECT_EQ(e.decide, Duration(100ms));
  EXPECT_EQ(e.spread, Duration(200ms));
  EXPECT_EQ(e.recover, Duration(500ms));
  EXPECT_EQ(e.without_leader, Duration(3300ms));
}

TEST(Elections, an_outage_lasts_through_elections_of_nobody) {
  ElectionTale run;
  run.partition(0ms, 1, 0, {NodeId{1}});
  run.add(1s, 1, NodeStopped{NodeStopped::How::crash});
  run.partition(2s, -1, 1, {NodeId{1}});
  run.partition(5s, 1, 2, {NodeId{1}});
  run.add(6s, 1, BecameLeader{orders, LeaderEpoch{2}});
  ASSERT_EQ(run.elections().size(), 2U);
  EXPECT_EQ(run.elections()[0].without_leader, std::nullopt);
  EXPECT_EQ(run.elections()[1].without_leader, Duration(5s));
}

TEST(Elections, of_a_replica_out_of_sync_are_unclean_whatever_the_controller_says) {
  ElectionTale run;
  run.partition(0ms, 1, 0, {NodeId{1}});
  run.partition(1s, 2, 1, {NodeId{2}});
  ASSERT_EQ(run.elections().size(), 1U);
  EXPECT_FALSE(run.elections()[0].is_clean);
  EXPECT_TRUE(has(elections_table(run.elections()), "UNCLEAN"));
}

TEST(Elections, a_change_of_the_in_sync_set_alone_is_none) {
  ElectionTale run;
  run.partition(0ms, 1, 0, {NodeId{1}, NodeId{2}});
  run.partition(1s, 1, 0, {NodeId{1}});
  EXPECT_TRUE(run.elections().empty());
}

TEST(Summary, of_a_passing_run_ends_with_the_verdict) {
  const ElectionTale run = told_failover();
  const std::string text = summary(result_of(run), run.events);
  EXPECT_TRUE(has(text, "  ok    BS-D01  acked record lost\n"));
  EXPECT_TRUE(has(text, "b1 -> b2"));
  EXPECT_TRUE(has(text, "3.3 s"));
  EXPECT_TRUE(has(text, "broker-1 fenced"));
  EXPECT_TRUE(has(text,
                  "passed     60.0 s simulated in 240.000 ms wall (250x)   10 events, 1 "
                  "fault, 1 election\n"));
  EXPECT_FALSE(has(text, "reproduce"));
  EXPECT_FALSE(has(text, "\x1b"));
}

TEST(Summary, of_a_failing_run_gives_sentence_facts_and_the_line_to_reproduce_it) {
  const ElectionTale run = told_failover();
  const std::string text = summary(failed(run), run.events);
  EXPECT_TRUE(has(text, "error[BS-D01]: acked record lost\n"));
  EXPECT_TRUE(has(text, "  The record at offset 0 of orders-0 was \"lost\".\n"));
  EXPECT_TRUE(has(text, "  (1)     100.000 ms  e3      orders-0 committed: leader 1"));
  EXPECT_TRUE(has(text, "  (2)          4.1 s  e8      orders-0 committed: leader 2"));
  EXPECT_TRUE(has(text, "broker-1 stops: power_loss"));
  EXPECT_TRUE(has(text, "note: 2 more of the same kind"));
  EXPECT_TRUE(has(text, "  FAIL  BS-D01  acked record lost"));
  EXPECT_TRUE(has(text, "reproduce  brokersim run leader-failover --seed 42\n"));
  EXPECT_TRUE(has(text, "failed     1 of 2 properties"));
}

TEST(Summary, several_symptoms_are_one_failure_named_by_the_first_broken_promise_of_safety) {
  const ElectionTale run = told_failover();
  RunResult result = failed(run);
  properties::Violation stuck;
  stuck.id = "BS-V01";
  stuck.kind = "logs_differ";
  stuck.message = "They differ.";
  result.verdict.violations.insert(result.verdict.violations.begin(), stuck);
  const std::string text = summary(result, run.events);
  EXPECT_EQ(text.find("error["), text.rfind("error["));
  EXPECT_TRUE(has(text, "error[BS-D01]: acked record lost\n"));
  EXPECT_TRUE(has(text, "  note: 1 consequence: BS-V01/logs_differ\n"));
}

TEST(Summary, the_two_facts_are_marked_in_the_story) {
  const ElectionTale run = told_failover();
  const std::string text = failure_block(failed(run), run.events);
  const auto story = text.substr(text.find("how it happened"));
  EXPECT_TRUE(has(story, "\n  (1)     100.000 ms  e3 "));
  EXPECT_TRUE(has(story, "\n  (2)          4.1 s  e8 "));
  EXPECT_TRUE(has(story, "\n               1.0 s  e5      broker-1 stops: power_loss\n"));
}

TEST(Summary, says_that_a_failure_was_seen_twice) {
  const ElectionTale run = told_failover();
  RunResult result = failed(run);
  result.replays = result.identical_replays = 1;
  EXPECT_TRUE(has(summary(result, run.events), "\n           replayed 1/1 identical\n"));
}

TEST(Summary, what_held_says_how_much_there_was_to_judge) {
  const ElectionTale run = told_failover();
  RunResult result = result_of(run);
  result.stats = {{"records_acknowledged", 240}, {"records_read", 241}};
  EXPECT_TRUE(has(summary(result, run.events), "acknowledged: 240, read back: 241\n"));
}

TEST(Summary, shows_more_than_ascii_only_where_it_may) {
  const ElectionTale run = told_failover();
  const auto is_ascii = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });
  };
  EXPECT_TRUE(is_ascii(summary(result_of(run), run.events)));
  EXPECT_TRUE(has(summary(result_of(run), run.events, {.has_unicode = true}), "b1 → b2"));
}

TEST(Summary, of_outages_says_how_long_half_of_them_and_the_longest_lasted) {
  std::vector<Election> elections(3);
  elections[0].without_leader = 2s;
  elections[1].without_leader = 500ms;
  EXPECT_TRUE(has(elections_table(elections),
                  "  without a leader: p50 500.000 ms, at most 2.0 s, 2.5 s in all\n"));
}

// A leader from 0.2 s to 1 s and from 4.3 s to the end at 4.8 s.
TEST(Summary, says_below_the_elections_how_long_partitions_had_a_leader) {
  const ElectionTale run = told_failover();
  EXPECT_TRUE(has(summary(result_of(run), run.events), "\n  leaders: 28.2 % of partition-time\n"));
}

TEST(Summary, no_line_is_wider_than_a_hundred_columns) {
  const ElectionTale run = told_failover();
  RunResult result = failed(run);
  for (int word = 0; word < 50; ++word) result.verdict.violations[0].message += " and more";
  std::size_t begin = 0;
  const std::string text = summary(result, run.events);
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    EXPECT_LE(end - begin, 100U) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(ResultJson, holds_what_a_program_asks_for) {
  const ElectionTale run = told_failover();
  RunResult result = failed(run);
  result.verdict.findings.push_back(
      {.id = "BS-O02", .name = "consumer misled", .is_judged = false, .lacks = "wire"});
  result.stats["acked"] = 7;
  EXPECT_EQ(result_json(result),
            R"({"verdict":"fail","scenario":"leader-failover","seed":42,"trace_hash":"00ff",)"
            R"("virtual_ns":60000000000,"wall_ns":240000000,"events":10,"faults":1,)"
            R"("elections":1,"partition_ns":4600000000,"led_ns":1300000000,)"
            R"("violations":[{"id":"BS-D01",)"
            R"("message":"The record at offset 0 of orders-0 was \"lost\".",)"
            R"("fingerprint":"BS-D01/lost_at_clean_election","count":3,"facts":[3,8],)"
            R"("at_ns":4300000000}],"not_judged":["BS-O02"],"stats":{"acked":7}})");
}

}  // namespace brokersim::reports
