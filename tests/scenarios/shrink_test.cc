// Shows that the shrinker finds the entries that matter, whatever else a plan holds, for few runs,
// within its budget, and without slipping to another failure. The runs are pretended. A plan that
// cannot run is refused.
#include "scenarios/shrink.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "scenarios/commands/commands.h"
#include "scenarios/draw_plan.h"
#include "scenarios/forked.h"
#include "scenarios/generator.h"
#include "scenarios/plan_toml.h"
#include "scenarios/run.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

const Fingerprints passes;

// `count` faults and operations, told apart by when they begin.
Plan big_plan(int count) {
  Plan plan{.scenario = "big"};
  plan.topics = {{.name = "t", .partitions = 6}, {.name = "other"}};
  plan.cluster.settings = {{"num.partitions", "3"}, {"replica.lag.time.max.ms", "2000"}};
  for (int i = 1; i <= 4; ++i) plan.producers.push_back({.name = fmt::format("p{}", i)});
  plan.consumers = {{.name = "c1", .topic = "t"}, {.name = "c2", .topic = "other"}};
  for (int i = 1; i <= count; ++i) {
    plan.faults.push_back(
        {.kind = "crash", .at = i * 100ms, .lasting = 4s, .targets = {"broker-1", "broker-2"}});
    plan.operations.push_back({.at = i * 100ms,
                               .client = fmt::format("p{}", i % 4 + 1),
                               .topic = "t",
                               .first_line = i * 10,
                               .count = 10});
  }
  return plan;
}

template <class T>
bool has(const std::vector<T>& entries, int number) {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const T& e) { return e.at == number * 100ms; });
}

bool is_essential(const Plan& plan) {
  return has(plan.faults, 3) && has(plan.faults, 7) && has(plan.operations, 12);
}

TEST(Shrink, leaves_only_what_is_essential) {
  int runs = 0;
  const auto smallest = shrink(big_plan(100), "BS-D01/lost", [&](const Plan& plan) {
    ++runs;
    return is_essential(plan) ? Fingerprints{"BS-D01/lost"} : passes;
  });
  ASSERT_EQ(smallest.faults.size(), 2u);
  ASSERT_EQ(smallest.operations.size(), 1u);
  EXPECT_TRUE(is_essential(smallest));
  EXPECT_EQ(smallest.operations[0].count, 1);
  EXPECT_LE(smallest.faults[0].lasting, Duration(10ms));
  EXPECT_EQ(smallest.faults[0].targets.size(), 1u);
  EXPECT_EQ(smallest.producers.size(), 1u);
  EXPECT_EQ(smallest.topics.size(), 1u);
  EXPECT_EQ(smallest.topics[0].partitions, 1);
  EXPECT_TRUE(smallest.consumers.empty());
  EXPECT_TRUE(smallest.cluster.settings.empty());
  EXPECT_EQ(smallest.cluster.brokers, 1);
  EXPECT_LT(smallest.quiet_at, Duration(3s));
  EXPECT_LT(runs, 200);
}

TEST(Shrink, nothing_is_to_begin_after_the_end) {
  Plan plan = big_plan(1);
  plan.consumers[0].at = 20s;
  const auto late_reader = shrink(plan, "x", [](const Plan& tried) {
    const bool is_there = !tried.consumers.empty() && tried.consumers[0].at == 20s;
    return is_there ? Fingerprints{"x"} : passes;
  });
  EXPECT_EQ(late_reader.quiet_at, Duration(21s));
  plan.operations[0].every = longest_duration;
  const auto endless = shrink(plan, "x", [](const Plan& tried) {
    const bool is_there = !tried.operations.empty() && tried.operations[0].count == 10;
    return is_there ? Fingerprints{"x"} : passes;
  });
  EXPECT_EQ(endless.quiet_at, plan.quiet_at);
}

TEST(Shrink, what_a_fault_waits_for_gets_simpler_and_stays) {
  Plan plan{.scenario = "aimed"};
  plan.faults = {{.kind = "crash",
                  .at = 1s,
                  .when = {.group = "g", .becomes = "Stable", .nth = 9, .after = 1ms}}};
  const auto smallest = [&](std::int64_t nth) {
    const auto needs = [nth](const Plan& each) {
      return each.faults.size() == 1 && each.faults[0].when.nth >= nth ? Fingerprints{"x"} : passes;
    };
    return shrink(plan, "x", needs).faults.at(0).when;
  };
  EXPECT_EQ(smallest(1), (When{.group = "g", .becomes = "Stable"}));
  EXPECT_EQ(smallest(3), (When{.group = "g", .becomes = "Stable", .nth = 4}));
}

// What a run was drawn with, and what an operation asks for.
TEST(Shrink, clients_and_operations_become_as_they_usually_are) {
  Plan plan{.scenario = "special"};
  plan.cluster.last_producer_epoch = 3;
  plan.topics = {{.name = "t"}};
  plan.producers = {{.name = "p", .enable_idempotence = true, .first_sequence = 9},
                    {.name = "q", .transactional_id = "q", .transaction_protocol = 1}};
  plan.consumers = {{.name = "c",
                     .topic = "t",
                     .auto_offset_reset = client::OffsetReset::latest,
                     .group = "g",
                     .max_poll_interval = 5s}};
  plan.tasks = {{.name = "s",
                 .input = "t",
                 .output = "t",
                 .transaction_protocol = 1,
                 .max_poll_interval = 5s}};
  using Kind = Operation::Kind;
  plan.operations = {
      {.at = 1s, .client = "c", .kind = Kind::pause, .lasting = 4s},
      {.at = 1s, .client = "admin", .kind = Kind::delete_records, .topic = "t", .percent = 30},
      {.at = 1s, .client = "admin", .kind = Kind::create_partitions, .topic = "t", .partitions = 7},
      {.at = 1s,
       .client = "admin",
       .kind = Kind::update_features,
       .levels = {{"group.version", 1}, {"transaction.version", 2}}}};
  const auto has_all = [&](const Plan& tried) {
    const bool is_there = tried.producers.size() == 2 && tried.consumers.size() == 1 &&
                          tried.tasks.size() == 1 && tried.operations.size() == 4;
    return is_there && tried.producers[0].enable_idempotence ? Fingerprints{"x"} : passes;
  };
  const auto smallest = shrink(plan, "x", has_all);
  EXPECT_EQ(smallest.cluster.last_producer_epoch, last_epoch_of_producers);
  EXPECT_EQ(smallest.producers[0].first_sequence, 0);
  EXPECT_EQ(smallest.producers[1].transaction_protocol, 2);
  EXPECT_EQ(smallest.consumers[0].auto_offset_reset, client::OffsetReset::earliest);
  EXPECT_EQ(smallest.consumers[0].max_poll_interval, Duration{});
  EXPECT_EQ(smallest.tasks[0].transaction_protocol, 2);
  EXPECT_EQ(smallest.tasks[0].max_poll_interval, Duration{});
  EXPECT_LE(smallest.operations[0].lasting, Duration(10ms));
  EXPECT_EQ(smallest.operations[1].percent, 100);
  EXPECT_EQ(smallest.operations[2].partitions, 2);
  EXPECT_EQ(smallest.operations[3].levels.size(), 1u);
}

TEST(Shrink, what_names_what_is_cut_goes_with_it) {
  Plan plan = big_plan(1);
  plan.cluster.brokers = 3;
  plan.operations.push_back({.at = 9s,
                             .client = "admin",
                             .kind = Operation::Kind::reassign,
                             .topic = "t",
                             .partition = 0,
                             .replicas = {3}});
  plan.operations.push_back(
      {.at = 9s, .client = "admin", .kind = Operation::Kind::unregister_broker, .broker = 3});
  plan.faults[0].targets = {"broker-3", "broker-1"};
  const auto smallest = shrink(plan, "BS-D01/lost", [](const Plan& tried) {
    const bool moves =
        std::any_of(tried.operations.begin(), tried.operations.end(),
                    [](const Operation& each) { return each.kind == Operation::Kind::reassign; });
    const bool is_there = !tried.faults.empty() && (moves || tried.cluster.brokers < 3);
    return is_there ? Fingerprints{"BS-D01/lost"} : passes;
  });
  EXPECT_EQ(smallest.cluster.brokers, 1);
  EXPECT_TRUE(smallest.operations.empty());
  EXPECT_EQ(smallest.faults.at(0).targets, (std::vector<std::string>{"broker-1"}));
}

// Else it ends with a member that is refused for ever, which is another failure of the same kind.
TEST(Shrink, a_setting_without_which_no_member_is_taken_stays) {
  Plan plan{.scenario = "brief"};
  plan.topics = {{.name = "t"}};
  plan.consumers = {{.name = "m", .topic = "t", .group = "g", .session_timeout = 3s}};
  plan.cluster.settings = {{"group.min.session.timeout.ms", "1000"}, {"num.partitions", "3"}};
  const auto smallest = shrink(plan, "BS-V01/sharing_unfinished", [](const Plan& tried) {
    const bool is_there = !tried.consumers.empty() && can_run(tried, folder);
    return is_there ? Fingerprints{"BS-V01/sharing_unfinished"} : passes;
  });
  EXPECT_EQ(smallest.cluster.settings,
            (std::map<std::string, std::string>{{"group.min.session.timeout.ms", "1000"}}));
  plan.cluster.settings.clear();
  const auto refused = can_run(plan, folder);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(),
            "m: session_timeout is 3s, but must be at least 6s unless "
            "settings.\"group.min.session.timeout.ms\" is 3000: brokers refuse the member");
}

TEST(Shrink, no_entry_of_the_result_can_go_alone) {
  // An odd number of faults fails: single entries cannot go, pairs can.
  const auto fails = [](const Plan& plan) { return plan.faults.size() % 2 == 1; };
  const auto smallest = shrink(big_plan(31), "x", [&](const Plan& plan) {
    return fails(plan) ? Fingerprints{"x"} : passes;
  });
  for (std::size_t i = 0; i < smallest.faults.size(); ++i) {
    Plan without = smallest;
    without.faults.erase(without.faults.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(fails(without));
  }
}

TEST(Shrink, tries_no_plan_twice_and_ends_with_its_budget) {
  std::vector<Plan> seen;
  const auto smallest = shrink(big_plan(100), "x",
                               [&](const Plan& plan) {
                                 EXPECT_EQ(std::find(seen.begin(), seen.end(), plan), seen.end());
                                 seen.push_back(plan);
                                 return is_essential(plan) ? Fingerprints{"x"} : passes;
                               },
                               {.runs = 20});
  EXPECT_EQ(seen.size(), 20u);
  EXPECT_TRUE(is_essential(smallest));
  EXPECT_LT(smallest.faults.size(), 100u);
}

TEST(Shrink, refuses_a_failure_of_another_kind) {
  // Few faults fail otherwise: a shrinker that takes any failure ends there.
  const auto smallest = shrink(big_plan(20), "lost", [](const Plan& plan) {
    if (plan.faults.size() < 5) return Fingerprints{"stuck"};
    return has(plan.faults, 3) ? Fingerprints{"other", "lost"} : passes;
  });
  EXPECT_EQ(smallest.faults.size(), 5u);
  EXPECT_TRUE(has(smallest.faults, 3));
}

TEST(Shrink, a_plan_that_cannot_be_smaller_stays_as_it_is) {
  const auto plan = big_plan(3);
  EXPECT_EQ(shrink(plan, "x", [](const Plan&) { return passes; }), plan);
}

TEST(Shrink, says_how_far_it_is) {
  Shrinker shrinker(big_plan(8), "x");
  ASSERT_EQ(shrinker.next(1).size(), 1u);
  shrinker.tell({{"x"}});
  EXPECT_EQ(shrinker.progress().substr(0, 20), "  faults      8 > 0 ");
}

RC_GTEST_PROP(Shrink, many_at_once_find_the_same_as_one_by_one, ()) {
  const auto essential = *rc::gen::container<std::set<int>>(rc::gen::inRange(1, 10));
  const auto jobs = *rc::gen::inRange<std::size_t>(2, 9);
  const auto run = [&](const Plan& plan) {
    const bool fails = std::all_of(essential.begin(), essential.end(),
                                   [&](int number) { return has(plan.faults, number); });
    return fails ? Fingerprints{"x"} : passes;
  };
  const auto plan = big_plan(10);
  Shrinker shrinker(plan, "x");
  for (auto batch = shrinker.next(jobs); !batch.empty(); batch = shrinker.next(jobs)) {
    std::vector<Fingerprints> results;
    for (const auto& candidate : batch) results.push_back(run(candidate));
    shrinker.tell(results);
  }
  RC_ASSERT(shrinker.is_done());
  RC_ASSERT(shrinker.best().faults.size() == essential.size());
  RC_ASSERT(shrinker.best() == shrink(plan, "x", run));
}

// ---- The verb ----------------------------------------------------------------------------------

TEST(ShrinkVerb, refuses_a_plan_that_cannot_run) {
  Plan plan{.scenario = "unrunnable"};
  plan.topics = {{.name = "t"}};
  plan.producers = {{.name = "p"}};
  plan.operations = {{.client = "p", .topic = "t", .input = "there-is-no-such-file"}};
  const auto file = std::filesystem::temp_directory_path() / "brokersim_unrunnable.toml";
  std::ofstream(file) << to_toml(plan);
  CommandLine line{.scenario_folder = folder};
  CLI::App app;
  bool has_run = false;
  add_shrink(app, line, [&](const std::vector<Plan>& plans, int) {
    has_run = true;
    return std::vector<Fingerprints>(plans.size(), Fingerprints{"invalid"});
  });
  app.parse("shrink --runs 3 " + file.string());
  EXPECT_EQ(line.exit_status, 2);
  EXPECT_FALSE(has_run);
  EXPECT_FALSE(can_run(plan, folder));
  EXPECT_EQ(fingerprints_of(std::vector{plan}, ForkOptions{.folder = folder}),
            std::vector<Fingerprints>{passes});
  std::filesystem::remove(file);
}

// What rapidcheck does with a plan: generate, run, ask for the smallest.
TEST(Generator, rapidcheck_generates_plans_and_reports_the_smallest_failing_one) {
  const auto scenario = parse_scenario(R"(
[[topics]]
name = "t"
[[producers]]
[workload]
topic = "t"
records = 50
[mix]
count = "3..12"
window = "1s..9s"
kinds = [{ kind = "crash" }, { kind = "pause" }, { kind = "power_loss" }]
)",
                                       "s.toml");
  ASSERT_TRUE(scenario) << scenario.error();
  const RunPlan run = [](const Plan& plan) {
    const bool fails = std::any_of(plan.faults.begin(), plan.faults.end(),
                                   [](const Fault& f) { return f.kind == "power_loss"; });
    return fails ? Fingerprints{"BS-D01/lost"} : passes;
  };

  const auto generate = plans_of(*scenario, {}, run);
  int failing = 0;
  for (int i = 0; i < 10; ++i) {
    const auto generated = generate(rc::Random(static_cast<std::uint64_t>(i)), 100);
    if (run(generated.value()).empty()) {
      EXPECT_FALSE(generated.shrinks().next());
      continue;
    }
    ++failing;
    auto smaller = generated.shrinks();
    const auto smallest = smaller.next();
    ASSERT_TRUE(smallest);
    EXPECT_EQ(smallest->value().seed, generated.value().seed);
    ASSERT_EQ(smallest->value().faults.size(), 1u);
    EXPECT_EQ(smallest->value().faults[0].kind, "power_loss");
    EXPECT_TRUE(smallest->value().operations.empty());
    EXPECT_FALSE(smaller.next());
  }
  EXPECT_GT(failing, 0);
}

}  // namespace
}  // namespace brokersim::scenarios
