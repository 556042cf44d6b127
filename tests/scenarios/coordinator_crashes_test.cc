// Faults that wait for a state of a transaction or a group, in whole clusters: whichever state they
// are aimed at, the coordinator crashes in it, the run says so, and nothing that was promised is
// broken.
#include <string>

#include <gtest/gtest.h>

#include "scenarios/coordinator_states.h"
#include "scenarios/draw_plan.h"
#include "scenarios/run.h"
#include "scenarios/scenario.h"
#include "scenarios/tally.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

// Seed 0 without its own faults, and one crash that waits.
Plan plan_with_crash(const std::string& scenario_name, const When& when) {
  const auto scenario = load_scenario(scenario_name, folder);
  EXPECT_TRUE(scenario) << (scenario ? "" : scenario.error());
  auto plan = draw_plan(*scenario, 0);
  plan.faults = {{.kind = "crash", .at = 4s, .when = when, .lasting = 2s, .targets = {"there"}}};
  return plan;
}

void expect_crash_in(const Plan& plan, const std::string& stat) {
  const auto result = run(plan, {.folder = folder});
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->faults.at("crash").effective, 1) << stat;
  EXPECT_GE(result->report.stats.at(stat), 1) << stat;
  EXPECT_EQ(result->fingerprints(), std::vector<std::string>{}) << stat;
}

TEST(CoordinatorCrashes, strike_in_every_state_of_a_transaction) {
  for (const auto& state : transaction_states()) {
    auto plan =
        plan_with_crash("transaction-coordinator-failover", {.transaction = "*", .becomes = state});
    for (std::size_t i = 0; i < plan.operations.size(); ++i) {
      plan.operations[i].aborts = plan.operations[i].kind == Operation::Kind::send && i % 3 == 0;
    }
    // A transactional id is without a transaction before its first one alone.
    if (state == "Empty") plan.faults[0].at = {};
    expect_crash_in(plan, "transaction_coordinators_lost_in_" + state);
  }
}

TEST(CoordinatorCrashes, strike_in_every_state_of_a_classic_group) {
  for (const char* state : {"PreparingRebalance", "CompletingRebalance", "Stable", "Empty"}) {
    auto plan = plan_with_crash("group-rebalance", {.group = "my-group", .becomes = state});
    plan.faults[0].at = {};
    plan.operations.push_back({.at = 20s, .client = "lone-01", .kind = Operation::Kind::leave});
    plan.operations.push_back({.at = 30s, .client = "lone-01", .kind = Operation::Kind::join});
    if (plan.faults[0].when.becomes == "Empty") plan.faults[0].when.group = "lone-group";
    expect_crash_in(plan, std::string("group_coordinators_lost_in_") + state);
  }
}

TEST(CoordinatorCrashes, are_the_same_in_every_run_of_a_plan) {
  const auto plan = plan_with_crash(
      "exactly-once-pipeline",
      {.transaction = "task-02", .becomes = "PrepareCommit", .nth = 3, .after = 300us});
  const auto one = run(plan, {.folder = folder});
  const auto two = run(plan, {.folder = folder});
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->report.trace_hash, two->report.trace_hash);
  EXPECT_EQ(one->faults.at("crash").effective, 1);
}

// ---- How they are counted ----------------------------------------------------------------------

class CoordinatorTally : public ::testing::Test {
 protected:
  void tell(EventBody body, std::int32_t node) {
    tally_.observe({.node = NodeId(node), .body = std::move(body)});
  }
  void group_is(const std::string& state, std::int32_t node, const std::string& group = "g") {
    tell(GroupStateChanged{.group = group, .state = state}, node);
  }
  void commits_at(std::int32_t node) { tell(OffsetCommitAnswered{.group = "g"}, node); }
  void crash(std::int32_t node) { tell(NodeStopped{NodeStopped::How::crash}, node); }
  std::int64_t lost_in(const std::string& state) const {
    return tally_.counts().at("group_coordinators_lost_in_" + state);
  }

  Tally tally_;
};

TEST_F(CoordinatorTally, counts_the_present_coordinator_alone) {
  group_is("Stable", 1);
  crash(2);
  EXPECT_EQ(lost_in("Stable"), 0);
  tell(NodeStopped{NodeStopped::How::shutdown}, 1);
  EXPECT_EQ(lost_in("Stable"), 0);
  crash(1);
  EXPECT_EQ(lost_in("Stable"), 1);
}

TEST_F(CoordinatorTally, counts_it_once_until_it_coordinates_again) {
  group_is("Stable", 1);
  crash(1);
  crash(1);
  EXPECT_EQ(lost_in("Stable"), 1);
  commits_at(1);
  crash(1);
  EXPECT_EQ(lost_in("Stable"), 2);
}

TEST_F(CoordinatorTally, counts_each_state_once_for_a_crash_however_many_groups_are_in_it) {
  group_is("Stable", 1, "one");
  group_is("Stable", 1, "two");
  group_is("Empty", 1, "three");
  group_is("Empty", 2, "elsewhere");
  crash(1);
  EXPECT_EQ(lost_in("Stable"), 1);
  EXPECT_EQ(lost_in("Empty"), 1);
  crash(2);
  EXPECT_EQ(lost_in("Empty"), 2);
}

TEST_F(CoordinatorTally, counts_transactions_alike) {
  for (const char* id : {"one", "two", "three"}) {
    tell(TransactionStateChanged{.transactional_id = id, .state = "Ongoing"}, 1);
  }
  tell(TransactionStateChanged{.transactional_id = "three", .state = "PrepareCommit"}, 1);
  crash(1);
  EXPECT_EQ(tally_.counts().at("transaction_coordinators_lost_in_Ongoing"), 1);
  EXPECT_EQ(tally_.counts().at("transaction_coordinators_lost_in_PrepareCommit"), 1);
}

TEST_F(CoordinatorTally, knows_that_the_next_coordinator_finds_what_is_in_the_log) {
  group_is("Stable", 1);
  group_is("PreparingRebalance", 1);
  crash(1);
  EXPECT_EQ(lost_in("PreparingRebalance"), 1);
  commits_at(2);
  crash(2);
  EXPECT_EQ(lost_in("PreparingRebalance"), 1);
  EXPECT_EQ(lost_in("Stable"), 1);
}

}  // namespace
}  // namespace brokersim::scenarios
