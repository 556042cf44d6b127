// The language of stories: its form, its errors with their places, and its rewriting, which keeps
// all but the output; that a story is told the same twice; and that verbs, stories and their
// documentation fit together. What the stories themselves tell, each tests as one of its own.
#include "scenarios/story.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios {
namespace {

namespace fs = std::filesystem;
const fs::path root = BROKERSIM_SOURCE_DIR;

std::string text_of(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<fs::path> all_stories() {
  std::vector<fs::path> stories;
  for (const auto& entry : fs::recursive_directory_iterator(root / "scenarios/stories")) {
    if (entry.path().extension() == ".scn") stories.push_back(entry.path());
  }
  std::sort(stories.begin(), stories.end());
  return stories;
}

// ---- Form --------------------------------------------------------------------------------------

// Carries out steps by printing their verb as often as there are words.
Printed echo(const Step& step) {
  std::string text;
  for (std::size_t i = 0; i < step.words().size(); ++i) text += step.verb.text + "\n";
  return text;
}

TEST(Transcript, a_line_has_a_verb_words_keys_and_lists) {
  std::vector<Step> steps;
  const auto outcome = run_transcript("produce p1 acks=all to=(b1, b2) (x,y)\n  line one\n  two\n",
                                      [&](const Step& step) -> Printed {
                                        steps.push_back(step);
                                        return std::string();
                                      });
  ASSERT_TRUE(outcome);
  ASSERT_EQ(steps.size(), 1u);
  const Step& step = steps.front();
  EXPECT_EQ(step.verb.text, "produce");
  ASSERT_EQ(step.words().size(), 2u);
  EXPECT_EQ(step.words()[0]->values[0].text, "p1");
  EXPECT_EQ(step.words()[1]->values.size(), 2u);
  ASSERT_NE(step.find("to"), nullptr);
  EXPECT_EQ(step.find("to")->values[1].text, "b2");
  EXPECT_EQ(step.find("to")->values[1].column, 29u);
  EXPECT_EQ(step.find("from"), nullptr);
  EXPECT_EQ(step.input, (std::vector<std::string>{"line one", "two"}));
}

TEST(Transcript, what_is_printed_as_written_is_no_mismatch) {
  const auto* story = "# Why.\n\nsay a b\n----\nsay\nsay\n\nsay\nsay c\n----\nsay\n";
  const auto outcome = run_transcript(story, echo);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->mismatches.empty());
  EXPECT_EQ(outcome->rewritten, story);
}

TEST(Transcript, rewriting_keeps_comments_and_layout) {
  const auto outcome = run_transcript(
      "# Why.\n#   picture\n\nsay a\n----\nold\nolder\n\n# And then.\n\n\nsay\n----\ngone\n\nsay "
      "b\n# end",
      echo);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->mismatches.size(), 3u);
  EXPECT_EQ(
      outcome->rewritten,
      "# Why.\n#   picture\n\nsay a\n----\nsay\n\n# And then.\n\n\nsay\n\nsay b\n----\nsay\n\n"
      "# end\n");
}

TEST(Transcript, rewriting_twice_changes_nothing) {
  const auto once = run_transcript("say a\nsay b\n\n\nsay c d\nsay", echo);
  ASSERT_TRUE(once);
  const auto twice = run_transcript(once->rewritten, echo);
  ASSERT_TRUE(twice);
  EXPECT_EQ(once->rewritten, twice->rewritten);
  EXPECT_TRUE(twice->mismatches.empty());
}

TEST(Transcript, a_difference_is_a_unified_diff) {
  EXPECT_EQ(diff("a\nb\n", "a\nb\n", "x", "y"), "");
  EXPECT_EQ(diff("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6\n", "x", "y"),
            "--- x\n+++ y\n@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n+five\n 6\n");
}

TEST(Transcript, changes_far_apart_are_hunks_of_their_own) {
  std::string before;
  std::string after;
  for (int i = 1; i <= 20; ++i) {
    before += fmt::format("{}\n", i);
    after += i == 2 ? "two\n" : i == 18 ? "" : fmt::format("{}\n", i);
  }
  EXPECT_EQ(diff(before, after, "x", "y"),
            "--- x\n+++ y\n@@ -1,5 +1,5 @@\n 1\n-2\n+two\n 3\n 4\n 5\n"
            "@@ -15,6 +15,5 @@\n 15\n 16\n 17\n-18\n 19\n 20\n");
}

// ---- Errors ------------------------------------------------------------------------------------

// "line:column: message"
std::string story_error(const std::string& story) {
  const auto outcome = tell_story(story);
  if (outcome) return "no error";
  const auto& error = outcome.error();
  return fmt::format("{}:{}: {}", error.line, error.column, error.message);
}

TEST(StoryErrors, name_line_and_column_and_what_fits) {
  const std::string cluster = "cluster brokers=2 controllers=1\n";
  EXPECT_EQ(story_error("# A story.\n\ncluter brokers=3\n"),
            "3:1: there is no verb 'cluter'; did you mean 'cluster'?");
  EXPECT_EQ(story_error("cluster broker=3\n"),
            "1:9: cluster has no key 'broker'; did you mean 'brokers'?");
  EXPECT_EQ(story_error("cluster replica.lag.time.ms=1\n"),
            "1:9: there is no setting 'replica.lag.time.ms'; did you mean "
            "'replica.lag.time.max.ms'?");
  EXPECT_EQ(story_error("crash b1\n"), "1:1: a story begins with its cluster");
  EXPECT_EQ(story_error(cluster + "crash b1 b3\n"),
            "2:10: there is no machine 'b3'; did you mean 'b1'?");
  EXPECT_EQ(story_error(cluster + "run for=soon\n"),
            "2:9: 'soon' is no duration like 250ms, 9s or 1.5s");
  EXPECT_EQ(story_error(cluster + "run for=1s tell=(isr, election)\n"),
            "2:23: there is no 'election' here; did you mean 'elections'?");
  EXPECT_EQ(story_error(cluster + "isr orders\n"), "2:5: 'orders' is no partition like orders-0");
  EXPECT_EQ(story_error(cluster + "settle now\n"), "2:8: a word too many: settle within=60s");
  EXPECT_EQ(story_error(cluster + "run for=1s for=2s\n"), "2:12: 'for' is said twice");
  EXPECT_EQ(story_error(cluster + "start b1\n"), "2:7: b1 is not down");
  EXPECT_EQ(story_error("cluster tell=(isr\n"), "1:14: a list that is not closed");
  EXPECT_EQ(story_error("----\n"), "1:1: this belongs to no step");
}

TEST(StoryErrors, what_must_be_so_is_not_made_good_by_rewriting) {
  const std::string story =
      "cluster brokers=2 controllers=1\ntopic orders replicas=(b1,b2)\n"
      "expect orders-0 leader=b2\n";
  EXPECT_EQ(story_error(story), "3:0: orders-0: leader is b1, not b2");
  EXPECT_EQ(story_error("cluster brokers=1 controllers=1\ncheck violates=BS-D01\n"),
            "2:0: BS-D01 holds");
  EXPECT_TRUE(tell_story(story).error().does_not_hold);
  EXPECT_FALSE(tell_story("crash b1\n").error().does_not_hold);
}

// ---- The whole ---------------------------------------------------------------------------------

TEST(Stories, are_told_the_same_twice) {
  for (const auto& path : all_stories()) {
    const auto text = text_of(path);
    const auto once = tell_story(text);
    ASSERT_TRUE(once) << path << ":" << once.error().line << ": " << once.error().message;
    const auto twice = tell_story(text);
    ASSERT_TRUE(twice) << path;
    EXPECT_EQ(once->rewritten, twice->rewritten) << path;
  }
}

TEST(Stories, open_with_what_they_tell_are_short_and_end_judged) {
  const auto stories = all_stories();
  EXPECT_GE(stories.size(), 3u);
  for (const auto& path : stories) {
    const auto text = text_of(path);
    EXPECT_TRUE(text.starts_with("# ")) << path;
    EXPECT_NE(text.find("\n#\n#   "), std::string::npos) << path << ": draw a picture";
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 60) << path;
    EXPECT_NE(text.find("\ncheck"), std::string::npos) << path << ": let the properties judge";
  }
}

TEST(Verbs, have_a_file_that_opens_with_their_example_and_a_row_in_the_documentation) {
  const auto documentation = text_of(root / "docs/stories.md");
  for (const auto& verb : verbs::all_verbs()) {
    const auto file = text_of(root / "scenarios/verbs" / (std::string(verb.name) + ".cc"));
    EXPECT_TRUE(file.starts_with(fmt::format("// A story says: {}\n", verb.example))) << verb.name;
    const auto row = fmt::format("| `{}` | `{}` | {} |\n", verb.name, verb.example, verb.meaning);
    EXPECT_NE(documentation.find(row), std::string::npos) << row;
    EXPECT_EQ(verbs::find_verb(verb.name), &verb);
  }
  for (const auto& subject : all_subjects()) {
    const auto row = fmt::format("| `{}` | {} |\n", subject.name, subject.meaning);
    EXPECT_NE(documentation.find(row), std::string::npos) << row;
  }
}

TEST(Verbs, are_each_used_by_a_story) {
  std::set<std::string> used;
  for (const auto& path : all_stories()) {
    std::istringstream lines(text_of(path));
    for (std::string line; std::getline(lines, line);) used.insert(line.substr(0, line.find(' ')));
  }
  for (const auto& verb : verbs::all_verbs()) {
    EXPECT_TRUE(used.contains(std::string(verb.name))) << verb.name;
  }
}

TEST(StoryNames, are_short_and_lead_back) {
  EXPECT_EQ(short_name("broker-12"), "b12");
  EXPECT_EQ(machine_name("c3"), "controller-3");
  EXPECT_EQ(machine_name("bob"), "bob");
  EXPECT_EQ(short_name(NodeId(101)), "c1");
  EXPECT_EQ(short_name(no_node), "nobody");
  EXPECT_EQ(with_short_names("broker-3 sent no heartbeat to the broker-list"),
            "b3 sent no heartbeat to the broker-list");
  EXPECT_EQ(parse_partition("my-topic-7")->topic, "my-topic");
  EXPECT_FALSE(parse_partition("orders"));
}

}  // namespace
}  // namespace brokersim::scenarios
