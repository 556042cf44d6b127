// Shows that a scenario and a seed make one plan, that its entries are drawn independently of each
// other, and that the catalogue holds what it should.
#include "scenarios/draw_plan.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "scenarios/bugs.h"
#include "scenarios/plan_toml.h"
#include "sim/fault.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

Scenario scenario_of(const std::string& text) {
  const auto scenario = parse_scenario(text, "s.toml");
  EXPECT_TRUE(scenario) << scenario.error();
  return *scenario;
}

const std::string small = R"(
[cluster]
brokers = "3..5"
[[topics]]
name = "t"
partitions = [2, 4]
[[producers]]
name = "p"
count = 2
acks = [1, "all"]
[workload]
topic = "t"
records = 25
chunk = "1..10"
every = "1ms..2s"
[mix]
count = 6
window = "1s..9s"
for = "100ms..20s"
kinds = [
  { kind = "crash", weight = 3 },
  { kind = "partition", targets = ["leaders"], peers = ["brokers"], peer_count = 2 },
  { kind = "slow_disk", targets = ["controller"], parameters = { factor = "2..3" } },
]
)";

TEST(DrawPlan, the_same_seed_draws_the_same_plan_and_another_another) {
  const auto scenario = scenario_of(small);
  EXPECT_EQ(draw_plan(scenario, 7), draw_plan(scenario, 7));
  EXPECT_NE(draw_plan(scenario, 7).faults, draw_plan(scenario, 8).faults);
}

RC_GTEST_PROP(DrawPlan, any_drawn_plan_survives_its_file, (std::uint32_t seed)) {
  const auto plan = draw_plan(scenario_of(small), seed);
  const auto read = parse_plan(to_toml(plan), "p.toml");
  RC_ASSERT(read);
  RC_ASSERT(*read == plan);
}

RC_GTEST_PROP(DrawPlan, stays_within_what_the_scenario_says, (std::uint32_t seed)) {
  const auto plan = draw_plan(scenario_of(small), seed + 1u);
  RC_ASSERT(plan.cluster.brokers >= 3 && plan.cluster.brokers <= 5);
  RC_ASSERT(plan.topics.at(0).partitions == 2 || plan.topics.at(0).partitions == 4);
  RC_ASSERT(plan.faults.size() == 6u);
  for (const auto& fault : plan.faults) {
    RC_ASSERT(fault.at >= Duration(1s) && fault.at <= Duration(9s));
    RC_ASSERT(fault.at + fault.lasting <= plan.quiet_at);
    if (fault.kind == "slow_disk") {
      const auto factor = std::get<std::int64_t>(fault.parameters.at("factor"));
      RC_ASSERT(factor == 2 || factor == 3);
    }
  }
}

TEST(DrawPlan, last_epochs_protocols_of_transactions_and_first_sequences_are_drawn_too) {
  const std::string more = R"(
[cluster]
last_producer_epoch = [3, 32766]
[[topics]]
name = "in"
[[topics]]
name = "out"
[[producers]]
name = "p"
count = 2
transactional = true
transaction_protocol = [1, 2]
[[producers]]
name = "plain"
enable_idempotence = true
first_sequence = "5..9"
[[tasks]]
name = "t"
input = "in"
output = "out"
transaction_protocol = [1, 2]
[[consumers]]
name = "r"
topic = "out"
isolation_level = "read_committed"
)";
  std::set<std::int16_t> epochs;
  std::set<std::int16_t> of_producers;
  std::set<std::int16_t> of_tasks;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto plan = draw_plan(scenario_of(more), seed);
    epochs.insert(plan.cluster.last_producer_epoch);
    for (const auto& producer : plan.producers) {
      if (producer.transactional_id.empty()) {
        EXPECT_TRUE(5 <= producer.first_sequence && producer.first_sequence <= 9);
      } else {
        of_producers.insert(producer.transaction_protocol);
      }
    }
    for (const auto& task : plan.tasks) of_tasks.insert(task.transaction_protocol);
  }
  EXPECT_EQ(epochs, (std::set<std::int16_t>{3, 32766}));
  EXPECT_EQ(of_producers, (std::set<std::int16_t>{1, 2}));
  EXPECT_EQ(of_tasks, (std::set<std::int16_t>{1, 2}));
}

RC_GTEST_PROP(DrawPlan, sends_each_record_of_each_producer_once, (std::uint32_t seed)) {
  const auto plan = draw_plan(scenario_of(small), seed);
  std::map<std::string, std::int64_t> next{{"p-01", 1}, {"p-02", 1}};
  for (const auto& operation : plan.operations) {
    RC_ASSERT(operation.first_line == next.at(operation.client));
    next[operation.client] += operation.count;
  }
  RC_ASSERT(next.at("p-01") == 26 && next.at("p-02") == 26);
}

TEST(DrawPlan, one_fault_more_leaves_the_others_as_they_are) {
  auto scenario = scenario_of(small);
  const auto fewer = draw_plan(scenario, 3).faults;
  scenario.mix.count = 7;
  const auto more = draw_plan(scenario, 3).faults;
  ASSERT_EQ(more.size(), fewer.size() + 1);
  for (const auto& fault : fewer) {
    EXPECT_NE(std::find(more.begin(), more.end(), fault), more.end());
  }
}

const std::string grouped = R"(
[[topics]]
name = "t"
[[consumers]]
name = "m"
group = "g"
topic = "t"
count = 2
assignor = ["range", "sticky"]
commit = ["auto", "manual"]
[[consumers]]
name = "s"
group = "g"
topic = "t"
static = true
assignor = ["range", "sticky"]
[churn]
count = 3
window = "5s..9s"
away = "2s"
[mix]
count = 4
window = "1s..2s"
kinds = [{ kind = "crash", targets = ["members"] }]
)";

const std::string slow_members = grouped + R"(
[processing]
count = "0..4"
window = "5s..40s"
for = "1s..30s"
[pauses]
count = "0..4"
window = "5s..40s"
for = "1s..30s"
)";

// By the quiet time all of that is over; and seed 0 has none of it.
RC_GTEST_PROP(DrawPlan, members_are_slow_and_pause_partitions_for_a_while, (std::uint32_t seed)) {
  const auto plan = draw_plan(scenario_of(slow_members), seed);
  for (const auto& operation : plan.operations) {
    if (!is_of_reading(operation.kind)) continue;
    RC_ASSERT(seed != 0);
    RC_ASSERT(operation.client == "m-01" || operation.client == "m-02" ||
              operation.client == "s-01");
    RC_ASSERT(operation.at >= 5s && operation.lasting > Duration{});
    RC_ASSERT(operation.at + operation.lasting <= plan.quiet_at);
    RC_ASSERT(operation.partition == any_partition || operation.partition == 0);
  }
}

// What others draw stays as it is.
TEST(DrawPlan, who_is_slow_changes_nothing_else) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    auto plan = draw_plan(scenario_of(slow_members), seed);
    std::erase_if(plan.operations, [](const auto& one) { return is_of_reading(one.kind); });
    EXPECT_EQ(plan, draw_plan(scenario_of(grouped), seed));
  }
}

const std::string maintained = small + R"(
[feature_updates]
count = "0..4"
window = "1s..9s"
levels = { "group.version" = [0, 1], "transaction.version" = 2 }
[unregistrations]
count = 3
after = "100ms..5s"
)";

RC_GTEST_PROP(DrawPlan, brokers_are_unregistered_while_they_are_down, (std::uint32_t seed)) {
  const auto plan = draw_plan(scenario_of(maintained), seed);
  for (const auto& operation : plan.operations) {
    if (operation.kind == Operation::Kind::update_features) {
      RC_ASSERT(seed != 0 && operation.levels.size() == 1);
    }
    if (operation.kind != Operation::Kind::unregister_broker) continue;
    const auto name = fmt::format("broker-{}", operation.broker);
    RC_ASSERT(seed != 0);
    RC_ASSERT(std::any_of(plan.faults.begin(), plan.faults.end(), [&](const Fault& fault) {
      return fault.kind == "crash" && fault.targets == std::vector{name} &&
             fault.at < operation.at && operation.at < fault.at + fault.lasting;
    }));
  }
}

TEST(DrawPlan, what_is_maintained_changes_nothing_else) {
  std::size_t unregistered = 0;
  std::size_t updated = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto plan = draw_plan(scenario_of(maintained), seed);
    using Kind = Operation::Kind;
    const auto erase = [&](Kind kind) {
      return std::erase_if(plan.operations, [&](const auto& one) { return one.kind == kind; });
    };
    unregistered += erase(Kind::unregister_broker);
    updated += erase(Kind::update_features);
    EXPECT_EQ(plan, draw_plan(scenario_of(small), seed));
  }
  EXPECT_GT(unregistered, 0u);
  EXPECT_GT(updated, 0u);
}

const std::string beginning = R"(
[[topics]]
name = "t"
[[consumers]]
name = "m"
group = "g"
topic = "t"
count = 3
auto_offset_reset = ["earliest", "latest", "none"]
max_poll_interval = ["0s", "5s"]
)";

TEST(DrawPlan, members_of_a_group_begin_alike_and_may_be_slow_alike) {
  std::set<client::OffsetReset> beginnings;
  std::set<Duration> intervals;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto plan = draw_plan(scenario_of(beginning), seed);
    ASSERT_EQ(plan.consumers.size(), 3u);
    for (const auto& consumer : plan.consumers) {
      EXPECT_EQ(consumer.auto_offset_reset, plan.consumers.front().auto_offset_reset);
      EXPECT_EQ(consumer.max_poll_interval, plan.consumers.front().max_poll_interval);
    }
    beginnings.insert(plan.consumers.front().auto_offset_reset);
    intervals.insert(plan.consumers.front().max_poll_interval);
  }
  EXPECT_EQ(beginnings.size(), 3u);
  EXPECT_EQ(intervals, (std::set<Duration>{Duration{}, 5s}));
}

RC_GTEST_PROP(DrawPlan, members_of_a_group_agree_and_come_back, (std::uint32_t seed)) {
  const auto plan = draw_plan(scenario_of(grouped), seed + 1u);
  std::set<std::string> names;
  for (const auto& consumer : plan.consumers) {
    RC_ASSERT(consumer.group == "g");
    RC_ASSERT(consumer.assignor == plan.consumers.front().assignor);
    RC_ASSERT(consumer.instance_id == (consumer.name == "s-01" ? "s-01" : ""));
    names.insert(consumer.name);
  }
  RC_ASSERT(names == std::set<std::string>({"m-01", "m-02", "s-01"}));
  std::map<std::string, int> away;
  for (const auto& operation : plan.operations) {
    RC_ASSERT(names.contains(operation.client));
    away[operation.client] += operation.kind == Operation::Kind::leave ? 1 : -1;
  }
  for (const auto& [name, times] : away) RC_ASSERT(times == 0);
  for (const auto& fault : plan.faults) RC_ASSERT(names.contains(fault.targets.at(0)));
  const auto read = parse_plan(to_toml(plan), "p.toml");
  RC_ASSERT(read);
  RC_ASSERT(*read == plan);
}

RC_GTEST_PROP(DrawPlan, members_of_a_group_migrate_one_by_one, (std::uint32_t seed)) {
  const auto plan = draw_plan(scenario_of(grouped + R"(
[[migrations]]
group = "g"
at = "10s..12s"
every = "1s..2s"
away = "100ms"
[[migrations]]
group = "g"
to = "classic"
at = "30s"
)"),
                              seed + 1u);
  std::map<std::string, std::vector<Operation::Kind>> done;
  for (const auto& operation : plan.operations) {
    const bool is_migration = operation.kind == Operation::Kind::join_as_consumer ||
                              operation.kind == Operation::Kind::join_as_classic;
    if (is_migration) done[operation.client].push_back(operation.kind);
  }
  RC_ASSERT(done.size() == 3u);
  for (const auto& [name, kinds] : done) {
    RC_ASSERT(kinds ==
              std::vector({Operation::Kind::join_as_consumer, Operation::Kind::join_as_classic}));
  }
  const auto read = parse_plan(to_toml(plan), "p.toml");
  RC_ASSERT(read);
  RC_ASSERT(*read == plan);
}

const std::string aimed = R"(
[[producers]]
name = "p"
transactional = true
[[faults]]
kind = "crash"
at = "1s"
for = "1s"
targets = ["there"]
when = { transaction = "p-01", becomes = "PrepareCommit" }
[mix]
count = 40
window = "1s..9s"
kinds = [{ kind = "crash", targets = ["there"], when = { transaction = ["p-01", "*"], becomes = ["Empty", "Ongoing"], nth = "1..3", after = "0us..99us" } }]
)";

RC_GTEST_PROP(DrawPlan, what_faults_wait_for_is_drawn_too, (std::uint32_t seed)) {
  const auto plan = draw_plan(scenario_of(aimed), seed + 1u);
  RC_ASSERT(plan.faults.size() == 41u);
  RC_ASSERT(plan.faults[0].when == (When{.transaction = "p-01", .becomes = "PrepareCommit"}));
  std::set<std::string> states;
  std::set<std::int64_t> times;
  for (std::size_t i = 1; i < plan.faults.size(); ++i) {
    const auto& fault = plan.faults[i];
    states.insert(fault.when.becomes);
    times.insert(fault.when.nth);
    RC_ASSERT(fault.when.transaction == "p-01" || fault.when.transaction == "*");
    RC_ASSERT(fault.when.group.empty());
    RC_ASSERT(fault.when.after < Duration(100us));
    RC_ASSERT(fault.targets == std::vector<std::string>{"there"});
  }
  RC_ASSERT(states == (std::set<std::string>{"Empty", "Ongoing"}));
  RC_ASSERT(times == (std::set<std::int64_t>{1, 2, 3}));
  const auto read = parse_plan(to_toml(plan), "p.toml");
  RC_ASSERT(read);
  RC_ASSERT(*read == plan);
}

TEST(DrawPlan, seed_zero_has_the_fixed_faults_alone) {
  const auto scenario = load_scenario("leader-failover", folder);
  ASSERT_TRUE(scenario) << scenario.error();
  const auto demo = draw_plan(*scenario, 0);
  ASSERT_EQ(demo.faults.size(), 1u);
  EXPECT_EQ(demo.faults[0].kind, "power_loss");
  EXPECT_EQ(demo.faults[0].targets, std::vector<std::string>{"leader:my-topic-0"});
  bool has_more = false;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto faults = draw_plan(*scenario, seed).faults;
    EXPECT_NE(std::find(faults.begin(), faults.end(), demo.faults[0]), faults.end());
    has_more = has_more || faults.size() > 1;
  }
  EXPECT_TRUE(has_more);
}

TEST(DrawPlan, a_fixed_fault_strikes_all_its_targets_or_so_many_or_one_after_the_other) {
  const auto faults = [](const std::string& text) {
    return draw_plan(scenario_of("[cluster]\nbrokers = 3\n[[faults]]\nkind = \"crash\"\n"
                                 "at = \"2s\"\nfor = \"1s\"\ntargets = [\"brokers\"]\n" +
                                 text),
                     0)
        .faults;
  };
  const std::vector<std::string> all{"broker-1", "broker-2", "broker-3"};
  const auto together = faults("");
  ASSERT_EQ(together.size(), 1u);
  EXPECT_EQ(together[0].targets, all);
  const auto two = faults("target_count = 2\n");
  ASSERT_EQ(two.size(), 1u);
  EXPECT_EQ(std::set(two[0].targets.begin(), two[0].targets.end()).size(), 2u);
  const auto twice_in_turn = faults("in_turn = true\ntimes = 2\nevery = \"3s\"\n");
  ASSERT_EQ(twice_in_turn.size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(twice_in_turn[i].targets, std::vector<std::string>{all[i % 3]});
    EXPECT_EQ(twice_in_turn[i].at, Duration(2s) + static_cast<int>(i) * Duration(3s));
  }
}

TEST(DrawPlan, no_fixed_fault_lasts_or_begins_beyond_the_quiet_time) {
  const auto plan = draw_plan(scenario_of(R"(quiet_at = "10s"
[[faults]]
kind = "crash"
targets = ["broker-1"]
at = "2s"
for = "5s"
times = 4
every = "6s"
)"),
                              0);
  ASSERT_EQ(plan.faults.size(), 2u);
  EXPECT_EQ(plan.faults[1].at, Duration(8s));
  EXPECT_EQ(plan.faults[1].lasting, Duration(2s));
}

TEST(DrawPlan, one_fixed_fault_more_leaves_the_others_as_they_are) {
  const std::string first = "[[faults]]\nkind = \"pause\"\nfor = \"1s..9s\"\nat = \"1s..9s\"\n";
  const std::string second = "[[faults]]\nkind = \"crash\"\nfor = \"1s..9s\"\nat = \"1s..9s\"\n";
  const auto one = draw_plan(scenario_of(first), 5).faults;
  const auto two = draw_plan(scenario_of(first + second), 5).faults;
  ASSERT_EQ(one.size(), 1u);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_NE(std::find(two.begin(), two.end(), one[0]), two.end());
}

TEST(DrawPlan, records_within_a_time_are_spread_evenly_over_it) {
  const auto plan = draw_plan(scenario_of(R"(
[[topics]]
name = "t"
[[producers]]
name = "p"
[workload]
topic = "t"
records = 40
chunk = 40
within = "5s"
)"),
                              0);
  ASSERT_EQ(plan.operations.size(), 1u);
  EXPECT_EQ(plan.operations[0].every, Duration(125ms));
}

TEST(DrawPlan, the_demo_uploads_every_line_of_ten_hosts_to_two_copies) {
  const auto plan = make_plan({.folder = folder});
  ASSERT_TRUE(plan) << plan.error();
  ASSERT_EQ(plan->producers.size(), 10u);
  EXPECT_EQ(plan->producers[9].name, "host-10");
  for (const auto& producer : plan->producers) EXPECT_EQ(producer.acks, 2);
  std::int64_t lines = 0;
  for (const auto& operation : plan->operations) lines += operation.count;
  EXPECT_EQ(lines, 1200);
}

TEST(Catalogue, chaos_draws_every_kind_of_fault) {
  const auto scenario = load_scenario("chaos", folder);
  ASSERT_TRUE(scenario) << scenario.error();
  std::set<std::string> missing;
  for (const auto& kind : sim::fault_kinds()) missing.emplace(kind.name);
  for (std::uint64_t seed = 1; seed < 200; ++seed) {
    for (const auto& fault : draw_plan(*scenario, seed).faults) missing.erase(fault.kind);
  }
  EXPECT_EQ(missing, std::set<std::string>{});
}

TEST(Catalogue, holds_the_scenario_of_each_bug) {
  for (const auto& bug : all_bugs()) {
    const auto plan = make_plan({.seed = 1, .bugs = {std::string(bug.name)}, .folder = folder});
    ASSERT_TRUE(plan) << plan.error();
    EXPECT_EQ(plan->scenario, bug.scenario);
    EXPECT_EQ(plan->bugs, std::vector<std::string>{std::string(bug.name)});
  }
}

TEST(Bugs, each_changes_the_rules_and_none_leaves_them) {
  EXPECT_EQ(*rules_with({}), Rules{});
  for (const auto& bug : all_bugs()) EXPECT_NE(*rules_with({std::string(bug.name)}), Rules{});
}

TEST(MakePlan, names_what_was_meant) {
  const auto error = [](const PlanRequest& request) {
    const auto plan = make_plan(request);
    return plan ? "none" : plan.error();
  };
  EXPECT_EQ(error({.what = "chaso", .folder = folder}),
            "there is no scenario 'chaso'; did you mean 'chaos'?");
  EXPECT_EQ(error({.bugs = {"ISR-1"}, .folder = folder}),
            "there is no bug 'ISR-1'; did you mean 'ISR-01'?");
  EXPECT_EQ(error({.settings = {"workload.chunks=3"}, .folder = folder}),
            "--set workload.chunks: unknown key 'chunks'; did you mean 'chunk'?");
  EXPECT_EQ(error({.what = "none.toml", .folder = folder}), "none.toml: No such file or directory");
}

TEST(MakePlan, takes_a_plan_for_what_it_is) {
  const auto drawn = make_plan({.what = "chaos", .seed = 5, .folder = folder});
  ASSERT_TRUE(drawn) << drawn.error();
  const auto path = std::filesystem::temp_directory_path() / "brokersim_make_plan_test.toml";
  std::ofstream(path) << to_toml(*drawn);
  const auto read = make_plan({.what = path.string(), .folder = folder});
  std::filesystem::remove(path);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, *drawn);
}

TEST(Scenarios, ranges_that_are_none_are_refused) {
  const auto error = [](const std::string& text) {
    const auto scenario = parse_scenario(text, "s.toml");
    return scenario ? "none" : scenario.error();
  };
  EXPECT_EQ(error("quiet_at = \"3s..2s\"\n"),
            "s.toml:1:12: this is no range: from low to high, of one kind");
  EXPECT_EQ(error("[mix]\ncount = \"1..x\"\n").substr(0, 11), "s.toml:2:9:");
  EXPECT_EQ(error("[mix]\nkinds = [{ kind = \"crahs\" }]\n"),
            "s.toml:2:19: there is no fault 'crahs'; did you mean 'crash'?");
}

}  // namespace
}  // namespace brokersim::scenarios
