// The election report as a whole: the same events give the same bytes, names from a run stay text,
// anchors exist, and the CSV is what RFC 4180 says.

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "reports/election_text.h"
#include "reports/elections_csv.h"
#include "reports/elections_page.h"
#include "tests/reports/has.h"

namespace brokersim::reports {
namespace {

// Broker 1 crashes by f1 and takes an acknowledged record with it; broker 2 follows.
std::vector<Event> failover(const std::string& topic = "orders") {
  std::vector<Event> events;
  const auto add = [&](Duration at, int node, EventBody body) {
    events.push_back({EventId{events.size() + 1}, Instant{at}, NodeId{node}, {}, std::move(body)});
  };
  const TopicPartition partition{topic, 0};
  const BatchRef batch{.base_offset = 0, .last_offset = 0, .digest = 1};
  add(0ms, 1, NodeStarted{"broker-1", 0});
  add(0ms, 2, NodeStarted{"broker-2", 0});
  add(0ms, 101, NodeStarted{"controller-1", 0});
  add(10ms, 101, QuorumRoleChanged{LeaderEpoch{1}, "leader", NodeId{101}, "elected"});
  PartitionCommitted committed{partition, NodeId{1}, LeaderEpoch{0}};
  committed.replicas = committed.isr = {NodeId{1}, NodeId{2}};
  add(100ms, -1, committed);
  add(200ms, 1, BecameLeader{partition, LeaderEpoch{0}});
  add(300ms, 1, BatchStored{partition, batch});
  add(400ms, 1, ProduceAnswered{"producer-1", partition, -1, 0, batch});
  add(1s, -1, FaultBegan{1, "crash", "leader:orders-0", {NodeId{1}}});
  add(1s, 1, NodeStopped{NodeStopped::How::crash});
  add(4s, 101,
      LeaderElected{.partition = partition,
                    .leader_epoch = LeaderEpoch{1},
                    .why = "broker-1 sent no \"heartbeat\""});
  add(4s, 101, BrokerFenced{NodeId{1}, "sent no heartbeat"});
  committed.leader = NodeId{2};
  committed.leader_epoch = LeaderEpoch{1};
  committed.isr = {NodeId{2}};
  add(4100ms, -1, committed);
  add(4300ms, 2, BecameLeader{partition, LeaderEpoch{1}});
  add(6s, 1, NodeStarted{"broker-1", 1});
  add(6100ms, 1, LogCut{partition, 0, false});
  return events;
}

RunResult result() {
  RunResult run;
  run.version = "0.1.0";
  run.scenario = "leader-failover";
  run.seed = 7;
  run.wall = 12345678ns;  // Must not be seen.
  run.reproduce = "brokersim run leader-failover --seed 7";
  run.verdict.findings = {{"BS-D01", "acked record lost", true, 2, ""},
                          {"BS-V01", "does not converge", false, 0, "metadata"}};
  properties::Violation violation;
  violation.id = "BS-D01";
  run.verdict.violations = {violation};
  return run;
}

TEST(ElectionReport, the_same_events_give_the_same_bytes_however_long_the_run_took) {
  const auto first = election_report(result(), failover());
  RunResult later = result();
  later.wall = 99s;
  const auto second = election_report(later, failover());
  EXPECT_EQ(first.html, second.html);
  EXPECT_EQ(first.csv, second.csv);
  EXPECT_EQ(first.svg, second.svg);
  EXPECT_EQ(first.dot, second.dot);
}

TEST(ElectionReport, says_first_what_happened_and_last_how_to_see_it_again) {
  const auto report = election_report(result(), failover(), {{"failure", "report.html"}});
  const std::string& page = report.html;
  const auto sentence = page.find(
      "<h1>1 election on 1 partition; 3.3 partition-seconds without a leader; longest 3.3 s "
      "(orders-0).</h1>");
  const auto table = page.find("Each election explained");
  const auto again = page.find("brokersim run leader-failover --seed 7");
  ASSERT_NE(sentence, std::string::npos);
  EXPECT_LT(sentence, table);
  EXPECT_LT(table, again);
  EXPECT_NE(again, std::string::npos);
  EXPECT_TRUE(has(page, "<a href=\"report.html\">failure</a>"));
  EXPECT_TRUE(has(page, "a property was violated"));
  EXPECT_TRUE(has(page, "not judged"));
}

TEST(ElectionReport, an_election_says_cause_candidates_losses_and_where_the_time_went) {
  const std::string page = election_report(result(), failover()).html;
  EXPECT_TRUE(has(page, "broker-1 sent no &quot;heartbeat&quot; (<a href=\"#f1\">f1</a> crash)"));
  EXPECT_TRUE(has(page, "<td>leader:orders-0 (broker-1)</td>"));
  EXPECT_TRUE(has(page, "b1 LEO 1 e0, down"));
  EXPECT_TRUE(has(page, "b2 LEO 0, elected"));
  EXPECT_TRUE(has(page, "detect 3.0 s"));
  EXPECT_TRUE(has(page, "decide 100 ms"));
  EXPECT_TRUE(has(page, "spread 200 ms"));
  EXPECT_TRUE(has(page,
                  "b1 1\xE2\x86\x92"
                  "0: 1 record, 1 acknowledged and gone"));
  EXPECT_TRUE(has(page, "clean, but lost"));
  EXPECT_TRUE(has(page, "lost 1 record, acknowledged"));
}

TEST(ElectionReport, a_fault_says_which_leaders_it_ended) {
  auto events = failover();
  const auto add = [&](Duration at, int node, EventBody body) {
    events.push_back({EventId{events.size() + 1}, Instant{at}, NodeId{node}, {}, std::move(body)});
  };
  add(7s, -1, FaultBegan{2, "crash", "controller", {NodeId{101}}});
  add(7s, 101, NodeStopped{NodeStopped::How::crash});
  const std::string page = election_report(result(), events).html;
  EXPECT_TRUE(has(page, "<a href=\"#E1\">E1</a> </td>"));
  EXPECT_TRUE(has(page, "end of c1 in quorum epoch 1"));
}

TEST(ElectionReport, every_link_inside_the_page_leads_somewhere) {
  const std::string page = election_report(result(), failover()).html;
  std::size_t links = 0;
  for (auto at = page.find("href=\"#"); at != std::string::npos;
       at = page.find("href=\"#", at + 1)) {
    const auto from = at + 7;
    const std::string name = page.substr(from, page.find('"', from) - from);
    EXPECT_TRUE(has(page, " id=\"" + name + "\"")) << name;
    ++links;
  }
  EXPECT_GE(links, 3U);
}

TEST(ElectionReport, no_two_elements_have_the_same_name) {
  const std::string page = election_report(result(), failover()).html;
  std::set<std::string> names;
  for (auto at = page.find(" id=\""); at != std::string::npos; at = page.find(" id=\"", at + 1)) {
    const std::string name = page.substr(at + 5, page.find('"', at + 5) - at - 5);
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(ElectionReport, names_from_a_run_stay_text_everywhere) {
  const auto report = election_report(result(), failover("<img src=x>\"&"));
  for (const auto* text : {&report.html, &report.svg}) {
    EXPECT_FALSE(has(*text, "<img"));
    EXPECT_TRUE(has(*text, "&lt;img src=x&gt;&quot;&amp;-0"));
  }
  EXPECT_TRUE(has(report.dot, "<img src=x>\\\"&amp;-0"));
  EXPECT_TRUE(has(report.csv, ",\"<img src=x>\"\"&-0\","));
}

TEST(ElectionReport, a_run_without_elections_says_so) {
  auto events = failover();
  events.resize(8);
  const std::string page = election_report(result(), events).html;
  EXPECT_TRUE(has(page, "No partition changed its leader; none was ever without one."));
  EXPECT_TRUE(has(page, "There was none in this run."));
}

TEST(ElectionsCsv, has_a_header_with_units_and_a_line_for_each_election) {
  const std::string csv = elections_csv(elections_of(failover()));
  EXPECT_TRUE(csv.starts_with("election,partition,committed_at_ms,lost_at_ms,"));
  EXPECT_TRUE(has(csv,
                  "\r\n1,orders-0,4100.000,1000.000,broker-1,broker-2,0,1,"
                  "\"broker-1 sent no \"\"heartbeat\"\"\",crash,f1,no,\"{b1,b2}\",{b2},"));
  EXPECT_TRUE(has(csv,
                  ",1,1,1,\"clean, but lost acknowledged records\",3300.000,3000.000,100.000,"
                  "200.000,,\r\n"));
  EXPECT_TRUE(csv.ends_with("\r\n"));
}

TEST(ElectionsCsv, fields_are_quoted_where_they_have_to_be) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"no\""), "\"say \"\"no\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
}

TEST(ElectionText, durations_keep_three_digits_or_so) {
  EXPECT_EQ(brief(Duration{}), "0 s");
  EXPECT_EQ(brief(480us), "480 \xC2\xB5s");
  EXPECT_EQ(brief(1'234us), "1.2 ms");
  EXPECT_EQ(brief(599'737us), "599 ms");
  EXPECT_EQ(brief(3'400ms), "3.4 s");
}

TEST(ElectionText, shares_are_rounded_down_so_that_all_means_all) {
  EXPECT_EQ(share_text(Duration{9'999'999us}, 10s), "99.9 %");
  EXPECT_EQ(share_text(10s, 10s), "100.0 %");
  EXPECT_EQ(share_text(1s, Duration{}), "n/a");
}

}  // namespace
}  // namespace brokersim::reports
