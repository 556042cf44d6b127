// What a campaign says of itself: several symptoms of a run are one failure, numbers of confidence
// are honest, and people, programs and CI systems are told the same.
#include "scenarios/commands/hunt_report.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "properties/all.h"
#include "reports/github.h"
#include "reports/junit.h"

namespace brokersim::scenarios {
namespace {

SeedResult seed_result(std::uint64_t seed, std::vector<std::string> fingerprints) {
  SeedResult result;
  result.seed = seed;
  result.trace_hash = "00ff";
  result.wall_ns = 100'000'000;
  result.virtual_ns = 30'000'000'000;
  result.stats = {{"elections", 2}, {"fault.pause", 3}, {"fault.pause.effective", 1}};
  for (auto& fingerprint : fingerprints) {
    const auto id = fingerprint.substr(0, fingerprint.find('/'));
    result.failures.push_back({fingerprint, id, "What " + id + " says."});
  }
  return result;
}

Scenario chaos_of(const std::string& text) {
  const auto scenario = parse_scenario(text, "chaos.toml");
  EXPECT_TRUE(scenario) << scenario.error();
  return *scenario;
}

Followed followed(const std::string& fingerprint, std::int64_t count) {
  Followed one;
  one.failure.failure = {fingerprint, fingerprint.substr(0, fingerprint.find('/')),
                         "Record #42 was lost."};
  one.failure.count = count;
  one.failure.first_seed = 17;
  one.failure.consequences = {{"BS-O02/skipped", 1}};
  one.failure.seen_in[0] = {
      .count = count, .first_seed = 17, .consequences = {{"BS-O02", {1, 23, "What BS-O02 says."}}}};
  one.is_replayed = true;
  one.plan = "out/lost.toml";
  one.size = "1 fault";
  one.block = "error[BS-D01]: acked record lost\n";
  return one;
}

HuntReport report_of(std::int64_t seeds, std::vector<Followed> failures) {
  HuntReport report;
  report.options.scenarios = {"chaos"};
  report.options.last_seed = static_cast<std::uint64_t>(seeds);
  report.scenarios = {chaos_of("about = \"all\"\n")};
  report.result.seeds = seeds;
  report.result.ended_of[0] = seeds;
  for (const auto& one : failures) report.result.failed += one.failure.count;
  report.result.stats = seed_result(1, {}).stats;
  report.followed = std::move(failures);
  report.wall = 2s;
  return report;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Cause, is_the_first_broken_promise_of_safety) {
  EXPECT_EQ(seed_result(1, {}).cause(), nullptr);
  EXPECT_EQ(seed_result(1, {"BS-V01/isr", "BS-D01/lost", "BS-O01/hole"}).cause()->fingerprint,
            "BS-D01/lost");
  EXPECT_EQ(seed_result(1, {"BS-V01/isr"}).cause()->fingerprint, "BS-V01/isr");
}

TEST(Confidence, after_clean_seeds_follows_the_rule_of_three) {
  EXPECT_EQ(bound_in_millionths(1000), 3000);
  EXPECT_EQ(bound_in_millionths(1), 1'000'000);
  EXPECT_EQ(bound_in_millionths(0), 1'000'000);
}

// (1 - k/n)^m <= 0.05 for the first m: 748 and 2995 of 1000 seeds.
TEST(Confidence, in_a_fix_needs_so_many_clean_seeds) {
  EXPECT_EQ(clean_seeds_needed(4, 1000), 748);
  EXPECT_EQ(clean_seeds_needed(1, 1000), 2995);
  EXPECT_EQ(clean_seeds_needed(1000, 1000), 1);
  EXPECT_EQ(clean_seeds_needed(0, 1000), 0);
}

TEST(NeverReached, names_aims_and_kinds_of_faults_that_took_no_effect) {
  const auto scenario = chaos_of(R"(
reaches = ["elections", "truncations"]
[[faults]]
kind = "pause"
for = "1s"
[mix]
kinds = [{ kind = "crash" }]
)");
  CampaignResult result;
  result.stats = seed_result(1, {}).stats;
  EXPECT_EQ(never_reached({scenario}, result),
            (std::vector<std::string>{"fault.crash", "truncations"}));
  result.stats["fault.crash.effective"] = 1;
  result.stats["truncations"] = 1;
  EXPECT_TRUE(never_reached({scenario}, result).empty());
}

TEST(HuntReport, without_failure_is_an_honest_bound) {
  const auto text = human(report_of(1000, {}), {});
  EXPECT_TRUE(text.starts_with(
      " no failure in 1000 seeds: with 95 % confidence fewer than 0.30 % of seeds fail\n"))
      << text;
  EXPECT_TRUE(contains(text, "   pause                      1 / 3\n")) << text;
}

TEST(HuntReport, says_in_which_states_coordinators_were_lost) {
  auto report = report_of(10, {});
  EXPECT_FALSE(contains(human(report, {}), "coordinators"));
  report.result.stats["group_coordinators_lost_in_Stable"] = 0;
  report.result.stats["transaction_coordinators_lost_in_Ongoing"] = 40;
  report.result.stats["transaction_coordinators_lost_in_PrepareAbort"] = 0;
  const auto text = human(report, {});
  EXPECT_TRUE(contains(text, "   transactions  Ongoing 40, PrepareAbort 0\n")) << text;
  EXPECT_FALSE(contains(text, "   groups ")) << text;
}

TEST(HuntReport, tells_of_a_failure_what_how_often_and_how_to_see_it) {
  const auto text = human(report_of(1000, {followed("BS-D01/lost", 4)}), {});
  EXPECT_TRUE(text.starts_with(" 1 distinct failure in 4 of 1000 seeds\n")) << text;
  EXPECT_TRUE(contains(text, "4 seeds, first 17   replayed 1/1 identical\n")) << text;
  EXPECT_TRUE(contains(text, "     with BS-O02/skipped\n")) << text;
  EXPECT_TRUE(contains(text, "     reproduce  brokersim run out/lost.toml\n")) << text;
  EXPECT_TRUE(contains(text, "     a fix needs 748 clean seeds for 95 % confidence\n")) << text;
}

TEST(HuntReport, a_replay_that_differs_is_the_louder_failure) {
  auto one = followed("BS-D01/lost", 4);
  one.is_replayed = false;
  const auto report = report_of(1000, {one});
  EXPECT_TRUE(contains(human(report, {}), "error[BS-N01]"));
  EXPECT_EQ(exit_status(report), 3);
  EXPECT_TRUE(contains(reports::junit_xml(suites(report)), "<error message=\"Seed 17 failed"));
}

TEST(HuntReport, its_exit_status_says_how_it_ended) {
  EXPECT_EQ(exit_status(report_of(10, {})), 0);
  EXPECT_EQ(exit_status(report_of(10, {followed("BS-D01/lost", 1)})), 1);
  EXPECT_EQ(exit_status(report_of(0, {})), 4);
  auto report = report_of(10, {});
  report.never_reached = {"truncations"};
  EXPECT_EQ(exit_status(report), 0);
  report.is_strict = true;
  EXPECT_EQ(exit_status(report), 4);
  report.result.was_interrupted = true;
  EXPECT_EQ(exit_status(report), 130);
}

TEST(HuntReport, says_why_there_is_no_verdict) {
  auto report = report_of(10, {});
  report.never_reached = {"truncations"};
  EXPECT_FALSE(contains(human(report, {}), "no verdict"));
  report.is_strict = true;
  EXPECT_TRUE(contains(human(report, {}),
                       "\n no verdict --strict, and what the scenarios are about was never "
                       "reached: truncations\n"));
  const auto all = suites(report);
  EXPECT_TRUE(contains(reports::github_annotations(all), "::error file="));
  EXPECT_FALSE(contains(reports::github_annotations(all), "every property held"));
  EXPECT_TRUE(contains(reports::junit_xml(all), "errors=\"1\""));
  EXPECT_TRUE(contains(human(report_of(0, {}), {}), "\n no verdict no seed was run\n"));
}

TEST(HuntReport, repeats_by_its_seed_what_no_plan_could_be_written_of) {
  auto one = followed("BS-D01/lost", 4);
  one.plan.clear();
  auto report = report_of(1000, {one});
  report.asked.bugs = {"REP-01"};
  report.asked.settings = {"producers.acks=all"};
  const std::string line = "brokersim run chaos --seed 17 --bug REP-01 --set producers.acks=all";
  EXPECT_TRUE(contains(human(report, {}), "     reproduce  " + line + "\n"));
  const auto all = suites(report);
  EXPECT_TRUE(contains(reports::junit_xml(all), "reproduce: " + line + "\n"));
}

TEST(HuntReport, as_json_has_what_programs_ask_for) {
  auto report = report_of(10, {followed("BS-D01/lost", 4)});
  report.never_reached = {"truncations"};
  const auto object = nlohmann::json::parse(json(report));
  EXPECT_EQ(object.at("seeds"), 10);
  EXPECT_EQ(object.at("passed"), 6);
  EXPECT_EQ(object.at("failed"), 4);
  EXPECT_EQ(object.at("wall_ns"), 2'000'000'000);
  EXPECT_EQ(object.at("never_reached").at(0), "truncations");
  const auto& distinct = object.at("distinct").at(0);
  EXPECT_EQ(distinct.at("fingerprint"), "BS-D01/lost");
  EXPECT_EQ(distinct.at("id"), "BS-D01");
  EXPECT_EQ(distinct.at("message"), "Record #42 was lost.");
  EXPECT_EQ(distinct.at("count"), 4);
  EXPECT_EQ(distinct.at("first_seed"), 17);
  EXPECT_EQ(distinct.at("plan"), "out/lost.toml");
  EXPECT_EQ(distinct.at("consequences").at(0), "BS-O02/skipped");
}

TEST(HuntReport, has_a_case_for_each_property_and_one_for_a_crash) {
  const auto all =
      suites(report_of(10, {followed("BS-D01/lost", 4), followed("crash/log.cc:120", 1)}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].file, "scenarios/catalogue/chaos.toml");
  EXPECT_EQ(all[0].seeds, "1..10");
  std::map<std::string, reports::CiCase> cases;
  for (const auto& one : all[0].cases) cases[one.id] = one;
  EXPECT_EQ(all[0].cases.size(), properties::make_all().size() + 1);
  EXPECT_EQ(cases.at("BS-D01").end, reports::CiCase::End::failed);
  EXPECT_TRUE(cases.at("BS-D01").text.starts_with("error[BS-D01]: acked record lost\n"));
  EXPECT_EQ(cases.at("BS-O02").end, reports::CiCase::End::failed);
  EXPECT_TRUE(
      cases.at("BS-O02").sentence.starts_with("A consequence of BS-D01/lost: What BS-O02 says."))
      << cases.at("BS-O02").sentence;
  EXPECT_TRUE(contains(cases.at("BS-O02").text, "\nIn 1 seed, first 23.\n"));
  EXPECT_EQ(cases.at("BS-O02").reproduce, "brokersim run chaos --seed 23");
  EXPECT_EQ(cases.at("BS-H01").end, reports::CiCase::End::passed);
  EXPECT_EQ(cases.at("crash").end, reports::CiCase::End::error);
}

const reports::CiCase& case_named(const reports::CiSuite& suite, const std::string& id) {
  const auto found = std::find_if(suite.cases.begin(), suite.cases.end(),
                                  [&](const auto& one) { return one.id == id; });
  EXPECT_NE(found, suite.cases.end()) << id;
  return *found;
}

TEST(HuntReport, tells_each_scenario_of_the_failures_that_came_up_in_it) {
  auto one = followed("BS-D01/lost", 4);
  one.failure.seen_in[0].count = 3;
  one.failure.seen_in[1] = {.count = 1, .first_seed = 18};
  auto report = report_of(10, {one});
  report.options.scenarios = {"chaos", "quiet", "other"};
  for (const char* name : {"quiet", "other"}) {
    report.scenarios.push_back(report.scenarios[0]);
    report.scenarios.back().name = name;
  }
  report.result.ended_of = {{0, 4}, {1, 3}, {2, 3}};
  const auto all = suites(report);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(contains(case_named(all[0], "BS-D01").text, "In 3 seeds, first 17.\n"));
  const auto& elsewhere = case_named(all[1], "BS-D01");
  EXPECT_EQ(elsewhere.end, reports::CiCase::End::failed);
  EXPECT_TRUE(contains(elsewhere.text, "In 1 seed, first 18.\nFollowed in chaos, where seed 17 "))
      << elsewhere.text;
  EXPECT_EQ(case_named(all[1], "BS-O02").end, reports::CiCase::End::passed);
  EXPECT_EQ(case_named(all[2], "BS-D01").end, reports::CiCase::End::passed);
  EXPECT_TRUE(contains(human(report, {}), "4 seeds, first 17 of chaos   replayed"));
  const auto object = nlohmann::json::parse(json(report));
  const auto& distinct = object.at("distinct").at(0);
  EXPECT_EQ(distinct.at("first_scenario"), "chaos");
  EXPECT_EQ(distinct.at("scenarios").at(1).at("scenario"), "quiet");
  EXPECT_EQ(distinct.at("scenarios").at(1).at("first_seed"), 18);
}

TEST(HuntReport, has_every_failure_of_a_property_in_its_case) {
  auto other = followed("BS-D01/lost_by_power", 2);
  other.block = "error[BS-D01]: the other one\n";
  other.plan = "out/power.toml";
  const auto all = suites(report_of(10, {followed("BS-D01/lost", 4), other}));
  const auto& lost = case_named(all.at(0), "BS-D01");
  EXPECT_TRUE(contains(lost.sentence, " Also: BS-D01/lost_by_power.")) << lost.sentence;
  EXPECT_EQ(lost.reproduce, "brokersim run out/lost.toml");
  EXPECT_TRUE(lost.text.starts_with("error[BS-D01]: acked record lost\n")) << lost.text;
  EXPECT_TRUE(contains(lost.text, "error[BS-D01]: the other one\n")) << lost.text;
  EXPECT_TRUE(contains(lost.text, "reproduce  brokersim run out/power.toml\n")) << lost.text;
}

TEST(HuntReport, skips_the_case_of_a_property_that_no_run_could_judge) {
  auto report = report_of(10, {});
  report.result.unjudged_of[0] = {{"BS-G01", {.seeds = 10, .lacks = "groups"}},
                                  {"BS-H01", {.seeds = 9, .lacks = "disk"}}};
  const auto all = suites(report);
  EXPECT_EQ(case_named(all.at(0), "BS-G01").end, reports::CiCase::End::skipped);
  EXPECT_EQ(case_named(all.at(0), "BS-G01").sentence, "not judged: no witness of groups");
  EXPECT_EQ(case_named(all.at(0), "BS-H01").end, reports::CiCase::End::passed);
  report.result.ended_of.clear();
  const auto none = suites(report);
  EXPECT_EQ(case_named(none.at(0), "BS-H01").end, reports::CiCase::End::skipped);
}

}  // namespace
}  // namespace brokersim::scenarios
