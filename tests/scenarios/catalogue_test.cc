// The catalogue: each scenario opens with its claim and the line to try it, says what it reaches,
// and draws plans that can be about it. That they hold is tests/campaigns.
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "scenarios/draw_plan.h"
#include "scenarios/files.h"
#include "scenarios/run.h"
#include "scenarios/upload.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

Scenario load(const std::string& name) {
  auto scenario = load_scenario(name, folder);
  EXPECT_TRUE(scenario) << scenario.error();
  return *std::move(scenario);
}

std::vector<Fault> faults_of(const Plan& plan, const std::string& kind) {
  std::vector<Fault> found;
  for (const auto& fault : plan.faults) {
    if (fault.kind == kind) found.push_back(fault);
  }
  return found;
}

TEST(Catalogue, has_the_scenarios_that_people_look_for) {
  const auto names = catalogue(folder);
  for (const char* name : {"back-to-back-elections",
                           "chaos",
                           "clock-skew",
                           "controller-failover",
                           "controller-quorum-loss",
                           "delayed-end-txn",
                           "elections",
                           "file-upload",
                           "last-replica-standing",
                           "leader-failover",
                           "network-partition",
                           "offsets-expiry",
                           "one-way-partition",
                           "pause",
                           "pipeline-guarantees",
                           "power-loss",
                           "quorum-snapshots",
                           "rack-loss",
                           "reassignment-under-load",
                           "rolling-crash",
                           "rolling-restart",
                           "topics-made-again",
                           "voter-change-under-partition",
                           "slow-replica",
                           "retention-compaction",
                           "io-error",
                           "disk-full",
                           "unclean-election"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
}

TEST(Catalogue, each_opens_with_its_claim_and_the_line_to_try_it) {
  for (const auto& name : catalogue(folder)) {
    const auto text = read_file(folder + "/catalogue/" + name + ".toml");
    ASSERT_TRUE(text);
    const auto claim = text->substr(0, text->find('\n'));
    EXPECT_TRUE(claim.starts_with("# ") && claim.ends_with(".") && claim.size() <= 100) << claim;
    const auto rest = text->substr(claim.size() + 1);
    EXPECT_EQ(rest.substr(0, rest.find('\n')), fmt::format("#   brokersim run {} --seed 7", name));
  }
}

TEST(Catalogue, each_says_what_it_is_about_and_what_it_reaches) {
  for (const auto& name : catalogue(folder)) {
    const auto scenario = load(name);
    EXPECT_FALSE(scenario.about.empty()) << name;
    EXPECT_FALSE(scenario.reaches.empty()) << name;
  }
}

TEST(RollingRestart, strikes_every_broker_then_every_controller_one_after_the_other) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto plan = draw_plan(load("rolling-restart"), seed);
    std::vector<std::string> order;
    Duration before{};
    for (const auto& fault : faults_of(plan, "restart")) {
      if (fault.targets.at(0).starts_with("host") || fault.targets[0].starts_with("reader")) {
        continue;
      }
      ASSERT_EQ(fault.targets.size(), 1u);
      EXPECT_GE(fault.at - before, Duration(1s)) << seed;
      before = fault.at;
      order.push_back(fault.targets[0]);
    }
    std::vector<std::string> all;
    for (int i = 1; i <= plan.cluster.brokers; ++i) all.push_back(fmt::format("broker-{}", i));
    for (int i = 1; i <= 3; ++i) all.push_back(fmt::format("controller-{}", i));
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, all) << seed;
  }
}

TEST(RollingCrash, has_brokers_taken_for_gone_in_some_runs) {
  int unregistered = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto plan = draw_plan(load("rolling-crash"), seed);
    for (const auto& operation : plan.operations) {
      if (operation.kind != Operation::Kind::unregister_broker) continue;
      ++unregistered;
      EXPECT_GE(operation.broker, 1);
      EXPECT_LE(operation.broker, plan.cluster.brokers);
      EXPECT_LT(operation.at, plan.quiet_at);
    }
  }
  EXPECT_GT(unregistered, 0);
}

TEST(Pause, is_longer_than_a_session_in_every_run_and_shorter_in_some) {
  bool has_short = false;
  for (std::uint64_t seed = 1; seed < 50; ++seed) {
    const auto plan = draw_plan(load("pause"), seed);
    const auto session =
        std::stoll(plan.cluster.settings.at("broker.session.timeout.ms")) * Duration(1ms);
    bool has_long = false;
    for (const auto& fault : faults_of(plan, "pause")) {
      has_long = has_long || fault.lasting > session;
      has_short = has_short || fault.lasting < session;
    }
    EXPECT_TRUE(has_long) << seed;
  }
  EXPECT_TRUE(has_short);
}

TEST(SlowReplica, is_slow_for_longer_than_the_leader_waits) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto plan = draw_plan(load("slow-replica"), seed);
    const auto patience =
        std::stoll(plan.cluster.settings.at("replica.lag.time.max.ms")) * Duration(1ms);
    const auto stalls = faults_of(plan, "link_stall");
    ASSERT_FALSE(stalls.empty());
    const auto longest =
        std::max_element(stalls.begin(), stalls.end(),
                         [](const Fault& a, const Fault& b) { return a.lasting < b.lasting; });
    EXPECT_GT(longest->lasting, patience);
  }
}

TEST(RackLoss, strikes_all_nodes_of_a_rack_and_no_other) {
  const auto plan = draw_plan(load("rack-loss"), 0);
  const auto losses = faults_of(plan, "power_loss");
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].targets, (std::vector<std::string>{"broker-1", "broker-4", "controller-1"}));
}

TEST(ReassignmentUnderLoad, moves_partitions_that_there_are_to_brokers_that_there_are) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto plan = draw_plan(load("reassignment-under-load"), seed);
    int moves = 0;
    for (const auto& operation : plan.operations) {
      if (operation.kind != Operation::Kind::reassign) continue;
      ++moves;
      EXPECT_LT(operation.partition, plan.topics[0].partitions);
      const std::set brokers(operation.replicas.begin(), operation.replicas.end());
      EXPECT_EQ(brokers.size(), static_cast<std::size_t>(plan.topics[0].replication_factor));
      EXPECT_GE(*brokers.begin(), 1);
      EXPECT_LE(*brokers.rbegin(), plan.cluster.brokers);
    }
    EXPECT_GE(moves, 4) << seed;
  }
}

TEST(ReassignmentUnderLoad, is_throttled_in_some_runs_before_the_first_move) {
  std::set<std::string> rates;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto plan = draw_plan(load("reassignment-under-load"), seed);
    std::size_t throttles = 0;
    for (const auto& operation : plan.operations) {
      if (operation.kind == Operation::Kind::reassign) break;
      if (operation.kind != Operation::Kind::configure) continue;
      ++throttles;
      if (operation.topic.empty()) {
        rates.insert(operation.configs.at("leader.replication.throttled.rate"));
      } else {
        EXPECT_EQ(operation.configs.at("follower.replication.throttled.replicas"), "*");
      }
    }
    EXPECT_TRUE(throttles == 0 || throttles == 1 + plan.topics.size()) << seed;
  }
  EXPECT_EQ(rates, (std::set<std::string>{"5000", "20000"}));
}

TEST(ReassignmentUnderLoad, has_a_topic_that_grows_in_some_runs) {
  int growths = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto plan = draw_plan(load("reassignment-under-load"), seed);
    std::int32_t partitions = plan.topics[0].partitions;
    for (const auto& operation : plan.operations) {
      if (operation.kind != Operation::Kind::create_partitions) continue;
      ++growths;
      EXPECT_GT(operation.partitions, partitions) << seed;
      partitions = operation.partitions;
    }
  }
  EXPECT_GT(growths, 0);
}

// Others are refused.
TEST(RetentionCompaction, deletes_records_only_of_what_does_not_merely_compact) {
  std::int64_t deletions = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto plan = draw_plan(load("retention-compaction"), seed);
    const auto& topic = plan.topics[0];
    for (const auto& operation : plan.operations) {
      if (operation.kind != Operation::Kind::delete_records) continue;
      ++deletions;
      EXPECT_NE(topic.configs.at("cleanup.policy"), "compact") << seed;
      EXPECT_GE(operation.partition, 0);
      EXPECT_LT(operation.partition, topic.partitions);
      EXPECT_LT(operation.at, plan.quiet_at);
    }
  }
  EXPECT_GT(deletions, 0);
}

// Of what seed 0 is for a test depends on the number that the scenario names.
TEST(LastReplicaStanding, sets_min_insync_replicas_anew_in_some_runs_and_not_in_that_of_seed_0) {
  std::set<std::string> values;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto plan = draw_plan(load("last-replica-standing"), seed);
    for (const auto& operation : plan.operations) {
      if (operation.kind != Operation::Kind::configure) continue;
      EXPECT_NE(seed, 0u);
      EXPECT_EQ(operation.topic, plan.topics[0].name);
      values.insert(operation.configs.at("min.insync.replicas"));
    }
  }
  EXPECT_EQ(values, (std::set<std::string>{"1", "2", "3"}));
}

TEST(TopicsMadeAgain, has_every_topic_back_before_the_faults_are_over) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto plan = draw_plan(load("topics-made-again"), seed);
    int changes = 0;
    for (const auto& operation : plan.operations) {
      if (operation.kind != Operation::Kind::make_again) continue;
      ++changes;
      EXPECT_EQ(operation.client, admin_name);
      EXPECT_EQ(operation.topic, plan.topics[0].name);
      EXPECT_LT(operation.at + operation.away, plan.quiet_at);
    }
    EXPECT_GE(changes, 2) << seed;
  }
}

// The broker that is away comes back with logs of a topic that is none any more.
TEST(TopicsMadeAgain, a_topic_is_made_again_and_every_promise_holds) {
  const auto result = run(draw_plan(load("topics-made-again"), 0), {.folder = folder});
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->report.verdict.passed());
  EXPECT_GE(result->report.stats.at("topics_made_again"), 2);
}

// As many as there were at first are left, whatever is drawn.
TEST(VoterChangeUnderPartition, changes_voters_that_can_be_changed_one_by_one) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto plan = draw_plan(load("voter-change-under-partition"), seed);
    EXPECT_EQ(plan.cluster.settings.at("kraft.version"), "1");
    std::set<std::int32_t> voters{1, 2, 3};
    int changes = 0;
    for (const auto& operation : plan.operations) {
      EXPECT_LE(operation.controller, plan.cluster.controllers);
      if (operation.kind == Operation::Kind::add_voter) {
        EXPECT_TRUE(voters.insert(operation.controller).second) << seed;
        ++changes;
      } else if (operation.kind == Operation::Kind::remove_voter) {
        EXPECT_EQ(voters.erase(operation.controller), 1u) << seed;
        ++changes;
      }
      EXPECT_GE(voters.size(), 3u) << seed;
    }
    EXPECT_GE(changes, 3) << seed;
  }
}

// What the scenario is for: the same run with eligible leader replicas and without.
TEST(LastReplicaStanding, loses_what_was_acknowledged_only_where_nobody_is_eligible) {
  const auto loses = [](const std::string& level) {
    auto plan = draw_plan(load("last-replica-standing"), 0);
    plan.cluster.settings["eligible.leader.replicas.version"] = level;
    const auto result = run(plan, {.folder = folder});
    EXPECT_TRUE(result && result->report.verdict.passed());  // Where it does it is excused.
    return result && !result->upload.is_complete();
  };
  EXPECT_FALSE(loses("1"));
  EXPECT_TRUE(loses("0"));
}

// The story of seed 0 is one of a classic group.
TEST(ExactlyOncePipeline, has_tasks_in_groups_of_either_kind) {
  using client::GroupProtocol;
  std::set<GroupProtocol> protocols;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto plan = draw_plan(load("exactly-once-pipeline"), seed);
    std::set<GroupProtocol> of_tasks;
    for (const auto& task : plan.tasks) of_tasks.insert(task.protocol);
    EXPECT_EQ(of_tasks.size(), 1u) << seed;
    EXPECT_TRUE(seed > 0 || of_tasks.contains(GroupProtocol::classic));
    protocols.merge(of_tasks);
  }
  EXPECT_EQ(protocols.size(), 2u);
}

// Drawn once for all of a group: what a group of several promised nobody could tell.
TEST(PipelineGuarantees, has_groups_that_promise_each_of_the_three) {
  std::set<ProcessingGuarantee> guarantees;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto plan = draw_plan(load("pipeline-guarantees"), seed);
    std::set<ProcessingGuarantee> of_tasks;
    for (const auto& task : plan.tasks) of_tasks.insert(task.guarantee);
    EXPECT_EQ(of_tasks.size(), 1u) << seed;
    guarantees.merge(of_tasks);
  }
  EXPECT_EQ(guarantees.size(), 3u);
}

TEST(PipelineGuarantees, has_tasks_that_take_longer_than_they_may) {
  int slow = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto plan = draw_plan(load("pipeline-guarantees"), seed);
    for (const auto& operation : plan.operations) {
      if (operation.kind != Operation::Kind::process) continue;
      const auto may_take = plan.tasks.at(0).max_poll_interval;
      if (may_take > Duration{} && operation.lasting > may_take) ++slow;
    }
  }
  EXPECT_GT(slow, 0);
}

// What the scenario is for: the same runs with an epoch for each transaction and without.
TEST(DelayedEndTxn, ends_another_transaction_only_where_that_has_no_epoch_of_its_own) {
  const auto ended_by_another = [](std::int16_t level, std::int16_t protocol) {
    std::int64_t count = 0;
    for (const std::uint64_t seed : {2U, 21U}) {
      auto plan = draw_plan(load("delayed-end-txn"), seed);
      plan.cluster.features["transaction.version"] = level;
      for (auto& producer : plan.producers) producer.transaction_protocol = protocol;
      for (auto& task : plan.tasks) task.transaction_protocol = protocol;
      const auto result = run(plan, {.folder = folder});
      EXPECT_TRUE(result && result->report.verdict.passed());  // Where it does it is excused.
      if (result) count += result->report.stats.at("anomalies_of_transaction_version_1");
    }
    return count;
  };
  EXPECT_GT(ended_by_another(1, 2), 0);
  EXPECT_GT(ended_by_another(2, 1), 0) << "older producers, as librdkafka, have none anywhere";
  EXPECT_EQ(ended_by_another(2, 2), 0);
}

TEST(ClockSkew, is_ahead_of_some_and_behind_of_others_by_at_least_a_minute) {
  const auto plan = draw_plan(load("clock-skew"), 0);
  const auto skews = faults_of(plan, "clock_skew");
  ASSERT_EQ(skews.size(), 2u);
  EXPECT_GE(std::get<Duration>(skews[0].parameters.at("ahead")), Duration(60s));
  EXPECT_GE(std::get<Duration>(skews[1].parameters.at("behind")), Duration(60s));
}

TEST(FileUpload, ten_files_go_in_within_five_seconds_and_come_out_parsed_and_equal) {
  const auto plan = draw_plan(load("file-upload"), 0);
  ASSERT_EQ(plan.producers.size(), 10u);
  for (const auto& producer : plan.producers) EXPECT_EQ(producer.acks, 2);
  ASSERT_EQ(plan.topics.size(), 1u);
  EXPECT_EQ(plan.topics[0].name, "my-topic");
  EXPECT_EQ(plan.topics[0].replication_factor, 3);
  for (const auto& operation : plan.operations) {
    EXPECT_LE(operation.at + operation.every * operation.count, Duration(7s));
  }
  const auto result = run(plan, {.folder = folder});
  ASSERT_TRUE(result) << result.error();
  EXPECT_TRUE(result->report.verdict.passed());
  EXPECT_EQ(result->faults.at("crash").effective, 1);
  EXPECT_GE(result->report.elections.size(), 1u);
  EXPECT_EQ(result->upload.acknowledged, 1200);
  EXPECT_TRUE(result->upload.is_complete());
  // Two readers parse each line.
  EXPECT_EQ(result->upload.parsed, 2 * (1200 + result->upload.repeated));
  EXPECT_EQ(result->upload.unparsable, 0);
  EXPECT_TRUE(text_of(result->upload).ends_with("every one parsed as JSON"));
}

}  // namespace
}  // namespace brokersim::scenarios
