// A campaign counts every seed once and gathers failures by fingerprint, a crash and a hang among
// them; and some seeds of today's protocol find nothing.
#include "scenarios/campaign.h"

#include <set>
#include <thread>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

#include "scenarios/draw_plan.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

int jobs() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

CampaignResult hunt(const CampaignOptions& options) {
  std::vector<Scenario> scenarios;
  for (const auto& name : options.scenarios) {
    const auto scenario = load_scenario(name, folder);
    EXPECT_TRUE(scenario) << scenario.error();
    scenarios.push_back(*scenario);
  }
  Campaign campaign(options, [&](std::size_t scenario, std::uint64_t seed) {
    return draw_plan(scenarios[scenario], seed);
  });
  const auto result = campaign.go({}, {}, {});
  EXPECT_EQ(static_cast<std::uint64_t>(result.seeds), campaign.size());
  for (const auto& [fingerprint, failure] : result.distinct) {
    ADD_FAILURE() << fingerprint << " first at seed " << failure.first_seed << " of "
                  << options.scenarios[failure.first_scenario] << ": " << failure.failure.message;
  }
  return result;
}

TEST(Campaign, todays_protocol_keeps_its_promises_under_every_kind_of_fault) {
  const auto result = hunt({.scenarios = {"leader-failover", "chaos"},
                            .last_seed = 4,
                            .jobs = jobs(),
                            .folder = folder});
  EXPECT_EQ(result.failed, 0);
  // And it was tried: a campaign in which nothing happens proves nothing.
  for (const char* what : {"elections", "quorum_elections", "isr_changes", "truncations"}) {
    EXPECT_GT(result.stats.at(what), 0) << what;
  }
}

TEST(Campaign, shards_share_the_seeds_without_overlap) {
  const auto no_plan = [](std::size_t, std::uint64_t) { return Plan{}; };
  std::uint64_t sum = 0;
  for (std::uint64_t shard = 0; shard < 7; ++shard) {
    sum += Campaign(
               {.scenarios = {"x"}, .first_seed = 5, .last_seed = 104, .shard = shard, .shards = 7},
               no_plan)
               .size();
  }
  EXPECT_EQ(sum, 100u);
}

TEST(Campaign, what_a_child_tells_its_parent_arrives) {
  RunResult result;
  result.report.trace_hash = "abc";
  result.report.simulated = 5s;
  result.report.stats = {{"elections", 3}};
  properties::Violation violation;
  violation.id = "BS-X01";
  violation.kind = "odd";
  violation.message = "two\nlines\tand a tab";
  result.report.verdict.violations = {violation};
  result.report.verdict.findings = {{.id = "BS-X01", .name = "odd", .violations = 1},
                                    {.id = "BS-X02", .is_judged = false, .lacks = "disk, groups"}};
  ChildResult child;
  child.output = to_text(result);
  const auto seed = parse_seed_result(9, child);
  EXPECT_EQ(seed.seed, 9u);
  EXPECT_EQ(seed.trace_hash, "abc");
  EXPECT_EQ(seed.virtual_ns, 5'000'000'000);
  EXPECT_EQ(seed.stats.at("elections"), 3);
  ASSERT_EQ(seed.failures.size(), 1u);
  EXPECT_EQ(seed.failures[0].fingerprint, "BS-X01/odd");
  EXPECT_EQ(seed.failures[0].message, "two lines and a tab");
  EXPECT_EQ(seed.unjudged, (std::map<std::string, std::string>{{"BS-X02", "disk, groups"}}));
}

// Seeds go round: 2 and 4 are of the first scenario, 1 and 3 of the second.
TEST(Campaign, knows_of_a_failure_in_which_scenarios_it_came_up) {
  Campaign campaign({.scenarios = {"a", "b"}, .first_seed = 1, .last_seed = 4},
                    [](std::size_t, std::uint64_t seed) {
                      REQUIRE(seed == 0);
                      return Plan{};
                    });
  const auto result = campaign.go({}, {}, {});
  ASSERT_EQ(result.distinct.size(), 1u);
  const auto& seen = result.distinct.begin()->second.seen_in;
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen.at(0).count, 2);
  EXPECT_EQ(seen.at(0).first_seed, 2u);
  EXPECT_EQ(seen.at(1).first_seed, 1u);
  EXPECT_EQ(result.distinct.begin()->second.lowest_seeds, (std::set<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_TRUE(result.ended_of.empty());
}

TEST(Campaign, names_the_lowest_seeds_of_a_failure_and_counts_the_rest) {
  Campaign campaign({.scenarios = {"a"}, .first_seed = 1, .last_seed = most_seeds_told + 2},
                    [](std::size_t, std::uint64_t seed) {
                      REQUIRE(seed == 0);
                      return Plan{};
                    });
  const auto result = campaign.go({}, {}, {});
  ASSERT_EQ(result.distinct.size(), 1u);
  const auto& failure = result.distinct.begin()->second;
  EXPECT_EQ(failure.count, static_cast<std::int64_t>(most_seeds_told) + 2);
  ASSERT_EQ(failure.lowest_seeds.size(), most_seeds_told);
  EXPECT_EQ(*failure.lowest_seeds.rbegin(), most_seeds_told);
}

TEST(Children, each_ends_in_its_own_way_and_is_told_of_once) {
  std::uint64_t started = 0;
  std::map<std::uint64_t, ChildResult> results;
  run_children(
      {.jobs = 3, .wall_seconds = 1},
      [&]() -> std::optional<ChildTask> {
        if (started == 4) return std::nullopt;
        const std::uint64_t number = started++;
        return ChildTask{number, [number]() -> std::string {
                           if (number == 1) REQUIRE(number == 0);
                           while (number == 2) pause();
                           return std::string(number == 3 ? 1 << 20 : 3, 'x');
                         }};
      },
      [&](std::uint64_t id, const ChildResult& result) {
        EXPECT_TRUE(results.emplace(id, result).second);
      });
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[0].output, "xxx");
  EXPECT_EQ(results[1].end, ChildResult::End::crashed);
  EXPECT_TRUE(fingerprint_of(results[1]).starts_with("crash/campaign_test.cc:"));
  EXPECT_EQ(results[2].end, ChildResult::End::hung);
  EXPECT_EQ(fingerprint_of(results[2]), "hang");
  EXPECT_EQ(results[3].output.size(), std::size_t{1} << 20);
}

std::string crash_of(std::string errors) {
  return fingerprint_of({.end = ChildResult::End::crashed, .errors = std::move(errors)});
}

TEST(Children, that_crash_are_known_by_the_place_of_their_assertion) {
  EXPECT_EQ(crash_of("ASSERT failed: a < b\n  at core/log/log.cc:120\n  (a) = (3)\n"),
            "crash/log.cc:120");
  EXPECT_EQ(crash_of("REQUIRE failed: has_value()\n  at /home/me/core/base/expected.h:60\n"
                     "  seed 3, fiber broker.cc:7\n"),
            "crash/expected.h:60");
  EXPECT_EQ(crash_of("==1==ERROR: AddressSanitizer\n    #0 0x1 in f (/src/sim/disk.cc:33:5)\n"),
            "crash/disk.cc:33");
  EXPECT_EQ(crash_of("Segmentation fault\n"), "crash");
  EXPECT_EQ(crash_of(""), "crash");
}

TEST(Children, that_want_the_value_of_an_error_are_known_by_that) {
  bool is_started = false;
  std::string fingerprint;
  run_children(
      {},
      [&]() -> std::optional<ChildTask> {
        if (std::exchange(is_started, true)) return std::nullopt;
        return ChildTask{1, []() -> std::string {
                           const Expected<std::string, int> failed = Unexpected(3);
                           return *failed;
                         }};
      },
      [&](std::uint64_t, const ChildResult& result) { fingerprint = fingerprint_of(result); });
  EXPECT_TRUE(fingerprint.starts_with("crash/expected.h:")) << fingerprint;
}

}  // namespace
}  // namespace brokersim::scenarios
