// The timeline's layout: what is where, what is left out with a word, and that nothing leaves the
// picture.

#include "reports/timeline.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reports/text_width.h"
#include "reports/time_axis.h"

namespace brokersim::reports {
namespace {

class Cluster {
 public:
  explicit Cluster(int partitions) {
    for (const int id : {1, 2, 3}) add(0ms, id, NodeStarted{fmt::format("broker-{}", id), 0});
    add(0ms, 101, QuorumRoleChanged{LeaderEpoch{1}, "leader", NodeId{101}, "elected"});
    for (int i = 0; i < partitions; ++i) {
      committed(100ms, i, 1, 0);
      leads(200ms, i, 1, 0);
    }
  }
  void add(Duration at, int node, EventBody body) {
    elections_.observe({EventId{++last_}, Instant{at}, NodeId{node}, {}, std::move(body)});
  }
  void committed(Duration at, int partition, int leader, int epoch) {
    PartitionCommitted body{{"orders", partition}, NodeId{leader}, LeaderEpoch{epoch}};
    body.replicas = {NodeId{1}, NodeId{2}, NodeId{3}};
    body.isr = body.replicas;
    add(at, -1, body);
  }
  void leads(Duration at, int partition, int node, int epoch) {
    add(at, node, BecameLeader{{"orders", partition}, LeaderEpoch{epoch}, 0, 0});
  }
  void elect(Duration at, int partition, int leader, int epoch) {
    committed(at, partition, leader, epoch);
    leads(at + 10ms, partition, leader, epoch);
  }
  void end(Duration at) { add(at, -1, FaultsLifted{}); }
  Scene scene(const TimelineLimits& limits = {}) const { return timeline(elections_, limits); }

 private:
  std::uint64_t last_ = 0;
  Elections elections_;
};

template <class Kind>
std::vector<Kind> all(const Scene& scene, std::string_view category = "") {
  std::vector<Kind> found;
  for (const Mark& mark : scene.marks)
    if (const auto* one = std::get_if<Kind>(&mark))
      if (category.empty() || one->tag.category == category) found.push_back(*one);
  return found;
}

std::vector<std::string> texts(const Scene& scene) {
  std::vector<std::string> found;
  for (const Text& text : all<Text>(scene)) found.push_back(text.text);
  return found;
}

bool says(const Scene& scene, std::string_view part) {
  const auto found = texts(scene);
  return std::any_of(found.begin(), found.end(),
                     [&](const auto& text) { return text.find(part) != std::string::npos; });
}

struct Extent {
  double left, right, top, bottom;
};
Extent extent(const Text& text) {
  const double wide = text_width(text.text, text.size, text.is_bold);
  const double left = text.align == Align::start ? text.at.x
                      : text.align == Align::end ? text.at.x - wide
                                                 : text.at.x - wide / 2;
  return {left, left + wide, text.at.y - text.size / 2, text.at.y + text.size / 2};
}

TEST(Timeline, a_lane_has_a_bar_for_each_leader_and_hatching_between) {
  Cluster run(1);
  run.add(2s, 1, NodeStopped{NodeStopped::How::crash});
  run.elect(5s, 0, 2, 1);
  run.end(10s);
  const Scene scene = run.scene();
  const auto reigns = all<Box>(scene, "reign");
  ASSERT_EQ(reigns.size(), 2U);
  const auto gaps = all<Box>(scene, "outage");
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_TRUE(gaps[0].is_hatched);
  EXPECT_NEAR(reigns[0].corner.x + reigns[0].width, gaps[0].corner.x, 0.01);
  EXPECT_NEAR(gaps[0].corner.x + gaps[0].width, reigns[1].corner.x, 0.01);
  EXPECT_EQ(reigns[0].fill, color_of_broker(NodeId{1}));
  EXPECT_EQ(reigns[1].fill, color_of_broker(NodeId{2}));
  EXPECT_TRUE(says(scene, "no leader 3.0 s"));
  const auto badges = all<Badge>(scene, "election");
  ASSERT_EQ(badges.size(), 1U);
  EXPECT_EQ(badges[0].text, "1");
  EXPECT_EQ(badges[0].tag.link, "#E1");
  EXPECT_NEAR(badges[0].center.x, reigns[1].corner.x, 0.01);
}

TEST(Timeline, quiet_partitions_give_way_and_are_counted) {
  Cluster run(30);
  run.elect(5s, 3, 2, 1);
  run.elect(6s, 17, 2, 1);
  run.end(10s);
  const Scene scene = run.scene();
  const auto found = texts(scene);
  EXPECT_NE(std::find(found.begin(), found.end(), "orders-3"), found.end());
  EXPECT_NE(std::find(found.begin(), found.end(), "orders-17"), found.end());
  EXPECT_EQ(std::find(found.begin(), found.end(), "orders-4"), found.end());
  EXPECT_TRUE(says(scene, "not shown: 28 partitions that kept their leader all the time"));
}

TEST(Timeline, of_too_many_busy_partitions_the_worst_are_shown_in_their_order) {
  Cluster run(3);
  for (const int partition : {0, 1, 2}) {
    run.committed(2s, partition, 2, 1);
    run.leads(2s + 100ms * (partition + 1), partition, 2, 1);
  }
  run.end(10s);
  const Scene scene = run.scene({.lanes = 2});
  const auto found = texts(scene);
  const auto second = std::find(found.begin(), found.end(), "orders-1");
  const auto third = std::find(found.begin(), found.end(), "orders-2");
  EXPECT_LT(second, third);
  EXPECT_NE(third, found.end());
  EXPECT_EQ(std::find(found.begin(), found.end(), "orders-0"), found.end());
  EXPECT_TRUE(says(scene, "showing the 2 partitions that were longest without a leader, of 3"));
}

TEST(Timeline, numbers_that_would_overlap_are_left_out_and_counted) {
  Cluster run(1);
  for (int i = 0; i < 20; ++i) run.elect(5s + 10ms * i, 0, 1 + (i + 1) % 2, i + 1);
  run.end(60s);
  const Scene scene = run.scene();
  const auto badges = all<Badge>(scene, "election");
  EXPECT_LT(badges.size(), 5U);
  EXPECT_TRUE(
      says(scene, fmt::format("{} election numbers; the table has all", 20 - badges.size())));
}

TEST(Timeline, the_number_of_an_election_that_did_harm_has_precedence) {
  Cluster run(1);
  run.elect(5s, 0, 2, 1);
  const BatchRef batch{.leader_epoch = LeaderEpoch{1}, .digest = 1};
  run.add(5020ms, 2, BatchStored{{"orders", 0}, batch});
  run.add(5030ms, 2, ProduceAnswered{"producer-1", {"orders", 0}, -1, 0, batch});
  run.elect(5050ms, 0, 3, 2);
  run.end(60s);
  const auto badges = all<Badge>(run.scene(), "election");
  ASSERT_EQ(badges.size(), 1U);
  EXPECT_EQ(badges[0].text, "2");
  EXPECT_EQ(badges[0].color, Color::violation);
}

TEST(Timeline, a_long_end_without_changes_is_left_out_and_said_to_be) {
  Cluster run(1);
  run.elect(8s, 0, 2, 1);
  run.end(60s);
  const Scene scene = run.scene();
  EXPECT_TRUE(says(scene, "not shown: 9.0 s to 60.0 s, in which nothing changes"));
  Cluster other(1);
  other.elect(8s, 0, 2, 1);
  other.end(10s);
  EXPECT_FALSE(says(other.scene(), "in which nothing changes"));
}

TEST(Timeline, a_fault_is_a_bar_with_its_number_whether_or_not_it_took_effect) {
  Cluster run(1);
  run.add(1s, -1, FaultBegan{1, "pause", "broker-2", {NodeId{2}}});
  run.add(3s, -1, FaultEnded{1, 1});
  run.add(4s, -1, FaultBegan{2, "clock_skew", "broker-3 ahead=5us", {NodeId{3}}});
  run.add(5s, -1, FaultEnded{2, 0});
  run.end(10s);
  const Scene scene = run.scene();
  const auto bars = all<Box>(scene, "fault");
  ASSERT_EQ(bars.size(), 2U);
  EXPECT_EQ(bars[0].stroke, Stroke::solid);
  EXPECT_EQ(bars[1].stroke, Stroke::dashed);
  EXPECT_TRUE(says(scene, "f1 pause b2"));
  EXPECT_TRUE(says(scene, "f2 clock_skew b3 (no effect)"));
}

TEST(Timeline, faults_beyond_the_limit_are_counted) {
  Cluster run(1);
  for (int i = 1; i <= 5; ++i) run.add(1s * i, -1, FaultBegan{i, "crash", "broker-2", {NodeId{2}}});
  run.end(10s);
  EXPECT_TRUE(says(run.scene({.faults = 3}), "showing the first 3 of 5 faults"));
}

TEST(Timeline, no_text_leaves_the_picture_or_covers_another) {
  Cluster run(4);
  for (int i = 1; i <= 12; ++i) {
    run.add(700ms * i, -1,
            FaultBegan{i,
                       "one_way_partition",
                       "broker-1 | broker-2, broker-3",
                       {NodeId{1}},
                       {NodeId{2}, NodeId{3}}});
    run.add(700ms * i + 2s, -1, FaultEnded{i, i % 3});
    run.elect(700ms * i + 300ms, i % 4, 1 + i % 3, i);
  }
  for (const int node : {2, 3}) {
    BatchRef batch{.base_offset = 0, .last_offset = 41, .digest = 1};
    run.add(9900ms, node, BatchStored{{"orders", 1}, batch});
    run.add(9950ms + 1ms * node, node, LogCut{{"orders", 1}, 0, false});
  }
  run.end(10s);
  const Scene scene = run.scene();
  const auto marks = all<Text>(scene);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const Extent a = extent(marks[i]);
    EXPECT_GE(a.left, 0) << marks[i].text;
    EXPECT_LE(a.right, scene.width) << marks[i].text;
    EXPECT_LE(a.bottom, scene.height) << marks[i].text;
    for (std::size_t j = i + 1; j < marks.size(); ++j) {
      const Extent b = extent(marks[j]);
      const bool overlap = a.left < b.right - 0.5 && b.left < a.right - 0.5 &&
                           a.top < b.bottom - 2.5 && b.top < a.bottom - 2.5;
      EXPECT_FALSE(overlap) << marks[i].text << " / " << marks[j].text;
    }
  }
}

TEST(Timeline, a_run_without_partitions_is_a_picture_all_the_same) {
  Cluster run(0);
  run.end(1s);
  const Scene scene = run.scene();
  EXPECT_GT(scene.height, 50);
  EXPECT_TRUE(all<Box>(scene, "reign").empty());
}

// ---- The axis ----------------------------------------------------------------------------------

TEST(TimeAxis, maps_the_run_onto_its_width) {
  const TimeAxis axis(Instant{10s}, 100, 200);
  EXPECT_DOUBLE_EQ(axis.at(Instant{}), 100);
  EXPECT_DOUBLE_EQ(axis.at(Instant{5s}), 150);
  EXPECT_DOUBLE_EQ(axis.at(Instant{20s}), 200);  // No further than the run.
}

TEST(TimeAxis, ticks_are_round_and_far_enough_apart) {
  const TimeAxis axis(Instant{31s}, 0, 400);
  const auto ticks = axis.ticks(60);
  ASSERT_EQ(ticks.size(), 4U);
  EXPECT_EQ(ticks[1].label, "10 s");
  EXPECT_GE(axis.at(ticks[1].at) - axis.at(ticks[0].at), 60);
  const TimeAxis brief(Instant{80ms}, 0, 400);
  EXPECT_EQ(brief.ticks(60)[1].label, "20 ms");
}

TEST(Rows, hold_what_does_not_overlap) {
  Rows rows;
  EXPECT_EQ(rows.place(0, 10), 0U);
  EXPECT_EQ(rows.place(5, 15), 1U);
  EXPECT_EQ(rows.place(11, 20), 0U);
  EXPECT_EQ(rows.count(), 2U);
}

}  // namespace
}  // namespace brokersim::reports
