// Pipelines of stream tasks and transactional producers as plans have them: what tasks make of
// records is drawn and written like everything else, tasks of each promise hold every property, in
// groups of either kind; at-least-once tasks repeat what the others do not, and lose what they
// commit too early, so that the checks can fail.
#include <algorithm>
#include <map>
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
#include "scenarios/tally.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

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

// What would be found if the tasks had promised this.
std::set<std::string> judged_as(ProcessingGuarantee guarantee, const std::vector<Event>& events) {
  properties::Trial trial;
  for (auto event : events) {
    if (auto* processed = std::get_if<RecordProcessed>(&event.body)) {
      processed->guarantee = guarantee;
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
    EXPECT_TRUE(plan.cluster.features.contains("transaction.version"));
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
    const auto found = judged_as(ProcessingGuarantee::exactly_once, result.events);
    const bool is_at_least_once = guarantee == ProcessingGuarantee::at_least_once;
    EXPECT_EQ(found.contains("BS-T05/output_repeated"), is_at_least_once);
    EXPECT_EQ(result.report.stats.at("transactions_committed") > 0, !is_at_least_once);
  }
}

TEST(Pipelines, of_at_most_once_tasks_process_nothing_again_that_those_of_at_least_once_tasks_do) {
  for (const auto guarantee :
       {ProcessingGuarantee::at_least_once, ProcessingGuarantee::at_most_once}) {
    auto plan = drawn("exactly-once-pipeline", 0);
    for (auto& task : plan.tasks) {
      task.guarantee = guarantee;
      task.commit_interval = 1s;
    }
    const auto read = parse_plan(to_toml(plan), "plan.toml");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(*read, plan);
    const auto result = run_of(plan);
    EXPECT_EQ(result.fingerprints(), std::vector<std::string>{});
    const auto found = judged_as(ProcessingGuarantee::at_most_once, result.events);
    EXPECT_EQ(found.contains("BS-T05/processed_again"),
              guarantee == ProcessingGuarantee::at_least_once);
  }
}

// It heartbeats and does not poll, with work open or not, and leaves its group (KIP-62).
TEST(Pipelines, of_a_task_that_is_slow_for_too_long_lose_what_it_has_and_nothing_else) {
  for (const auto guarantee :
       {ProcessingGuarantee::at_least_once, ProcessingGuarantee::exactly_once}) {
    auto plan = drawn("exactly-once-pipeline", 0);
    plan.faults.clear();
    for (auto& task : plan.tasks) {
      task.guarantee = guarantee;
      task.max_poll_interval = 5s;
    }
    plan.operations.push_back({.at = 12s,
                               .client = plan.tasks.front().name,
                               .kind = Operation::Kind::process,
                               .lasting = 10s});
    const auto result = run_of(plan);
    EXPECT_EQ(result.fingerprints(), std::vector<std::string>{});
    EXPECT_TRUE(std::any_of(result.events.begin(), result.events.end(), [&](const Event& event) {
      const auto* changed = std::get_if<OwnershipChanged>(&event.body);
      return changed && changed->client == plan.tasks.front().name && changed->how == "lost" &&
             event.at >= Instant{17s};
    }));
  }
}

Fault crash_of(std::vector<std::string> targets, Duration at, Duration lasting) {
  Fault crash;
  crash.kind = "crash";
  crash.at = at;
  crash.lasting = lasting;
  crash.targets = std::move(targets);
  return crash;
}

// While a leader of what they write is gone, and its followers wait for its session to end,
// at-least-once tasks go on with what the others lead. And then all of them crash.
std::vector<std::string> found_where_tasks_crash(std::uint64_t seed,
                                                 const std::vector<std::string>& bugs) {
  auto plan = drawn("exactly-once-pipeline", seed);
  for (auto& task : plan.tasks) {
    task.guarantee = ProcessingGuarantee::at_least_once;
    task.commit_interval = 100ms;
  }
  plan.cluster.settings["broker.session.timeout.ms"] = "8000";
  plan.cluster.settings["replica.lag.time.max.ms"] = "1000";
  plan.faults = {crash_of({"leader:output-0"}, 10s, 7s),
                 crash_of({"task-01", "task-02", "task-03"}, 14s, 1s)};
  plan.bugs = bugs;
  return run_of(plan).fingerprints();
}

// Not where one broker leads that and the group: then nothing can be committed, either.
TEST(Pipelines, of_at_least_once_tasks_once_lost_what_they_had_committed) {
  bool was_lost = false;
  for (std::uint64_t seed = 0; seed < 6 && !was_lost; ++seed) {
    EXPECT_EQ(found_where_tasks_crash(seed, {}), std::vector<std::string>{}) << seed;
    const auto found = found_where_tasks_crash(seed, {"CLI-09"});
    was_lost = std::find(found.begin(), found.end(), "BS-T10/output_missing") != found.end();
  }
  EXPECT_TRUE(was_lost);
}

// Nothing is made of a record that the group is not behind.
TEST(Pipelines, of_at_most_once_tasks_commit_before_they_process) {
  auto plan = drawn("exactly-once-pipeline", 0);
  for (auto& task : plan.tasks) task.guarantee = ProcessingGuarantee::at_most_once;
  std::map<TopicPartition, Offset> committed;
  std::size_t processed = 0;
  for (const auto& event : run_of(plan).events) {
    if (const auto* commit = std::get_if<OffsetCommitAnswered>(&event.body)) {
      auto& known = committed[commit->partition];
      if (commit->error == 0) known = std::max(known, commit->offset);
    } else if (const auto* one = std::get_if<RecordProcessed>(&event.body)) {
      ++processed;
      EXPECT_LT(one->offset, committed[one->partition])
          << one->client << ' ' << one->partition.partition;
    }
  }
  EXPECT_GT(processed, 100U);
}

TEST(Pipelines, of_members_of_a_consumer_group_hold_every_property) {
  auto plan = drawn("exactly-once-pipeline", 0);
  for (auto& task : plan.tasks) task.protocol = client::GroupProtocol::consumer;
  const auto read = parse_plan(to_toml(plan), "plan.toml");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, plan);
  const auto result = run_of(plan);
  EXPECT_EQ(result.fingerprints(), std::vector<std::string>{});
  EXPECT_GT(result.report.stats.at("transactions_committed"), 0);
  const auto are_told = [](const Event& event) {
    const auto* beat = std::get_if<ConsumerGroupHeartbeatAnswered>(&event.body);
    return beat != nullptr && beat->group == "pipeline" && beat->is_told;
  };
  EXPECT_TRUE(std::any_of(result.events.begin(), result.events.end(), are_told));
}

// The first answer after a transaction was prepared tells who had that done.
TEST(LateEnds, are_counted_where_they_have_ended_a_transaction) {
  Tally tally;
  const auto tell = [&tally](Duration at, EventBody body) {
    tally.observe({.at = Instant{at}, .node = NodeId(1), .body = std::move(body)});
    return tally.counts().at("anomalies_of_transaction_version_1");
  };
  const auto prepared = [&](Duration at) {
    return tell(at, TransactionStateChanged{.transactional_id = "p", .state = "PrepareCommit"});
  };
  const auto answered = [&](Duration at, Duration asked_at) {
    return tell(at, EndTxnAnswered{.peer = "p",
                                   .transactional_id = "p",
                                   .is_commit = true,
                                   .asked_at_ns = Instant{asked_at}.ns()});
  };
  tell(1s, TransactionBegan{.op = 1, .client = "p", .transactional_id = "p"});
  prepared(3s);
  EXPECT_EQ(answered(3s, 3s), 0);
  tell(3s, TransactionEnded{.op = 1, .client = "p", .is_commit = true, .outcome = Outcome::ok});
  EXPECT_EQ(answered(4s, 2s), 0);  // Nothing is open.
  tell(5s, TransactionBegan{.op = 2, .client = "p", .transactional_id = "p"});
  EXPECT_EQ(answered(6s, 2s), 0);  // And nothing had been added to the next one.
  prepared(7s);
  EXPECT_EQ(answered(7s, 2s), 1);
  EXPECT_EQ(answered(8s, 2s), 1);
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
