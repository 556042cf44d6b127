// Each rule of the election report on a history of a few events: when a leader counts as lost, whom
// to blame, who could have been elected, what was lost, and where the time went.

#include "reports/elections.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/reports/tale.h"

namespace brokersim::reports {
namespace {

BatchRef batch(Offset offset, int epoch, std::uint64_t digest = 0) {
  return {.base_offset = offset,
          .last_offset = offset,
          .leader_epoch = LeaderEpoch{epoch},
          .digest = digest == 0 ? static_cast<std::uint64_t>(offset) + 1 : digest};
}

// Brokers 1 to 3 and controllers 101 to 103 run; broker 1 leads orders-0 in epoch 0 from 0.2 s on.
class History {
 public:
  History() {
    for (const int id : {1, 2, 3}) add(0ms, id, NodeStarted{fmt::format("broker-{}", id), 0});
    for (const int id : {101, 102, 103})
      add(0ms, id, NodeStarted{fmt::format("controller-{}", id - 100), 0});
    add(50ms, 101, QuorumRoleChanged{LeaderEpoch{1}, "leader", NodeId{101}, "elected"});
    committed(100ms, 1, 0, {1, 2, 3});
    leads(200ms, 1, 0);
  }
  EventId add(Duration at, int node, EventBody body) {
    const EventId id{++last_};
    elections_.observe({id, Instant{at}, NodeId{node}, {}, std::move(body)});
    return id;
  }
  EventId committed(Duration at, int leader, int epoch, const std::vector<int>& isr) {
    PartitionCommitted body{orders, NodeId{leader}, LeaderEpoch{epoch}};
    body.replicas = {NodeId{1}, NodeId{2}, NodeId{3}};
    for (const int id : isr) body.isr.push_back(NodeId{id});
    epoch_ = epoch;
    return add(at, -1, body);
  }
  // What is to be in the next leader epoch, or a later one.
  void decided(Duration at, std::string why, int epochs_ahead = 1) {
    add(at, 101,
        LeaderElected{.partition = orders,
                      .leader_epoch = LeaderEpoch{epoch_ + epochs_ahead},
                      .why = std::move(why)});
  }
  void leads(Duration at, int node, int epoch) {
    add(at, node, BecameLeader{orders, LeaderEpoch{epoch}, 0, 0});
  }
  void fenced(Duration at, int node, Duration silent = 3s) {
    decided(at, fmt::format("broker-{} sent no heartbeat", node));
    add(at, 101, SessionExpired{NodeId{node}, silent / 1ms});
    add(at, 101, BrokerFenced{NodeId{node}, "sent no heartbeat"});
  }
  void stored(Duration at, const std::vector<int>& nodes, const BatchRef& what) {
    for (const int node : nodes) add(at, node, BatchStored{orders, what});
  }
  void acked(Duration at, int node, const BatchRef& what, int acks = -1) {
    add(at, node, ProduceAnswered{"producer-1", orders, acks, 0, what});
  }
  // Broker 1 loses power at 1 s, is fenced at 4 s; broker 2 is committed at 4.1 s and leads at 4.3.
  void fail_over() {
    add(1s, -1, FaultBegan{1, "power_loss", "leader:orders-0", {NodeId{1}}});
    add(1s, 1, NodeStopped{NodeStopped::How::power_loss});
    fenced(4s, 1);
    committed(4100ms, 2, 1, {2, 3});
    leads(4300ms, 2, 1);
  }
  const Elections& all() const { return elections_; }
  const Election& only() const {
    EXPECT_EQ(elections_.all().size(), 1U);
    return elections_.all().front();
  }
  PartitionHistory partition() const { return elections_.partitions().front(); }

 private:
  std::uint64_t last_ = 0;
  int epoch_ = 0;  // As committed.
  Elections elections_;
};

// ---- When a leader counts as lost --------------------------------------------------------------

TEST(Elections, the_time_without_a_leader_has_four_parts) {
  History run;
  run.acked(900ms, 1, batch(0, 0));
  run.fail_over();
  run.acked(4800ms, 2, batch(1, 1));
  const Election& e = run.only();
  EXPECT_EQ(e.lost_at, Instant{1s});
  EXPECT_EQ(e.lost_by, "power_loss");
  EXPECT_EQ(e.detect, Duration{3s});
  EXPECT_EQ(e.decide, Duration{100ms});
  EXPECT_EQ(e.spread, Duration{200ms});
  EXPECT_EQ(e.recover, Duration{500ms});
  EXPECT_EQ(e.without_leader, Duration{3300ms});
  EXPECT_EQ(e.felt, Duration{3900ms});
  EXPECT_EQ(e.epoch_before, LeaderEpoch{0});
  EXPECT_EQ(e.leader_epoch, LeaderEpoch{1});
}

TEST(Elections, a_leader_that_gives_up_leadership_is_lost_when_the_change_is_committed) {
  History run;
  run.add(900ms, -1, FaultBegan{2, "restart", "broker-1", {NodeId{1}}});
  run.decided(1s, "broker-1 is shutting down");
  run.committed(1010ms, 2, 1, {2, 3});
  run.leads(1030ms, 2, 1);
  const Election& e = run.only();
  EXPECT_EQ(e.lost_at, Instant{1010ms});
  EXPECT_EQ(e.without_leader, Duration{20ms});
  EXPECT_FALSE(e.detect);
  EXPECT_FALSE(e.decide);
  EXPECT_EQ(e.fault, 2);
}

TEST(Elections, each_has_its_own_reason_though_the_next_was_decided_before_it_was_committed) {
  History run;
  run.decided(1s, "broker-1 is shutting down");
  run.decided(1005ms, "preferred leader", 2);
  run.committed(1010ms, 2, 1, {1, 2, 3});
  run.committed(1020ms, 1, 2, {1, 2, 3});
  run.committed(1030ms, 3, 3, {1, 2, 3});
  ASSERT_EQ(run.all().all().size(), 3U);
  EXPECT_EQ(run.all().all()[0].why, "broker-1 is shutting down");
  EXPECT_EQ(run.all().all()[1].why, "preferred leader");
  EXPECT_EQ(run.all().all()[2].why, "");
}

TEST(Elections, a_leader_that_is_cut_off_is_lost_once_it_makes_no_progress_any_more) {
  History run;
  run.add(1s, -1,
          FaultBegan{3,
                     "partition",
                     "broker-1 | controller-1, broker-2",
                     {NodeId{1}},
                     {NodeId{101}, NodeId{2}}});
  run.add(1500ms, 1, HighWatermarkAdvanced{orders, LeaderEpoch{0}, 7});  // It still can commit.
  run.fenced(4s, 1);
  run.committed(4100ms, 2, 1, {2, 3});
  const Election& e = run.only();
  EXPECT_EQ(e.lost_at, Instant{1500ms});
  EXPECT_EQ(e.lost_by, "partition");
  EXPECT_EQ(e.fault, 3);
  EXPECT_EQ(e.high_watermark, Offset{7});
  EXPECT_EQ(run.partition().reigns[0].until, Instant{1500ms});
}

TEST(Elections, a_pause_without_an_election_is_a_gap_of_the_same_reign) {
  History run;
  run.add(1s, 1, NodePaused{});
  run.add(3s, 1, NodeResumed{});
  EXPECT_TRUE(run.all().all().empty());
  const auto partition = run.partition();
  ASSERT_EQ(partition.reigns.size(), 2U);
  EXPECT_EQ(partition.reigns[1].leader, NodeId{1});
  EXPECT_EQ(partition.without_leader(Instant{5s}), Duration{2s});
}

TEST(Elections, a_leader_that_restarts_before_anybody_notices_leaves_a_gap) {
  History run;
  run.add(1s, 1, NodeStopped{NodeStopped::How::crash});
  run.add(2s, 1, NodeStarted{"broker-1", 1});
  run.leads(2500ms, 1, 0);
  EXPECT_TRUE(run.all().all().empty());
  EXPECT_EQ(run.partition().without_leader(Instant{5s}), Duration{1500ms});
}

TEST(Elections, a_new_epoch_of_the_same_leader_is_no_election_and_no_gap) {
  History run;
  run.committed(1s, 1, 1, {1, 2});
  run.leads(1200ms, 1, 1);
  EXPECT_TRUE(run.all().all().empty());
  EXPECT_EQ(run.partition().reigns.size(), 2U);
  EXPECT_EQ(run.partition().without_leader(Instant{5s}), Duration{});
}

TEST(Elections, while_nobody_can_be_elected_the_outage_goes_on) {
  History run;
  run.add(1s, 1, NodeStopped{NodeStopped::How::crash});
  run.committed(2s, -1, 1, {1});
  run.committed(6s, 1, 2, {1});
  run.leads(6500ms, 1, 2);
  ASSERT_EQ(run.all().all().size(), 2U);
  EXPECT_FALSE(run.all().all()[0].without_leader);
  EXPECT_EQ(run.all().all()[1].without_leader, Duration{5500ms});
  EXPECT_EQ(run.partition().longest_outage(Instant{9s}), Duration{5500ms});
}

TEST(Elections, availability_counts_from_the_first_leader_to_the_end) {
  History run;
  run.add(1s, 1, NodeStopped{NodeStopped::How::crash});
  const auto partition = run.partition();
  EXPECT_EQ(partition.lifetime(Instant{2200ms}), Duration{2s});
  EXPECT_EQ(partition.without_leader(Instant{2200ms}), Duration{1200ms});
}

// ---- Whom to blame -----------------------------------------------------------------------------

TEST(Elections, a_fault_is_blamed_by_the_node_that_its_role_stood_for) {
  History run;
  run.fail_over();
  EXPECT_EQ(run.only().fault, 1);
  EXPECT_EQ(run.all().faults().all()[0].nodes, (std::vector<NodeId>{NodeId{1}}));
}

TEST(Elections, a_fault_that_found_its_node_down_already_is_not_blamed_for_its_next_stop) {
  History run;
  run.add(300ms, 1, NodeStopped{NodeStopped::How::crash});
  run.add(400ms, -1, FaultBegan{2, "restart", "broker-1", {NodeId{1}}});
  run.add(500ms, 1, NodeStarted{"broker-1", 1});
  run.leads(600ms, 1, 0);
  run.add(1s, 1, NodeStopped{NodeStopped::How::shutdown});
  run.fenced(4s, 1);
  run.committed(4100ms, 2, 1, {2, 3});
  EXPECT_EQ(run.only().lost_by, "shutdown");
  EXPECT_EQ(run.only().fault, 0);
}

TEST(Elections, a_node_that_starts_into_a_partition_is_cut_off_by_it) {
  History run;
  run.add(300ms, 1, NodeStopped{NodeStopped::How::crash});
  run.add(400ms, -1, FaultBegan{2, "partition", "broker-1", {NodeId{1}}});
  run.add(500ms, 1, NodeStarted{"broker-1", 1});
  run.leads(600ms, 1, 0);
  run.fenced(4s, 1);
  run.committed(4100ms, 2, 1, {2, 3});
  EXPECT_EQ(run.only().lost_at, Instant{600ms});
  EXPECT_EQ(run.only().fault, 2);
}

TEST(Elections, a_fault_is_blamed_for_a_silence_that_began_with_it_however_long_ago_it_ended) {
  for (const bool began_with_it : {true, false}) {
    History run;
    run.add(1s, -1, FaultBegan{4, "partition", "broker-1", {NodeId{1}}});
    run.add(2s, -1, FaultEnded{4, 9});
    run.fenced(20s, 1, began_with_it ? 19s : 3s);
    run.committed(20100ms, 2, 1, {2, 3});
    EXPECT_EQ(run.only().fault, began_with_it ? 4 : 0);
    EXPECT_EQ(run.only().lost_by, began_with_it ? "partition" : "");
  }
}

TEST(Elections, a_fault_is_blamed_for_a_leader_that_it_struck_before_the_election) {
  History run;
  run.add(900ms, -1, FaultBegan{1, "pause", "broker-2", {NodeId{2}}});
  run.add(900ms, 2, NodePaused{});
  run.add(1s, -1, FaultBegan{2, "power_loss", "leader:orders-0", {NodeId{1}}});
  run.add(1s, 1, NodeStopped{NodeStopped::How::power_loss});
  run.fenced(4s, 1);
  run.committed(4100ms, 2, 1, {2, 3});
  run.fenced(4500ms, 2);
  run.committed(4600ms, 3, 2, {3});
  run.leads(4700ms, 3, 2);
  ASSERT_EQ(run.all().all().size(), 2U);
  const Election& first = run.all().all()[0];
  EXPECT_EQ(first.fault, 2);
  EXPECT_EQ(first.lost_by, "power_loss");
  const Election& second = run.all().all()[1];
  EXPECT_EQ(second.from, NodeId{2});
  EXPECT_EQ(second.fault, 1);
  EXPECT_EQ(second.lost_by, "pause");
  EXPECT_EQ(second.lost_at, Instant{1s});
}

TEST(Elections, faults_elsewhere_and_elections_on_request_are_not_connected) {
  History run;
  run.add(900ms, -1, FaultBegan{1, "pause", "broker-3", {NodeId{3}}});
  run.decided(1s, "ElectLeaders request");
  run.committed(1010ms, 2, 1, {1, 2, 3});
  EXPECT_EQ(run.only().fault, 0);
  EXPECT_EQ(run.only().why, "ElectLeaders request");
}

TEST(Elections, a_change_of_the_quorums_leader_in_between_is_noted) {
  History run;
  run.add(1s, 1, NodeStopped{NodeStopped::How::crash});
  run.add(2s, 101, NodeStopped{NodeStopped::How::crash});
  run.add(3s, 102, QuorumRoleChanged{LeaderEpoch{2}, "leader", NodeId{102}, "elected"});
  run.committed(4100ms, 2, 1, {2, 3});
  EXPECT_TRUE(run.only().quorum_changed);
}

// ---- Who could have been elected ---------------------------------------------------------------

TEST(Elections, each_replica_is_a_candidate_with_its_log_and_why_it_was_not_chosen) {
  History run;
  run.stored(500ms, {1, 2, 3}, batch(0, 0));
  run.stored(600ms, {1, 2}, batch(1, 0));
  run.committed(700ms, 1, 0, {1, 2});
  run.fail_over();
  const Election& e = run.only();
  ASSERT_EQ(e.candidates.size(), 3U);
  EXPECT_EQ(e.candidates[0].why_not, "down");
  EXPECT_FALSE(e.candidates[0].is_alive);
  EXPECT_EQ(e.candidates[0].end_offset, Offset{2});
  EXPECT_TRUE(e.candidates[1].is_chosen);
  EXPECT_EQ(e.candidates[1].why_not, "");
  EXPECT_EQ(e.candidates[1].end_offset, Offset{2});
  EXPECT_EQ(e.candidates[2].why_not, "not in the ISR");
  EXPECT_EQ(e.candidates[2].end_offset, Offset{1});
  EXPECT_EQ(e.candidates[2].last_epoch, LeaderEpoch{0});
  EXPECT_EQ(e.old_end_offset, Offset{2});
  EXPECT_EQ(e.isr_before, (std::vector<NodeId>{NodeId{1}, NodeId{2}}));
}

TEST(Elections, without_events_of_logs_no_end_offset_is_claimed) {
  History run;
  run.fail_over();
  EXPECT_FALSE(run.only().candidates[1].end_offset);
  EXPECT_FALSE(run.only().old_end_offset);
}

TEST(Elections, a_fenced_or_paused_replica_is_said_to_be) {
  History run;
  run.add(500ms, 101, BrokerFenced{NodeId{3}, "sent no heartbeat"});
  run.add(600ms, 2, NodePaused{});
  run.committed(1s, -1, 1, {1, 2, 3});
  const Election& e = run.only();
  EXPECT_EQ(e.candidates[0].why_not, "gives up leadership");
  EXPECT_EQ(e.candidates[1].why_not, "paused");
  EXPECT_EQ(e.candidates[2].why_not, "fenced");
}

// ---- What was lost -----------------------------------------------------------------------------

TEST(Elections, an_acknowledged_record_that_the_new_leader_lacks_is_lost) {
  History run;
  run.stored(500ms, {1, 2, 3}, batch(0, 0));
  run.acked(600ms, 1, batch(0, -1));
  run.stored(700ms, {1}, batch(1, 0));
  run.acked(800ms, 1, batch(1, -1));
  run.fail_over();
  EXPECT_EQ(run.only().lost_records, 1);
  EXPECT_EQ(run.only().lost_by_acks_1, 0);
  EXPECT_EQ(run.only().verdict(), ElectionVerdict::lost_acknowledged);
}

TEST(Elections, what_was_acknowledged_by_the_leader_alone_may_be_lost) {
  History run;
  run.stored(700ms, {1}, batch(0, 0));
  run.acked(800ms, 1, batch(0, -1), 1);
  run.acked(810ms, 1, batch(0, -1), 1);  // A retry is no second record.
  run.fail_over();
  EXPECT_EQ(run.only().lost_records, 1);
  EXPECT_EQ(run.only().verdict(), ElectionVerdict::lost_unreplicated);
}

TEST(Elections, another_record_at_the_same_offset_does_not_stand_for_the_acknowledged_one) {
  History run;
  run.stored(500ms, {1}, batch(0, 0, 77));
  run.acked(600ms, 1, batch(0, -1, 77));
  run.stored(700ms, {2}, batch(0, 0, 78));
  run.fail_over();
  EXPECT_EQ(run.only().lost_records, 1);
}

TEST(Elections, what_a_stale_leader_acknowledges_is_lost_by_the_election_that_ended_its_epoch) {
  History run;
  run.add(1s, -1, FaultBegan{1, "partition", "broker-1", {NodeId{1}}});
  run.fenced(4s, 1);
  run.committed(4100ms, 2, 1, {2, 3});
  run.leads(4300ms, 2, 1);
  run.committed(5s, 3, 2, {2, 3});
  run.leads(5100ms, 3, 2);
  run.stored(5500ms, {1}, batch(0, 0));
  run.acked(5600ms, 1, batch(0, -1), 1);
  ASSERT_EQ(run.all().all().size(), 2U);
  EXPECT_EQ(run.all().all()[0].lost_records, 1);
  EXPECT_EQ(run.all().all()[1].lost_records, 0);
}

TEST(Elections, what_the_second_leader_acknowledged_is_lost_by_the_election_of_the_third) {
  History run;
  run.fail_over();
  run.stored(5s, {2}, batch(0, 1));
  run.acked(5100ms, 2, batch(0, -1));
  run.committed(6s, 3, 2, {3});
  ASSERT_EQ(run.all().all().size(), 2U);
  EXPECT_EQ(run.all().all()[0].lost_records, 0);
  EXPECT_EQ(run.all().all()[1].lost_records, 1);
}

TEST(Elections, what_a_leader_still_had_is_lost_by_the_election_of_who_lacks_it) {
  History run;
  run.stored(500ms, {1, 2}, batch(0, 0));
  run.acked(600ms, 1, batch(0, -1));
  run.fail_over();
  run.committed(6s, 3, 2, {3});
  ASSERT_EQ(run.all().all().size(), 2U);
  EXPECT_EQ(run.all().all()[0].lost_records, 0);
  EXPECT_EQ(run.all().all()[1].lost_records, 1);
}

TEST(Elections, a_leader_from_outside_the_isr_is_unclean) {
  History run;
  run.committed(500ms, 1, 0, {1});
  run.committed(1s, 2, 1, {2});
  EXPECT_EQ(run.only().verdict(), ElectionVerdict::unclean);
}

TEST(Elections, a_truncation_says_how_many_records_were_acknowledged_and_are_gone) {
  History run;
  run.stored(500ms, {1, 2, 3}, batch(0, 0));
  run.stored(600ms, {1}, batch(1, 0));
  run.stored(600ms, {1}, batch(2, 0));
  run.acked(700ms, 1, batch(1, -1), 1);
  run.fail_over();
  run.add(6s, 1, NodeStarted{"broker-1", 1});
  const EventId cut = run.add(6100ms, 1, LogCut{orders, 1, false});
  const auto cuts = run.partition().truncations;
  ASSERT_EQ(cuts.size(), 1U);
  EXPECT_EQ(cuts[0].event, cut);
  EXPECT_EQ(cuts[0].from, 3);
  EXPECT_EQ(cuts[0].to, 1);
  EXPECT_EQ(cuts[0].records, 2);
  EXPECT_EQ(cuts[0].acknowledged, 1);
  EXPECT_EQ(cuts[0].gone, 1);
  EXPECT_EQ(cuts[0].election, 1);
}

TEST(Elections, what_power_loss_takes_from_a_leader_is_safe_where_others_have_it) {
  History run;
  run.stored(500ms, {1, 2}, batch(0, 0));
  run.acked(600ms, 1, batch(0, -1));
  run.add(1s, 1, NodeStopped{NodeStopped::How::power_loss});
  run.add(1s, 1, LogCut{orders, 0, true});
  const auto cuts = run.partition().truncations;
  ASSERT_EQ(cuts.size(), 1U);
  EXPECT_TRUE(cuts[0].by_power_loss);
  EXPECT_EQ(cuts[0].acknowledged, 1);
  EXPECT_EQ(cuts[0].gone, 0);
  EXPECT_EQ(cuts[0].election, 0);
}

TEST(Elections, a_log_that_ends_where_it_ended_was_not_cut) {
  History run;
  run.stored(500ms, {1}, batch(0, 0));
  run.add(600ms, 1, LogCut{orders, 1, false});
  EXPECT_TRUE(run.partition().truncations.empty());
}

// ---- The quorum --------------------------------------------------------------------------------

TEST(QuorumLeaders, a_crash_ends_a_reign_and_an_election_begins_the_next) {
  History run;
  run.add(2s, -1, FaultBegan{1, "crash", "controller", {NodeId{101}}});
  run.add(2s, 101, NodeStopped{NodeStopped::How::crash});
  run.add(3s, 102, QuorumRoleChanged{LeaderEpoch{2}, "leader", NodeId{102}, "elected"});
  const auto& leaders = run.all().quorum().all();
  ASSERT_EQ(leaders.size(), 2U);
  EXPECT_EQ(leaders[0].until, Instant{2s});
  EXPECT_EQ(leaders[0].why_ended, "crash");
  EXPECT_EQ(leaders[0].fault, 1);
  EXPECT_EQ(leaders[1].leader, NodeId{102});
  EXPECT_EQ(leaders[1].epoch, LeaderEpoch{2});
  EXPECT_FALSE(leaders[1].until);
}

TEST(QuorumLeaders, a_leader_that_is_cut_off_led_as_long_as_it_could_commit) {
  History run;
  run.add(2s, -1, FaultBegan{1, "partition", "controller-1", {NodeId{101}}});
  run.add(2100ms, 101, HighWatermarkAdvanced{metadata_partition(), LeaderEpoch{1}, 9});
  run.add(3s, 102, QuorumRoleChanged{LeaderEpoch{2}, "leader", NodeId{102}, "elected"});
  const auto& leaders = run.all().quorum().all();
  ASSERT_EQ(leaders.size(), 2U);
  EXPECT_EQ(leaders[0].until, Instant{2100ms});
  EXPECT_EQ(leaders[0].why_ended, "partition");
}

TEST(QuorumLeaders, announcements_on_the_wire_do_where_core_says_nothing) {
  Elections all;
  all.observe({EventId{1}, Instant{1s}, NodeId{102}, {}, QuorumLeaderAnnounced{LeaderEpoch{4}}});
  all.observe({EventId{2}, Instant{2s}, NodeId{102}, {}, QuorumLeaderAnnounced{LeaderEpoch{4}}});
  ASSERT_EQ(all.quorum().all().size(), 1U);
  EXPECT_EQ(all.quorum().active(), NodeId{102});
}

TEST(QuorumLeaders, a_paused_leader_that_nobody_replaced_goes_on) {
  History run;
  run.add(2s, 101, NodePaused{});
  run.add(3s, 101, NodeResumed{});
  const auto& leaders = run.all().quorum().all();
  ASSERT_EQ(leaders.size(), 2U);
  EXPECT_EQ(leaders[0].until, Instant{2s});
  EXPECT_EQ(leaders[1].epoch, LeaderEpoch{1});
  EXPECT_EQ(run.all().quorum().active(), NodeId{101});
}

// ---- Names -------------------------------------------------------------------------------------

TEST(Elections, nodes_have_short_names_by_their_roles) {
  History run;
  EXPECT_EQ(run.all().short_name_of(NodeId{2}), "b2");
  EXPECT_EQ(run.all().short_name_of(NodeId{103}), "c3");
  EXPECT_EQ(run.all().short_name_of(no_node), "none");
  EXPECT_EQ(run.all().short_name_of(NodeId{9}), "b9");
  EXPECT_EQ(run.all().name_of_node(NodeId{9}), "node 9");
}

// One lane has both: neither the deletion nor what comes after it is an election.
TEST(Elections, of_a_topic_that_was_made_again_none_is_told_and_no_outage) {
  History h;
  h.fail_over();
  h.add(6s, -1, TopicRemoved{.topic = orders.topic});
  EXPECT_EQ(h.partition().lifetime(h.all().end()), 5800ms);
  h.committed(8s, 3, 0, {3});
  h.leads(9s, 3, 0);
  h.add(10s, -1, Note{"the end"});
  EXPECT_EQ(h.all().all().size(), 1U);
  const auto lane = h.partition();
  EXPECT_EQ(lane.reigns.size(), 3U);
  EXPECT_EQ(lane.without_leader(h.all().end()), 3300ms);  // From 1 s to 4.3 s.
  EXPECT_EQ(lane.lifetime(h.all().end()), 6800ms);        // From 0.2 s to 6 s, and the last one.
  EXPECT_EQ(lane.longest_outage(h.all().end()), 3300ms);
}

}  // namespace
}  // namespace brokersim::reports
