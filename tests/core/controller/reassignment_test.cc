// Moving partitions: what is refused, the way of a move from its beginning over the change of the
// ISR that completes it, and what cancelling leaves.
#include "core/controller/reassignment.h"

#include <gtest/gtest.h>

#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

using Replicas = wire::Nullable<std::vector<NodeId>>;

// Brokers 1 to 5; `t` is on 1 and 2, led by 1.
struct Reassignment : testing::Test {
  Cluster c{5};
  void SetUp() override { c.create("t", {1, 2}); }

  Decision<api::AlterPartitionReassignmentsResponse> move(
      std::vector<std::pair<std::int32_t, Replicas>> partitions, const std::string& topic = "t") {
    api::AlterPartitionReassignmentsRequest request;
    auto& asked = request.topics.emplace_back();
    asked.name = topic;
    for (auto& [index, replicas] : partitions) {
      asked.partitions.push_back({.partition_index = index, .replicas = replicas});
    }
    return c.keep(c.controller.alter_partition_reassignments(request));
  }
  ErrorCode error_of(Replicas replicas, std::int32_t partition = 0,
                     const std::string& topic = "t") {
    const auto decision = move({{partition, std::move(replicas)}}, topic);
    const auto& answer = decision.response.responses.front().partitions.front();
    EXPECT_EQ(answer.error_message.has_value(), answer.error_code != ErrorCode::none);
    return answer.error_code;
  }
  // The leader reports who is in sync; the answer is what it gets for the partition.
  ErrorCode in_sync(std::initializer_list<std::int32_t> isr) {
    const auto decision = c.alter(c.alteration("t", isr));
    EXPECT_EQ(decision.response.error_code, ErrorCode::none);
    return decision.response.topics.front().partitions.front().error_code;
  }
  const Partition& state() const { return c.partition("t"); }
  std::vector<api::ListPartitionReassignmentsResponse::OngoingTopicReassignment> ongoing(
      wire::Nullable<std::vector<std::int32_t>> partitions = std::nullopt) {
    api::ListPartitionReassignmentsRequest request;
    if (partitions) {
      request.topics.emplace().push_back({.name = "t", .partition_indexes = *partitions});
    }
    return c.keep(c.controller.list_partition_reassignments(request)).response.topics;
  }
};

TEST_F(Reassignment, is_refused_where_it_is_impossible) {
  EXPECT_EQ(error_of(nodes({3}), 0, "nowhere"), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(error_of(nodes({3}), 1), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(error_of(nodes({}), 0), ErrorCode::invalid_replica_assignment);
  EXPECT_EQ(error_of(nodes({3, 3})), ErrorCode::invalid_replica_assignment);
  EXPECT_EQ(error_of(nodes({3, 9})), ErrorCode::invalid_replica_assignment);
  EXPECT_EQ(error_of(std::nullopt), ErrorCode::no_reassignment_in_progress);
  const auto twice = move({{0, nodes({3})}, {0, nodes({4})}});
  EXPECT_TRUE(twice.records.empty());
  EXPECT_EQ(twice.response.responses[0].partitions[1].error_code, ErrorCode::invalid_request);
}

TEST_F(Reassignment, ends_when_all_of_the_target_are_in_sync) {
  EXPECT_EQ(error_of(nodes({2, 3})), ErrorCode::none);
  EXPECT_EQ(state().replicas, nodes({2, 3, 1}));
  EXPECT_EQ(state().adding_replicas, nodes({3}));
  EXPECT_EQ(state().removing_replicas, nodes({1}));
  EXPECT_EQ(state().leader, NodeId{1});
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{0});
  ASSERT_EQ(ongoing().size(), 1U);
  EXPECT_EQ(ongoing()[0].partitions[0].adding_replicas, nodes({3}));
  EXPECT_TRUE(ongoing(std::vector<std::int32_t>{7}).empty());

  // The old leader is among those that go, so it is not told of a success.
  EXPECT_EQ(in_sync({1, 2, 3}), ErrorCode::new_leader_elected);
  EXPECT_EQ(state().replicas, nodes({2, 3}));
  EXPECT_EQ(state().isr, nodes({2, 3}));
  EXPECT_EQ(state().leader, NodeId{2});
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{1});
  EXPECT_TRUE(state().adding_replicas.empty());
  EXPECT_TRUE(state().removing_replicas.empty());
  EXPECT_TRUE(ongoing().empty());
}

TEST_F(Reassignment, that_only_adds_leaves_the_leader_in_its_epoch) {
  EXPECT_EQ(error_of(nodes({1, 2, 3})), ErrorCode::none);
  EXPECT_EQ(in_sync({1, 2, 3}), ErrorCode::none);
  EXPECT_EQ(state().replicas, nodes({1, 2, 3}));
  EXPECT_TRUE(state().adding_replicas.empty());
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{0});
}

TEST_F(Reassignment, that_removes_a_follower_ends_at_once_and_raises_the_leader_epoch) {
  EXPECT_EQ(error_of(nodes({1})), ErrorCode::none);
  EXPECT_EQ(state().replicas, nodes({1}));
  EXPECT_EQ(state().isr, nodes({1}));
  EXPECT_EQ(state().leader, NodeId{1});
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{1});
}

TEST_F(Reassignment, that_changes_the_order_ends_at_once) {
  EXPECT_EQ(error_of(nodes({2, 1})), ErrorCode::none);
  EXPECT_EQ(state().replicas, nodes({2, 1}));
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{0});
  EXPECT_TRUE(move({{0, nodes({2, 1})}}).records.empty());
}

TEST_F(Reassignment, that_is_cancelled_leaves_the_old_replicas) {
  error_of(nodes({4, 5}));
  EXPECT_EQ(in_sync({1, 2, 4}), ErrorCode::none);
  EXPECT_EQ(error_of(std::nullopt), ErrorCode::none);
  EXPECT_EQ(state().replicas, nodes({1, 2}));
  EXPECT_EQ(state().isr, nodes({1, 2}));
  EXPECT_TRUE(state().adding_replicas.empty());
  EXPECT_TRUE(state().removing_replicas.empty());
  EXPECT_EQ(error_of(std::nullopt), ErrorCode::no_reassignment_in_progress);
}

TEST_F(Reassignment, cannot_be_cancelled_where_that_would_lose_records) {
  error_of(nodes({4, 5}));
  EXPECT_EQ(in_sync({1, 4}), ErrorCode::none);
  c.fence(1);
  EXPECT_EQ(state().isr, nodes({4}));
  EXPECT_EQ(error_of(std::nullopt), ErrorCode::invalid_replica_assignment);
  EXPECT_EQ(state().leader, NodeId{4});
}

TEST_F(Reassignment, that_is_replaced_by_another_leads_to_the_second_target) {
  error_of(nodes({4, 5}));
  error_of(nodes({1, 3}));
  EXPECT_EQ(state().replicas, nodes({1, 3, 2, 4, 5}));
  EXPECT_EQ(in_sync({1, 2, 3}), ErrorCode::none);
  EXPECT_EQ(state().replicas, nodes({1, 3}));
  EXPECT_EQ(state().isr, nodes({1, 3}));
  EXPECT_TRUE(state().adding_replicas.empty());
}

TEST_F(Reassignment, goes_on_whoever_leads_meanwhile) {
  error_of(nodes({3, 4}));
  EXPECT_EQ(in_sync({1, 2, 3}), ErrorCode::none);
  c.fence(1);
  EXPECT_EQ(state().leader, NodeId{3});
  EXPECT_EQ(in_sync({2, 3, 4}), ErrorCode::none);
  EXPECT_EQ(state().replicas, nodes({3, 4}));
  EXPECT_EQ(state().leader, NodeId{3});
}

}  // namespace
}  // namespace brokersim::controller
