// What goes to a terminal depends on its surroundings, and how far a campaign is on numbers alone.
#include "scenarios/commands/terminal.h"

#include <map>

#include <gtest/gtest.h>

#include "scenarios/commands/progress.h"

namespace brokersim::scenarios {
namespace {

Terminal in(std::map<std::string, std::string> variables, bool is_a_tty = true) {
  return terminal_of(is_a_tty, [&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

TEST(Terminals, are_coloured_unless_somebody_minds) {
  EXPECT_TRUE(in({{"TERM", "xterm"}}).style.has_color);
  EXPECT_FALSE(in({{"TERM", "xterm"}, {"NO_COLOR", "1"}}).style.has_color);
  // By its convention the variable counts when it is not empty.
  EXPECT_TRUE(in({{"TERM", "xterm"}, {"NO_COLOR", ""}}).style.has_color);
  EXPECT_FALSE(in({{"TERM", "dumb"}}).style.has_color);
  EXPECT_FALSE(in({{"TERM", "xterm"}}, false).style.has_color);
}

TEST(Terminals, that_are_dumb_or_none_are_not_redrawn) {
  EXPECT_TRUE(in({{"NO_COLOR", "1"}}).is_terminal);
  EXPECT_FALSE(in({{"TERM", "dumb"}}).is_terminal);
  EXPECT_FALSE(in({}, false).is_terminal);
}

TEST(Terminals, show_more_than_ascii_only_where_the_locale_does) {
  EXPECT_TRUE(in({{"LANG", "en_US.UTF-8"}}).style.has_unicode);
  EXPECT_TRUE(in({{"LC_ALL", ""}, {"LC_CTYPE", "C.utf8"}, {"LANG", "C"}}).style.has_unicode);
  EXPECT_FALSE(in({{"LC_ALL", "C"}, {"LANG", "en_US.UTF-8"}}).style.has_unicode);
  EXPECT_FALSE(in({}).style.has_unicode);
}

TEST(Terminals, are_never_wider_than_a_hundred_columns) {
  EXPECT_EQ(in({}).style.columns, 100u);
  EXPECT_EQ(in({{"COLUMNS", "80"}}).style.columns, 80u);
  EXPECT_EQ(in({{"COLUMNS", "500"}}).style.columns, 100u);
  EXPECT_EQ(in({{"COLUMNS", "7"}}).style.columns, 40u);
  EXPECT_EQ(in({{"COLUMNS", "wide"}}).style.columns, 100u);
}

// 400 of 1000 runs of 100 ms each, by two at once, after 20 s.
CampaignState midway() {
  CampaignState state{.name = "chaos", .size = 1000, .jobs = 2};
  state.seeds = 400;
  state.elapsed_ms = 20'000;
  state.run_ns = 400 * 100'000'000LL;
  state.run_ms_squared = 400 * 100 * 100;
  state.virtual_ns = 400 * 30'000'000'000LL;
  return state;
}

TEST(TimeLeft, of_runs_that_are_all_alike_is_certain) {
  EXPECT_EQ(time_left(midway()), "eta 0:30 (0:30-0:30)");
}

TEST(TimeLeft, is_as_uncertain_as_runs_differ) {
  auto state = midway();
  // Standard deviation 300 ms: two of them for 600 runs, by two at once, are 7.3 s.
  state.run_ms_squared = 400 * (100 * 100 + 300 * 300);
  EXPECT_EQ(time_left(state), "eta 0:30 (0:22-0:38)");
}

TEST(TimeLeft, is_not_guessed_in_the_first_two_seconds_nor_the_first_two_percent) {
  auto state = midway();
  state.elapsed_ms = 1999;
  EXPECT_EQ(time_left(state), "eta -");
  state = midway();
  state.seeds = 19;
  EXPECT_EQ(time_left(state), "eta -");
  state.seeds = 20;
  EXPECT_NE(time_left(state), "eta -");
}

TEST(TimeLeft, of_a_campaign_that_ends_with_time_is_that_time) {
  auto state = midway();
  state.for_seconds = 60;
  EXPECT_EQ(time_left(state), "0:40 left");
}

TEST(Progress, is_one_line_where_nothing_can_be_redrawn) {
  auto state = midway();
  state.failed = 4;
  state.distinct = 2;
  EXPECT_EQ(progress_line(state),
            "[ 40 %] 400/1000 seeds, 4 failed (2 distinct), 20.0/s, eta 0:30 (0:30-0:30)\n");
}

TEST(Progress, is_a_block_on_a_terminal_in_ascii_or_not) {
  auto state = midway();
  state.never_reached = {"truncations", "fault.pause"};
  EXPECT_EQ(progress_block(state, {}),
            " campaign chaos  [################------------------------]  400/1000   0 failed, 0 "
            "distinct\n"
            "   20.0 seeds/s   600x real time   2 jobs   eta 0:30 (0:30-0:30)   wall 0:20\n"
            "   never reached yet: truncations, fault.pause\n");
  const auto block = progress_block(state, {.has_unicode = true});
  EXPECT_NE(block.find("\u2588\u2591"), std::string::npos) << block;
  EXPECT_EQ(block.find('#'), std::string::npos);
}

}  // namespace
}  // namespace brokersim::scenarios
