// BS-D03 fires when a loss of power takes what a replica has told of under flush.messages, and then
// it excuses no loss (BS-D01); what it has not told of, and the last records, may go.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

const std::string lost_though_flushed = "BS-D03/lost_to_power_loss";
constexpr Offset unflushed = LogSettingsCommitted::never;

// Broker 1 leads.
struct Flushed : History {
  explicit Flushed(Offset flush_messages) {
    settings(flush_messages);
    topic(2);
    partition(1, 0, {1, 2, 3});
  }
  void settings(Offset flush_messages) {
    add(-1, LogSettingsCommitted{.topic = "orders", .flush_messages = flush_messages});
  }
  // What broker 1 holds it alone has.
  void tells_of(Offset offset) {
    stored(1, offset, 0, 100);
    told_ = acked(1, offset, 0, 100, 1);
  }
  // Power fails; then it follows broker 3.
  void loses_power(int node, Offset end) {
    power_cycled(node, end);
    leads(3);
    fetched(3, node, end, 0);
  }
  void leads(int node) { partition(node, ++epoch_, {1, 2, 3}); }
  EventId told() const { return told_; }
  bool has_fired() { return has(fired(), lost_though_flushed); }

 private:
  EventId told_;
  int epoch_ = 0;
};

TEST(FlushedRecords, of_which_a_leader_has_told_a_loss_of_power_takes_none) {
  for (const Offset flush_messages : {Offset{1}, unflushed}) {
    Flushed h(flush_messages);
    h.tells_of(0);
    h.loses_power(1, 0);
    ASSERT_EQ(h.has_fired(), flush_messages == 1);
    if (flush_messages == unflushed) continue;
    EXPECT_EQ(h.verdict().violations[0].facts[0], h.told());
  }
}

TEST(FlushedRecords, may_go_before_they_are_told_of) {
  Flushed h(1);
  h.stored(1, 0, 0, 100);
  h.loses_power(1, 0);
  EXPECT_FALSE(h.has_fired());
}

TEST(FlushedRecords, may_go_if_they_are_fewer_than_the_setting_says) {
  for (const Offset kept : {3, 2}) {
    Flushed h(3);
    for (Offset offset = 0; offset < 5; ++offset) h.tells_of(offset);
    h.loses_power(1, kept);
    EXPECT_EQ(h.has_fired(), kept == 2) << kept;
  }
}

// Such as segments that compaction had replaced.
TEST(FlushedRecords, that_turn_out_to_be_there_are_not_lost) {
  Flushed h(1);
  h.tells_of(0);
  h.stopped(1, NodeStopped::How::power_loss);
  h.cut(1, 0, true);
  h.stored(1, 0, 0, 100);
  h.started(1, 1);
  h.fetched(1, 2, 0, 0);
  EXPECT_FALSE(h.has_fired());
}

TEST(FlushedRecords, are_those_behind_which_a_follower_has_fetched_in_this_life) {
  for (const bool has_restarted : {false, true}) {
    Flushed h(1);
    h.replicated(1, 0, 0, 100);
    if (has_restarted) {
      h.stopped(2, NodeStopped::How::crash);
      h.started(2, 7);
    }
    h.fetched(1, 2, 1, 0);
    h.loses_power(2, 0);
    EXPECT_EQ(h.has_fired(), !has_restarted);
  }
}

// Of what it found at its election it has synced nothing as a leader.
TEST(FlushedRecords, are_those_that_a_leader_shows_to_be_committed_since_it_has_written) {
  for (const bool has_written : {false, true}) {
    Flushed h(1);
    h.replicated(1, 0, 0, 100);
    h.leads(2);
    if (has_written) h.replicated(2, 1, 1, 200);
    h.fetched(2, -1, 0, has_written ? 2 : 1);
    h.loses_power(2, 0);
    EXPECT_EQ(h.has_fired(), has_written);
  }
}

TEST(FlushedRecords, that_took_the_place_of_others_have_to_be_told_of_anew) {
  Flushed h(1);
  h.tells_of(0);
  h.leads(2);
  h.stored(2, 0, 1, 200);
  h.cut(1, 0);
  h.stored(1, 0, 1, 200);
  h.loses_power(1, 0);
  EXPECT_FALSE(h.has_fired());
}

TEST(FlushedRecords, are_promised_where_the_setting_was_always_there) {
  Flushed h(unflushed);
  h.settings(1);
  h.tells_of(0);
  h.loses_power(1, 0);
  EXPECT_FALSE(h.has_fired());
}

TEST(FlushedRecords, are_not_promised_if_the_setting_was_raised) {
  Flushed h(1);
  h.tells_of(0);
  h.settings(10);
  h.loses_power(1, 0);
  EXPECT_FALSE(h.has_fired());
}

TEST(FlushedRecords, are_not_promised_by_a_disk_that_has_failed_to_sync) {
  for (const std::string what : {"disk_error", "slow_disk"}) {
    Flushed h(1);
    h.add(-1, FaultBegan{1, what, "", History::nodes({1}), {}});
    h.tells_of(0);
    h.loses_power(1, 0);
    EXPECT_EQ(h.has_fired(), what == "slow_disk") << what;
  }
}

TEST(FlushedRecords, are_excused_by_no_number_of_losses_of_power) {
  for (const Offset flush_messages : {Offset{1}, unflushed}) {
    Flushed h(flush_messages);
    h.replicated(1, 0, 0, 100);
    h.fetched(1, 2, 1, 1);
    h.fetched(1, 3, 1, 1);
    h.acked(1, 0, 0, 100);
    for (int node = 1; node <= 3; ++node) h.power_cycled(node, 0);
    h.leads(2);
    h.stored(2, 0, 1, 200);
    const auto fired = h.fired();
    EXPECT_EQ(has(fired, "BS-D01/lost_to_tolerable_power_loss"), flush_messages == 1);
    if (flush_messages == unflushed) {
      EXPECT_EQ(fired, Fired{});
    }
  }
}

}  // namespace
}  // namespace brokersim::properties
