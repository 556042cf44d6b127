// A ledger of seeds reads back what was written, counts no run twice, and says which seeds would be
// new evidence.
#include "scenarios/seed_ledger.h"

#include <filesystem>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "properties/all.h"
#include "scenarios/commands/commands.h"
#include "scenarios/commands/hunt_ledger.h"
#include "scenarios/commands/ledger_text.h"

namespace brokersim::scenarios {
namespace {

LedgerEntry chaos(std::uint64_t first, std::uint64_t last) {
  return {.revision = "a43680929", .scenario = "chaos", .first_seed = first, .last_seed = last};
}

std::vector<LedgerEntry> parsed(const std::string& text) {
  const auto entries = parse_ledger(text, "ledger.toml");
  EXPECT_TRUE(entries) << entries.error();
  return entries ? *entries : std::vector<LedgerEntry>();
}

Scenario scenario_named(const std::string& name) {
  Scenario scenario;
  scenario.name = name;
  return scenario;
}

TEST(SeedLedger, reads_back_what_was_written) {
  auto entry = chaos(40, 79);
  entry.settings = {"cluster.brokers=5"};
  entry.shard = 2;
  entry.shards = 4;
  entry.runs = 10;
  entry.simulated = 90min;
  entry.properties = 45;
  entry.failures = {{"BS-D01/lost_at_clean_election", 2}};
  entry.failed_seeds = {{"BS-D01/lost_at_clean_election", {41, 77}}};
  entry.reached = {{"elections", 300}, {"fault.pause.effective", 7}};
  const auto text = to_toml(entry);
  const auto entries = parsed(text + to_toml(chaos(80, 99)));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(to_toml(entries[0]), text);
  EXPECT_EQ(entries[0].reached, entry.reached);
  EXPECT_EQ(entries[0].simulated, entry.simulated);
  EXPECT_EQ(entries[0].failed(), 2);
  EXPECT_EQ(entries[0].failed_seeds, entry.failed_seeds);
  EXPECT_EQ(entries[0].properties, 45);
}

// Of a campaign of a program that kept neither which seeds failed nor who judged them.
TEST(SeedLedger, reads_what_an_older_program_kept) {
  const auto entries = parsed(
      "[[campaign]]\nrevision = \"a\"\nscenario = \"chaos\"\nlast_seed = 9\nruns = 10\n"
      "simulated = \"90s\"\nfailures = { \"BS-O01/hole\" = 2 }\nreached = { elections = 30 }\n");
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].failed(), 2);
  EXPECT_TRUE(entries[0].failed_seeds.empty());
  EXPECT_EQ(entries[0].properties, 0);
  LedgerSum sum;
  add(entries[0], 45, sum);
  EXPECT_EQ(sum.runs, 10);
  EXPECT_EQ(sum.judged_by_all, 0);
}

TEST(SeedLedger, names_no_more_seeds_than_failed) {
  auto entry = chaos(0, 9);
  entry.failures = {{"BS-O01/hole", 1}};
  entry.failed_seeds = {{"BS-O01/hole", {3}}};
  EXPECT_TRUE(parse_ledger(to_toml(entry), "l"));
  entry.failed_seeds["BS-O01/hole"].push_back(4);
  EXPECT_FALSE(parse_ledger(to_toml(entry), "l"));
  entry.failed_seeds = {{"BS-D01/lost_by_truncation", {3}}};
  EXPECT_FALSE(parse_ledger(to_toml(entry), "l"));
}

TEST(SeedLedger, names_the_place_of_a_run_that_is_in_it_twice) {
  const auto twice = parse_ledger(to_toml(chaos(0, 59)) + to_toml(chaos(59, 80)), "ledger.toml");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error(),
            "ledger.toml:7:1: of seeds 59..80 of chaos, at a43680929 some were run already: seeds "
            "0..59 of chaos, at a43680929");
}

TEST(SeedLedger, has_no_seed_twice_in_two_shards) {
  auto first = chaos(0, 99);
  auto second = chaos(0, 99);
  first.shards = second.shards = 2;
  second.shard = 2;
  EXPECT_FALSE(first.overlaps(second));
  second.shards = 4;
  EXPECT_FALSE(first.overlaps(second));  // Odd seeds, and every fourth of the even ones.
  second.shard = 3;
  EXPECT_TRUE(first.overlaps(second));
}

TEST(SeedLedger, may_have_seeds_again_from_another_build_or_with_other_settings) {
  auto other = chaos(0, 59);
  other.revision = "0123456";
  EXPECT_FALSE(chaos(0, 59).overlaps(other));
  other = chaos(0, 59);
  other.settings = {"cluster.brokers=5"};
  EXPECT_FALSE(chaos(0, 59).overlaps(other));
}

TEST(SeedLedger, refuses_what_is_no_campaign) {
  EXPECT_FALSE(parse_ledger("[[campaign]]\nrevision = \"a\"\n", "ledger.toml"));
  EXPECT_FALSE(parse_ledger(to_toml(chaos(5, 4)), "ledger.toml"));
  EXPECT_FALSE(parse_ledger("[[campaign]]\nscenario = \"chaos\"\nshard = 3\nshards = 2\n", "l"));
  EXPECT_FALSE(parse_ledger("[[campaign]]\nscenario = \"chaos\"\nseeds = 5\n", "l"));
}

TEST(SeedLedger, sums_up_campaigns) {
  auto first = chaos(0, 9);
  first.runs = 10;
  first.properties = 44;
  first.simulated = 1h;
  first.reached = {{"elections", 30}};
  auto second = chaos(10, 14);
  second.runs = 5;
  second.properties = 45;
  second.simulated = 30min;
  second.failures = {{"BS-O01/hole", 1}};
  second.reached = {{"elections", 4}, {"moves", 2}};
  LedgerSum sum;
  add(first, 45, sum);
  add(second, 45, sum);
  EXPECT_EQ(sum.runs, 15);
  EXPECT_EQ(sum.judged_by_all, 5);
  EXPECT_EQ(sum.failed, 1);
  EXPECT_EQ(sum.simulated, 90min);
  EXPECT_EQ(sum.reached, (std::map<std::string, std::int64_t>{{"elections", 34}, {"moves", 2}}));
  EXPECT_EQ(sum.revisions, std::vector<std::string>{"a43680929"});
}

TEST(LedgerText, says_which_seeds_failed_and_how_many_all_properties_judged) {
  auto older = chaos(0, 9);
  older.runs = 10;
  older.failures = {{"BS-H01/beyond_in_sync", 1}};
  auto newer = chaos(10, 29);
  newer.settings = {"cluster.brokers=5"};
  newer.runs = 20;
  newer.properties = 45;
  newer.failures = {{"BS-O01/hole", 5}};
  newer.failed_seeds = {{"BS-O01/hole", {11, 12, 20}}};
  const auto text = ledger_text({older, newer}, 45);
  const auto has = [&](const std::string& part) { return text.find(part) != std::string::npos; };
  EXPECT_TRUE(has(" chaos                                     30        20       6")) << text;
  EXPECT_TRUE(has(" judged     30 seeds, 20 of them by all 45 of today's properties\n")) << text;
  EXPECT_TRUE(
      has(" failed     BS-H01/beyond_in_sync in 1 seed of chaos at a43680929\n"
          " failed     BS-O01/hole in 5 seeds of chaos at a43680929\n"
          "   seed     11, 12, 20 and 2 more, with cluster.brokers=5\n"))
      << text;
}

TEST(LedgerText, may_be_of_some_scenarios_only) {
  auto other = chaos(0, 4);
  other.scenario = "elections";
  const auto only = campaigns_of({"elections"}, {chaos(0, 9), other}, "l.toml");
  ASSERT_TRUE(only);
  ASSERT_EQ(only->size(), 1u);
  EXPECT_EQ(only->front().scenario, "elections");
  const auto none = campaigns_of({"chaos", "election"}, {chaos(0, 9), other}, "l.toml");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(),
            "l.toml has no campaign of a scenario 'election': without one, brokersim ledger l.toml "
            "lists those that it has");
}

TEST(SeedsForALedger, begin_behind_those_that_it_has) {
  CampaignOptions options{.first_seed = 1, .last_seed = 200};
  const LedgerRequest request{.file = "ledger.toml", .revision = "0123456"};
  ASSERT_TRUE(choose_seeds(request, {chaos(0, 59)}, scenario_named("chaos"), options));
  EXPECT_EQ(options.first_seed, 60u);
  EXPECT_EQ(options.last_seed, 259u);
  options = {.first_seed = 1, .last_seed = 200};
  ASSERT_TRUE(choose_seeds(request, {chaos(0, 59)}, scenario_named("elections"), options));
  EXPECT_EQ(options.first_seed, 0u);
  EXPECT_EQ(options.last_seed, 199u);
}

TEST(SeedsForALedger, go_on_for_as_long_as_there_is_time) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  CampaignOptions options{.first_seed = 1, .last_seed = most};
  const LedgerRequest request{.file = "ledger.toml", .revision = "0123456"};
  ASSERT_TRUE(choose_seeds(request, {chaos(0, 59)}, scenario_named("chaos"), options));
  EXPECT_EQ(options.first_seed, 60u);
  EXPECT_EQ(options.last_seed, static_cast<std::uint64_t>(most));
}

TEST(SeedsForALedger, may_be_none) {
  for (const bool has_range : {false, true}) {
    CampaignOptions options{.first_seed = 1, .last_seed = 0};
    const LedgerRequest request{
        .file = "ledger.toml", .revision = "0123456", .has_range = has_range};
    ASSERT_TRUE(choose_seeds(request, {chaos(0, 59)}, scenario_named("chaos"), options));
    EXPECT_LT(options.last_seed, options.first_seed);
  }
}

TEST(SeedsForALedger, end_where_a_file_knows_no_larger_numbers) {
  const LedgerRequest request{.file = "ledger.toml", .revision = "0123456"};
  CampaignOptions options{.first_seed = 1, .last_seed = 200};
  ASSERT_TRUE(choose_seeds(request, {chaos(0, most_seed - 10)}, scenario_named("chaos"), options));
  EXPECT_EQ(options.first_seed, most_seed - 9);
  EXPECT_EQ(options.last_seed, most_seed);
  EXPECT_FALSE(choose_seeds(request, {chaos(0, most_seed)}, scenario_named("chaos"), options));
  for (const char* seeds : {"9223372036854775808", "1..18446744073709551615"}) {
    CommandLine line;
    CLI::App app;
    add_hunt(app, line);
    app.parse(fmt::format("hunt chaos --seeds {}", seeds));
    EXPECT_EQ(line.exit_status, 2) << seeds;
  }
}

TEST(SeedsForALedger, of_a_range_are_not_run_by_the_same_build_again) {
  CampaignOptions options{.first_seed = 50, .last_seed = 70};
  LedgerRequest request{.file = "ledger.toml", .revision = "a43680929", .has_range = true};
  const auto refused = choose_seeds(request, {chaos(0, 59)}, scenario_named("chaos"), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error(),
      "--ledger: seeds 0..59 of chaos at a43680929 are in ledger.toml already; without a range "
      "--seeds begins behind them");
  request.revision = "0123456";
  EXPECT_TRUE(choose_seeds(request, {chaos(0, 59)}, scenario_named("chaos"), options));
}

TEST(SeedsForALedger, are_evidence_that_can_be_repeated) {
  CampaignOptions options;
  const std::vector<Scenario> one{scenario_named("chaos")};
  const std::vector<Scenario> two{scenario_named("chaos"), scenario_named("elections")};
  const auto fresh = std::filesystem::path(testing::TempDir()) / "brokersim-new-ledger";
  std::filesystem::remove_all(fresh);
  const std::string file = (fresh / "evidence" / "ledger.toml").string();
  EXPECT_TRUE(choose_seeds({.file = file, .revision = "a"}, one, options));
  EXPECT_FALSE(choose_seeds({.file = file, .revision = "a+"}, one, options));
  EXPECT_FALSE(choose_seeds({.file = file, .revision = "unknown"}, one, options));
  EXPECT_FALSE(choose_seeds({.file = file, .revision = "a"}, two, options));
  EXPECT_FALSE(choose_seeds({.file = file, .revision = "a", .bugs = {"REP-01"}}, one, options));
  EXPECT_TRUE(choose_seeds({.revision = "a+", .bugs = {"REP-01"}}, two, options));
  // Whether it can be written is known before the campaign.
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_FALSE(choose_seeds({.file = file + "/ledger.toml", .revision = "a"}, one, options));
}

TEST(SeedsForALedger, that_ran_are_what_is_kept) {
  HuntReport report;
  report.scenarios = {scenario_named("chaos")};
  report.options = {.first_seed = 60, .last_seed = 1'000'000, .shard = 1, .shards = 2};
  report.result.seeds = 5;
  report.result.last_seed = 69;
  report.result.virtual_ns = 60'000'000'000;
  report.result.stats = {{"elections", 3}, {"moves", 0}};
  report.result.distinct["BS-O01/hole"].count = 3;
  report.result.distinct["BS-O01/hole"].lowest_seeds = {61, 69};
  const auto entry = entry_of({.revision = "a", .settings = {"x=1"}}, report);
  EXPECT_EQ(entry.first_seed, 60u);
  EXPECT_EQ(entry.last_seed, 69u);
  EXPECT_EQ(entry.shard, 2u);
  EXPECT_EQ(entry.runs, 5);
  EXPECT_EQ(entry.simulated, 60s);
  EXPECT_EQ(entry.failed(), 3);
  EXPECT_EQ(entry.failed_seeds.at("BS-O01/hole"), (std::vector<std::uint64_t>{61, 69}));
  EXPECT_EQ(entry.properties, static_cast<std::int64_t>(properties::make_all().size()));
  EXPECT_EQ(entry.reached, (std::map<std::string, std::int64_t>{{"elections", 3}}));
}

}  // namespace
}  // namespace brokersim::scenarios
