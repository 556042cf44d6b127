// Who is elected, for each kind of election, and what a change writes down.
#include "core/controller/election.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

// Replicas 1, 2, 3 in this order of preference.
struct Case {
  std::int32_t leader;
  std::vector<NodeId> target_isr;
  std::set<std::int32_t> active;
  Election election;
  std::int32_t elected;
  bool is_clean = true;
};

TEST(Elections, choose_by_kind_isr_and_activity) {
  const Case cases[] = {
      // Online keeps a valid leader, even if it is not the preferred one.
      {2, nodes({1, 2, 3}), {1, 2, 3}, Election::online, 2},
      {2, nodes({1, 2, 3}), {1, 3}, Election::online, 1},
      {2, nodes({1, 3}), {1, 2, 3}, Election::online, 1},
      {1, nodes({3, 2}), {2, 3}, Election::online, 2},  // Replica order, not ISR order.
      {1, nodes({1}), {2, 3}, Election::online, -1},
      {1, {}, {2, 3}, Election::online, -1},
      {-1, nodes({3}), {1, 2, 3}, Election::online, 3},
      // Preferred goes back to the first replica where that is valid.
      {2, nodes({1, 2}), {1, 2}, Election::preferred, 1},
      {2, nodes({2}), {1, 2}, Election::preferred, 2},
      {2, nodes({1, 2}), {2}, Election::preferred, 2},
      {-1, nodes({1, 3}), {3}, Election::preferred, 3},
      // Unclean only where clean is impossible, and never an inactive replica.
      {1, nodes({1, 3}), {2, 3}, Election::unclean, 3},
      {1, nodes({1}), {3}, Election::unclean, 3, false},
      {1, nodes({1}), {2, 3}, Election::unclean, 2, false},
      {1, nodes({1}), {}, Election::unclean, -1},
  };
  int row = 0;
  for (const auto& c : cases) {
    const Partition partition{
        .replicas = nodes({1, 2, 3}), .isr = nodes({1, 2, 3}), .leader = NodeId{c.leader}};
    const auto is_active = [&](NodeId id) { return c.active.count(id.value) > 0; };
    const auto result = elect(partition, {c.target_isr, {}}, c.election, {is_active});
    EXPECT_EQ(result.leader.value, c.elected) << "row " << row;
    EXPECT_EQ(result.is_clean, c.is_clean) << "row " << row;
    ++row;
  }
}

const ElectionTerms everyone{[](NodeId) { return true; }};

Partition healthy() {
  return {.replicas = nodes({1, 2, 3}), .isr = nodes({1, 2, 3}), .leader = NodeId{1}};
}

TEST(PartitionChanges, write_nothing_where_nothing_changes) {
  EXPECT_FALSE(change_partition({}, 0, healthy(), {nodes({1, 2, 3})}, everyone));
}

TEST(PartitionChanges, of_the_isr_alone_do_not_name_the_leader) {
  const auto record = change_partition({}, 4, healthy(), {nodes({1, 2})}, everyone);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->partition_id, 4);
  EXPECT_EQ(record->isr, nodes({1, 2}));
  EXPECT_EQ(record->leader, leader_unchanged);
  EXPECT_EQ(record->leader_recovery_state, -1);
}

TEST(PartitionChanges, leave_the_last_member_in_the_isr) {
  auto partition = healthy();
  partition.isr = nodes({1});
  const auto record = change_partition({}, 0, partition, {{}}, {[](NodeId) { return false; }});
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->isr);
  EXPECT_EQ(record->leader, no_node);
}

TEST(PartitionChanges, by_unclean_election_leave_the_leader_alone_in_the_isr_and_recovering) {
  auto partition = healthy();
  partition.isr = nodes({1});
  const auto record = change_partition({}, 0, partition, {{}, Election::unclean},
                                       {[](NodeId id) { return id != NodeId{1}; }});
  ASSERT_TRUE(record);
  EXPECT_EQ(record->isr, nodes({2}));
  EXPECT_EQ(record->leader, NodeId{2});
  EXPECT_EQ(record->leader_recovery_state, 1);
}

TEST(PartitionChanges, end_recovery_when_the_leader_says_so_and_not_before) {
  auto partition = healthy();
  partition.leader_recovery_state = LeaderRecoveryState::recovering;
  PartitionChange change{.target_isr = partition.isr};
  EXPECT_FALSE(change_partition({}, 0, partition, change, everyone));
  change.leader_recovery_state = LeaderRecoveryState::recovered;
  const auto record = change_partition({}, 0, partition, change, everyone);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->leader_recovery_state, 0);
}

}  // namespace
}  // namespace brokersim::controller
