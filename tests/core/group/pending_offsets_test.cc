// Offsets that a transaction commits: they count once it does, and nobody who asks for stable
// offsets is told of what it may change before.
#include "tests/core/group/coordinated.h"

namespace brokersim::group {
namespace {

TEST(PendingOffsets, count_once_the_transaction_is_committed) {
  Coordinated c;
  c.commit(3);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7)), ErrorCode::none);
  EXPECT_EQ(c.fetch(), 3);
  EXPECT_EQ(c.stability(), ErrorCode::unstable_offset_commit);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), 5);
  EXPECT_EQ(c.stability(), ErrorCode::none);
}

TEST(PendingOffsets, of_an_aborted_transaction_are_forgotten) {
  Coordinated c;
  c.commit(3);
  c.commit_pending(5, 7);
  c.end_transaction(8, true);
  EXPECT_EQ(c.stability(), ErrorCode::unstable_offset_commit) << "another producer's marker";
  c.end_transaction(7, false);
  EXPECT_EQ(c.fetch(), 3);
  EXPECT_EQ(c.stability(), ErrorCode::none);
}

TEST(PendingOffsets, stay_undecided_until_the_marker_is_committed) {
  Coordinated c;
  c.commit_pending(5, 7);
  c.commits_at_once = false;
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), -1);
  EXPECT_EQ(c.stability(), ErrorCode::unstable_offset_commit);
  c.commit_log();
  EXPECT_EQ(c.fetch(), 5);
  EXPECT_EQ(c.stability(), ErrorCode::none);
}

TEST(PendingOffsets, what_was_committed_after_them_stays) {
  Coordinated c;
  c.commit_pending(5, 7);
  c.commit(9);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), 9);
  c.commit_pending(11, 7);
  c.commit_pending(12, 7);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), 12);
}

TEST(PendingOffsets, are_known_to_the_next_coordinator) {
  Coordinated c;
  c.commit_pending(5, 7);
  c.fail_over();
  EXPECT_EQ(c.stability(), ErrorCode::unstable_offset_commit);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), 5);
  c.fail_over();
  EXPECT_EQ(c.fetch(), 5);
  EXPECT_EQ(c.stability(), ErrorCode::none);
}

TEST(PendingOffsets, what_is_deleted_is_brought_back_by_no_transaction) {
  Coordinated c;
  c.commit(3);
  c.commit_pending(5, 7);
  EXPECT_EQ(c.deleted(c.delete_group()), ErrorCode::none);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), -1);
}

// They are the first that the group commits.
TEST(PendingOffsets, of_partitions_that_are_deleted_are_brought_back_by_no_transaction) {
  for (const bool is_topic : {false, true}) {
    Coordinated c;
    c.commit_pending(5, 7);
    if (is_topic) {
      c.forget_topic("orders");
    } else {
      c.delete_offsets("orders");
    }
    EXPECT_EQ(c.stability(), ErrorCode::none);
    c.end_transaction(7, true);
    EXPECT_EQ(c.fetch(), -1);
    c.fail_over();
    EXPECT_EQ(c.fetch(), -1);
  }
}

TEST(PendingOffsets, do_not_expire_under_a_transaction) {
  Coordinated c;
  c.commit(3);
  c.commit_pending(5, 7);
  c.pass(8 * 24h);
  EXPECT_EQ(c.fetch(), 3);
  c.end_transaction(7, false);
  c.pass(1h);
  EXPECT_EQ(c.fetch(), -1);
}

TEST(PendingOffsets, went_with_what_they_would_have_replaced_once) {
  GroupRules rules;
  rules.keeps_offsets_under_transactions = false;  // Redpanda's #31483
  Coordinated c({}, {}, rules);
  c.commit(3);
  c.commit_pending(5, 7);
  c.pass(8 * 24h);
  c.end_transaction(7, true);
  EXPECT_EQ(c.fetch(), -1);
}

TEST(PendingOffsets, come_from_members_of_the_present_generation) {
  Coordinated c;
  const auto ids = c.stable({{}});
  const auto generation = c.stable_generation;
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, ids[0], generation)), ErrorCode::none);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, ids[0], generation - 1)),
            ErrorCode::illegal_generation);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, "nobody", generation)), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7)), ErrorCode::none) << "before KIP-447";
}

TEST(PendingOffsets, of_a_group_that_is_not_there_come_from_no_generation) {
  Coordinated c;
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, "m", 1)), ErrorCode::illegal_generation);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7)), ErrorCode::none);
}

TEST(PendingOffsets, come_from_zombies_where_nobody_looks) {
  Coordinated c({}, {.checks_members_of_groups = false});  // KAFKA-9365
  const auto ids = c.stable({{}});
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, ids[0], c.stable_generation - 1)), ErrorCode::none);
}

}  // namespace
}  // namespace brokersim::group
