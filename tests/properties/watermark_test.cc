// BS-H01 and BS-C01 fire when a leader shows more than its in-sync replicas hold, also while the
// in-sync set changes; power loss that the leader cannot know of, and deposed leaders, do not
// count.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

// Broker 3 was out of sync, and has the first `has` of two records that are committed.
void bring_two_records(History& h, Offset has) {
  for (int node = 1; node <= 3; ++node)
    h.add(-1, BrokerCommitted{NodeId{node}, BrokerEpoch{node}, false, 0});
  h.partition(1, 0, {1, 2});
  for (Offset offset = 0; offset < 2; ++offset)
    for (int node = 1; node <= 3; ++node)
      if (node != 3 || offset < has) h.stored(node, offset, 0, 100);
}

}  // namespace

TEST(HighWatermark, beyond_what_an_in_sync_replica_holds_is_a_violation) {
  History h;
  const EventId isr = h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.stored(2, 0, 0, 100);
  const EventId shown = h.fetched(1, 2, 1, 1);
  const Verdict verdict = h.verdict();
  ASSERT_EQ(verdict.violations.size(), 1U);
  EXPECT_EQ(verdict.violations[0].fingerprint(), "BS-H01/beyond_in_sync");
  EXPECT_EQ(verdict.violations[0].facts, (std::array<EventId, 2>{isr, shown}));
}

TEST(HighWatermark, beyond_what_an_eligible_replica_holds_is_a_violation) {
  History h;
  h.topic(2);
  h.partition(1, 0, {1}, {2});
  h.stored(1, 0, 0, 100);
  h.fetched(1, 3, 1, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-H01/beyond_in_sync"});
}

TEST(HighWatermark, a_committed_shrink_lets_it_pass) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.stored(2, 0, 0, 100);
  h.partition(1, 0, {1, 2});
  h.fetched(1, 2, 1, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(HighWatermark, a_follower_that_lost_power_counts_until_it_leaves_the_in_sync_set) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.stored(2, 0, 0, 100);
  h.stopped(2, NodeStopped::How::power_loss);
  h.cut(2, 0, true);
  h.stored(3, 0, 0, 100);
  h.fetched(1, 3, 1, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

// Who is elected and has not heard of it follows whom it followed. What it alone had is truncated,
// and is not committed for being all that is in sync.
TEST(HighWatermark, of_a_deposed_leader_may_cover_what_its_successor_still_fetches) {
  History h;
  h.partition(3, 0, {1, 2, 3});
  h.stored(3, 0, 0, 100);
  h.stored(2, 0, 0, 100);
  h.acked(3, 0, 0, 100, 1);
  h.partition(1, 1, {1, 2});
  h.add(1, BecameLeader{orders, LeaderEpoch{1}});
  h.partition(2, 2, {2});
  h.stored(1, 0, 1, 200);
  h.cut(2, 0);
  h.stored(2, 0, 1, 200);
  h.fetched(1, 2, 1, 1);
  h.fetched(2, 3, 0, 1, {History::batch(0, 1, 200)});
  EXPECT_EQ(h.fired(), Fired{});
}

// It has not heard that it is deposed, and who is in sync by now has not either.
TEST(HighWatermark, of_a_deposed_leader_covers_what_all_hold_that_it_takes_for_in_sync) {
  History h;
  h.partition(3, 0, {1, 2, 3});
  h.add(3, BecameLeader{orders, LeaderEpoch{0}});
  h.stored(3, 0, 0, 100);
  h.stored(1, 0, 0, 100);
  h.partition(2, 1, {1, 2});
  h.partition(1, 2, {1});
  h.stored(2, 0, 0, 100);
  h.fetched(3, 2, 1, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(HighWatermark, a_divergent_replica_does_not_hold_what_it_replaced) {
  History h;
  h.partition(1, 0, {1, 2});
  h.stored(1, 0, 0, 100);
  h.partition(2, 1, {1, 2});
  h.stored(2, 0, 1, 200);
  h.fetched(2, 1, 1, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-H01/beyond_in_sync"});
}

// Power loss may undo a truncation that was not synced: a new leader then begins with more than is
// left of what was committed.
TEST(HighWatermark, of_a_sole_leader_covers_its_whole_log_from_its_first_answer_on) {
  History h;
  h.partition(2, 0, {1, 2, 3});
  h.stored(2, 0, 0, 100);
  h.partition(1, 1, {1, 2, 3});
  h.cut(2, 0);
  h.replicated(1, 0, 1, 200);
  h.power_cycled(1, 0);
  h.power_cycled(3, 0);
  h.power_cycled(2, 0);
  h.stored(2, 0, 0, 100);
  h.partition(2, 2, {2});
  h.fetched(2, 3, 1, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(HighWatermark, covers_what_whoever_joins_the_in_sync_set_holds) {
  for (const Offset has : {1, 2}) {
    History h;
    bring_two_records(h, has);
    h.fetched(1, 2, 2, 2);
    h.partition(1, 0, {1, 2, 3});
    EXPECT_EQ(h.fired(), has == 2 ? Fired{} : Fired{"BS-H01/joined_without"}) << has;
  }
}

TEST(HighWatermark, may_not_have_been_shown_of_all_that_who_joins_lacks) {
  History h;
  bring_two_records(h, 1);
  h.fetched(1, 2, 1, 1);
  h.partition(1, 0, {1, 2, 3});
  EXPECT_EQ(h.fired(), Fired{});
}

// Until its new life is registered nobody knows that it has lost anything.
TEST(HighWatermark, of_who_joins_what_power_loss_took_in_this_life_is_missed) {
  for (const bool is_registered : {false, true}) {
    History h;
    bring_two_records(h, 2);
    h.fetched(1, 2, 2, 2);
    h.power_cycled(3, 1);
    if (is_registered) h.add(-1, BrokerCommitted{NodeId{3}, BrokerEpoch{9}, false, 1});
    h.partition(1, 0, {1, 2, 3});
    EXPECT_EQ(h.fired(), is_registered ? Fired{"BS-H01/joined_without"} : Fired{});
  }
}

TEST(HighWatermark, before_the_beginning_of_its_leaders_log_is_a_violation) {
  for (const Offset start : {1, 2}) {
    History h;
    h.partition(1, 0, {1, 2, 3});
    for (Offset offset = 0; offset < 2; ++offset) h.replicated(1, offset, 0, 100);
    h.add(1, LogBegun{orders, start, no_epoch});
    h.fetched(1, 2, 2, 1);
    EXPECT_EQ(h.fired(), start == 1 ? Fired{} : Fired{"BS-H01/before_log_start"});
  }
}

TEST(HighWatermark, of_an_answer_is_held_against_the_beginning_that_the_answer_tells) {
  for (const Offset told : {1, 2}) {
    History h;
    h.partition(1, 0, {1, 2, 3});
    for (Offset offset = 0; offset < 2; ++offset) h.replicated(1, offset, 0, 100);
    h.add(1, LogBegun{orders, 2, no_epoch});
    h.add(1, FetchAnswered{"broker-2", NodeId{2}, orders, 0, 2, 1, {}, told});
    EXPECT_EQ(h.fired(), told == 1 ? Fired{} : Fired{"BS-H01/before_log_start"});
  }
}

TEST(HighWatermark, of_an_answer_that_was_asked_for_earlier_may_be_lower) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.replicated(1, 0, 0, 100);
  const auto asked = h.now().ns();
  h.fetched(1, 2, 1, 1);
  h.add(1, FetchAnswered{"broker-2", NodeId{2}, orders, 0, 1, 0, {}, -1, asked});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(HighWatermark, going_back_within_a_reign_is_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.replicated(1, 0, 0, 100);
  h.fetched(1, 2, 1, 1);
  h.fetched(1, 2, 1, 0);
  EXPECT_EQ(h.fired(), Fired{"BS-H01/went_back"});
}

TEST(HighWatermark, going_back_across_an_election_or_a_restart_is_normal) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.replicated(1, 0, 0, 100);
  h.fetched(1, 2, 1, 1);
  h.partition(1, 1, {1, 2, 3});
  h.fetched(1, 2, 1, 0);
  h.fetched(1, 2, 1, 1);
  h.stopped(1, NodeStopped::How::crash);
  h.started(1, 1);
  h.fetched(1, 2, 1, 0);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(HighWatermark, that_a_new_quorum_leader_does_not_know_one_yet_is_normal) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.replicated(1, 0, 0, 100);
  h.fetched(1, 2, 1, 1);
  h.fetched(1, 2, 1, -1);
  EXPECT_EQ(h.fired(), Fired{});
  h.fetched(1, 2, 1, 0);
  EXPECT_EQ(h.fired(), Fired{"BS-H01/went_back"});
}

TEST(CommittedReads, a_batch_beyond_the_answer_s_own_high_watermark_is_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.replicated(1, 0, 0, 100);
  h.fetched(1, -1, 0, 0, {History::batch(0, 0, 100)});
  EXPECT_EQ(h.fired(), Fired{"BS-C01/beyond_high_watermark"});
}

TEST(CommittedReads, a_batch_that_not_all_in_sync_replicas_held_is_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.fetched(1, -1, 0, 1, {History::batch(0, 0, 100)});
  EXPECT_EQ(h.fired(), (Fired{"BS-H01/beyond_in_sync", "BS-C01/not_on_all_in_sync"}));
}

TEST(CommittedReads, followers_are_shown_uncommitted_batches) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.fetched(1, 2, 0, 0, {History::batch(0, 0, 100)});
  EXPECT_EQ(h.fired(), Fired{});
}

}  // namespace brokersim::properties
