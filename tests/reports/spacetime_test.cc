// What a space-time diagram shows of a run, and where it puts it.
#include "reports/spacetime.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "reports/spacetime_layout.h"
#include "reports/svg.h"
#include "tests/reports/tale.h"

namespace brokersim::reports {

namespace {

using Arrow = Story::Arrow;
using Band = Story::Band;

Story story_of(const LostRecord& run, StoryLimits limits = {}) {
  return tell_story(run.events, run.messages, run.violation, limits);
}

const Story::Mark* fact(const Story& story, int number) {
  const auto at = std::find_if(story.marks.begin(), story.marks.end(),
                               [&](const auto& mark) { return mark.fact == number; });
  return at == story.marks.end() ? nullptr : &*at;
}

bool says(const Story& story, std::string_view text) {
  return std::any_of(story.marks.begin(), story.marks.end(),
                     [&](const auto& mark) { return mark.text == text; });
}

std::vector<std::string> texts_of_arrows(const Story& story) {
  std::vector<std::string> texts;
  for (const Arrow& arrow : story.arrows) texts.push_back(arrow.text);
  return texts;
}

// ---- What is shown -----------------------------------------------------------------------------

TEST(Story, shows_both_facts_in_words_that_contradict_each_other) {
  const Story story = story_of(LostRecord());
  ASSERT_NE(fact(story, 1), nullptr);
  EXPECT_EQ(fact(story, 1)->text, "acknowledges offset 4 (acks=all)");
  EXPECT_EQ(fact(story, 1)->lane, NodeId(1));
  ASSERT_NE(fact(story, 2), nullptr);
  EXPECT_EQ(fact(story, 2)->text, "commits: b2 leads epoch 1, whose log ends at 0");
  EXPECT_EQ(fact(story, 2)->lane, NodeId(101));  // What is committed is the controllers'.
}

TEST(Story, says_which_truncation_drops_the_record_in_question) {
  EXPECT_TRUE(says(story_of(LostRecord()), "truncates 5 -> 4: offset 4 is gone"));
}

TEST(Story, tells_logs_apart_that_agree_on_the_record_but_not_before_it) {
  LostRecord run;
  run.events.clear();
  for (const int node : {1, 2}) {
    run.add(0ms, node, NodeStarted{"broker-" + std::to_string(node), 0});
    run.add(1ms, node, BatchStored{orders, Tale::batch(0, node)});
  }
  run.violation.facts = {run.add(2ms, 1, BatchStored{orders, Tale::batch(1, 3)}),
                         run.add(3ms, 2, BatchStored{orders, Tale::batch(1, 3)})};
  const Story story = story_of(run);
  ASSERT_NE(fact(story, 1), nullptr);
  EXPECT_EQ(fact(story, 1)->text, "stores offset 1, epoch 3, after offset 0 of epoch 1");
  ASSERT_NE(fact(story, 2), nullptr);
  EXPECT_EQ(fact(story, 2)->text, "stores offset 1, epoch 3, after offset 0 of epoch 2");
}

TEST(Story, one_instant_of_a_lane_has_one_mark) {
  const Story story = story_of(LostRecord());
  EXPECT_TRUE(says(story, "broker-1 sent no heartbeat: elects b2, epoch 1, ISR {2}"));
  std::set<std::pair<NodeId, Instant>> places;
  for (const auto& mark : story.marks) EXPECT_TRUE(places.insert({mark.lane, mark.at}).second);
}

TEST(Story, lanes_are_clients_then_controllers_then_brokers) {
  const Story story = story_of(LostRecord());
  std::vector<std::string> names;
  for (const auto& lane : story.lanes) names.push_back(lane.name);
  EXPECT_EQ(names, (std::vector<std::string>{"host-01", "controller-1", "broker-1", "broker-2"}));
}

TEST(Story, a_leader_is_stale_from_the_election_of_another_until_it_hears_of_it) {
  const Story story = story_of(LostRecord());
  const auto stale = std::find_if(story.bands.begin(), story.bands.end(),
                                  [](const Band& b) { return b.kind == Band::Kind::stale; });
  ASSERT_NE(stale, story.bands.end());
  EXPECT_EQ(stale->lane, NodeId(1));
  EXPECT_EQ(stale->from, Instant{3001ms});
  EXPECT_EQ(stale->until, Instant{4010ms});
}

TEST(Story, a_fault_strikes_whom_its_target_meant_when_it_began) {
  const Story story = story_of(LostRecord());
  ASSERT_EQ(story.faults.size(), 1u);
  EXPECT_EQ(story.faults[0].lanes, std::vector{NodeId(1)});
  EXPECT_EQ(story.faults[0].text, "f1 one way partition broker-1 | controller-1");
  EXPECT_EQ(story.faults[0].from, Instant{2s});
  EXPECT_EQ(story.faults[0].until, Instant{4s});
}

TEST(Story, messages_without_news_of_the_partition_are_left_out) {
  LostRecord run;
  run.tell(2500ms, 1, 2, "Fetch", "elsewhere").parts[0].partition.partition = 1;
  run.tell(2500ms, 1, 2, "Fetch", "old news").parts[0].has_news = false;
  run.tell(2500ms, 1, 101, "BrokerHeartbeat", "heartbeat").parts.clear();
  EXPECT_EQ(texts_of_arrows(story_of(run)),
            (std::vector<std::string>{"Produce op7 acks=all", "ack offset 4"}));
}

TEST(Story, a_message_that_was_held_or_lost_is_shown_as_that) {
  LostRecord run;
  Message& late = run.tell(2500ms, 1, 101, "BrokerHeartbeat", "heartbeat");
  late.parts.clear();
  late.text = "heartbeat";
  late.ended = Instant{2900ms};
  Message& lost = run.tell(2600ms, 2, 1, "Fetch", "Fetch @5");
  lost.fate = Message::Fate::lost;
  lost.why_lost = "connection reset";
  const Story story = story_of(run);
  ASSERT_EQ(story.arrows.size(), 4u);
  EXPECT_EQ(story.arrows[2].text, "heartbeat, held 400.000 ms");
  EXPECT_EQ(story.arrows[3].end, Arrow::End::lost);
  EXPECT_NE(story.arrows[3].tooltip.find("lost: connection reset"), std::string::npos);
}

TEST(Story, repetitions_are_one_arrow_with_a_count) {
  LostRecord run;
  for (int i = 0; i < 5; ++i) run.tell(2500ms + i * 1ms, 2, 1, "Fetch", "Fetch @4");
  const Story story = story_of(run);
  ASSERT_EQ(story.arrows.size(), 3u);
  EXPECT_EQ(story.arrows[2].repeats, 5);
}

TEST(Story, a_crowd_is_thinned_to_the_limit_and_counted) {
  LostRecord run;
  for (int i = 0; i < 500; ++i) {
    run.tell(1500ms + i * 1ms, 2, 1, "Fetch", "Fetch @" + std::to_string(i));
  }
  const Story story = story_of(run, {.items = 20});
  EXPECT_EQ(story.shown(), 20u);
  EXPECT_NE(fact(story, 1), nullptr);
  EXPECT_NE(fact(story, 2), nullptr);
  EXPECT_GE(story.left_out, 480u);
}

TEST(Story, too_many_lanes_are_hidden_but_never_those_of_the_facts) {
  LostRecord run;
  for (int i = 0; i < 30; ++i) run.tell(2500ms, 2000 + i, 2, "Metadata", std::to_string(i));
  const Story story = story_of(run, {.lanes = 3});
  EXPECT_EQ(story.lanes.size(), 3u);
  EXPECT_EQ(story.hidden_lanes, 31u);
  EXPECT_NE(fact(story, 1), nullptr);
  EXPECT_NE(fact(story, 2), nullptr);
}

// ---- Where it goes -----------------------------------------------------------------------------

TEST(SpacetimeLayout, time_only_ever_runs_down) {
  const Story story = story_of(LostRecord());
  const SpacetimeLayout layout(story);
  double last = 0;
  for (const auto& stop : layout.stops()) {
    EXPECT_GT(stop.y, last);
    last = stop.y;
  }
  EXPECT_LT(layout.y(Instant{1s}), layout.y(Instant{3001ms}));
  EXPECT_LT(last, layout.bottom());
}

TEST(SpacetimeLayout, labels_of_marks_do_not_overlap) {
  LostRecord run;
  for (int i = 0; i < 20; ++i) {
    run.add(5s + i * 1us, 1 + i % 2, LogCut{orders, 3 - i % 3, true});
  }
  const Story story = story_of(run);
  const SpacetimeLayout layout(story);
  std::vector<Area> areas;
  for (std::size_t i = 0; i < story.marks.size(); ++i) {
    const auto& label = layout.label(i);
    const double y = layout.y(story.marks[i].at);
    const Area area{label.left, y - label.height / 2, label.left + label.width,
                    y + label.height / 2};
    for (const Area& other : areas) EXPECT_FALSE(area.overlaps(other)) << story.marks[i].text;
    areas.push_back(area);
  }
}

TEST(SpacetimeLayout, a_dozen_lanes_fit_on_a_page) {
  Story story;
  story.end = Instant{1s};
  for (int i = 0; i < 12; ++i) story.lanes.push_back({NodeId(i), "broker", {}});
  EXPECT_LE(SpacetimeLayout(story).width(), 1120);
}

// ---- The picture -------------------------------------------------------------------------------

TEST(Spacetime, the_same_run_is_the_same_picture) {
  const LostRecord run;
  const auto draw = [&] {
    return svg_file(spacetime(run.events, run.messages, run.violation).scene);
  };
  EXPECT_EQ(draw(), draw());
}

TEST(Spacetime, facts_have_anchors_and_marks_link_only_to_rows_that_exist) {
  const LostRecord run;
  const auto plain = spacetime(run.events, run.messages, run.violation);
  EXPECT_EQ(plain.facts[0], "acknowledges offset 4 (acks=all)");
  const std::string without = svg(plain.scene).str();
  EXPECT_NE(without.find("id=\"fact-1\""), std::string::npos);
  EXPECT_NE(without.find("id=\"fact-2\""), std::string::npos);
  EXPECT_EQ(without.find("href"), std::string::npos);
  const SpacetimeOptions some{.first_row = run.acked, .last_row = run.acked};
  const std::string with =
      svg(spacetime(run.events, run.messages, run.violation, some).scene).str();
  EXPECT_NE(with.find("href=\"#e" + std::to_string(run.acked.value) + "\""), std::string::npos);
  EXPECT_EQ(with.find("href=\"#e" + std::to_string(run.lost.value) + "\""), std::string::npos);
}

TEST(Spacetime, a_run_without_events_has_no_picture_but_a_word) {
  const auto nothing = spacetime({}, {}, {"BS-V01", "late", "Late."});
  EXPECT_TRUE(nothing.scene.marks.empty());
  EXPECT_FALSE(nothing.notice.empty());
}

}  // namespace

}  // namespace brokersim::reports
