// The smallest plan of each historical bug, in scenarios/plans: with the bug switched on the
// promise that it is known to break is broken, and the same plan without the bug holds every
// property.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "scenarios/bugs.h"
#include "scenarios/plan_toml.h"
#include "scenarios/run.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

Plan plan_in(const std::string& path) {
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto plan = parse_plan(text, path, {});
  EXPECT_TRUE(plan) << (plan ? "" : plan.error());
  return plan ? *plan : Plan{};
}

Plan plan_of(const Bug& bug) {
  return plan_in(folder + "/plans/" + std::string(bug.name) + ".toml");
}

std::vector<std::string> fingerprints_of(const Plan& plan) {
  const auto result = run(plan, {.folder = folder});
  EXPECT_TRUE(result) << (result ? "" : result.error());
  return result ? result->fingerprints() : std::vector<std::string>{};
}

TEST(BugPlans, each_bug_breaks_its_promise_in_its_smallest_plan) {
  for (const auto& bug : all_bugs()) {
    if (!bug.has_plan()) continue;
    const auto found = fingerprints_of(plan_of(bug));
    EXPECT_TRUE(std::any_of(found.begin(), found.end(), [&](const std::string& fingerprint) {
      return fingerprint.starts_with(std::string(bug.property) + "/");
    })) << bug.name;
  }
}

TEST(BugPlans, without_the_bug_the_same_plan_holds_every_property) {
  for (const auto& bug : all_bugs()) {
    if (!bug.has_plan()) continue;
    auto plan = plan_of(bug);
    plan.bugs.clear();
    EXPECT_EQ(fingerprints_of(plan), std::vector<std::string>{}) << bug.name;
  }
}

TEST(BugPlans, are_there_for_the_bugs_that_one_shows_and_for_no_other) {
  for (const auto& bug : all_bugs()) {
    const auto path = folder + "/plans/" + std::string(bug.name) + ".toml";
    EXPECT_EQ(std::filesystem::exists(path), bug.has_plan()) << bug.name;
  }
}

TEST(BugPlans, are_where_the_document_says_and_where_there_is_none_it_says_why) {
  std::ifstream in(folder + "/../docs/historical-bugs.md");
  const std::string document{std::istreambuf_iterator<char>(in), {}};
  for (const auto& bug : all_bugs()) {
    const std::string name(bug.name);
    const auto begin = document.find("| `" + name + "` |");
    ASSERT_NE(begin, std::string::npos) << name;
    const auto row = document.substr(begin, document.find('\n', begin) - begin);
    const auto why = std::string(why_without_plan(bug));
    EXPECT_EQ(why.empty(), bug.has_plan()) << name;
    const auto last = bug.has_plan() ? "[plan](../scenarios/plans/" + name + ".toml)" : why;
    EXPECT_TRUE(row.ends_with("| " + last + " |")) << name << ": " << last;
    if (!bug.has_plan()) continue;
    EXPECT_NE(row.find("| " + std::string(bug.property) + " |"), std::string::npos) << name;
  }
}

// Each row of the document is of a bug with a switch, whose name stands in code, or of one without.
TEST(BugPlans, of_bugs_without_a_switch_the_document_says_what_the_program_says) {
  std::ifstream in(folder + "/../docs/historical-bugs.md");
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(in, line);) {
    const auto end = line.find(" |", 2);
    if (!line.starts_with("| ") || end == std::string::npos) continue;
    const auto name = line.substr(2, end - 2);
    if (name.find('-') != std::string::npos && !name.starts_with('`')) rows.emplace(name, line);
  }
  std::set<std::string> known;
  for (const auto& bug : bugs_without_switch()) {
    const std::string name(bug.name);
    known.insert(name);
    ASSERT_TRUE(rows.contains(name)) << name;
    const auto begin = fmt::format("| {} | {} | {} |", name, bug.about, bug.source);
    EXPECT_TRUE(rows[name].starts_with(begin)) << rows[name];
    EXPECT_TRUE(rows[name].ends_with(fmt::format("| {} |", bug.why))) << rows[name];
  }
  for (const auto& [name, row] : rows) EXPECT_TRUE(known.contains(name)) << row;
}

TEST(BugPlans, what_once_failed_holds) {
  std::set<std::string> paths;
  for (const auto& file : std::filesystem::directory_iterator(folder + "/plans/held")) {
    paths.insert(file.path().string());
  }
  ASSERT_FALSE(paths.empty());
  for (const auto& path : paths) {
    EXPECT_EQ(fingerprints_of(plan_in(path)), std::vector<std::string>{}) << path;
  }
}

}  // namespace
}  // namespace brokersim::scenarios
