// BS-K01 and BS-R01, and that a compacted log is judged as the whole one: what compaction took is
// missing nowhere, and what it did not take is.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

constexpr std::uint64_t cleaned = 77;  // A digest of what is left of a batch.

// Offsets 0 to 3 are on all three.
struct Compacted : History {
  Compacted() {
    topic(2);
    partition(1, 0, {1, 2, 3});
    for (Offset offset = 0; offset < 4; ++offset)
      replicated(1, offset, 0, 10 + static_cast<std::uint64_t>(offset));
    fetched(1, 2, 4, 4);
  }
  EventId compacted(int node, LogCompacted body) {
    body.partition = orders;
    return add(node, std::move(body));
  }
  // Replica 3 lost its disk and copies what replica 1 has.
  void begun_anew(int node) {
    partition(1, 0, {1, 2});
    cut(node, 0);
  }
};

TEST(Compaction, what_a_later_record_stands_for_may_go) {
  Compacted h;
  h.compacted(
      1, {.end_offset = 3, .batches = {h.batch(2, 0, 12)}, .removed = {0, 1}, .decided_by = 3});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Compaction, what_is_wrong_by_itself_is_reported) {
  Compacted h;
  const auto event = h.compacted(1, {.end_offset = 3, .removed = {0}, .wrong = "it is not so"});
  const auto violations = h.verdict().violations;
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].fingerprint(), "BS-K01/not_the_rest");
  EXPECT_EQ(violations[0].facts[1], event);
}

TEST(Compaction, nothing_goes_for_the_sake_of_what_is_not_committed) {
  Compacted h;
  h.stored(1, 4, 0, 14);
  h.compacted(1, {.end_offset = 3, .removed = {0}, .decided_by = 4});
  EXPECT_EQ(h.fired(), Fired{"BS-K01/for_what_is_uncommitted"});
}

TEST(Compaction, a_log_copied_from_a_compacted_one_is_the_same) {
  Compacted h;
  h.compacted(1, {.end_offset = 3, .batches = {h.batch(2, 0, cleaned)}, .removed = {0, 1}});
  h.begun_anew(3);
  h.stored(3, 2, 0, cleaned);
  h.stored(3, 3, 0, 13);
  EXPECT_EQ(h.ledger().find(orders)->log_of(NodeId{3})->entries().size(), 4u);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Compaction, a_gap_that_no_compaction_made_is_a_hole) {
  Compacted h;
  h.compacted(1, {.end_offset = 3, .batches = {h.batch(2, 0, 12)}, .removed = {1}});
  h.begun_anew(3);
  h.stored(3, 2, 0, 12);
  EXPECT_EQ(h.fired(), (Fired{"BS-O01/offsets_not_dense", "BS-O01/prefixes_differ"}));
}

TEST(Compaction, nor_is_another_content_what_is_left) {
  Compacted h;
  h.compacted(1, {.end_offset = 3, .batches = {h.batch(2, 0, cleaned)}, .removed = {0, 1}});
  h.begun_anew(3);
  h.stored(3, 2, 0, 78);
  EXPECT_NE(h.fired(), Fired{});
}

TEST(Compaction, a_consumer_misses_nothing_that_is_gone) {
  Compacted h;
  h.compacted(1, {.end_offset = 3, .batches = {h.batch(2, 0, 12)}, .removed = {1}});
  h.add(9, SendInvoked{1, "producer-1", orders, 50});
  h.delivered(0, 50);
  h.delivered(2, 50);
  EXPECT_EQ(h.fired(), Fired{});
  h.delivered(3, 50);
  h.delivered(5, 50);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Compaction, a_consumer_that_skips_what_is_there_is_misled) {
  Compacted h;
  h.compacted(1, {.end_offset = 3, .removed = {1}});
  h.add(9, SendInvoked{1, "producer-1", orders, 50});
  h.delivered(0, 50);
  h.delivered(3, 50);
  EXPECT_EQ(h.fired(), Fired{"BS-O02/record_skipped"});
}

TEST(Compaction, a_consumer_may_be_shown_what_is_left_of_a_batch) {
  Compacted h;
  h.compacted(1, {.end_offset = 3, .batches = {h.batch(2, 0, cleaned)}});
  h.fetched(1, -1, 2, 4, {h.batch(2, 0, cleaned)});
  EXPECT_EQ(h.fired(), Fired{});
  h.fetched(1, -1, 2, 4, {h.batch(2, 0, 78)});
  EXPECT_EQ(h.fired(), Fired{"BS-O01/committed_offset_changed"});
}

// ---- BS-R01 ------------------------------------------------------------------------------------

TEST(LogStarts, what_is_committed_may_be_deleted) {
  Compacted h;
  h.add(1, LogBegun{orders, 4, no_epoch});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(LogStarts, what_is_not_committed_may_not) {
  Compacted h;
  const auto state = h.partition(1, 0, {1, 2, 3});
  h.stored(1, 4, 0, 14);
  const auto begun = h.add(1, LogBegun{orders, 5, no_epoch});
  const auto violations = h.verdict().violations;
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].fingerprint(), "BS-R01/uncommitted_deleted");
  EXPECT_EQ(violations[0].facts, (std::array{state, begun}));
}

TEST(LogStarts, a_replica_that_begins_where_its_leader_does_has_what_lies_before) {
  Compacted h;
  h.begun_anew(3);
  h.add(3, LogBegun{orders, 3, no_epoch});
  h.stored(3, 3, 0, 13);
  EXPECT_EQ(h.ledger().find(orders)->log_of(NodeId{3})->entries().size(), 4u);
  EXPECT_EQ(h.fired(), Fired{});
}

// Replica 1 leads, and tells replica 2 where its log begins.
struct ToldStarts : History {
  ToldStarts() { partition(1, 0, {1, 2, 3}); }
  void tells(Offset fetch_offset, Offset start, int error = 0) {
    add(1, FetchAnswered{"broker-2", NodeId{2}, orders, error, fetch_offset, 0, {}, start});
  }
  void restarts(NodeStopped::How how) {
    stopped(1, how);
    started(1, 1);
  }
};

TEST(LogStarts, do_not_go_back_neither_over_a_crash_nor_a_loss_of_power) {
  for (const auto how : {NodeStopped::How::crash, NodeStopped::How::power_loss}) {
    ToldStarts h;
    h.tells(10, 4);
    h.tells(11, 6);
    h.restarts(how);
    h.tells(12, 6);
    EXPECT_EQ(h.fired(), Fired{});
    h.tells(13, 5);
    EXPECT_EQ(h.fired(), Fired{"BS-R01/start_went_back"});
  }
}

TEST(LogStarts, of_answers_that_come_late_are_not_compared) {
  ToldStarts h;
  h.tells(10, 6);
  h.tells(10, 4);
  h.tells(9, 4);
  h.tells(11, -1, 1);
  h.tells(12, 6);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(LogStarts, of_a_log_begun_anew_may_go_back_with_its_files) {
  ToldStarts h;
  h.tells(10, 6);
  h.cut(1, 0);
  h.tells(11, 6);
  h.restarts(NodeStopped::How::power_loss);
  h.tells(12, 2);
  EXPECT_EQ(h.fired(), Fired{});
  h.tells(13, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-R01/start_went_back"});
}

TEST(LogStarts, of_a_replica_that_was_moved_away_and_back_are_others) {
  ToldStarts h;
  h.tells(10, 6);
  PartitionCommitted away{orders, NodeId{2}, LeaderEpoch{1}, PartitionEpoch{1}};
  away.replicas = away.isr = History::nodes({2, 3});
  away.metadata_offset = 10;
  h.add(-1, away);
  h.tells(11, 2);
  EXPECT_EQ(h.fired(), Fired{});
}

// ---- What was deleted --------------------------------------------------------------------------

EventId begins(History& h, int node, Offset start) {
  return h.add(node, LogBegun{orders, start, no_epoch});
}

// Replica 3 has two records of epoch 1 that nobody else got; in epoch 2 replica 1 leads.
struct Diverged : Compacted {
  Diverged() {
    partition(3, 1, {1, 2, 3});
    stored(3, 4, 1, 90);
    stored(3, 5, 1, 91);
    partition(1, 2, {1, 2});
    for (Offset offset = 4; offset < 7; ++offset)
      for (const int node : {1, 2})
        stored(node, offset, 2, 50 + static_cast<std::uint64_t>(offset));
    fetched(1, 2, 7, 7);
  }
};

TEST(Deletion, what_a_follower_keeps_of_another_epoch_before_its_leaders_start_is_not_compared) {
  Diverged h;
  begins(h, 1, 5);
  h.cut(3, 5);
  for (Offset offset = 5; offset < 7; ++offset)
    h.stored(3, offset, 2, 50 + static_cast<std::uint64_t>(offset));
  EXPECT_EQ(h.fired(), Fired{});
}

// DeleteRecords ends in the middle of a file: no file tells where the log begins then.
TEST(Deletion, a_leader_says_where_its_log_begins_where_no_file_does) {
  for (const bool is_told : {true, false}) {
    Diverged h;
    h.add(1, RecordDeletionAsked{"admin", {orders}, {5}});
    if (is_told) h.add(1, FetchAnswered{"broker-2", NodeId{2}, orders, 0, 7, 7, {}, 5});
    h.cut(3, 5);
    for (Offset offset = 5; offset < 7; ++offset)
      h.stored(3, offset, 2, 50 + static_cast<std::uint64_t>(offset));
    EXPECT_EQ(h.fired().empty(), is_told);
  }
}

TEST(Deletion, what_it_keeps_behind_the_start_is) {
  Diverged h;
  begins(h, 1, 4);
  h.cut(3, 5);
  h.stored(3, 5, 2, 55);
  EXPECT_EQ(h.fired(), Fired{"BS-O01/prefixes_differ"});
}

TEST(Deletion, a_log_that_holds_nothing_begins_where_it_says) {
  Diverged h;
  begins(h, 3, 6);
  h.stored(3, 6, 2, 56);
  EXPECT_EQ(h.fired(), Fired{});
}

// ---- A log that begins inside a batch ----------------------------------------------------------

// The log is [0, 1], [2, 3], 4, and what lies before 3 is to be deleted.
struct BegunInside : History {
  BegunInside() {
    topic(1, true);
    partition(1, 0, {1, 2, 3});
    for (const int node : {1, 2, 3}) {
      stored_pair(node, 0);
      stored_pair(node, 2);
      stored(node, 4, 0, 14);
    }
    fetched(1, 2, 5, 5);
    add(1, RecordDeletionAsked{"admin", {orders}, {3}});
    add(1, FetchAnswered{"broker-2", NodeId{2}, orders, 0, 5, 5, {}, 3});
  }
  void stored_pair(int node, Offset base) {
    const auto digest = 10 + static_cast<std::uint64_t>(base);
    add(node, BatchStored{orders, {base, base + 1, LeaderEpoch{0}, digest}});
  }
  // Its log is lost, but not where it begins: that was checkpointed.
  void loses_all_but_its_start(int node) {
    power_cycled(node, 0);
    begins(*this, node, 3);
  }
  void leads(int node, int epoch) {
    partition(node, epoch, {node});
    add(node, BecameLeader{orders, LeaderEpoch{epoch}});
  }
};

TEST(Deletion, a_log_may_begin_inside_a_batch_that_power_loss_took) {
  BegunInside h;
  h.partition(1, 0, {1});
  h.loses_all_but_its_start(1);
  h.leads(1, 1);
  h.fetched(1, 2, 5, 3);
  h.cut(2, 0);
  begins(h, 2, 3);
  h.fetched(1, 2, 3, 3);
  h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{9}, false, h.next_metadata_offset()});
  h.partition(1, 1, {1, 2});
  for (const int node : {1, 2}) h.stored(node, 3, 1, 93);
  h.fetched(1, 2, 4, 4);
  EXPECT_EQ(h.ledger().find(orders)->committed_end(), 4);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Deletion, behind_where_such_a_log_begins_a_hole_is_a_violation) {
  BegunInside h;
  h.partition(1, 0, {1});
  h.loses_all_but_its_start(1);
  h.leads(1, 1);
  h.stored(1, 4, 1, 94);
  EXPECT_EQ(h.fired(), Fired{"BS-O01/offsets_not_dense"});
}

TEST(Deletion, a_replica_that_comes_new_may_lead_before_it_has_the_batch_that_its_log_begins_in) {
  BegunInside h;
  h.partition(1, 0, {1, 2});
  h.cut(3, 0);
  begins(h, 3, 3);
  h.leads(3, 1);
  h.stored(3, 3, 1, 93);
  h.fetched(3, 1, 3, 4);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Deletion, a_replica_that_comes_new_takes_that_batch_whole) {
  BegunInside h;
  h.partition(1, 0, {1, 2});
  h.cut(3, 0);
  begins(h, 3, 3);
  h.cut(3, 0);
  begins(h, 3, 2);
  h.stored_pair(3, 2);
  h.stored(3, 4, 0, 14);
  h.partition(1, 0, {1, 2, 3});
  EXPECT_EQ(h.ledger().find(orders)->log_of(NodeId{3})->entries().size(), 3u);
  EXPECT_EQ(h.fired(), Fired{});
}

// The leader's log begins inside it, too, and has nothing of it to send.
TEST(Deletion, a_replica_that_comes_new_may_find_that_batch_compacted_away) {
  BegunInside h;
  h.partition(1, 0, {1, 2});
  h.add(1, LogCompacted{.partition = orders, .end_offset = 4, .removed = {2, 3}, .decided_by = 4});
  h.cut(3, 0);
  begins(h, 3, 3);
  h.stored(3, 4, 0, 14);
  h.partition(1, 0, {1, 2, 3});
  EXPECT_EQ(h.ledger().find(orders)->log_of(NodeId{3})->entries().size(), 3u);
  EXPECT_EQ(h.fired(), Fired{});
}

// Replica 3 had heard of no deletion, and has lost all that was committed.
TEST(Deletion, a_log_may_begin_behind_what_is_committed_after_a_loss) {
  BegunInside h;
  h.power_cycled(3, 0);
  h.leads(3, 1);
  h.stored(3, 0, 1, 90);
  h.loses_all_but_its_start(2);
  h.leads(2, 2);
  h.stored(2, 3, 2, 93);
  h.fetched(2, 1, 3, 4);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Deletion, what_comes_back_as_power_fails_is_no_act_of_the_leader) {
  Compacted h;
  h.stopped(1, NodeStopped::How::power_loss);
  h.cut(1, 2, true);
  h.stored(1, 2, 0, 12);
  h.stored(1, 3, 0, 13);
  EXPECT_EQ(h.ledger().find(orders)->committed_end(), 4);
  EXPECT_EQ(h.fired(), Fired{});
}

}  // namespace
}  // namespace brokersim::properties
