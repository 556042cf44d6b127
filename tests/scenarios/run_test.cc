// A run of a plan: the demo's upload survives the loss of a leader byte for byte; the same plan is
// the same run; telling about a run changes nothing in it; clients go on after their own crashes.
#include "scenarios/run.h"

#include <algorithm>
#include <set>
#include <string>

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

// The reader is away meanwhile, and goes on where the logs begin: inside a batch, or at their ends.
TEST(Run, records_that_an_operator_deletes_are_owed_to_nobody) {
  for (const std::int64_t percent : {60, 100}) {
    Plan plan = short_plan();
    for (auto& producer : plan.producers) producer.linger = 400ms;
    plan.operations.push_back({.at = 5500ms,
                               .client = admin_name,
                               .kind = Operation::Kind::delete_records,
                               .topic = "t",
                               .percent = percent});
    plan.faults = {{.kind = "pause", .at = 3s, .lasting = 3500ms, .targets = {"reader"}}};
    const auto result = result_of(plan);
    EXPECT_TRUE(result.report.verdict.passed());
    EXPECT_GE(result.report.stats.at("record_deletions"), 2);
    EXPECT_LT(result.report.stats.at("records_read"), 120);
    EXPECT_EQ(result.upload.sent, 0);
  }
}

// Producers, who reads for itself, and the members of a group find them by themselves.
TEST(Run, new_partitions_are_written_read_and_shared) {
  Plan plan = short_plan();
  for (auto& operation : plan.operations) operation.count = 160;
  for (const char* name : {"m1", "m2"}) {
    plan.consumers.push_back({.name = name, .topic = "t", .group = "g"});
  }
  plan.operations.push_back({.at = 4s,
                             .client = admin_name,
                             .kind = Operation::Kind::create_partitions,
                             .topic = "t",
                             .partitions = 4});
  plan.quiet_at = 12s;
  const auto result = result_of(plan, {.keeps_events = true});
  EXPECT_TRUE(result.report.verdict.passed());
  EXPECT_EQ(result.report.stats.at("topics_grown"), 1);
  EXPECT_TRUE(result.upload.is_complete());
  std::set<std::string> readers;
  for (const auto& event : result.events) {
    const auto* read = std::get_if<RecordDelivered>(&event.body);
    if (read != nullptr && read->partition.partition >= 2) readers.insert(read->client);
  }
  EXPECT_TRUE(readers.contains("reader"));
  EXPECT_TRUE(readers.contains("m1") || readers.contains("m2"));
}

// What the metadata said of the broker, in order.
std::vector<BrokerCommitted> committed_of(const RunResult& result, NodeId broker) {
  std::vector<BrokerCommitted> found;
  for (const auto& event : result.events) {
    const auto* committed = std::get_if<BrokerCommitted>(&event.body);
    if (committed != nullptr && committed->broker == broker) found.push_back(*committed);
  }
  return found;
}

// Down or not (KIP-631).
TEST(Run, a_broker_that_is_taken_for_gone_registers_anew_and_catches_up) {
  for (const bool is_down : {true, false}) {
    Plan plan = short_plan();
    if (is_down) {
      plan.faults = {{.kind = "crash", .at = 3500ms, .lasting = 3s, .targets = {"broker-2"}}};
    }
    plan.operations.push_back(
        {.at = 4s, .client = admin_name, .kind = Operation::Kind::unregister_broker, .broker = 2});
    const auto result = result_of(plan, {.keeps_events = true});
    EXPECT_TRUE(result.report.verdict.passed());
    const auto told = committed_of(result, NodeId(2));
    ASSERT_FALSE(told.empty());
    EXPECT_GT(told.back().broker_epoch, told.front().broker_epoch);
    EXPECT_FALSE(told.back().is_fenced);
    EXPECT_TRUE(std::any_of(result.events.begin(), result.events.end(), [](const Event& event) {
      const auto* fenced = std::get_if<BrokerFenced>(&event.body);
      return fenced && fenced->broker == NodeId(2) && fenced->why == "broker-2 was unregistered";
    }));
  }
}

// Two of three leave the in-sync set: they are eligible to lead (KIP-966) only where that is on.
TEST(Run, features_go_up_and_down_while_it_lasts) {
  const auto has_eligible = [](const std::vector<std::int16_t>& levels) {
    Plan plan = short_plan();
    plan.topics[0].configs = {{"min.insync.replicas", "2"}};
    plan.producers[0].acks = -1;
    plan.faults = {{.kind = "crash", .at = 5s, .lasting = 5s, .targets = {"broker-2", "broker-3"}}};
    for (std::size_t i = 0; i < levels.size(); ++i) {
      plan.operations.push_back({.at = 3s + static_cast<std::int64_t>(i) * 500ms,
                                 .client = admin_name,
                                 .kind = Operation::Kind::update_features,
                                 .levels = {{"eligible.leader.replicas.version", levels[i]}}});
    }
    plan.quiet_at = 12s;
    const auto result = result_of(plan, {.keeps_events = true});
    EXPECT_TRUE(result.report.verdict.passed());
    return std::any_of(result.events.begin(), result.events.end(), [](const Event& event) {
      const auto* committed = std::get_if<PartitionCommitted>(&event.body);
      return committed && !committed->elr.empty();
    });
  };
  EXPECT_FALSE(has_eligible({}));
  EXPECT_TRUE(has_eligible({1}));
  EXPECT_FALSE(has_eligible({1, 0}));
}

// What it cannot do it is started for again (a supervisor's work), until there are controllers.
TEST(Run, brokers_that_cannot_register_in_time_are_started_again) {
  Plan plan = short_plan();
  plan.cluster.settings["initial.broker.registration.timeout.ms"] = "4000";
  plan.faults = {{.kind = "crash",
                  .at = 3s,
                  .lasting = 8s,
                  .targets = {"controller-1", "controller-2", "controller-3"}},
                 {.kind = "crash", .at = 4s, .lasting = 500ms, .targets = {"broker-2"}}};
  plan.quiet_at = 16s;
  const auto result = result_of(plan, {.keeps_events = true});
  EXPECT_TRUE(result.report.verdict.passed());
  EXPECT_GE(starts_of(result, "broker-2").size(), 3u);
  EXPECT_FALSE(committed_of(result, NodeId(2)).back().is_fenced);
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

TEST(Run, says_of_an_upload_what_is_missing_by_what_was_promised_of_it) {
  Upload upload{.sent = 12, .unasked = 12, .missing_unasked = 3};
  EXPECT_EQ(text_of(upload),
            "12 lines sent, 0 acknowledged, 12 with acks=0; 3 with acks=0 are missing, which it "
            "permits");
  upload = {.sent = 12, .acknowledged = 12, .missing = 2, .missing_weak = 1};
  EXPECT_EQ(text_of(upload),
            "12 lines sent, 12 acknowledged; 2 of the acknowledged are missing, 1 with acks=1 is "
            "missing, which it permits");
  upload = {.sent = 12, .unasked = 12};
  EXPECT_EQ(text_of(upload),
            "12 lines sent, 0 acknowledged, 12 with acks=0, all read back byte for byte");
}

TEST(Run, says_why_there_is_nothing_to_compare) {
  EXPECT_EQ(text_of(Upload{}), "nothing to compare: nothing was sent");
  EXPECT_EQ(text_of(Upload{.unread = 2}), "nothing to compare: no consumer has read what was sent");
  EXPECT_EQ(text_of(Upload{.deleted = 2}),
            "nothing to compare: what was sent was deleted on purpose");
}

// Of what nobody acknowledges nothing is promised: no word of it contradicts the verdict.
TEST(Run, counts_records_of_acks_0_as_nobody_s_promise) {
  Plan plan = short_plan();
  for (auto& producer : plan.producers) producer.acks = 0;
  const auto result = result_of(plan);
  EXPECT_TRUE(result.report.verdict.passed());
  EXPECT_EQ(result.upload.acknowledged, 0);
  EXPECT_EQ(result.upload.missing, 0);
  EXPECT_GT(result.upload.unasked, 0);
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

// The only replica loses the marker of a transaction that its coordinator has completed.
TEST(Run, owes_nobody_what_lies_behind_a_transaction_whose_end_was_lost_with_an_excuse) {
  Plan plan = short_plan();
  plan.topics = {{.name = "t", .partitions = 1, .replication_factor = 1}};
  plan.producers = {{.name = "p1", .transactional_id = "p1"},
                    {.name = "p2", .transactional_id = "p2"}};
  plan.consumers[0].isolation_level = client::IsolationLevel::read_committed;
  plan.operations = {{.at = 2900ms, .client = "p2", .topic = "t", .count = 3, .every = 10ms},
                     {.at = 6s, .client = "p1", .topic = "t", .count = 3, .every = 10ms}};
  plan.faults = {{.kind = "power_loss", .at = 3185ms, .lasting = 500ms, .targets = {"leader:t-0"}}};
  plan.converge_within = 30s;
  const auto result = result_of(plan);
  EXPECT_TRUE(result.report.verdict.passed());
  EXPECT_EQ(result.upload.acknowledged, 6);
  EXPECT_EQ(result.upload.missing, 3);
}

// How often the member was told that it has lost what it had.
int losses_of(const Plan& plan) {
  const auto result = result_of(plan, {.keeps_events = true});
  EXPECT_TRUE(result.report.verdict.passed());
  return static_cast<int>(
      std::count_if(result.events.begin(), result.events.end(), [](const Event& event) {
        const auto* changed = std::get_if<OwnershipChanged>(&event.body);
        return changed && changed->how == "lost";
      }));
}

// Its session is shorter than that, and is kept alive (KIP-62).
TEST(Run, a_member_that_is_slow_leaves_its_group_if_it_is_so_for_too_long) {
  using Kind = Operation::Kind;
  for (const auto protocol : {client::GroupProtocol::classic, client::GroupProtocol::consumer}) {
    Plan plan = short_plan();
    plan.quiet_at = 40s;
    plan.consumers = {{.name = "member",
                       .topic = "t",
                       .group = "g",
                       .protocol = protocol,
                       .session_timeout = 6s}};
    plan.operations.push_back(
        {.at = 12s, .client = "member", .kind = Kind::process, .lasting = 15s});
    EXPECT_EQ(losses_of(plan), 0);
    plan.consumers[0].max_poll_interval = 9s;
    EXPECT_EQ(losses_of(plan), 1);
  }
}

// Or it would have to converge while nobody polls.
TEST(Run, nobody_is_slow_nor_pauses_anything_in_the_quiet_time) {
  Plan plan = short_plan();
  plan.quiet_at = 14s;
  plan.consumers = {{.name = "member", .topic = "t", .group = "g", .session_timeout = 6s}};
  for (const auto kind : {Operation::Kind::process, Operation::Kind::pause}) {
    plan.operations.push_back({.at = 4s, .client = "member", .kind = kind, .lasting = 1h});
  }
  EXPECT_TRUE(result_of(plan).report.verdict.passed());
}

TEST(Run, a_member_pauses_partitions_and_reads_the_rest_later) {
  Plan plan = short_plan();
  plan.quiet_at = 40s;
  plan.consumers = {{.name = "member", .topic = "t", .group = "g", .session_timeout = 6s}};
  plan.operations.push_back(
      {.at = 1s, .client = "member", .kind = Operation::Kind::pause, .lasting = 24s});
  const auto result = result_of(plan, {.keeps_events = true});
  EXPECT_TRUE(result.report.verdict.passed());
  std::size_t late = 0;
  for (const auto& event : result.events) {
    late += std::holds_alternative<RecordDelivered>(event.body) && event.at >= Instant{25s};
  }
  EXPECT_GT(late, 0u);
}

// Nobody says where to begin, so that the member finds out and begins at the beginning; or it
// begins at the end of what there is, and is owed nothing before that.
TEST(Run, a_member_begins_where_it_is_to_begin) {
  for (const auto policy : {client::OffsetReset::none, client::OffsetReset::latest}) {
    Plan plan = short_plan();
    plan.consumers = {{.name = "member",
                       .topic = "t",
                       .at = 20s,
                       .auto_offset_reset = policy,
                       .group = "g",
                       .session_timeout = 6s}};
    plan.quiet_at = 30s;
    const auto result = result_of(plan, {.keeps_events = true});
    EXPECT_TRUE(result.report.verdict.passed());
    const bool has_read = std::any_of(
        result.events.begin(), result.events.end(),
        [](const Event& event) { return std::holds_alternative<RecordDelivered>(event.body); });
    EXPECT_EQ(has_read, policy == client::OffsetReset::none);
    EXPECT_EQ(result.upload.missing, 0);
  }
}

TEST(Run, names_whoever_has_not_finished_and_the_state_of_its_group) {
  Plan plan = short_plan();
  plan.consumers = {{.name = "member", .topic = "t", .group = "g", .session_timeout = 6s},
                    {.name = "late", .topic = "t", .at = 1h, .group = "g", .session_timeout = 6s}};
  const auto verdict = result_of(plan).report.verdict;
  ASSERT_EQ(verdict.violations.size(), 1u);
  EXPECT_EQ(verdict.violations[0].message,
            "60000 ms after the last fault, a group has not shared what there is: late of the "
            "group g waits for its share, and the group g is Stable in generation 1 with 1 "
            "member.");
}

// Who crashes while it joins counts as alive until that rebalance is over, and then for a session
// of its own, which is 45 s by default: together more than the cluster may take.
TEST(Run, waits_for_groups_as_long_as_sessions_and_rebalances_may_take) {
  Plan plan = short_plan();
  plan.topics[0].partitions = 6;
  plan.consumers.clear();
  for (const char* name : {"m1", "m2", "m3"}) {
    plan.consumers.push_back({.name = name, .topic = "t", .group = "g"});
  }
  plan.faults = {{.kind = "crash", .at = 3s, .lasting = 1s, .targets = {"m1"}},
                 {.kind = "crash", .at = 9s, .lasting = 1s, .targets = {"m2"}},
                 {.kind = "crash", .at = 14s, .lasting = 1s, .targets = {"m1"}}};
  plan.quiet_at = 16s;
  const auto result = result_of(plan);
  EXPECT_TRUE(result.report.verdict.passed());
  EXPECT_GT(result.report.simulated, plan.quiet_at + plan.converge_within);
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
