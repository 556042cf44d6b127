// Pipelines of stream tasks and transactional producers as plans have them: what tasks make of
// records is drawn and written like everything else, exactly-once tasks hold every property, and
// at-least-once tasks repeat what those do not, so that the check can fail.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "properties/trial.h"
#include "scenarios/draw_plan.h"
#include "scenarios/pipeline.h"
#include "scenarios/plan_toml.h"
#include "scenarios/run.h"
#include "scenarios/scenario.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

using client::ProcessingGuarantee;

Plan drawn(const std::string& name, std::uint64_t seed) {
  const auto scenario = load_scenario(name, folder);
  EXPECT_TRUE(scenario) << (scenario ? "" : scenario.error());
  return draw_plan(*scenario, seed);
}

RunResult run_of(const Plan& plan) {
  auto result = run(plan, {.folder = folder, .keeps_events = true});
  EXPECT_TRUE(result) << (result ? "" : result.error());
  return *std::move(result);
}

// What would be found if the tasks had promised more than they did.
std::set<std::string> judged_as_exactly_once(const std::vector<Event>& events) {
  properties::Trial trial;
  for (auto event : events) {
    if (auto* processed = std::get_if<RecordProcessed>(&event.body)) {
      processed->is_exactly_once = true;
    }
    trial.observe(event);
  }
  std::set<std::string> found;
  for (const auto& violation : trial.finish(events.back().at).violations) {
    found.insert(violation.fingerprint());
  }
  return found;
}

wire::RecordAt record_at(Offset offset, const std::string& value) {
  wire::Record record;
  record.value = bytes_of(value);
  return {offset, record};
}

TEST(Pipelines, make_of_a_record_what_says_where_it_was) {
  std::size_t made = 0;
  std::size_t filtered = 0;
  std::set<std::string> keys;
  for (Offset offset = 0; offset < 400; ++offset) {
    const auto input = record_at(offset, fmt::format("host-01 #{}", offset));
    const auto outputs = made_of({"input", 3}, input);
    filtered += outputs.empty() ? 1U : 0U;
    made += outputs.size();
    for (const auto& output : outputs) {
      keys.insert(std::string(as_text(*output.key)));
      EXPECT_TRUE(as_text(*output.value).starts_with(as_text(*input.record.value)));
    }
    // A function of nothing else.
    EXPECT_EQ(made_of({"input", 3}, input).size(), outputs.size());
  }
  EXPECT_EQ(keys.size(), made);
  EXPECT_TRUE(keys.contains("input-3@7") ||
              made_of({"input", 3}, record_at(7, "host-01 #7")).empty());
  EXPECT_GT(filtered, 60U);
  EXPECT_LT(filtered, 140U);
}

TEST(Pipelines, are_written_in_plans_and_read_again) {
  for (const char* name :
       {"exactly-once-pipeline", "zombie-producer", "transaction-coordinator-failover"}) {
    const auto plan = drawn(name, 3);
    EXPECT_FALSE(plan.tasks.empty());
    EXPECT_EQ(plan.cluster.features.at("transaction.version"), 2);
    const auto read = parse_plan(to_toml(plan), "plan.toml");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(*read, plan);
  }
}

TEST(Pipelines, of_at_least_once_tasks_repeat_what_those_of_exactly_once_tasks_do_not) {
  for (const auto guarantee :
       {ProcessingGuarantee::at_least_once, ProcessingGuarantee::exactly_once}) {
    auto plan = drawn("exactly-once-pipeline", 0);
    for (auto& task : plan.tasks) {
      task.guarantee = guarantee;
      task.commit_interval = 1s;
    }
    const auto result = run_of(plan);
    EXPECT_EQ(result.fingerprints(), std::vector<std::string>{});
    const auto found = judged_as_exactly_once(result.events);
    const bool is_at_least_once = guarantee == ProcessingGuarantee::at_least_once;
    EXPECT_EQ(found.contains("BS-T05/output_repeated"), is_at_least_once);
    EXPECT_EQ(result.report.stats.at("transactions_committed") > 0, !is_at_least_once);
  }
}

// Some of the producers' transactions are given up, and their records are for nobody to see.
TEST(TransactionalProducers, commit_and_abort_as_the_plan_says) {
  auto plan = drawn("transaction-coordinator-failover", 0);
  plan.faults.clear();
  plan.tasks.clear();
  for (std::size_t i = 0; i < plan.operations.size(); ++i) {
    plan.operations[i].aborts = plan.operations[i].kind == Operation::Kind::send && i % 3 == 0;
  }
  std::int64_t aborting = 0;
  for (const auto& operation : plan.operations) aborting += operation.aborts ? 1 : 0;
  const auto result = run_of(plan);
  EXPECT_EQ(result.fingerprints(), std::vector<std::string>{});
  EXPECT_GT(aborting, 0);
  EXPECT_EQ(result.report.stats.at("transactions_aborted"), aborting);
  EXPECT_GT(result.report.stats.at("transactions_committed"), aborting);
  EXPECT_EQ(result.report.stats.at("transactions_of_unknown_end"), 0);
  EXPECT_GT(result.upload.failed, 0);
  EXPECT_EQ(result.upload.foreign, 0);
  EXPECT_TRUE(result.upload.is_complete());
}

}  // namespace
}  // namespace brokersim::scenarios
