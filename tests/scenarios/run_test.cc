// A run of a plan: the demo's upload survives the loss of a leader byte for byte; the same plan is
// the same run; telling about a run changes nothing in it; clients go on after their own crashes.
#include "scenarios/run.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "scenarios/draw_plan.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

Plan demo() {
  const auto plan = make_plan({.folder = folder});
  EXPECT_TRUE(plan) << plan.error();
  return *plan;
}

// Two producers and a reader for some seconds: cheap to run often.
Plan short_plan() {
  Plan plan;
  plan.seed = 7;
  plan.cluster.settings = {{"broker.session.timeout.ms", "2000"},
                           {"broker.heartbeat.interval.ms", "400"}};
  plan.topics = {{.name = "t", .partitions = 2}};
  plan.producers = {{.name = "p1", .acks = 2}, {.name = "p2"}};
  plan.consumers = {{.name = "reader", .topic = "t"}};
  for (const char* client : {"p1", "p2"}) {
    plan.operations.push_back(
        {.at = 2s, .client = client, .topic = "t", .count = 60, .every = 50ms});
  }
  plan.quiet_at = 8s;
  return plan;
}

RunResult result_of(const Plan& plan, RunOptions options = {}) {
  options.folder = folder;
  auto result = run(plan, options);
  EXPECT_TRUE(result) << result.error();
  return *std::move(result);
}

std::vector<Instant> starts_of(const RunResult& result, std::string_view machine) {
  std::vector<Instant> starts;
  for (const auto& event : result.events) {
    const auto* started = std::get_if<NodeStarted>(&event.body);
    if (started != nullptr && started->name == machine) starts.push_back(event.at);
  }
  return starts;
}

TEST(Run, an_upload_survives_the_power_loss_of_a_leader_byte_for_byte) {
  const auto result = result_of(demo());
  EXPECT_TRUE(result.report.verdict.passed());
  EXPECT_EQ(result.upload.sent, 1200);
  EXPECT_EQ(result.upload.acknowledged, 1200);
  EXPECT_TRUE(result.upload.is_complete());
  EXPECT_EQ(result.upload.foreign, 0);
  EXPECT_GE(result.report.elections.size(), 1u);
  for (const auto& election : result.report.elections) {
    EXPECT_FALSE(election.why.empty());
    EXPECT_TRUE(election.without_leader.has_value());
  }
}

// What there was to judge is what was sent and read, also where nobody has it to the end.
TEST(Run, counts_what_is_acknowledged_whether_anybody_reads_it_or_not) {
  Plan plan = short_plan();
  plan.consumers.clear();
  plan.producers[1].acks = 0;
  const auto result = result_of(plan);
  EXPECT_EQ(result.report.stats.at("records_sent"), 120);
  EXPECT_EQ(result.report.stats.at("records_acknowledged"), 60);
  EXPECT_EQ(result.report.stats.at("records_read"), 0);
}

TEST(Run, says_of_an_upload_what_was_read_back_of_it) {
  Upload upload{.sent = 12, .unknown = 12};
  EXPECT_EQ(text_of(upload), "12 lines sent, 0 acknowledged, 12 with unknown end");
  upload = {.sent = 12, .acknowledged = 10, .failed = 2, .read = 10};
  EXPECT_EQ(text_of(upload),
            "12 lines sent, 10 acknowledged, 2 refused, all of the acknowledged read back byte for "
            "byte");
  upload = {.sent = 12, .acknowledged = 12, .read = 12};
  EXPECT_EQ(text_of(upload), "12 lines sent, 12 acknowledged, all read back byte for byte");
}

TEST(Run, the_same_plan_is_the_same_run_and_another_seed_is_not) {
  Plan plan = short_plan();
  const auto hash = result_of(plan).report.trace_hash;
  EXPECT_EQ(result_of(plan).report.trace_hash, hash);
  plan.seed = 8;
  EXPECT_NE(result_of(plan).report.trace_hash, hash);
}

TEST(Run, telling_of_a_run_does_not_change_it) {
  const auto quiet = result_of(short_plan());
  std::int64_t told = 0;
  const auto told_of = result_of(
      short_plan(), {.keeps_events = true, .on_event = [&told](const Event&) { ++told; }});
  EXPECT_EQ(quiet.report.trace_hash, told_of.report.trace_hash);
  EXPECT_EQ(told, told_of.report.verdict.events);
  EXPECT_EQ(told_of.events.size(), static_cast<std::size_t>(told));
}

TEST(Run, a_producer_that_crashes_goes_on_with_its_next_record) {
  Plan plan = short_plan();
  plan.faults = {{.kind = "crash", .at = 3s, .lasting = 1s, .targets = {"p1"}},
                 {.kind = "restart", .at = 3s, .lasting = 1s, .targets = {"p2"}}};
  const auto result = result_of(plan);
  EXPECT_TRUE(result.report.verdict.passed());
  EXPECT_EQ(result.upload.sent, 120);
  EXPECT_EQ(result.upload.missing, 0);
  EXPECT_EQ(result.faults.at("crash").effective, 1);
}

TEST(Run, a_reader_that_crashes_reads_everything_again) {
  Plan plan = short_plan();
  plan.faults = {{.kind = "crash", .at = 3s, .lasting = 1s, .targets = {"reader"}}};
  const auto result = result_of(plan);
  EXPECT_TRUE(result.report.verdict.passed());
  EXPECT_EQ(result.upload.read, 120);
  EXPECT_TRUE(result.upload.is_complete());
}

TEST(Run, targets_are_what_they_are_when_the_fault_begins) {
  Plan plan = short_plan();
  plan.faults = {{.kind = "crash", .at = 3s, .lasting = 1s, .targets = {"leader:t-0"}},
                 {.kind = "crash", .at = 4500ms, .lasting = 500ms, .targets = {"controller"}},
                 {.kind = "crash", .at = 4500ms, .lasting = 500ms, .targets = {"leader:none-0"}}};
  const auto result = result_of(plan, {.keeps_events = true});
  EXPECT_TRUE(result.report.verdict.passed());
  EXPECT_EQ(result.faults.at("crash").begun, 3);
  EXPECT_EQ(result.faults.at("crash").effective, 2);
}

TEST(Run, any_entry_of_a_plan_may_be_missing) {
  Plan plan = short_plan();
  plan.operations.push_back(
      {.at = 4s, .client = "admin", .kind = Operation::Kind::elect, .topic = "t"});
  for (int entry = 0; entry < 4; ++entry) {
    Plan less = plan;
    if (entry == 0) less.topics.clear();
    if (entry == 1) less.producers.erase(less.producers.begin());
    if (entry == 2) less.consumers.clear();
    if (entry == 3) less.operations.erase(less.operations.begin());
    EXPECT_TRUE(result_of(less).report.verdict.passed()) << entry;
  }
}

bool says_that_sharing_is_unfinished(const Plan& plan) {
  const auto violations = result_of(plan).report.verdict.violations;
  return std::any_of(violations.begin(), violations.end(), [](const auto& violation) {
    return violation.fingerprint() == "BS-V01/sharing_unfinished";
  });
}

TEST(Run, says_so_if_a_group_has_not_shared_what_there_is) {
  Plan plan = short_plan();
  plan.consumers = {{.name = "member", .topic = "t", .group = "g", .session_timeout = 6s}};
  plan.converge_within = 40s;
  EXPECT_TRUE(result_of(plan).report.verdict.passed());
  plan.consumers[0].at = 60s;
  EXPECT_TRUE(says_that_sharing_is_unfinished(plan));
  plan.consumers.push_back({.name = "reader", .topic = "t"});
  EXPECT_TRUE(says_that_sharing_is_unfinished(plan));
  // With so long a session it may still wait for somebody who is gone.
  plan.consumers[0].session_timeout = 20s;
  EXPECT_FALSE(says_that_sharing_is_unfinished(plan));
}

TEST(Run, knows_how_long_members_are_missed_whose_coordinator_says_so) {
  Plan plan = short_plan();
  plan.cluster.settings["group.consumer.min.session.timeout.ms"] = "6000";
  plan.cluster.settings["group.consumer.session.timeout.ms"] = "6000";
  plan.consumers = {{.name = "member",
                     .topic = "t",
                     .at = 100s,
                     .group = "g",
                     .protocol = client::GroupProtocol::consumer}};
  plan.converge_within = 60s;
  EXPECT_TRUE(says_that_sharing_is_unfinished(plan));
  // It has the session of a classic member, too, which is 45 s by default.
  plan.operations.push_back(
      {.at = 200s, .client = "member", .kind = Operation::Kind::join_as_classic});
  EXPECT_FALSE(says_that_sharing_is_unfinished(plan));
}

TEST(Run, a_node_that_was_asked_to_end_is_away_as_long_as_the_fault_lasts) {
  Plan plan = short_plan();
  plan.quiet_at = 25s;
  plan.faults = {{.kind = "restart", .at = 4s, .lasting = 15s, .targets = {"broker-1"}}};
  const auto result = result_of(plan, {.keeps_events = true});
  EXPECT_TRUE(result.report.verdict.passed());
  const auto starts = starts_of(result, "broker-1");
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_GE(starts[1], Instant{19s});
  EXPECT_LT(starts[1], Instant{20s});
}

TEST(Run, a_node_that_ended_by_itself_is_started_again_also_if_its_machine_lost_power_since) {
  Plan plan = short_plan();
  plan.quiet_at = 25s;
  plan.faults = {{.kind = "write_error", .at = 3s, .lasting = 1s, .targets = {"broker-1"}},
                 {.kind = "power_loss", .at = 6s, .lasting = 500ms, .targets = {"broker-1"}}};
  const auto result = result_of(plan, {.keeps_events = true});
  EXPECT_EQ(result.faults.at("power_loss").effective, 1);
  const auto starts = starts_of(result, "broker-1");
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_GE(starts[1], Instant{8s});
  EXPECT_LT(starts[1], Instant{12s});
}

TEST(Run, says_what_is_wrong_with_a_plan) {
  Plan plan = short_plan();
  plan.operations[0].input = "no-such-file";
  EXPECT_FALSE(run(plan, {.folder = folder}));
  plan = short_plan();
  plan.cluster.settings["no.such.setting"] = "1";
  EXPECT_FALSE(run(plan, {.folder = folder}));
  plan = short_plan();
  plan.bugs = {"NO-BUG"};
  EXPECT_FALSE(run(plan, {.folder = folder}));
}

}  // namespace
}  // namespace brokersim::scenarios
