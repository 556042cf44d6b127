// Eligible leader replicas (KIP-966): who stays eligible when the ISR shrinks below what it takes
// to commit, who is elected of them, who is not counted on any more.
#include <gtest/gtest.h>

#include "core/controller/election.h"
#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

ElectionTerms terms_with(std::vector<NodeId> active, std::int32_t min_insync_replicas = 2) {
  return {.is_active = [active](NodeId id) { return contains(active, id); },
          .min_insync_replicas = min_insync_replicas};
}

Partition on_three(std::vector<NodeId> isr, std::vector<NodeId> elr = {}, std::int32_t leader = 1) {
  return {.replicas = nodes({1, 2, 3}),
          .isr = std::move(isr),
          .elr = std::move(elr),
          .leader = NodeId{leader}};
}

// ---- Changes of one partition ------------------------------------------------------------------

TEST(EligibleReplicas, are_those_that_leave_while_too_few_are_in_sync_to_commit) {
  const auto terms = terms_with(nodes({1, 2, 3}));
  const auto to_two = change_partition({}, 0, on_three(nodes({1, 2, 3})), {nodes({1, 2})}, terms);
  ASSERT_TRUE(to_two);
  EXPECT_FALSE(to_two->eligible_leader_replicas);  // Two go on committing without the third.
  const auto to_one = change_partition({}, 0, on_three(nodes({1, 2})), {nodes({1})}, terms);
  ASSERT_TRUE(to_one);
  EXPECT_EQ(to_one->eligible_leader_replicas, nodes({2}));
  const auto at_once = change_partition({}, 0, on_three(nodes({1, 2, 3})), {nodes({1})}, terms);
  EXPECT_EQ(at_once->eligible_leader_replicas, nodes({2, 3}));
}

TEST(EligibleReplicas, are_none_once_enough_are_in_sync_again) {
  const auto change = change_partition({}, 0, on_three(nodes({1}), nodes({2})), {nodes({1, 3})},
                                       terms_with(nodes({1, 2, 3})));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->eligible_leader_replicas, nodes({}));
}

TEST(EligibleReplicas, need_no_more_in_sync_than_there_are_replicas) {
  auto partition = on_three(nodes({1, 2}));
  partition.replicas = nodes({1, 2});
  const auto terms = terms_with(nodes({1, 2}), 5);
  EXPECT_FALSE(change_partition({}, 0, partition, {nodes({1, 2})}, terms));
  const auto to_one = change_partition({}, 0, partition, {nodes({1})}, terms);
  EXPECT_EQ(to_one->eligible_leader_replicas, nodes({2}));
}

TEST(EligibleReplicas, lead_cleanly_once_nobody_is_in_sync) {
  const auto change =
      change_partition({}, 0, on_three(nodes({1}), nodes({3, 2})), {{}}, terms_with(nodes({2, 3})));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->leader, NodeId{2});
  EXPECT_EQ(change->isr, nodes({2}));
  EXPECT_EQ(change->eligible_leader_replicas, nodes({3, 1}));
  EXPECT_EQ(change->leader_recovery_state, -1);
  EXPECT_FALSE(change->last_known_elr);
}

// What it commits from then on nobody else has, whoever was eligible with it.
TEST(EligibleReplicas, are_none_beside_one_that_is_elected_and_enough_to_commit) {
  const auto change =
      change_partition({}, 0, on_three({}, nodes({2, 3}), -1), {{}}, terms_with(nodes({2}), 1));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->leader, NodeId{2});
  EXPECT_EQ(change->isr, nodes({2}));
  EXPECT_EQ(change->eligible_leader_replicas, nodes({}));
}

TEST(EligibleReplicas, do_not_lead_before_those_in_sync) {
  const auto partition = on_three(nodes({3}), nodes({1, 2}), 3);
  EXPECT_EQ(elect(partition, {partition.isr, partition.elr}, Election::preferred,
                  terms_with(nodes({1, 2, 3})))
                .leader,
            NodeId{3});
}

TEST(EligibleReplicas, of_whom_none_is_there_leave_the_partition_without_leader) {
  const auto change =
      change_partition({}, 0, on_three(nodes({1}), nodes({2})), {{}}, terms_with(nodes({3})));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->leader, no_node);
  EXPECT_EQ(change->isr, nodes({}));
  EXPECT_EQ(change->eligible_leader_replicas, nodes({2, 1}));
  EXPECT_EQ(change->last_known_elr, nodes({1}));
}

TEST(EligibleReplicas, are_given_up_by_an_unclean_election) {
  const auto change = change_partition({}, 0, on_three(nodes({1}), nodes({2})),
                                       {{}, Election::unclean}, terms_with(nodes({3})));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->isr, nodes({3}));
  EXPECT_EQ(change->eligible_leader_replicas, nodes({}));
  EXPECT_EQ(change->leader_recovery_state, 1);
}

TEST(EligibleReplicas, are_never_who_restarted_uncleanly) {
  PartitionChange change{.target_isr = {}, .restarted_uncleanly = NodeId{1}};
  const auto record =
      change_partition({}, 0, on_three(nodes({1}), nodes({2})), change, terms_with(nodes({3})));
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->eligible_leader_replicas);  // As before: 2 alone.
  change = {.target_isr = nodes({1}), .restarted_uncleanly = NodeId{2}};
  const auto other =
      change_partition({}, 0, on_three(nodes({1}), nodes({2})), change, terms_with(nodes({1})));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->eligible_leader_replicas, nodes({}));
}

// KAFKA-19522.
TEST(LastKnownLeader, leads_again_uncleanly_if_it_is_there_and_nobody_is_eligible) {
  auto partition = on_three({}, {}, -1);
  partition.last_known_elr = nodes({1});
  EXPECT_FALSE(change_partition({}, 0, partition, {{}}, terms_with(nodes({2, 3}))));
  const auto back = change_partition({}, 0, partition, {{}}, terms_with(nodes({1, 2, 3})));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->leader, NodeId{1});
  EXPECT_EQ(back->isr, nodes({1}));
  EXPECT_EQ(back->leader_recovery_state, 1);
  EXPECT_EQ(back->last_known_elr, nodes({}));
  partition.elr = nodes({2});
  EXPECT_FALSE(change_partition({}, 0, partition, {{}}, terms_with(nodes({1, 3}))));
}

TEST(LastKnownLeader, is_unknown_where_there_are_no_eligible_replicas) {
  auto partition = on_three({}, {}, -1);
  partition.last_known_elr = nodes({1});
  ElectionTerms without{.is_active = [](NodeId) { return true; }};
  EXPECT_EQ(elect(partition, {}, Election::online, without).leader, no_node);
}

// ---- The life of brokers -----------------------------------------------------------------------

// Brokers 1, 2, 3 with ELRs; `t` takes two in sync to commit.
struct EligibleBrokers : testing::Test {
  Cluster c{3};
  void SetUp() override {
    c.keep(c.controller.bootstrap({{"eligible.leader.replicas.version", 1}}));
    c.create("t", {1, 2, 3}, {{"min.insync.replicas", "2"}});
  }
  const Partition& t() const { return c.partition("t"); }
  void restart(std::int32_t id, std::uint8_t life, BrokerEpoch previous) {
    c.now += 9s;
    for (const std::int32_t other : {1, 2, 3}) {
      if (other != id && c.controller.image().is_active(NodeId{other})) c.heartbeat(other);
    }
    c.register_broker(id, life, previous);
  }
};

TEST_F(EligibleBrokers, that_are_fenced_stay_eligible_and_lead_again) {
  c.fence(3);
  EXPECT_EQ(t().elr, nodes({}));
  c.fence(2);
  EXPECT_EQ(t().isr, nodes({1}));
  EXPECT_EQ(t().elr, nodes({2}));
  c.fence(1);
  EXPECT_EQ(t().isr, nodes({}));
  EXPECT_EQ(t().leader, no_node);
  EXPECT_EQ(t().last_known_elr, nodes({1}));
  c.heartbeat(3);
  EXPECT_EQ(t().leader, no_node);  // It left while two went on committing.
  c.heartbeat(2);
  EXPECT_EQ(t().leader, NodeId{2});
  EXPECT_EQ(t().elr, nodes({1}));
  EXPECT_EQ(t().last_known_elr, nodes({}));
  EXPECT_EQ(t().leader_recovery_state, LeaderRecoveryState::recovered);
}

TEST_F(EligibleBrokers, that_restart_uncleanly_are_not_counted_on) {
  c.fence(3);
  c.fence(2);
  restart(1, 2, no_broker_epoch);
  EXPECT_EQ(t().isr, nodes({}));
  EXPECT_EQ(t().elr, nodes({2}));
  restart(2, 2, no_broker_epoch);
  EXPECT_EQ(t().elr, nodes({}));
  EXPECT_EQ(t().last_known_elr, nodes({1}));
  c.heartbeat(2);
  EXPECT_EQ(t().leader, no_node);
  c.heartbeat(1);
  EXPECT_EQ(t().leader, NodeId{1});
  EXPECT_EQ(t().leader_recovery_state, LeaderRecoveryState::recovering);
}

TEST_F(EligibleBrokers, that_restart_cleanly_stay_eligible) {
  c.fence(3);
  c.fence(2);
  restart(2, 2, c.epoch_of(2));
  EXPECT_EQ(t().elr, nodes({2}));
  restart(1, 2, c.epoch_of(1));
  EXPECT_EQ(t().elr, nodes({2, 1}));
  restart(2, 3, BrokerEpoch{c.epoch_of(2).value - 1});  // Of a life before the last.
  EXPECT_EQ(t().elr, nodes({1}));
}

TEST_F(EligibleBrokers, are_looked_at_anew_when_fewer_in_sync_will_do) {
  c.fence(3);
  c.fence(2);
  const auto before = t().partition_epoch;
  api::IncrementalAlterConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = static_cast<std::int8_t>(ConfigResource::Type::topic);
  resource.resource_name = "t";
  resource.configs.push_back({.name = "min.insync.replicas", .value = "1"});
  c.keep(c.controller.incremental_alter_configs(request));
  EXPECT_EQ(t().elr, nodes({}));
  EXPECT_EQ(t().partition_epoch, before.next());
  // And when more have to be, a leader changes no set before it knows.
  resource.configs.front().value = "2";
  const auto proposal = c.alteration("t", {1});
  c.keep(c.controller.incremental_alter_configs(request));
  const auto answer = c.alter(proposal).response.topics.front().partitions.front();
  EXPECT_EQ(answer.error_code, ErrorCode::invalid_update_version);
}

// Whoever was eligible does not have what the one in sync commits alone from then on.
TEST_F(EligibleBrokers, are_forgotten_where_the_cluster_goes_back_to_do_without) {
  c.fence(3);
  c.fence(2);
  EXPECT_EQ(t().elr, nodes({2}));
  api::UpdateFeaturesRequest request;
  request.feature_updates.push_back(
      {.feature = "eligible.leader.replicas.version", .max_version_level = 0, .upgrade_type = 2});
  EXPECT_EQ(c.keep(c.controller.update_features(request, 1)).response.error_code, ErrorCode::none);
  EXPECT_EQ(t().elr, nodes({}));
  c.heartbeat(2);
  c.fence(1);
  EXPECT_EQ(t().leader, no_node);
}

TEST(MinInsyncReplicas, are_the_clusters_where_there_are_eligible_replicas) {
  ControllerConfig config;
  config.topic_defaults.configs["min.insync.replicas"] = "2";
  Cluster c(2, config);
  const auto change = [&](std::string broker, wire::Nullable<std::string> value) {
    api::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = static_cast<std::int8_t>(ConfigResource::Type::broker);
    resource.resource_name = std::move(broker);
    const std::int8_t operation = value ? 0 : 1;
    resource.configs.push_back(
        {.name = "min.insync.replicas", .config_operation = operation, .value = std::move(value)});
    return c.keep(c.controller.incremental_alter_configs(request)).response.responses.front();
  };
  EXPECT_EQ(change("1", "1").error_code, ErrorCode::none);
  c.keep(c.controller.bootstrap({{"eligible.leader.replicas.version", 1}}));
  const auto& image = c.controller.image();
  EXPECT_EQ(image.configs({ConfigResource::Type::broker, ""}).at("min.insync.replicas"), "2");
  EXPECT_TRUE(image.configs({ConfigResource::Type::broker, "1"}).empty());
  EXPECT_EQ(change("1", "1").error_code, ErrorCode::invalid_config);
  EXPECT_EQ(change("", std::nullopt).error_code, ErrorCode::invalid_config);
  EXPECT_EQ(change("", "1").error_code, ErrorCode::none);
}

}  // namespace
}  // namespace brokersim::controller
