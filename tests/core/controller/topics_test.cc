// Creating and deleting topics: every refusal, and the records of what is granted.
#include <gtest/gtest.h>

#include "core/controller/controller.h"
#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

using CreatableTopic = api::CreateTopicsRequest::CreatableTopic;

CreatableTopic topic(std::string name, std::int32_t partitions, std::int16_t replication_factor) {
  CreatableTopic topic;
  topic.name = std::move(name);
  topic.num_partitions = partitions;
  topic.replication_factor = replication_factor;
  return topic;
}

CreatableTopic assigned(std::vector<std::vector<NodeId>> assignments) {
  auto t = topic("t", -1, -1);
  for (auto& brokers : assignments) {
    const auto index = static_cast<std::int32_t>(t.assignments.size());
    t.assignments.push_back({.partition_index = index, .broker_ids = std::move(brokers)});
  }
  return t;
}

CreatableTopic configured(std::string name, std::optional<std::string> value) {
  auto t = topic("t", 1, 1);
  t.configs.push_back({std::move(name), std::move(value)});
  return t;
}

Decision<api::CreateTopicsResponse> create(Cluster& c, std::vector<CreatableTopic> topics,
                                           bool validate_only = false) {
  api::CreateTopicsRequest request;
  request.topics = std::move(topics);
  request.validate_only = validate_only;
  return c.keep(c.controller.create_topics(request, 42));
}

// Brokers 1, 2 and 3 are well, 4 is fenced.
struct Topics : testing::Test {
  Cluster c{4};
  void SetUp() override { c.fence(4); }

  ErrorCode error_of(CreatableTopic asked) {
    const auto decision = create(c, {std::move(asked)});
    const auto& result = decision.response.topics.front();
    EXPECT_EQ(decision.records.empty(), result.error_code != ErrorCode::none);
    EXPECT_EQ(result.error_message.has_value(), result.error_code != ErrorCode::none);
    return result.error_code;
  }
};

TEST_F(Topics, have_legal_names_that_do_not_collide) {
  EXPECT_EQ(error_of(topic("", 1, 1)), ErrorCode::invalid_topic_exception);
  EXPECT_EQ(error_of(topic("..", 1, 1)), ErrorCode::invalid_topic_exception);
  EXPECT_EQ(error_of(topic("a b", 1, 1)), ErrorCode::invalid_topic_exception);
  EXPECT_EQ(error_of(topic(std::string(250, 'a'), 1, 1)), ErrorCode::invalid_topic_exception);
  EXPECT_EQ(error_of(topic(std::string(249, 'a'), 1, 1)), ErrorCode::none);
  EXPECT_EQ(error_of(topic("__cluster_metadata", 1, 1)), ErrorCode::invalid_request);
  EXPECT_EQ(error_of(topic("a.b", 1, 1)), ErrorCode::none);
  EXPECT_EQ(error_of(topic("a.b", 1, 1)), ErrorCode::topic_already_exists);
  EXPECT_EQ(error_of(topic("a_b", 1, 1)), ErrorCode::invalid_topic_exception);
}

TEST_F(Topics, have_counts_that_the_cluster_can_meet) {
  EXPECT_EQ(error_of(topic("t", 0, 1)), ErrorCode::invalid_partitions);
  EXPECT_EQ(error_of(topic("t", -2, 1)), ErrorCode::invalid_partitions);
  EXPECT_EQ(error_of(topic("t", 1, 0)), ErrorCode::invalid_replication_factor);
  EXPECT_EQ(error_of(topic("t", 1, -2)), ErrorCode::invalid_replication_factor);
  EXPECT_EQ(error_of(topic("t", 1, 5)), ErrorCode::invalid_replication_factor);
  EXPECT_EQ(error_of(topic("t", 10'001, 1)), ErrorCode::policy_violation);
  for (const auto id : {1, 2, 3}) c.fence(id);
  EXPECT_EQ(error_of(topic("t", 1, 1)), ErrorCode::invalid_replication_factor);
}

TEST_F(Topics, may_be_assigned_to_known_brokers_that_are_not_all_fenced) {
  auto counted = assigned({nodes({1})});
  counted.num_partitions = 1;
  EXPECT_EQ(error_of(counted), ErrorCode::invalid_request);
  const auto invalid = ErrorCode::invalid_replica_assignment;
  EXPECT_EQ(error_of(assigned({{}})), invalid);
  EXPECT_EQ(error_of(assigned({nodes({1, 1})})), invalid);
  EXPECT_EQ(error_of(assigned({nodes({1, 9})})), invalid);
  EXPECT_EQ(error_of(assigned({nodes({4})})), invalid);
  EXPECT_EQ(error_of(assigned({nodes({1, 2}), nodes({1})})), invalid);
  auto gap = assigned({nodes({1}), nodes({2})});
  gap.assignments[1].partition_index = 2;
  EXPECT_EQ(error_of(gap), invalid);
  auto twice = assigned({nodes({1}), nodes({2})});
  twice.assignments[1].partition_index = 0;
  EXPECT_EQ(error_of(twice), invalid);
  EXPECT_EQ(error_of(assigned({nodes({4, 2, 1})})), ErrorCode::none);
  EXPECT_EQ(c.partition("t").replicas, nodes({4, 2, 1}));
  EXPECT_EQ(c.partition("t").isr, nodes({2, 1}));  // The fenced one is not in sync.
  EXPECT_EQ(c.partition("t").leader, NodeId{2});
}

TEST_F(Topics, have_known_and_valid_configuration) {
  EXPECT_EQ(error_of(configured("no.such.key", "1")), ErrorCode::invalid_config);
  EXPECT_EQ(error_of(configured("min.insync.replicas", "0")), ErrorCode::invalid_config);
  EXPECT_EQ(error_of(configured("min.insync.replicas", std::nullopt)), ErrorCode::invalid_config);
  EXPECT_EQ(error_of(configured("min.insync.replicas", "2")), ErrorCode::none);
  const auto& configs = c.controller.image().configs({ConfigResource::Type::topic, "t"});
  EXPECT_EQ(configs, (Image::Configs{{"min.insync.replicas", "2"}}));
}

TEST_F(Topics, that_are_created_are_described_in_the_answer) {
  auto asked = configured("min.insync.replicas", "2");
  asked.num_partitions = 5;
  asked.replication_factor = 3;
  const auto decision = create(c, {asked});
  const auto& result = decision.response.topics.front();
  const auto* created = c.controller.image().find_topic("t");
  ASSERT_NE(created, nullptr);
  EXPECT_EQ(result.topic_id, created->id);
  EXPECT_EQ(result.num_partitions, 5);
  EXPECT_EQ(result.replication_factor, 3);
  EXPECT_EQ(created->partitions.size(), 5U);
  EXPECT_EQ(of_kind<LeaderElected>(decision.events).size(), 5U);
  bool is_shown = false;
  for (const auto& config : *result.configs) {
    if (config.name != "min.insync.replicas") continue;
    is_shown = config.value == "2" && config.config_source == 1;
  }
  EXPECT_TRUE(is_shown);
}

TEST_F(Topics, take_counts_from_the_configuration_where_the_request_leaves_them_open) {
  ControllerConfig config;
  config.num_partitions = 4;
  config.default_replication_factor = 2;
  Cluster other(3, config);
  create(other, {topic("t", -1, -1)});
  EXPECT_EQ(other.controller.image().find_topic("t")->partitions.size(), 4U);
  EXPECT_EQ(other.partition("t").replicas.size(), 2U);
}

TEST_F(Topics, named_twice_in_a_request_are_refused_once_without_harm_to_others) {
  const auto decision = create(c, {topic("a", 1, 1), topic("b", 1, 1), topic("a", 1, 1)});
  ASSERT_EQ(decision.response.topics.size(), 2U);
  EXPECT_EQ(decision.response.topics[0].error_code, ErrorCode::invalid_request);
  EXPECT_EQ(decision.response.topics[1].error_code, ErrorCode::none);
}

TEST_F(Topics, that_are_only_validated_are_not_created) {
  const auto decision = create(c, {topic("a", 1, 1)}, true);
  EXPECT_EQ(decision.response.topics.front().error_code, ErrorCode::none);
  EXPECT_TRUE(decision.records.empty());
  EXPECT_EQ(c.controller.image().find_topic("a"), nullptr);
}

TEST_F(Topics, are_deleted_by_name_or_id_and_come_back_with_another_id) {
  create(c, {topic("a", 1, 1), topic("b", 1, 1)});
  const auto old_id = c.controller.image().find_topic("a")->id;
  api::DeleteTopicsRequest request;
  request.topics.push_back({.name = "a"});
  request.topics.push_back({.topic_id = c.controller.image().find_topic("b")->id});
  request.topics.push_back({.name = "none"});
  request.topics.push_back({.topic_id = Uuid{9}});
  request.topics.push_back({});
  const auto decision = c.keep(c.controller.delete_topics(request, 6));
  const ErrorCode expected[] = {ErrorCode::none, ErrorCode::none,
                                ErrorCode::unknown_topic_or_partition, ErrorCode::unknown_topic_id,
                                ErrorCode::invalid_request};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(decision.response.responses[i].error_code, expected[i]) << i;
  }
  EXPECT_TRUE(c.controller.image().topics().empty());
  api::CreateTopicsRequest again;
  again.topics = {topic("a", 1, 1)};
  c.keep(c.controller.create_topics(again, 43));
  EXPECT_NE(c.controller.image().find_topic("a")->id, old_id);
}

// In Kafka the old name stays in the way.
TEST_F(Topics, with_dots_in_their_names_come_back_too) {
  create(c, {topic("a.b", 1, 1)});
  api::DeleteTopicsRequest request;
  request.topic_names = {"a.b"};
  c.keep(c.controller.delete_topics(request, 6));
  EXPECT_EQ(error_of(topic("a.b", 1, 1)), ErrorCode::none);
}

TEST_F(Topics, are_not_deleted_where_that_is_disabled) {
  ControllerConfig config;
  config.delete_topic_enable = false;
  Cluster other(3, config);
  create(other, {topic("a", 1, 1)});
  api::DeleteTopicsRequest request;
  request.topic_names = {"a", "none"};
  const auto old = other.keep(other.controller.delete_topics(request, 2));
  EXPECT_EQ(old.response.responses[0].error_code, ErrorCode::invalid_request);
  const auto decision = other.keep(other.controller.delete_topics(request, 3));
  EXPECT_EQ(decision.response.responses[0].error_code, ErrorCode::topic_deletion_disabled);
  EXPECT_EQ(decision.response.responses[1].error_code, ErrorCode::topic_deletion_disabled);
  EXPECT_TRUE(decision.records.empty());
}

TEST_F(Topics, are_not_deleted_where_a_request_names_them_twice) {
  create(c, {topic("a", 1, 1)});
  api::DeleteTopicsRequest request;
  request.topic_names = {"a", "a"};
  const auto decision = c.keep(c.controller.delete_topics(request, 6));
  EXPECT_TRUE(decision.records.empty());
  EXPECT_EQ(decision.response.responses[1].error_code, ErrorCode::invalid_request);
}

}  // namespace
}  // namespace brokersim::controller
