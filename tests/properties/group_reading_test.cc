// BS-G04 to BS-G06: what members of a group are handed, and what they commit of it.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

constexpr std::int32_t ungrouped = -1;

class GroupReading : public History {
 public:
  // Three records of `orders` are committed, and two members there may be.
  explicit GroupReading(const TrialConfig& config = {}) : History(config) {
    topic(1);
    partition(1, 0, {1, 2, 3});
    for (Offset offset = 0; offset < 3; ++offset) replicated(1, offset, 0, record(offset));
  }
  static std::uint64_t record(Offset offset) { return 100 + static_cast<std::uint64_t>(offset); }
  static int node_of(const std::string& member) { return member == "a" ? 11 : 12; }
  void owns(const std::string& member, std::string how) {
    add(node_of(member), OwnershipChanged{member, "g", std::move(how), {orders}});
  }
  void starts_at(const std::string& member, Offset offset, std::string why = "assign") {
    add(node_of(member), PositionReset{member, orders, offset, std::move(why)});
  }
  void reads(const std::string& member, Offset first, Offset last) {
    for (Offset offset = first; offset <= last; ++offset) {
      add(node_of(member), RecordDelivered{member, orders, offset, record(offset)});
    }
  }
  void commits_by(const std::string& member, Offset offset) {
    wait(1ms);
    add(1, OffsetCommitAnswered{member, "g", member, 1, orders, offset, 0, now().ns()});
  }
  void commits(Offset offset, std::int32_t generation = 1, int error = 0) {
    wait(1ms);
    commits_asked(offset, now().ns(), generation, error);
  }
  void commits_asked(Offset offset, std::int64_t at_ns, std::int32_t generation = 1,
                     int error = 0) {
    add(1, OffsetCommitAnswered{"client", "g", "m", generation, orders, offset, error, at_ns});
  }
  // Of what is about groups; where members begin is another test's (BS-G12).
  Fired groups_fired() {
    Fired result;
    for (const auto& one : fired()) {
      if (one.starts_with("BS-G") && !one.starts_with("BS-G12/")) result.push_back(one);
    }
    return result;
  }
};

// ---- BS-G04 ------------------------------------------------------------------------------------

TEST(GroupDelivery, what_nobody_was_handed_is_not_committed) {
  GroupReading h;
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.reads("a", 0, 0);
  h.commits(2);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G04/committed_unread"});
}

TEST(GroupDelivery, a_commit_comes_after_what_it_is_of) {
  GroupReading h;
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.reads("a", 0, 0);
  const auto asked = h.now().ns();
  h.reads("a", 1, 1);
  h.commits_asked(2, asked);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G04/committed_unread"});
}

TEST(GroupDelivery, is_the_groups_whoever_reads_and_however_often) {
  GroupReading h;
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.reads("a", 0, 1);
  h.commits(1);
  h.owns("a", "lost");
  h.owns("b", "assigned");
  h.starts_at("b", 1);
  h.reads("b", 1, 2);
  h.commits(3);
  h.commits(1);  // Back, by somebody who reads it once more.
  EXPECT_EQ(h.groups_fired(), Fired{});
}

// A gap between what two members have read.
TEST(GroupDelivery, nothing_between_two_members_is_left_out) {
  GroupReading h;
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.reads("a", 0, 0);
  h.owns("a", "lost");
  h.owns("b", "assigned");
  h.starts_at("b", 2);
  h.reads("b", 2, 2);
  h.commits(3);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G04/committed_unread"});
}

TEST(GroupDelivery, begins_where_the_group_does_and_is_not_of_other_commits) {
  GroupReading h;
  h.owns("a", "assigned");
  h.starts_at("a", 1);
  h.reads("a", 1, 1);
  h.commits(2);
  h.commits(3, 1, 16);      // Refused.
  h.commits(3, ungrouped);  // By an operator.
  EXPECT_EQ(h.groups_fired(), Fired{});
}

// Nothing is committed when the first one goes, so that the second begins at the end, if the
// group's policy is that; what somebody says where it is committed is no such beginning.
TEST(GroupDelivery, owes_nothing_before_the_latest_record_where_members_begin_there) {
  for (const bool is_policy : {true, false}) {
    for (const std::string why : {"assign", "out_of_range", "committed"}) {
      TrialConfig config;
      if (is_policy) config.groups_that_begin_at_latest = {"g"};
      GroupReading h(config);
      h.owns("a", "assigned");
      h.starts_at("a", 0);
      h.reads("a", 0, 0);
      h.owns("a", "lost");
      h.owns("b", "assigned");
      h.starts_at("b", 2, why);
      h.reads("b", 2, 2);
      h.commits(3);
      const bool is_owed = !is_policy || why == "committed";
      EXPECT_EQ(h.groups_fired(), is_owed ? Fired{"BS-G04/committed_unread"} : Fired{}) << why;
    }
  }
}

// Who reads committed records only is handed nothing of an aborted transaction.
TEST(GroupDelivery, is_of_aborted_records_where_they_are_read) {
  for (const bool reads_committed : {true, false}) {
    GroupReading h;
    const auto of_seven = [&h](Offset offset, BatchRole role) {
      auto one = History::batch(offset, 0, h.record(offset));
      one.role = role;
      one.producer_id = 7;
      for (const int node : {1, 2, 3}) h.add(node, BatchStored{orders, one});
    };
    of_seven(3, BatchRole::transactional);
    of_seven(4, BatchRole::abort);
    h.replicated(1, 5, 0, h.record(5));
    h.owns("a", "assigned");
    h.starts_at("a", 0);
    h.add(1, FetchAnswered{"a", no_node, orders, 0, 0, 6, {}});
    if (reads_committed) h.add(1, ReadCommittedAnswered{"a", orders, 6, 6, {}, {}});
    h.reads("a", 0, 2);
    h.reads("a", 5, 5);
    h.commits_by("a", 6);
    EXPECT_EQ(h.groups_fired(), reads_committed ? Fired{} : Fired{"BS-G04/committed_unread"});
  }
}

TEST(GroupDelivery, does_not_owe_what_was_deleted) {
  GroupReading h;
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.add(1, LogBegun{orders, 2});
  h.starts_at("a", 2);
  h.reads("a", 2, 2);
  h.commits(3);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(GroupDelivery, does_not_owe_what_somebody_asked_to_be_deleted) {
  for (const Offset end : {Offset{2}, Offset{-1}, Offset{1}}) {
    GroupReading h;
    h.owns("a", "assigned");
    h.starts_at("a", 0);
    h.add(1, RecordDeletionAsked{"admin", {orders}, {end}});
    h.starts_at("a", 2);
    h.reads("a", 2, 2);
    h.commits(3);
    EXPECT_EQ(h.groups_fired(), end == 1 ? Fired{"BS-G04/committed_unread"} : Fired{}) << end;
  }
}

// What lies behind is owed again.
TEST(GroupDelivery, owes_what_came_after_everything_was_deleted) {
  for (const bool was_done : {false, true}) {
    GroupReading h;
    h.owns("a", "assigned");
    h.starts_at("a", 0);
    h.add(1, RecordDeletionAsked{"admin", {orders}, {-1}});
    if (was_done) h.add(1, FetchAnswered{"broker-2", NodeId{2}, orders, 0, 3, 3, {}, 3});
    for (Offset offset = 3; offset < 5; ++offset) h.replicated(1, offset, 0, h.record(offset));
    h.starts_at("a", 3);
    h.reads("a", 4, 4);
    h.commits(5);
    EXPECT_EQ(h.groups_fired(), was_done ? Fired{"BS-G04/committed_unread"} : Fired{});
  }
}

// The log was cut behind its first record, with an excuse, and has three again.
class GroupReadingOfCutLog : public GroupReading {
 public:
  GroupReadingOfCutLog() {
    topic(1, true);
    owns("a", "assigned");
    starts_at("a", 0);
    reads("a", 0, 2);
    commits(3);
    partition(1, 0, {1});
    cut(2, 1);
    partition(2, 1, {2});
    for (Offset offset = 1; offset < 3; ++offset) stored(2, offset, 1, 7 + record(offset));
  }
  void shows(const std::string& member, Offset first, Offset last, int node = 2) {
    std::vector<BatchRef> batches;
    for (Offset offset = first; offset <= last; ++offset) {
      batches.push_back(batch(offset, node == 2 ? 1 : 0, 7 + record(offset)));
    }
    add(node, FetchAnswered{member, no_node, orders, 0, first, last + 1, std::move(batches)});
    reads(member, first, last);
  }
};

TEST(GroupDelivery, what_took_the_place_of_a_lost_record_has_to_be_handed_out_too) {
  GroupReadingOfCutLog h;
  h.stored(2, 3, 1, 7 + h.record(3));
  h.shows("a", 3, 3);
  h.commits(4);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G04/committed_unread"});
}

TEST(GroupDelivery, who_goes_back_to_the_cut_may_go_on) {
  GroupReadingOfCutLog h;
  h.starts_at("a", 1);
  h.shows("a", 1, 2);
  h.commits(3);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(GroupDelivery, who_does_not_know_of_the_cut_yet_may_commit_what_it_was_handed_before) {
  GroupReadingOfCutLog h;
  h.commits(3);
  h.starts_at("a", 1);
  h.shows("a", 1, 1);
  h.commits(2);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(GroupDelivery, what_who_led_before_still_shows_is_not_what_is_there_now) {
  GroupReadingOfCutLog h;
  h.shows("a", 2, 2, 1);
  h.commits(3);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

// ---- BS-G05 ------------------------------------------------------------------------------------

TEST(RevokedReads, what_was_revoked_is_not_read_any_more) {
  GroupReading h;
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.reads("a", 0, 0);
  h.owns("a", "revoked");
  h.reads("a", 1, 1);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G05/not_owned"});
}

TEST(RevokedReads, a_new_process_owns_nothing) {
  GroupReading h;
  h.add(11, NodeStarted{"a", 0});
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.reads("a", 0, 0);
  h.add(11, NodeStarted{"a", 1});
  h.reads("a", 1, 1);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G05/not_owned"});
}

TEST(RevokedReads, what_comes_back_is_read_again) {
  GroupReading h;
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.reads("a", 0, 0);
  h.owns("a", "lost");
  h.owns("b", "assigned");
  h.starts_at("b", 0);
  h.reads("b", 0, 0);
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.reads("a", 0, 1);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

// ---- BS-G06 ------------------------------------------------------------------------------------

TEST(CrossedCommits, two_members_do_not_commit_to_one_partition_in_turn) {
  GroupReading h;
  for (const auto* member : {"a", "b"}) {
    h.owns(member, "assigned");
    h.starts_at(member, 0);
    h.reads(member, 0, 2);
  }
  h.commits_by("b", 2);
  h.commits_by("a", 1);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G06/crossed"});
}

TEST(CrossedCommits, who_was_given_it_since_goes_on_from_there) {
  GroupReading h;
  h.owns("a", "assigned");
  h.starts_at("a", 0);
  h.reads("a", 0, 2);
  h.commits_by("a", 1);
  h.owns("b", "assigned");
  h.starts_at("b", 1);
  h.reads("b", 1, 2);
  h.commits_by("b", 2);
  h.owns("a", "lost");
  h.owns("a", "assigned");
  h.starts_at("a", 2);
  h.reads("a", 2, 2);
  h.commits_by("a", 3);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

}  // namespace
}  // namespace brokersim::properties
