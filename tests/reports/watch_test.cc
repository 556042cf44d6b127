// The run as it goes: one line for each change of state, with the state of every machine in its
// column.
#include "reports/watch.h"

#include <gtest/gtest.h>

#include "tests/reports/tale.h"

namespace brokersim::reports {
namespace {

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() {
    for (int i = 1; i <= 3; ++i) {
      see(0ms, i, NodeStarted{fmt::format("broker-{}", i), 0});
      BrokerCommitted registered{NodeId{i}};
      registered.is_fenced = false;
      see(50ms, -1, registered);
    }
    see(0ms, 101, NodeStarted{"controller-1", 0});
    see(100ms, 101, QuorumLeaderAnnounced{LeaderEpoch{1}});
    partition(200ms, 1, 0, {1, 2, 3});
    see(300ms, 1, BecameLeader{orders, LeaderEpoch{0}});
  }

  std::string see(Duration at, int node, EventBody body) {
    return watch_.observe({EventId{++events_}, Instant{at}, NodeId{node}, {}, std::move(body)});
  }
  std::string partition(Duration at, int leader, int epoch, std::vector<int> isr) {
    PartitionCommitted body{orders, NodeId{leader}, LeaderEpoch{epoch}};
    body.replicas = {NodeId{1}, NodeId{2}, NodeId{3}};
    for (const int id : isr) body.isr.push_back(NodeId{id});
    return see(at, -1, body);
  }
  // The cells of the machines, which begin where the heads do.
  static std::string cells(const std::string& line) {
    auto text = line.size() < 48 ? "" : line.substr(48, 12);
    text.erase(text.find_last_not_of(" \n") + 1);
    return text;
  }

  Watch watch_{3, 1, {}};
  std::uint64_t events_ = 0;
};

TEST_F(WatchTest, the_heads_stand_above_their_cells) {
  const auto head = watch_.head();
  const auto last = head.substr(head.rfind('\n', head.size() - 2) + 1);
  EXPECT_EQ(cells(last), "b1 b2 b3 c1");
  EXPECT_EQ(cells(partition(1s, 1, 0, {1, 2})), "L  .  -  C");
}

TEST_F(WatchTest, an_election_is_numbered_and_shows_who_leads_now) {
  see(1s, 1, NodeStopped{NodeStopped::How::power_loss});
  const auto line = partition(9s, 2, 1, {2, 3});
  EXPECT_TRUE(line.starts_with(" *    9.000 s  E1 orders-0 b1 -> b2")) << line;
  EXPECT_EQ(cells(line), "#  L  .  C");
  EXPECT_NE(line.find("    1  2,3 "), std::string::npos) << line;
}

TEST_F(WatchTest, who_has_not_heard_of_its_successor_is_a_stale_leader) {
  const auto line = partition(9s, 2, 1, {2, 3});
  EXPECT_EQ(cells(line), "Z  L  .  C");
  see(10s, 1, BecameFollower{orders, LeaderEpoch{1}, NodeId{2}, 5});
  EXPECT_EQ(cells(partition(11s, 2, 1, {1, 2, 3})), ".  L  .  C");
}

TEST_F(WatchTest, a_cut_machine_is_marked_while_the_fault_lasts_whatever_the_target_is_called) {
  EXPECT_EQ(cells(see(1s, -1,
                      FaultBegan{
                          1, "partition", "leader:orders-0 | broker-2", {NodeId{1}}, {NodeId{2}}})),
            ".~ .  .  C");
  EXPECT_EQ(
      cells(see(2s, -1,
                FaultBegan{2, "partition", "broker-3, controller", {NodeId{3}, NodeId{101}}})),
      ".~ .  .~ C~");
  EXPECT_EQ(cells(see(3s, -1, FaultEnded{2, 7})), ".~ .  .  C");
}

TEST_F(WatchTest, pauses_fencing_and_stops_show_in_the_columns) {
  EXPECT_EQ(cells(see(1s, 2, NodePaused{})), ".  .= .  C");
  see(2s, 2, NodeResumed{});
  BrokerCommitted fenced{NodeId{3}};
  fenced.is_fenced = true;
  EXPECT_EQ(cells(see(2s, -1, fenced)), ".  .  -  C");
  EXPECT_EQ(cells(see(3s, 101, NodeStopped{NodeStopped::How::crash})), ".  .  -  #");
}

TEST_F(WatchTest, a_truncation_tells_from_where_to_where) {
  see(1s, 1, BatchStored{orders, {.base_offset = 0, .last_offset = 42}});
  see(1s, 1, HighWatermarkAdvanced{orders, LeaderEpoch{0}, 42});
  const auto line = see(2s, 1, LogCut{orders, 42, false});
  EXPECT_TRUE(line.starts_with(" !    2.000 s  b1 truncates orders-0 43 -> 42 ")) << line;
  EXPECT_TRUE(line.ends_with("1,2,3   42     42 - -\n")) << line;
}

TEST_F(WatchTest, what_changes_no_state_is_no_line) {
  EXPECT_EQ(see(1s, 1, HighWatermarkAdvanced{orders, LeaderEpoch{0}, 42}), "");
  EXPECT_EQ(partition(2s, 1, 0, {1, 2, 3}), "");
  EXPECT_EQ(see(3s, 101, QuorumLeaderAnnounced{LeaderEpoch{1}}), "");
}

TEST_F(WatchTest, no_line_is_wider_than_the_terminal) {
  Watch narrow(3, 1, {.columns = 60});
  const auto line = narrow.observe(
      {EventId{1}, Instant{1s}, no_node, {}, FaultBegan{1, "partition", std::string(200, 'x')}});
  EXPECT_LE(line.size(), 61u);
}

}  // namespace
}  // namespace brokersim::reports
