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

TEST(Run, says_so_if_a_group_has_not_shared_what_there_is) {
  Plan plan = short_plan();
  plan.consumers = {{.name = "member", .topic = "t", .group = "g", .session_timeout = 6s}};
  plan.converge_within = 40s;
  EXPECT_TRUE(result_of(plan).report.verdict.passed());
  plan.consumers[0].at = 60s;
  const auto violations = result_of(plan).report.verdict.violations;
  EXPECT_TRUE(std::any_of(violations.begin(), violations.end(), [](const auto& violation) {
    return violation.fingerprint() == "BS-V01/sharing_unfinished";
  }));
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
