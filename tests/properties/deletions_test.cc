// BS-R02 fires when the beginning of a log goes that is neither too old nor too much, and that
// nobody has asked to go.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

const std::string not_due = "BS-R02/not_due";

// Offsets 0 to 5 are on all three, broker 1 leads, and retention.ms is 1000.
struct Deleting : History {
  explicit Deleting(std::int64_t retention_bytes = -1) {
    settings(1000, retention_bytes);
    topic(2);
    partition(1, 0, {1, 2, 3});
    for (Offset offset = 0; offset < 6; ++offset)
      replicated(1, offset, 0, 100 + static_cast<std::uint64_t>(offset));
  }
  void settings(std::int64_t retention_ms, std::int64_t retention_bytes = -1) {
    add(-1, LogSettingsCommitted{"orders", retention_ms, retention_bytes});
  }
  void deleted(int node, Offset start, Offset end, std::int64_t newest_ms, std::int64_t clock_ms,
               std::int64_t left = 0, std::int64_t bytes = 100) {
    add(node, SegmentDeleted{orders, start, end, bytes, left, newest_ms, clock_ms});
    add(node, LogBegun{orders, end, no_epoch});
  }
  void deleted_early(int node, Offset end) { deleted(node, 0, end, 500, 600); }
  void tells(int node, int follower, Offset start) {
    add(node,
        FetchAnswered{
            "broker-" + std::to_string(follower), NodeId{follower}, orders, 0, 6, 6, {}, start});
  }
};

TEST(Deletions, of_what_is_older_than_retention_ms_are_due) {
  for (const std::int64_t clock_ms : {1500, 1501}) {
    Deleting h;
    h.deleted(1, 0, 3, 500, clock_ms);
    EXPECT_EQ(h.fired(), clock_ms == 1501 ? Fired{} : Fired{not_due}) << clock_ms;
  }
}

TEST(Deletions, of_what_has_no_time_are_not) {
  Deleting h;
  h.deleted(1, 0, 3, -1, 1'000'000'000);
  EXPECT_EQ(h.fired(), Fired{not_due});
}

TEST(Deletions, of_what_is_too_much_leave_retention_bytes) {
  for (const std::int64_t left : {299, 300}) {
    Deleting h(300);
    h.deleted(1, 0, 3, 500, 600, left);
    EXPECT_EQ(h.fired(), left == 300 ? Fired{} : Fired{not_due}) << left;
  }
}

// There may have been more when it was decided on.
TEST(Deletions, of_what_is_too_much_are_not_judged_by_what_is_left_of_a_log_that_was_cut) {
  Deleting h(300);
  h.stored(1, 6, 0, 106);
  h.stored(2, 6, 0, 106);
  h.cut(2, 6);
  h.deleted(2, 0, 3, 500, 600, 299);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Deletions, of_a_segment_that_compaction_has_emptied_lose_nothing) {
  Deleting h;
  h.deleted(1, 0, 3, -1, 600, 0, 0);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Deletions, are_due_by_the_setting_that_keeps_least_of_those_there_were) {
  Deleting h;
  h.settings(60'000);
  h.deleted(1, 0, 3, 500, 1501);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Deletions, of_a_topic_of_which_nothing_was_said_are_due_after_a_week) {
  for (const std::int64_t over : {0, 1}) {
    History h;
    h.topic(2);
    h.partition(1, 0, {1, 2, 3});
    for (Offset offset = 0; offset < 3; ++offset) h.replicated(1, offset, 0, 100);
    const std::int64_t clock_ms = LogSettingsCommitted::week_ms + over;
    h.add(1, SegmentDeleted{orders, 0, 2, 100, 100, 0, clock_ms});
    EXPECT_EQ(h.fired(), over == 1 ? Fired{} : Fired{not_due});
  }
}

TEST(Deletions, are_asked_for_up_to_an_offset_of_one_broker) {
  for (const Offset asked : {2, 3, -1}) {
    Deleting h;
    h.add(1, RecordDeletionAsked{"admin", {orders}, {asked}});
    h.deleted_early(1, 3);
    EXPECT_EQ(h.fired(), asked == 2 ? Fired{not_due} : Fired{}) << asked;
    h.deleted_early(2, 3);
    EXPECT_EQ(h.fired(), Fired{not_due});
  }
}

TEST(Deletions, of_a_follower_follow_the_leaders) {
  for (const Offset start : {2, 3}) {
    Deleting h;
    h.deleted(1, 0, start, 500, 1501);
    h.tells(1, 2, start);
    h.deleted_early(2, 3);
    EXPECT_EQ(h.fired(), start == 3 ? Fired{} : Fired{not_due}) << start;
  }
}

TEST(Deletions, that_a_leader_tells_of_were_asked_for_or_have_happened) {
  for (const bool is_asked : {false, true}) {
    Deleting h;
    if (is_asked) h.add(1, RecordDeletionAsked{"admin", {orders}, {2}});
    h.tells(1, 2, 2);
    EXPECT_EQ(h.fired(), is_asked ? Fired{} : Fired{"BS-R02/begins_unasked"});
  }
}

TEST(Deletions, of_a_start_were_decided_on_before) {
  for (const bool has_gone_on : {false, true}) {
    Deleting h;
    h.stopped(2, NodeStopped::How::crash);
    h.started(2, 1);
    if (has_gone_on) h.replicated(1, 6, 0, 106);
    h.deleted_early(2, 3);
    EXPECT_EQ(h.fired(), has_gone_on ? Fired{not_due} : Fired{});
  }
}

}  // namespace
}  // namespace brokersim::properties
