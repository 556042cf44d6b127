// BS-D01 and BS-D02 fire when an acknowledged record is lost or was acknowledged too early, and
// hold their peace about each loss that guarantees 3.2 excuses.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {

namespace {

// Offset 0 is on all replicas of leader 1 in epoch 0 and acknowledged.
History acknowledged_everywhere(int min_insync, bool may_elect_uncleanly = false) {
  History h;
  h.topic(min_insync, may_elect_uncleanly);
  h.partition(1, 0, {1, 2, 3});
  h.replicated(1, 0, 0, 100);
  h.acked(1, 0, 0, 100);
  return h;
}

}  // namespace

TEST(AckedRecords, an_orderly_failover_is_no_violation) {
  History h = acknowledged_everywhere(2);
  h.stopped(1, NodeStopped::How::crash);
  h.partition(2, 1, {2, 3});
  h.stored(2, 1, 1, 101);
  h.stored(3, 1, 1, 101);
  h.acked(2, 1, 1, 101);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, a_clean_election_of_a_replica_that_truncated_it_is_a_loss) {
  History h = acknowledged_everywhere(2);
  h.cut(2, 0);
  const EventId elected = h.partition(2, 1, {2, 3});
  h.stored(2, 0, 1, 200);
  const Verdict verdict = h.verdict();
  ASSERT_FALSE(verdict.violations.empty());
  bool was_found = false;
  for (const Violation& violation : verdict.violations) {
    if (violation.fingerprint() != "BS-D01/lost_at_clean_election") continue;
    was_found = true;
    EXPECT_EQ(violation.facts[1], elected);
    EXPECT_EQ(violation.message,
              "The record at offset 0 of orders-0, acknowledged by broker-1 with acks=all at "
              "9.000 ms, was lost: broker-2 leads epoch 1 with another record there, of epoch 1.");
  }
  EXPECT_TRUE(was_found);
}

TEST(AckedRecords, a_leader_that_is_elected_while_down_and_replaced_loses_nothing) {
  History h = acknowledged_everywhere(2);
  h.stopped(2, NodeStopped::How::power_loss);
  h.cut(2, 0, true);
  h.partition(2, 1, {2, 3});
  h.partition(3, 2, {3});
  h.fetched(3, -1, 0, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, an_unclean_election_is_an_excuse_where_the_topic_permits_it) {
  History h;
  h.topic(1, true);
  h.partition(1, 0, {1});
  h.stored(1, 0, 0, 100);
  h.acked(1, 0, 0, 100);
  h.partition(2, 1, {2});
  h.stored(2, 0, 1, 200);
  // The deposed leader cannot know, and goes on.
  h.stored(1, 1, 0, 102);
  h.acked(1, 1, 0, 102);
  h.fetched(1, -1, 0, 2, {History::batch(0, 0, 100)});
  EXPECT_EQ(h.fired(), Fired{});
}

// What a deposed leader stores is in no log but its own, however far its successor's goes.
TEST(AckedRecords, an_unclean_election_is_an_excuse_for_what_was_stored_after_it_by_the_deposed) {
  History h;
  h.topic(1, true);
  h.partition(1, 0, {1});
  h.replicated(1, 0, 0, 100);
  h.partition(3, 1, {3});
  h.stored(3, 1, 1, 201);
  h.partition(1, 2, {1});
  h.partition(3, 3, {3});
  h.stored(3, 2, 3, 203);
  h.stored(1, 1, 2, 102);
  h.acked(1, 1, 2, 102);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, an_unclean_election_is_no_excuse_elsewhere) {
  History h;
  h.topic(1, false);
  h.partition(1, 0, {1});
  h.stored(1, 0, 0, 100);
  h.acked(1, 0, 0, 100);
  h.partition(2, 1, {2});
  h.stored(2, 0, 1, 200);
  EXPECT_EQ(h.fired(),
            (Fired{"BS-D01/lost_at_unclean_election", "BS-O01/committed_prefix_replaced"}));
}

// KIP-460. Once: what comes after that nobody has asked for.
TEST(AckedRecords, an_unclean_election_that_an_administrator_asked_for_is_an_excuse) {
  for (const bool is_of_all : {false, true}) {
    for (const bool is_asked_in_time : {false, true}) {
      History h;
      h.topic(1, false);
      h.partition(1, 0, {1});
      h.stored(1, 0, 0, 100);
      h.acked(1, 0, 0, 100);
      if (!is_asked_in_time) h.add(3, UncleanElectionAsked{"admin", {orders}});
      h.partition(-1, 1, {1});
      if (!is_asked_in_time) h.partition(1, 2, {1});
      if (is_asked_in_time)
        h.add(3, is_of_all ? UncleanElectionAsked{"admin", {}, true}
                           : UncleanElectionAsked{"admin", {orders}});
      h.partition(2, is_asked_in_time ? 2 : 3, {2});
      h.stored(2, 0, is_asked_in_time ? 2 : 3, 200);
      EXPECT_EQ(h.fired(), is_asked_in_time ? Fired{}
                                            : (Fired{"BS-D01/lost_at_unclean_election",
                                                     "BS-O01/committed_prefix_replaced"}));
    }
  }
}

// Nobody has asked it for anything yet.
TEST(AckedRecords, a_leader_that_lacks_them_at_the_end_loses_them) {
  for (const bool has_begun : {true, false}) {
    History h;
    h.topic(1);
    h.partition(1, 0, {1});
    h.stored(1, 0, 0, 100);
    h.acked(1, 0, 0, 100);
    h.partition(2, 1, {2});
    if (has_begun) h.add(2, BecameLeader{orders, LeaderEpoch{1}});
    EXPECT_EQ(h.fired(), has_begun ? Fired{"BS-D01/lost_at_unclean_election"} : Fired{});
  }
}

TEST(AckedRecords, power_loss_of_fewer_holders_than_promised_copies_is_no_excuse) {
  History h = acknowledged_everywhere(2);
  h.power_cycled(1, 0);
  h.partition(1, 1, {1, 2, 3});
  h.stored(1, 0, 1, 200);
  EXPECT_EQ(h.fired(),
            (Fired{"BS-D01/lost_to_tolerable_power_loss", "BS-O01/committed_prefix_replaced"}));
}

// Broker 2 lost power before it had the record, and has kept it since.
TEST(AckedRecords, power_that_failed_before_a_holder_had_the_record_took_no_copy) {
  History h;
  h.topic(2);
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.power_cycled(2, 0);
  h.stored(2, 0, 0, 100);
  h.stored(3, 0, 0, 100);
  h.acked(1, 0, 0, 100);
  h.power_cycled(1, 0);
  h.partition(1, 1, {1, 2, 3});
  h.stored(1, 0, 1, 200);
  EXPECT_EQ(h.fired(),
            (Fired{"BS-D01/lost_to_tolerable_power_loss", "BS-O01/committed_prefix_replaced"}));
}

TEST(AckedRecords, power_loss_of_as_many_holders_as_promised_copies_is_an_excuse) {
  History h = acknowledged_everywhere(2);
  h.power_cycled(1, 0);
  h.power_cycled(2, 0);
  h.partition(1, 1, {1, 2, 3});
  h.stored(1, 0, 1, 200);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, a_single_promised_copy_does_not_survive_power_loss) {
  History h = acknowledged_everywhere(1);
  h.power_cycled(1, 0);
  h.partition(1, 1, {1, 2, 3});
  h.stored(1, 0, 1, 200);
  EXPECT_EQ(h.fired(), Fired{});
}

// KIP-966.
TEST(AckedRecords, the_last_replica_standing_is_no_excuse_where_others_are_eligible) {
  History h = acknowledged_everywhere(2);
  h.partition(1, 0, {1}, {2, 3});
  h.power_cycled(1, 0);
  h.partition(-1, 1, {}, {2, 3, 1}, {1});
  h.partition(1, 2, {1}, {2, 3});
  h.stored(1, 0, 2, 200);
  EXPECT_EQ(h.fired(),
            (Fired{"BS-D01/lost_at_clean_election", "BS-O01/committed_prefix_replaced"}));
}

TEST(AckedRecords, an_eligible_replica_leads_with_all_of_them) {
  History h = acknowledged_everywhere(2);
  h.partition(1, 0, {1}, {2, 3});
  h.stored(1, 1, 0, 101);  // Nothing that is committed.
  h.power_cycled(1, 0);
  h.partition(2, 1, {2}, {3});
  h.stored(2, 1, 1, 201);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, the_last_known_leader_may_lose_it_when_nobody_is_eligible) {
  History h = acknowledged_everywhere(2);
  h.partition(1, 0, {1}, {2});
  h.power_cycled(1, 0);
  h.partition(-1, 1, {}, {2}, {1});
  h.partition(-1, 1, {}, {}, {1});
  h.partition(1, 2, {1});
  h.stored(1, 0, 2, 200);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, the_last_replica_standing_may_lose_it) {
  History h = acknowledged_everywhere(2);
  h.partition(1, 0, {1});
  h.power_cycled(1, 0);
  h.partition(-1, 1, {1});
  h.partition(1, 2, {1});
  h.stored(1, 0, 2, 200);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, two_acknowledged_copies_do_not_survive_the_election_of_the_third) {
  History h;
  h.topic(1);
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.stored(2, 0, 0, 100);
  h.acked(1, 0, 0, 100, 2);
  h.stopped(1, NodeStopped::How::crash);
  h.partition(3, 1, {2, 3});
  h.stored(3, 0, 1, 200);
  EXPECT_EQ(h.fired(), Fired{"BS-D01/lost_at_clean_election"});
}

TEST(AckedRecords, with_acks_1_nothing_is_promised_above_the_high_watermark) {
  History h;
  h.topic(1);
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.acked(1, 0, 0, 100, 1);
  h.partition(2, 1, {2, 3});
  h.stored(2, 0, 1, 200);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, with_acks_1_all_is_promised_below_the_high_watermark) {
  History h;
  h.topic(1);
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.acked(1, 0, 0, 100, 1);
  h.stored(2, 0, 0, 100);
  h.stored(3, 0, 0, 100);
  h.fetched(1, 2, 1, 1);
  h.cut(2, 0);
  h.partition(2, 1, {2, 3});
  h.stored(2, 0, 1, 200);
  EXPECT_EQ(h.fired(),
            (Fired{"BS-D01/lost_at_clean_election", "BS-O01/committed_prefix_replaced"}));
}

TEST(AckedRecords, with_acks_1_a_deposed_leader_promises_nothing_of_what_others_committed) {
  History h;
  h.topic(1);
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.partition(2, 1, {2, 3});
  h.stored(2, 0, 1, 200);
  h.stored(3, 0, 1, 200);
  h.fetched(2, 3, 1, 1);
  h.acked(1, 0, 0, 100, 1);
  h.cut(1, 0);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, a_leader_that_truncates_its_own_log_loses_them) {
  History h = acknowledged_everywhere(2);
  h.cut(1, 0);
  EXPECT_EQ(h.fired(), Fired{"BS-D01/lost_by_truncation"});
}

// Its session outlives the loss of power, and so it is elected; nobody hears of that from it.
TEST(AckedRecords, who_lost_power_and_is_replaced_before_it_leads_loses_nothing_for_others) {
  History h = acknowledged_everywhere(2);
  h.power_cycled(2, 0);
  h.partition(2, 1, {2, 3});
  h.cut(1, 0);
  h.partition(3, 2, {3});
  h.fetched(3, 1, 0, 0);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, a_follower_may_truncate_and_fetch_again) {
  History h = acknowledged_everywhere(2);
  h.cut(2, 0);
  h.stored(2, 0, 0, 100);
  h.partition(2, 1, {2, 3});
  h.fetched(2, 3, 1, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, acknowledging_what_the_log_does_not_hold_is_a_violation) {
  History h;
  h.topic(1);
  h.partition(1, 0, {1});
  h.acked(1, 0, 0, 100);
  EXPECT_EQ(h.fired(), Fired{"BS-D01/acked_but_not_stored"});
}

TEST(Acknowledgement, acks_all_before_every_in_sync_replica_holds_it_is_too_early) {
  History h;
  h.topic(2);
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.stored(2, 0, 0, 100);
  h.acked(1, 0, 0, 100);
  EXPECT_EQ(h.fired(), Fired{"BS-D02/before_all_in_sync"});
}

TEST(Acknowledgement, acks_all_with_fewer_copies_than_min_insync_replicas_is_too_early) {
  History h;
  h.topic(2);
  h.partition(1, 0, {1});
  h.stored(1, 0, 0, 100);
  h.acked(1, 0, 0, 100);
  EXPECT_EQ(h.fired(), Fired{"BS-D02/too_few_copies"});
}

TEST(Acknowledgement, may_go_by_any_min_insync_replicas_since_its_leader_epoch_began) {
  for (const bool is_raised_before : {true, false}) {
    History h;
    h.topic(1);
    if (is_raised_before) h.topic(2);
    h.partition(1, 0, {1});
    h.topic(2);
    h.stored(1, 0, 0, 100);
    h.acked(1, 0, 0, 100);
    EXPECT_EQ(h.fired(), is_raised_before ? Fired{"BS-D02/too_few_copies"} : Fired{});
  }
}

// What one copy was enough for, one loss of power may take.
TEST(AckedRecords, promise_what_was_in_force_when_they_were_acknowledged) {
  for (const bool is_lowered_before : {true, false}) {
    History h;
    h.topic(2);
    h.partition(1, 0, {1, 2, 3});
    if (is_lowered_before) h.topic(1);
    h.replicated(1, 0, 0, 100);
    h.acked(1, 0, 0, 100);
    h.topic(1);
    h.power_cycled(1, 0);
    h.partition(1, 1, {1, 2, 3});
    h.stored(1, 0, 1, 200);
    EXPECT_EQ(has(h.fired(), "BS-D01/lost_to_tolerable_power_loss"), !is_lowered_before);
  }
}

TEST(Acknowledgement, a_holder_that_lost_power_since_still_counts) {
  History h;
  h.topic(2);
  h.partition(1, 0, {1, 2});
  h.stored(1, 0, 0, 100);
  h.stored(2, 0, 0, 100);
  h.power_cycled(2, 0);
  h.partition(1, 0, {1});
  h.acked(1, 0, 0, 100);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(AckedRecords, a_leader_that_goes_on_in_its_epoch_after_power_loss_loses_them) {
  History h = acknowledged_everywhere(2);
  h.power_cycled(1, 0);
  h.fetched(1, 2, 1, 0);
  EXPECT_EQ(h.fired(),
            (Fired{"BS-D01/lost_to_tolerable_power_loss", "BS-O01/committed_prefix_replaced"}));
}

}  // namespace brokersim::properties
