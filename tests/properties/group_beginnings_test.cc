// BS-G12: where members of groups begin to read, what moves them, and that they commit forwards;
// what it flags, and each thing that is not promised.
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

constexpr Offset nothing = -1;
constexpr int of_nobody = -1;

// The member `a` on machine 11, of group `g`, and what becomes of its one partition.
class GroupBeginning : public History {
 public:
  GroupBeginning() { topic(1); }
  void told(Offset offset, const std::string& group = "g", int error = 0) {
    told_of(now() + 1ms, offset, group, error);
  }
  // As told, of what was asked for at some time.
  void told_of(Instant asked_at, Offset offset, const std::string& group = "g", int error = 0) {
    add(1, OffsetFetchAnswered{"a", group, orders, offset, error, asked_at.ns()});
  }
  void owns(std::string how = "assigned") {
    add(11, OwnershipChanged{"a", "g", std::move(how), {orders}});
  }
  void resets(std::string why, Offset offset) {
    add(11, PositionReset{"a", orders, offset, std::move(why)});
  }
  void is_out_of_range() { add(1, FetchAnswered{"a", no_node, orders, 1, 9, 3, {}}); }
  void reads(const TopicPartition& partition = orders, Offset offset = 7) {
    add(11, RecordDelivered{"a", partition, offset, 107});
  }
  // And is handed what is before 8.
  void begins_at(Offset offset) {
    told(offset);
    owns();
    resets("committed", offset);
    reads();
  }
  void commits(Offset offset, int generation = 1, int error = 0) {
    commits_asked(now() + 1ms, offset, generation, error);
  }
  void commits_asked(Instant at, Offset offset, int generation = 1, int error = 0) {
    add(1, OffsetCommitAnswered{"a", "g", "m", generation, orders, offset, error, at.ns()});
  }
  Fired found() {
    Fired result;
    for (const auto& one : fired()) {
      if (one.starts_with("BS-G12/")) result.push_back(one);
    }
    return result;
  }
};

// ---- Where a member begins ---------------------------------------------------------------------

TEST(GroupBeginnings, are_where_the_group_is_or_where_it_is_nowhere_the_policys) {
  struct Case {
    Offset told;
    const char* why;
    Offset offset;
    Fired fired;
  };
  for (const auto& [told, why, offset, fired] : std::vector<Case>{
           {5, "committed", 5, {}},
           {nothing, "assign", 0, {}},
           {5, "assign", 0, {"BS-G12/reset_though_committed"}},
           {5, "assign", 5, {"BS-G12/reset_though_committed"}},
           {0, "assign", 0, {"BS-G12/reset_though_committed"}},
           {5, "committed", 4, {"BS-G12/begins_elsewhere"}},
           {5, "committed", 6, {"BS-G12/begins_elsewhere"}},
           {nothing, "committed", 5, {"BS-G12/begins_elsewhere"}},
           {5, "seek", 0, {}},
           {5, "truncated", 0, {}},
           {5, "another topic", 0, {}},
       }) {
    GroupBeginning h;
    h.told(told);
    h.owns();
    h.resets(why, offset);
    EXPECT_EQ(h.found(), fired) << told << ' ' << why << ' ' << offset;
  }
}

TEST(GroupBeginnings, are_asked_for_each_time_and_of_the_members_own_group) {
  for (const auto* how : {"", "revoked", "lost", "another group", "refused"}) {
    const std::string_view of = how;
    GroupBeginning h;
    h.begins_at(5);
    h.owns("revoked");
    if (of == "") h.told(6);
    if (of == "another group") h.told(6, "other");
    if (of == "refused") h.told(6, "g", 16);
    if (of == "revoked" || of == "lost") {
      h.told(6);
      h.owns(how);
    }
    h.owns();
    h.resets("committed", 6);
    EXPECT_EQ(h.found(), of == "" ? Fired{} : Fired{"BS-G12/begins_unasked"}) << how;
  }
}

// Once it has begun, there is no other beginning without another assignment.
TEST(GroupBeginnings, happen_once_for_each_assignment) {
  GroupBeginning h;
  h.begins_at(5);
  h.resets("committed", 5);
  EXPECT_EQ(h.found(), Fired{"BS-G12/begins_unasked"});
}

TEST(GroupBeginnings, go_by_what_was_asked_last) {
  for (const bool is_late : {true, false}) {
    GroupBeginning h;
    const Instant first = h.now();
    h.wait(1ms);
    const Instant second = h.now();
    h.told_of(is_late ? second : first, 5);
    h.told_of(is_late ? first : second, 3);
    h.owns();
    h.resets("committed", 5);
    EXPECT_EQ(h.found(), is_late ? Fired{} : Fired{"BS-G12/begins_elsewhere"});
  }
}

// A reset is told of with the next poll, and then another assignment may have come.
TEST(GroupBeginnings, may_be_told_of_when_they_are_over) {
  GroupBeginning h;
  for (const Offset offset : {Offset{nothing}, Offset{5}, Offset{6}, Offset{8}}) {
    h.told(offset);
    h.owns();
    h.owns("revoked");
  }
  h.resets("assign", 0);
  h.resets("committed", 6);  // Of the one before it has no position in time.
  h.resets("committed", 8);
  EXPECT_EQ(h.found(), Fired{});
  h.told(9);
  h.owns();
  h.resets("committed", 8);
  EXPECT_EQ(h.found(), Fired{"BS-G12/begins_elsewhere"});
}

TEST(GroupBeginnings, of_a_new_process_have_nothing_of_the_one_before) {
  for (const bool is_new : {true, false}) {
    GroupBeginning h;
    h.told(nothing);
    h.owns();
    if (is_new) h.add(11, NodeStarted{"a", 1});
    h.told(5);
    h.owns();
    h.resets("assign", 0);
    EXPECT_EQ(h.found(), is_new ? Fired{"BS-G12/reset_though_committed"} : Fired{});
  }
}

TEST(GroupBeginnings, are_not_of_consumers_outside_groups) {
  GroupBeginning h;
  h.told(5);
  h.resets("assign", 0);
  h.resets("out_of_range", 0);
  h.commits(5);
  h.commits(4);
  h.reads();
  EXPECT_EQ(h.found(), Fired{});
}

// ---- What moves it -----------------------------------------------------------------------------

TEST(GroupBeginnings, are_given_up_for_the_policy_only_out_of_range) {
  for (const int times : {0, 1, 2}) {
    GroupBeginning h;
    h.begins_at(5);
    for (int i = 0; i < 2; ++i) {
      if (i < times) h.is_out_of_range();
      h.resets("out_of_range", 0);
    }
    EXPECT_EQ(h.found(), times == 2 ? Fired{} : Fired{"BS-G12/reset_in_range"}) << times;
  }
}

// ---- What it commits ---------------------------------------------------------------------------

TEST(GroupBeginnings, are_gone_on_from_in_order) {
  GroupBeginning h;
  h.begins_at(5);
  h.commits(6);
  h.commits(6);
  h.commits(8);
  h.reads();
  EXPECT_EQ(h.found(), Fired{});
  h.commits(7, 2);  // Of whichever generation.
  EXPECT_EQ(h.found(), Fired{});
  h.reads({"orders", 1});
  EXPECT_EQ(h.found(), Fired{"BS-G12/committed_backwards"});
}

TEST(GroupBeginnings, are_gone_on_from_in_order_in_transactions) {
  for (const Offset offset : {Offset{7}, Offset{8}}) {
    GroupBeginning h;
    h.begins_at(5);
    h.commits(8);
    const auto at = h.now() + 1ms;
    h.add(1, TxnOffsetCommitAnswered{"a", "t", 7, 0, "g", "m", 1, orders, offset, 0, at.ns()});
    h.reads();
    EXPECT_EQ(h.found(), offset == 7 ? Fired{"BS-G12/committed_backwards"} : Fired{});
  }
}

TEST(GroupBeginnings, may_be_committed_again_where_something_moved_the_position) {
  const std::vector<std::pair<const char*, std::function<void(GroupBeginning&)>>> cases{
      {"by an application", [](auto& h) { h.resets("seek", 6); }},
      {"by a cut", [](auto& h) { h.resets("truncated", 6); }},
      {"by another beginning",
       [](auto& h) {
         h.owns("lost");
         h.begins_at(6);
       }},
      {"in another process",
       [](auto& h) {
         h.add(11, NodeStarted{"a", 1});
       }},
  };
  for (const auto& [what, moves] : cases) {
    GroupBeginning h;
    h.begins_at(5);
    h.commits(8);
    moves(h);
    h.commits(7);
    h.reads();
    EXPECT_EQ(h.found(), Fired{}) << what;
  }
}

// It has moved already, and tells of it with its next poll.
TEST(GroupBeginnings, may_be_committed_again_before_it_is_told_what_moved_the_position) {
  for (const bool has_moved : {true, false}) {
    GroupBeginning h;
    h.begins_at(5);
    h.commits(8);
    h.commits(7);
    if (has_moved) h.resets("truncated", 7);
    h.reads();
    EXPECT_EQ(h.found(), has_moved ? Fired{} : Fired{"BS-G12/committed_backwards"});
  }
}

// What was not committed in time is asked for again, also when the position is another one by then.
TEST(GroupBeginnings, may_be_followed_by_what_was_to_be_committed_before) {
  for (const bool has_reached : {true, false}) {
    GroupBeginning h;
    h.begins_at(5);
    h.resets("seek", 3);
    if (has_reached) h.reads();
    h.commits(8);
    h.commits(4);
    h.reads({"orders", 1});
    EXPECT_EQ(h.found(), has_reached ? Fired{"BS-G12/committed_backwards"} : Fired{});
  }
}

TEST(GroupBeginnings, are_not_undone_by_commits_that_are_late_refused_or_nobodys) {
  GroupBeginning h;
  const Instant before = h.now();
  h.begins_at(5);
  const Instant early = h.now() + 1ms;
  h.wait(2ms);
  h.commits_asked(before, 8);  // Before it began here.
  h.commits(7);
  h.commits(8);
  h.commits_asked(early, 6);
  h.commits(7, of_nobody);
  h.commits(7, 1, 16);
  h.commits(8);
  h.reads();
  EXPECT_EQ(h.found(), Fired{});
}

}  // namespace
}  // namespace brokersim::properties
