// BS-Q01, BS-M01 and BS-V01: quorum epochs, the rules of the metadata, and convergence.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {

TEST(OneQuorumLeader, a_voter_that_votes_twice_is_a_violation_also_across_a_restart) {
  History h;
  h.add(1, VoteAnswered{NodeId{2}, LeaderEpoch{5}, true});
  h.stopped(1, NodeStopped::How::power_loss);
  h.started(1, 1);
  h.add(1, VoteAnswered{NodeId{3}, LeaderEpoch{5}, true});
  EXPECT_EQ(h.fired(), Fired{"BS-Q01/voted_twice"});
}

TEST(OneQuorumLeader, repeated_refused_and_later_votes_are_normal) {
  History h;
  h.add(1, VoteAnswered{NodeId{2}, LeaderEpoch{5}, true});
  h.add(1, VoteAnswered{NodeId{2}, LeaderEpoch{5}, true});
  h.add(1, VoteAnswered{NodeId{3}, LeaderEpoch{5}, false});
  h.add(1, VoteAnswered{NodeId{3}, LeaderEpoch{6}, true});
  h.add(3, QuorumLeaderAnnounced{LeaderEpoch{6}});
  h.add(3, QuorumLeaderAnnounced{LeaderEpoch{6}});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(OneQuorumLeader, two_leaders_of_one_epoch_are_a_violation) {
  History h;
  h.add(1, QuorumLeaderAnnounced{LeaderEpoch{5}});
  h.add(2, QuorumLeaderAnnounced{LeaderEpoch{5}});
  EXPECT_EQ(h.fired(), Fired{"BS-Q01/two_leaders"});
}

TEST(OneQuorumLeader, a_leader_that_voted_for_another_is_a_violation) {
  History h;
  h.add(1, VoteAnswered{NodeId{2}, LeaderEpoch{5}, true});
  h.add(1, QuorumLeaderAnnounced{LeaderEpoch{5}});
  EXPECT_EQ(h.fired(), Fired{"BS-Q01/voted_twice"});
}

TEST(OneQuorumLeader, voters_that_change_two_at_once_are_a_violation) {
  History h;
  h.add(-1, VotersCommitted{{NodeId{1}, NodeId{2}, NodeId{3}}, 1});
  h.add(-1, VotersCommitted{{NodeId{4}, NodeId{2}, NodeId{3}}, 2});
  EXPECT_EQ(h.fired(), Fired{"BS-Q01/voters_changed_at_once"});
}

TEST(OneQuorumLeader, voters_that_come_and_go_one_by_one_are_normal) {
  History h;
  h.add(-1, VotersCommitted{{NodeId{3}, NodeId{2}, NodeId{1}}, 1});
  h.add(-1, VotersCommitted{{NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}}, 2});
  h.add(-1, VotersCommitted{{NodeId{2}, NodeId{3}, NodeId{4}}, 3});
  h.add(-1, VotersCommitted{{NodeId{2}, NodeId{3}, NodeId{4}}, 4});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Metadata, a_leader_out_of_sync_is_a_violation) {
  History h;
  h.partition(1, 0, {2, 3});
  EXPECT_EQ(h.fired(), Fired{"BS-M01/leader_not_in_sync"});
}

TEST(Metadata, in_sync_replicas_are_replicas_and_at_least_one) {
  History h;
  h.partition(1, 0, {1, 4});
  h.partition(-1, 1, {});
  EXPECT_EQ(h.fired(), (Fired{"BS-M01/isr_not_replicas", "BS-M01/isr_empty"}));
}

TEST(Metadata, nobody_is_in_sync_only_where_somebody_is_eligible_or_led_last) {
  History h;
  h.partition(-1, 0, {}, {1, 2});
  h.partition(-1, 0, {}, {}, {1});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Metadata, eligible_leader_replicas_are_out_of_sync_and_there_while_too_few_are_in) {
  History h;
  h.topic(2);
  h.partition(1, 0, {1}, {2, 3});
  h.partition(1, 0, {1}, {1, 2});
  h.partition(1, 0, {1}, {4});
  h.partition(1, 0, {1, 2}, {3});
  EXPECT_EQ(h.fired(), (Fired{"BS-M01/elr_not_out_of_sync", "BS-M01/elr_beside_enough_in_sync"}));
}

TEST(Metadata, a_leader_epoch_that_skips_or_goes_back_is_a_violation) {
  History h;
  h.partition(1, 4, {1, 2});
  h.partition(1, 6, {1, 2});
  EXPECT_EQ(h.fired(), Fired{"BS-M01/leader_epoch_step"});
}

TEST(Metadata, a_partition_epoch_that_does_not_grow_by_one_is_a_violation) {
  History h;
  PartitionCommitted body{orders, NodeId{1}, LeaderEpoch{0}};
  body.replicas = body.isr = History::nodes({1});
  h.add(-1, body);
  h.add(-1, body);
  EXPECT_EQ(h.fired(), Fired{"BS-M01/partition_epoch_step"});
}

TEST(Metadata, committed_offsets_do_not_go_back) {
  History h;
  h.add(-1, BrokerCommitted{NodeId{1}, BrokerEpoch{7}, true, 7});
  h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{8}, true, 6});
  EXPECT_EQ(h.fired(), Fired{"BS-M01/metadata_went_back"});
}

// Broker 2 leads with these in sync, and is fenced; what comes next is of the same change.
struct FencedBroker : History {
  explicit FencedBroker(std::vector<int> isr) {
    add(-1, BrokerCommitted{NodeId{1}, BrokerEpoch{0}, false, 0});
    add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{1}, false, 1});
    partition(2, 0, std::move(isr));
    add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{1}, true, 1});
    at_once();
  }
};

TEST(Metadata, a_fenced_broker_stays_in_sync_only_alone) {
  FencedBroker left({1, 2});
  left.partition(1, 1, {1});
  EXPECT_EQ(left.fired(), Fired{});
  left.partition(1, 1, {1, 2});
  EXPECT_EQ(left.fired(), Fired{"BS-M01/fenced_joined_isr"});

  FencedBroker stayed({1, 2});
  stayed.partition(1, 1, {1, 2});
  EXPECT_EQ(stayed.fired(), Fired{"BS-M01/fenced_stayed_in_isr"});

  FencedBroker alone({2});
  alone.partition(-1, 1, {2});
  EXPECT_EQ(alone.fired(), Fired{});
}

TEST(Metadata, a_fenced_broker_leads_nothing) {
  FencedBroker fenced({2});
  fenced.partition(2, 1, {2});
  EXPECT_EQ(fenced.fired(), Fired{"BS-M01/fenced_leads"});
}

TEST(Metadata, what_a_fenced_broker_leads_or_is_in_sync_in_changes_with_its_fencing) {
  FencedBroker h({1, 2});
  EXPECT_EQ(h.fired(), (Fired{"BS-M01/fenced_leads", "BS-M01/fenced_stayed_in_isr"}));

  FencedBroker late({1, 2});
  late.add(-1, BrokerCommitted{NodeId{3}, BrokerEpoch{2}, false, 2});
  late.partition(1, 1, {1});
  EXPECT_EQ(late.fired(), (Fired{"BS-M01/fenced_leads", "BS-M01/fenced_stayed_in_isr"}));

  FencedBroker deleted({1, 2});
  deleted.add(-1, TopicRemoved{"orders"});
  EXPECT_EQ(deleted.fired(), Fired{});
}

TEST(Metadata, producer_ids_are_given_once) {
  const auto fired_with = [](std::int64_t second) {
    History h;
    h.add(-1, ProducerIdsCommitted{1000, 1});
    h.add(-1, ProducerIdsCommitted{second, 2});
    return h.fired();
  };
  EXPECT_EQ(fired_with(2000), Fired{});
  EXPECT_EQ(fired_with(1000), Fired{"BS-M01/producer_ids_overlap"});
  EXPECT_EQ(fired_with(1999), Fired{"BS-M01/producer_ids_overlap"});
}

// KIP-841.
TEST(Metadata, a_broker_that_shuts_down_leaves_those_in_sync_and_comes_back_later) {
  const auto fired_with = [](std::vector<int> isr, bool joins) {
    History h;
    h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{1}, false, 1});
    h.partition(1, 0, {1, 2});
    h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{1}, false, 1, true});
    h.at_once();
    h.partition(1, 0, std::move(isr));
    if (!joins) h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{9}, false, 2});
    h.partition(1, 0, {1, 2});
    return h.fired();
  };
  EXPECT_EQ(fired_with({1}, false), Fired{});
  EXPECT_EQ(fired_with({1}, true), Fired{"BS-M01/shutting_down_joined_isr"});
  EXPECT_EQ(fired_with({1, 2}, false), Fired{"BS-M01/shutting_down_stayed_in_isr"});
}

// KIP-903.
TEST(Metadata, who_is_in_sync_by_an_earlier_life_is_a_violation) {
  constexpr BrokerEpoch old_life{1};
  constexpr BrokerEpoch present_life{5};
  // The change of the in-sync set has partition epoch 1.
  const auto fired_with = [&](BrokerEpoch named, int partition_epoch, bool is_changed_since) {
    History h;
    h.add(-1, BrokerCommitted{NodeId{2}, old_life, false, 1});
    h.partition(1, 0, {1});
    h.add(-1, BrokerCommitted{NodeId{2}, present_life, false, 2});
    h.partition(1, 0, {1, 2});
    if (is_changed_since) h.partition(1, 0, {1});
    h.add(4, OldLifeAccepted{orders, PartitionEpoch{partition_epoch}, NodeId{2}, named});
    return h.fired();
  };
  EXPECT_EQ(fired_with(old_life, 1, false), Fired{"BS-M01/earlier_life_in_isr"});
  EXPECT_EQ(fired_with(present_life, 1, false), Fired{});
  EXPECT_EQ(fired_with(old_life, 0, false), Fired{});
  EXPECT_EQ(fired_with(old_life, 1, true), Fired{});
}

TEST(Metadata, who_is_in_sync_by_a_life_that_was_the_present_one_is_none) {
  for (const bool is_at_once : {false, true}) {
    History h;
    h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{1}, false, 1});
    h.partition(1, 0, {1});
    if (is_at_once) h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{5}, false, 2});
    if (is_at_once) h.at_once();
    h.partition(1, 0, {1, 2});
    if (!is_at_once) h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{5}, false, 2});
    h.add(4, OldLifeAccepted{orders, PartitionEpoch{1}, NodeId{2}, BrokerEpoch{1}});
    EXPECT_EQ(h.fired(), Fired{}) << is_at_once;
  }
}

TEST(Metadata, a_broker_epoch_that_somebody_had_is_a_violation) {
  const auto fired_with = [](int second, int third) {
    History h;
    h.add(-1, BrokerCommitted{NodeId{1}, BrokerEpoch{3}, true, 3});
    h.add(-1, BrokerCommitted{NodeId{1}, BrokerEpoch{3}, false, 4});
    h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{second}, true, 5});
    h.add(-1, BrokerCommitted{NodeId{1}, BrokerEpoch{third}, true, 6});
    return h.fired();
  };
  EXPECT_EQ(fired_with(5, 6), Fired{});
  EXPECT_EQ(fired_with(3, 6), Fired{"BS-M01/broker_epoch_reused"});
  EXPECT_EQ(fired_with(5, 4), Fired{"BS-M01/broker_epoch_reused"});
}

TEST(Convergence, a_partition_without_leader_long_after_the_last_fault_is_a_violation) {
  History h;
  h.partition(-1, 0, {1, 2, 3});
  h.add(-1, FaultsLifted{});
  h.wait(59s);
  EXPECT_EQ(h.fired(), Fired{});
  h.wait(1s);
  EXPECT_EQ(h.fired(), Fired{"BS-V01/no_leader"});
}

TEST(Convergence, a_running_replica_out_of_sync_is_a_violation_and_one_that_is_down_is_not) {
  History h;
  h.partition(1, 0, {1, 2});
  h.stopped(3, NodeStopped::How::crash);
  h.add(-1, FaultsLifted{});
  h.wait(60s);
  EXPECT_EQ(h.fired(), Fired{});
  h.started(3, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-V01/isr_not_full"});
}

TEST(Convergence, a_follower_without_an_old_batch_of_its_leader_is_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.add(-1, FaultsLifted{});
  h.wait(60s);
  h.stored(1, 0, 0, 100);
  h.stored(2, 0, 0, 100);
  h.stored(3, 0, 0, 100);
  h.stored(1, 1, 0, 101);
  h.stored(2, 1, 0, 101);
  EXPECT_EQ(h.fired(), Fired{});
  h.wait(11s);
  const auto violations = h.verdict().violations;
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].fingerprint(), "BS-V01/logs_differ");
  EXPECT_TRUE(violations[0].message.ends_with(
      "ends at offset 1 of orders-0, its leader broker-1 at 2: they differ from offset 1 on."))
      << violations[0].message;
}

TEST(Convergence, what_all_hold_for_long_and_nobody_was_shown_is_a_violation) {
  History h;
  h.topic(2);
  h.partition(1, 0, {1, 2, 3});
  h.add(-1, FaultsLifted{});
  h.replicated(1, 0, 0, 100);
  h.wait(60s);
  EXPECT_EQ(h.fired(), Fired{"BS-V01/not_committed"});
}

TEST(Convergence, what_was_shown_or_cannot_be_committed_is_not) {
  History shown;
  shown.topic(2);
  shown.partition(1, 0, {1, 2, 3});
  shown.add(-1, FaultsLifted{});
  shown.replicated(1, 0, 0, 100);
  shown.fetched(1, 2, 1, 1);
  shown.wait(60s);
  EXPECT_EQ(shown.fired(), Fired{});

  History too_few;
  too_few.topic(3);
  too_few.partition(1, 0, {1, 2});
  too_few.stopped(3, NodeStopped::How::crash);
  too_few.add(-1, FaultsLifted{});
  too_few.stored(1, 0, 0, 100);
  too_few.stored(2, 0, 0, 100);
  too_few.wait(60s);
  EXPECT_EQ(too_few.fired(), Fired{});
}

}  // namespace brokersim::properties
