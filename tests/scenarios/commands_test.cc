// What is asked for wrongly is refused with what to do instead; what is for programs is not mixed
// with what is for people; what somebody wrote is not replaced.
#include "scenarios/commands/commands.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "scenarios/bugs.h"
#include "scenarios/files.h"
#include "tests/scenarios/folder.h"

namespace brokersim::scenarios {
namespace {

namespace fs = std::filesystem;

struct Answer {
  int status = 0;
  std::string out;
  std::string err;
};

// As typed after "brokersim". Every plan that is shrunk fails so.
Answer answer_to(const std::string& words, const std::string& scenarios = folder) {
  CommandLine line{.scenario_folder = scenarios, .revision = "0123456"};
  CLI::App app;
  add_run(app, line);
  add_hunt(app, line);
  add_list(app, line);
  add_explain(app, line);
  add_serve(app, line);
  add_shrink(app, line, [](const std::vector<Plan>& plans, int) {
    return std::vector<Fingerprints>(plans.size(), {"BS-D01/lost"});
  });
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  std::string refusal;
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    line.exit_status = 2;
    refusal = error.what();
  }
  Answer answer{.status = line.exit_status};
  answer.out = testing::internal::GetCapturedStdout();
  answer.err = testing::internal::GetCapturedStderr() + refusal;
  return answer;
}

void expect_refusal(const std::string& words, const std::string& why) {
  const auto answer = answer_to(words);
  EXPECT_EQ(answer.status, 2) << words;
  EXPECT_EQ(answer.out, "") << words;
  EXPECT_NE(answer.err.find(why), std::string::npos) << words << ": " << answer.err;
}

std::string plan_file(const std::string& bug) { return folder + "/plans/" + bug + ".toml"; }

std::string empty_folder(const std::string& name) {
  const auto path = fs::path(testing::TempDir()) / ("brokersim-commands-" + name);
  fs::remove_all(path);
  fs::create_directories(path);
  return path.string();
}

TEST(Commands, a_watch_goes_elsewhere_if_the_result_is_for_programs) {
  const auto for_programs = answer_to("run " + plan_file("REP-01") + " --watch --format json");
  EXPECT_EQ(for_programs.status, 1);
  EXPECT_EQ(nlohmann::json::parse(for_programs.out, nullptr, false)["verdict"], "fail")
      << for_programs.out;
  EXPECT_NE(for_programs.err.find("E1"), std::string::npos) << for_programs.err;
  const auto for_people = answer_to("run " + plan_file("REP-01") + " --watch");
  EXPECT_TRUE(for_people.out.starts_with(for_programs.err.substr(0, for_programs.err.find('\n'))))
      << for_people.out;
  EXPECT_EQ(for_people.err, "");
}

TEST(Commands, a_run_leaves_the_plan_that_it_ran_as_it_was) {
  const auto out = empty_folder("plan");
  const auto plan = out + "/plan.toml";
  const auto text = "# Mine.\n" + *read_file(plan_file("REP-01"));
  ASSERT_TRUE(write_file(plan, text));
  EXPECT_EQ(answer_to("run " + plan + " --out " + out).status, 1);
  EXPECT_EQ(*read_file(plan), text);
  EXPECT_TRUE(fs::exists(out + "/report.html"));
  expect_refusal("run " + plan + " --seed 9 --out " + out, "name another folder");
  EXPECT_EQ(*read_file(plan), text);
}

TEST(Commands, files_that_are_something_else_are_told_what_they_are) {
  const auto scenario = folder + "/catalogue/chaos.toml";
  expect_refusal("hunt " + plan_file("REP-01") + " --seeds 1", "this is a plan");
  expect_refusal("shrink " + scenario, "this is a scenario");
}

TEST(Commands, a_file_by_another_name_is_no_scenario_that_there_is_not) {
  const auto plan = empty_folder("named") + "/one.plan";
  ASSERT_TRUE(write_file(plan, *read_file(plan_file("REP-01"))));
  expect_refusal("run " + plan, plan + ": files of scenarios and plans end in .toml");
}

TEST(Commands, numbers_that_are_none_are_refused) {
  expect_refusal("hunt --seeds 5..2", "there is no seed in that");
  expect_refusal("hunt --seeds 0", "there is no seed in that");
  expect_refusal("hunt --seeds 1 --timeout 0", "--timeout");
  expect_refusal("hunt --seeds 1 --shrink-runs -1", "--shrink-runs");
  expect_refusal("run --seed -1", "--seed: '-1': a whole number from 0 to 2^63 - 1 is wanted");
  expect_refusal("run --seed 1.5", "--seed: '1.5': a whole number");
  expect_refusal("shrink " + plan_file("REP-01") + " --jobs -2", "--jobs");
  expect_refusal("shrink " + plan_file("REP-01") + " --for soon", "a time such as 60s is wanted");
}

TEST(Commands, shrinking_keeps_a_failure_that_there_is) {
  const auto out = empty_folder("shrink") + "/smallest.toml";
  const auto words = "shrink " + plan_file("REP-01") + " --for 0s --out " + out;
  expect_refusal(words + " --fingerprint nonsense", "fails by BS-D01/lost");
  EXPECT_FALSE(fs::exists(out));
  expect_refusal("shrink " + plan_file("REP-01") + " --for 0s --out /nowhere/x.toml",
                 "/nowhere/x.toml: No such file or directory");
  EXPECT_EQ(answer_to(words + " --fingerprint BS-D01/lost").status, 0);
  EXPECT_TRUE(fs::exists(out));
}

TEST(Commands, what_there_is_not_is_not_listed) {
  expect_refusal("list fault", "did you mean 'faults'?");
  const auto nowhere = answer_to("list scenarios", "/nowhere");
  EXPECT_EQ(nowhere.status, 2);
  EXPECT_EQ(nowhere.err, "--scenarios /nowhere: there are no scenarios in /nowhere/catalogue\n");
  EXPECT_EQ(answer_to("run", "/nowhere").err, nowhere.err);
}

TEST(Commands, whatever_ends_a_run_is_explained) {
  const std::vector<std::pair<std::string, std::string>> endings = {
      {"BS-N01", "BS-N01  run is not deterministic\n"},
      {"crash", "crash  a run that ended early\n"},
      {"crash/log.cc:120", "crash  a run that ended early\n"},
      {"hang", "hang  a run without an end\n"}};
  for (const auto& [id, title] : endings) {
    const auto answer = answer_to("explain " + id);
    EXPECT_EQ(answer.status, 0) << id;
    EXPECT_NE(answer.out.find(title), std::string::npos) << answer.out;
  }
}

TEST(Commands, an_id_that_names_two_things_is_explained_as_both) {
  const auto answer = answer_to("explain crash");
  EXPECT_TRUE(answer.out.starts_with("crash  fault\n")) << answer.out;
  EXPECT_NE(answer.out.find("\n\ncrash  a run that ended early\n"), std::string::npos)
      << answer.out;
  EXPECT_EQ(answer_to("explain power_loss").out.find("\n\npower_loss"), std::string::npos);
}

TEST(Commands, what_cannot_be_explained_is_said_with_what_can) {
  expect_refusal("explain power_los", "there is nothing called 'power_los'; did you mean");
  expect_refusal("explain 42", "there is nothing called '42'; brokersim list shows what there is");
}

TEST(Commands, a_bug_that_no_plan_shows_is_said_to_have_none) {
  for (const auto& bug : all_bugs()) {
    const auto answer = answer_to("explain " + std::string(bug.name));
    const bool says_none = answer.out.find("\nNo plan shows it:\n") != std::string::npos;
    EXPECT_EQ(says_none, !bug.has_plan()) << answer.out;
    EXPECT_EQ(answer.out.find("\nTo see it: ") != std::string::npos, bug.has_plan()) << answer.out;
  }
}

TEST(Commands, a_bug_that_nothing_brings_back_is_explained_with_why) {
  for (const auto& bug : bugs_without_switch()) {
    const auto answer = answer_to("explain " + std::string(bug.name));
    EXPECT_EQ(answer.status, 0) << bug.name;
    EXPECT_TRUE(answer.out.starts_with(std::string(bug.name) + "  historical bug\n")) << answer.out;
    EXPECT_NE(answer.out.find("\nNothing brings it back:\n"), std::string::npos) << answer.out;
    EXPECT_EQ(find_bug(bug.name), nullptr) << bug.name;
  }
}

// None of them serves: a server would not end.
TEST(Commands, what_cannot_be_served_as_it_is_asked_for_is_refused) {
  expect_refusal("serve --port 0", "--port: ");
  expect_refusal("serve --port 9092 --metrics-port 9092", "--metrics-port: 9092 is the --port");
  expect_refusal("serve --cluster-id x", "--cluster-id 'x': 22 base64 characters");
  expect_refusal("serve --quorum 1@localhost:9093", "--node-id");
  expect_refusal("serve --brokers 3 --names a,b", "--names: 2 names for 3 brokers");
  expect_refusal("serve --config " + folder, folder + ": this is a folder");
}

TEST(Commands, options_of_a_whole_cluster_and_of_one_node_are_not_mixed) {
  const std::string node =
      "serve --quorum 101@127.0.0.1:19399 --cluster-id AAAAAAAAAAAAAAAAAAAAAA --node-id ";
  expect_refusal(node + "-1", "--node-id: from 0 on, not -1");
  expect_refusal(node + "1 --brokers 3", "--brokers: with --node-id one node is served");
  expect_refusal(node + "1 --controllers 3", "--controllers: with --node-id");
  expect_refusal(node + "1 --names a", "--names: with --node-id");
  expect_refusal("serve --roles broker", "--roles are those of one node: say --node-id");
}

TEST(Commands, a_folder_where_a_file_belongs_is_refused_as_one) {
  const auto out = empty_folder("no-file.toml");
  expect_refusal("run " + out, out + ": this is a folder, and a file is wanted");
  expect_refusal("shrink " + out, out + ": this is a folder");
  expect_refusal("hunt --seeds 1 --ledger " + out, out + ": this is a folder");
}

}  // namespace
}  // namespace brokersim::scenarios
