// Partitions are added and never taken away: every refusal, and the records of what is granted.
#include "core/controller/partition_growth.h"

#include <gtest/gtest.h>

#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

using Asked = api::CreatePartitionsRequest::CreatePartitionsTopic;

Asked growth(std::string topic, std::int32_t count) {
  Asked asked;
  asked.name = std::move(topic);
  asked.count = count;
  return asked;
}

Asked growth_to(std::int32_t count, std::vector<std::vector<NodeId>> assignments) {
  auto asked = growth("t", count);
  asked.assignments.emplace();
  for (auto& brokers : assignments) asked.assignments->push_back({.broker_ids = brokers});
  return asked;
}

// Brokers 1, 2 and 3 are well, 4 is fenced; `t` has one partition on 1 and 2.
struct PartitionGrowth : testing::Test {
  Cluster c{4};
  void SetUp() override {
    c.fence(4);
    c.create("t", {1, 2});
  }

  Decision<api::CreatePartitionsResponse> grow(std::vector<Asked> topics,
                                               bool validate_only = false) {
    api::CreatePartitionsRequest request;
    request.topics = std::move(topics);
    request.validate_only = validate_only;
    return c.keep(c.controller.create_partitions(request, 42));
  }
  ErrorCode error_of(Asked asked) {
    const auto decision = grow({std::move(asked)});
    const auto& result = decision.response.results.front();
    EXPECT_EQ(decision.records.empty(), result.error_code != ErrorCode::none);
    EXPECT_EQ(result.error_message.has_value(), result.error_code != ErrorCode::none);
    return result.error_code;
  }
  const Topic& topic() const { return *c.controller.image().find_topic("t"); }
};

TEST_F(PartitionGrowth, is_growth) {
  EXPECT_EQ(error_of(growth("nowhere", 2)), ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(error_of(growth("t", 1)), ErrorCode::invalid_partitions);
  EXPECT_EQ(error_of(growth("t", 0)), ErrorCode::invalid_partitions);
  EXPECT_EQ(error_of(growth("t", -1)), ErrorCode::invalid_partitions);
  EXPECT_EQ(error_of(growth("t", 10'002)), ErrorCode::policy_violation);
  EXPECT_EQ(error_of(growth("t", 3)), ErrorCode::none);
  EXPECT_EQ(error_of(growth("t", 2)), ErrorCode::invalid_partitions);
}

TEST_F(PartitionGrowth, gives_new_partitions_as_many_replicas_as_the_first_has) {
  grow({growth("t", 3)});
  ASSERT_EQ(topic().partitions.size(), 3U);
  for (const auto& [index, partition] : topic().partitions) {
    EXPECT_EQ(partition.replicas.size(), 2U) << index;
    EXPECT_TRUE(partition.has_leader()) << index;
    EXPECT_EQ(partition.leader_epoch, LeaderEpoch{0}) << index;
  }
}

TEST_F(PartitionGrowth, goes_where_it_is_told_to_if_that_is_possible) {
  const auto invalid = ErrorCode::invalid_replica_assignment;
  EXPECT_EQ(error_of(growth_to(3, {nodes({1, 2})})), invalid);
  EXPECT_EQ(error_of(growth_to(2, {nodes({1, 2}), nodes({2, 3})})), invalid);
  EXPECT_EQ(error_of(growth_to(2, {{}})), invalid);
  EXPECT_EQ(error_of(growth_to(2, {nodes({1})})), invalid);
  EXPECT_EQ(error_of(growth_to(2, {nodes({1, 1})})), invalid);
  EXPECT_EQ(error_of(growth_to(2, {nodes({1, 9})})), invalid);
  EXPECT_EQ(error_of(growth_to(2, {nodes({4, 3})})), ErrorCode::none);
  const auto& added = topic().partitions.at(1);
  EXPECT_EQ(added.replicas, nodes({4, 3}));
  EXPECT_EQ(added.isr, nodes({3}));
  EXPECT_EQ(added.leader, NodeId{3});
  c.fence(1);
  c.fence(2);
  EXPECT_EQ(error_of(growth_to(3, {nodes({1, 2})})), invalid);
}

TEST_F(PartitionGrowth, of_a_topic_named_twice_is_refused_once_without_harm_to_others) {
  c.create("u", {1});
  const auto decision = grow({growth("t", 2), growth("u", 2), growth("t", 3)});
  ASSERT_EQ(decision.response.results.size(), 2U);
  EXPECT_EQ(decision.response.results[0].error_code, ErrorCode::invalid_request);
  EXPECT_EQ(decision.response.results[1].error_code, ErrorCode::none);
  EXPECT_EQ(topic().partitions.size(), 1U);
}

TEST_F(PartitionGrowth, that_is_only_validated_does_not_happen) {
  const auto decision = grow({growth("t", 2)}, true);
  EXPECT_EQ(decision.response.results[0].error_code, ErrorCode::none);
  EXPECT_TRUE(decision.records.empty());
  EXPECT_EQ(topic().partitions.size(), 1U);
}

}  // namespace
}  // namespace brokersim::controller
