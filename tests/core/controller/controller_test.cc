// The active controller, rule by rule: brokers that register, beat and vanish, leaders that move,
// ISRs that change. Each test tells one rule; controller_invariants_test.cc mixes them all.
#include "core/controller/controller.h"

#include <memory>

#include <gtest/gtest.h>

#include "core/controller/alter_partition.h"
#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

// ---- Registration ------------------------------------------------------------------------------

TEST(Registration, gives_the_offset_of_its_record_as_epoch_and_starts_fenced) {
  Cluster c(2);
  const auto offset = c.controller.next_offset();
  const auto decision = c.register_broker(7, 1);
  EXPECT_EQ(decision.response.error_code, ErrorCode::none);
  EXPECT_EQ(decision.response.broker_epoch.value, offset);
  EXPECT_TRUE(c.controller.image().find_broker(NodeId{7})->is_fenced);
  EXPECT_EQ(of_kind<BrokerRegistered>(decision.events).size(), 1U);
}

TEST(Registration, of_another_cluster_is_refused) {
  Cluster c(0);
  api::BrokerRegistrationRequest request;
  request.cluster_id = "another";
  const auto decision = c.controller.register_broker({}, request);
  EXPECT_EQ(decision.response.error_code, ErrorCode::inconsistent_cluster_id);
  EXPECT_TRUE(decision.records.empty());
}

// KAFKA-19047
TEST(Registration, of_another_incarnation_need_not_wait_for_who_is_shutting_down) {
  Cluster c(2);
  c.create("t", {1, 2});
  c.heartbeat(1, {.want_shut_down = true});
  EXPECT_EQ(c.register_broker(1, 2).response.error_code, ErrorCode::none);
}

TEST(Registration, of_another_incarnation_waits_for_the_session_to_end) {
  Cluster c(1);
  c.now += 9s - 1ns;
  EXPECT_EQ(c.register_broker(1, 2).response.error_code, ErrorCode::duplicate_broker_registration);
  c.now += 1ns;
  EXPECT_EQ(c.register_broker(1, 2).response.error_code, ErrorCode::none);
}

TEST(Registration, again_of_the_same_incarnation_keeps_epoch_and_state) {
  Cluster c(1);
  const auto epoch = c.epoch_of(1);
  const auto decision = c.register_broker(1, 1);
  EXPECT_EQ(decision.response.broker_epoch, epoch);
  EXPECT_TRUE(c.controller.image().is_active(NodeId{1}));
}

TEST(Registration, of_a_new_incarnation_takes_the_broker_out_of_every_isr_it_can_leave) {
  Cluster c(2);
  c.create("shared", {1, 2});
  c.create("alone", {1});
  c.now += 9s;
  c.heartbeat(2);
  const auto decision = c.register_broker(1, 2);
  EXPECT_EQ(c.partition("shared").isr, nodes({2}));
  EXPECT_EQ(c.partition("shared").leader, NodeId{2});
  EXPECT_EQ(c.partition("alone").isr, nodes({1}));
  EXPECT_EQ(c.partition("alone").leader, no_node);
  EXPECT_EQ(decision.response.broker_epoch.value, decision.end_offset() - 1);
  EXPECT_EQ(of_kind<BrokerFenced>(decision.events).size(), 1U);
}

TEST(Registration, needs_support_for_what_the_cluster_has_finalized) {
  Image image("cluster");
  ASSERT_TRUE(image.apply(FeatureLevelRecord{"metadata.version", 20}, 0));
  Controller controller(image, 1, {}, {}, {});
  api::BrokerRegistrationRequest request;
  request.cluster_id = "cluster";
  request.features = {{"metadata.version", 1, 19}};
  EXPECT_EQ(controller.register_broker({}, request).response.error_code,
            ErrorCode::unsupported_version);
  request.features = {{"metadata.version", 1, 20}};
  EXPECT_EQ(controller.register_broker({}, request).response.error_code, ErrorCode::none);
}

// ---- Heartbeats --------------------------------------------------------------------------------

TEST(BrokerHeartbeats, of_an_earlier_epoch_are_stale) {
  Cluster c(1);
  api::BrokerHeartbeatRequest request;
  request.broker_id = NodeId{1};
  request.broker_epoch = BrokerEpoch{c.epoch_of(1).value + 1};
  EXPECT_EQ(c.controller.heartbeat({}, request).response.error_code, ErrorCode::stale_broker_epoch);
}

TEST(BrokerHeartbeats, unfence_once_the_broker_has_applied_its_own_registration) {
  Cluster c(0);
  c.register_broker(1, 1);
  const auto registered = c.controller.image().find_broker(NodeId{1})->registration_offset;
  const auto early = c.heartbeat(1, {.metadata_offset = registered - 1});
  EXPECT_TRUE(early.response.is_fenced);
  EXPECT_FALSE(early.response.is_caught_up);
  const auto caught_up = c.heartbeat(1, {.metadata_offset = registered});
  EXPECT_FALSE(caught_up.response.is_fenced);
  EXPECT_EQ(of_kind<BrokerUnfenced>(caught_up.events).size(), 1U);
}

TEST(BrokerHeartbeats, that_unfence_give_leaderless_partitions_their_leader_back) {
  Cluster c(1);
  c.create("t", {1});
  c.fence(1);
  EXPECT_EQ(c.partition("t").leader, no_node);
  EXPECT_EQ(c.partition("t").isr, nodes({1}));
  c.heartbeat(1);
  EXPECT_EQ(c.partition("t").leader, NodeId{1});
  EXPECT_EQ(c.partition("t").leader_epoch, LeaderEpoch{2});
}

TEST(ControlledShutdown, hands_leadership_over_and_ends_once_every_active_broker_knows) {
  Cluster c(2);
  c.create("t", {1, 2});
  const auto asked = c.heartbeat(1, {.want_shut_down = true});
  EXPECT_FALSE(asked.response.should_shut_down);
  EXPECT_EQ(c.partition("t").leader, NodeId{2});
  EXPECT_EQ(c.partition("t").isr, nodes({2}));

  const auto handed_over = c.controller.next_offset() - 1;
  c.heartbeat(2, {.metadata_offset = handed_over - 1});
  EXPECT_FALSE(c.heartbeat(1, {.want_shut_down = true}).response.should_shut_down);
  c.heartbeat(2, {.metadata_offset = handed_over});
  const auto done = c.heartbeat(1, {.want_shut_down = true});
  EXPECT_TRUE(done.response.should_shut_down);
  EXPECT_TRUE(c.controller.image().find_broker(NodeId{1})->is_fenced);
}

// ---- Sessions ----------------------------------------------------------------------------------

TEST(Sessions, that_end_fence_one_broker_per_tick) {
  Cluster c(3);
  c.create("t", {1, 2, 3});
  c.now += 5s;
  c.heartbeat(3);
  c.now += 4s;
  EXPECT_EQ(c.controller.next_tick(), c.now);
  const auto first = c.tick();
  ASSERT_EQ(of_kind<BrokerFenced>(first.events).size(), 1U);
  EXPECT_EQ(of_kind<BrokerFenced>(first.events).front().broker, NodeId{1});
  ASSERT_EQ(of_kind<SessionExpired>(first.events).size(), 1U);
  EXPECT_EQ(of_kind<SessionExpired>(first.events).front().broker, NodeId{1});
  EXPECT_EQ(of_kind<SessionExpired>(first.events).front().silent_ms, 9000);
  EXPECT_EQ(c.partition("t").leader, NodeId{2});
  EXPECT_LE(c.controller.next_tick(), c.now);
  c.tick();
  EXPECT_EQ(c.partition("t").leader, NodeId{3});
  EXPECT_EQ(c.partition("t").isr, nodes({3}));
  EXPECT_GT(c.controller.next_tick(), c.now);
  EXPECT_TRUE(c.tick().records.empty());
}

TEST(Sessions, start_afresh_with_a_new_controller) {
  Cluster c(1);
  const Instant later = c.now + 60s;
  Controller next(c.controller.image(), c.controller.next_offset(), later, {}, {});
  EXPECT_TRUE(next.tick(later + 9s - 1ns).records.empty());
  EXPECT_FALSE(next.tick(later + 9s).records.empty());
}

// ---- AlterPartition ----------------------------------------------------------------------------

struct Alterations : testing::Test {
  Cluster c{3};
  void SetUp() override {
    c.create("t", {1, 2, 3});
    c.fence(3);
    c.heartbeat(3);
    ASSERT_EQ(c.partition("t").isr, nodes({1, 2}));
  }

  ErrorCode error_of(const api::AlterPartitionRequest& request) {
    const auto decision = c.alter(request);
    if (decision.response.error_code != ErrorCode::none) return decision.response.error_code;
    const auto error = decision.response.topics.front().partitions.front().error_code;
    EXPECT_EQ(decision.records.empty(), error != ErrorCode::none);
    return error;
  }
  // The error of a request that is right but for what `spoil` does to its partition.
  template <class Spoil>
  ErrorCode error_after(Spoil spoil) {
    auto request = c.alteration("t", {1, 2, 3});
    spoil(request.topics.front().partitions.front());
    return error_of(request);
  }
};

TEST_F(Alterations, that_are_right_are_granted_and_answered_with_the_new_state) {
  const auto before = c.partition("t");
  const auto decision = c.alter(c.alteration("t", {1, 2, 3}));
  const auto& answer = decision.response.topics.front().partitions.front();
  EXPECT_EQ(answer.error_code, ErrorCode::none);
  EXPECT_EQ(answer.isr, nodes({1, 2, 3}));
  EXPECT_EQ(answer.leader_id, NodeId{1});
  EXPECT_EQ(answer.leader_epoch, before.leader_epoch);
  EXPECT_EQ(answer.partition_epoch, before.partition_epoch.next());
  ASSERT_EQ(of_kind<IsrChanged>(decision.events).size(), 1U);
  EXPECT_EQ(of_kind<IsrChanged>(decision.events).front().before, nodes({1, 2}));
}

TEST_F(Alterations, of_a_leader_with_an_old_broker_epoch_are_stale) {
  auto request = c.alteration("t", {1, 2, 3});
  --request.broker_epoch.value;
  EXPECT_EQ(error_of(request), ErrorCode::stale_broker_epoch);
}

TEST_F(Alterations, of_unknown_topics_and_partitions_are_refused) {
  auto request = c.alteration("t", {1, 2, 3});
  request.topics.front().topic_id = Uuid{9};
  EXPECT_EQ(error_of(request), ErrorCode::unknown_topic_id);
  EXPECT_EQ(error_after([](auto& p) { p.partition_index = 1; }),
            ErrorCode::unknown_topic_or_partition);
}

TEST_F(Alterations, are_refused_by_epoch_before_anything_else) {
  EXPECT_EQ(error_after([](auto& p) {
              ++p.leader_epoch.value;
              p.new_isr_with_epochs.clear();
            }),
            ErrorCode::not_controller);
  EXPECT_EQ(error_after([](auto& p) {
              ++p.partition_epoch.value;
              --p.leader_epoch.value;
            }),
            ErrorCode::not_controller);
  EXPECT_EQ(error_after([](auto& p) {
              --p.leader_epoch.value;
              --p.partition_epoch.value;
            }),
            ErrorCode::fenced_leader_epoch);
  EXPECT_EQ(error_after([](auto& p) {
              --p.partition_epoch.value;
              p.new_isr_with_epochs.clear();
            }),
            ErrorCode::invalid_update_version);
}

// ISR-15, KAFKA-14154: what the leader then waits for never comes.
TEST_F(Alterations, were_refused_for_good_by_a_controller_that_did_not_know_their_epochs) {
  const ReplicationRules as_once{.later_epochs_ask_elsewhere = false};
  const auto error_of_old = [&](const PartitionAlteration& proposal) {
    return check_alteration(c.controller.image(), c.partition("t"), NodeId{1}, proposal, as_once);
  };
  auto proposal = c.alteration("t", {1, 2, 3}).topics.front().partitions.front();
  EXPECT_EQ(error_of_old(proposal), ErrorCode::none);
  ++proposal.partition_epoch.value;
  EXPECT_EQ(error_of_old(proposal), ErrorCode::invalid_update_version);
  ++proposal.leader_epoch.value;
  EXPECT_EQ(error_of_old(proposal), ErrorCode::fenced_leader_epoch);
}

TEST_F(Alterations, of_another_than_the_leader_are_invalid) {
  auto request = c.alteration("t", {1, 2, 3});
  request.broker_id = NodeId{2};
  request.broker_epoch = c.epoch_of(2);
  EXPECT_EQ(error_of(request), ErrorCode::invalid_request);
}

TEST_F(Alterations, need_distinct_replicas_with_the_leader_among_them) {
  EXPECT_EQ(error_after([](auto& p) { p.new_isr_with_epochs.clear(); }),
            ErrorCode::invalid_request);
  EXPECT_EQ(error_after([](auto& p) { p.new_isr_with_epochs.front().broker_id = NodeId{4}; }),
            ErrorCode::invalid_request);
  EXPECT_EQ(
      error_after([](auto& p) { p.new_isr_with_epochs.erase(p.new_isr_with_epochs.begin()); }),
      ErrorCode::invalid_request);
  EXPECT_EQ(error_after([](auto& p) { p.new_isr_with_epochs.push_back(p.new_isr_with_epochs[1]); }),
            ErrorCode::invalid_request);
}

TEST_F(Alterations, may_not_claim_recovery_from_nothing) {
  EXPECT_EQ(error_after([](auto& p) { p.leader_recovery_state = 1; }), ErrorCode::invalid_request);
  EXPECT_EQ(error_after([](auto& p) { p.leader_recovery_state = 2; }), ErrorCode::invalid_request);
}

TEST_F(Alterations, admit_no_replica_that_is_fenced_leaving_or_another_incarnation) {
  EXPECT_EQ(error_after([](auto& p) { --p.new_isr_with_epochs[2].broker_epoch.value; }),
            ErrorCode::ineligible_replica);
  c.fence(3);
  EXPECT_EQ(error_after([](auto&) {}), ErrorCode::ineligible_replica);
  c.heartbeat(3);
  EXPECT_EQ(error_after([](auto& p) { p.new_isr_with_epochs[2].broker_epoch = no_broker_epoch; }),
            ErrorCode::none);
}

TEST_F(Alterations, admit_no_replica_that_is_shutting_down) {
  c.create("u", {3, 1});
  c.heartbeat(3, {.want_shut_down = true});
  const auto* leaving = c.controller.image().find_broker(NodeId{3});
  ASSERT_TRUE(leaving->is_in_controlled_shutdown && !leaving->is_fenced);
  EXPECT_EQ(error_after([](auto&) {}), ErrorCode::ineligible_replica);
}

// KIP-704.
TEST(AlterationsInRecovery, admit_nobody_before_it_is_over) {
  Cluster c(2);
  c.create("t", {1, 2}, {{"unclean.leader.election.enable", "true"}});
  c.fence(2);
  c.heartbeat(2);
  c.fence(1);
  c.heartbeat(1);
  ASSERT_EQ(c.partition("t").leader_recovery_state, LeaderRecoveryState::recovering);
  const auto error_with = [&](std::initializer_list<std::int32_t> isr, std::int8_t state) {
    auto request = c.alteration("t", isr);
    request.topics.front().partitions.front().leader_recovery_state = state;
    return c.alter(request).response.topics.front().partitions.front().error_code;
  };
  EXPECT_EQ(error_with({2, 1}, 1), ErrorCode::invalid_request);
  EXPECT_EQ(error_with({2}, 1), ErrorCode::none);
  EXPECT_EQ(error_with({2, 1}, 0), ErrorCode::none);
  EXPECT_EQ(c.partition("t").leader_recovery_state, LeaderRecoveryState::recovered);
}

TEST_F(Alterations, of_version_2_name_members_without_epochs) {
  EXPECT_EQ(error_after([](auto& p) {
              p.new_isr_with_epochs.clear();
              p.new_isr = nodes({1, 2, 3});
            }),
            ErrorCode::none);
}

// ---- Elections ---------------------------------------------------------------------------------

TEST(ElectLeaders, brings_the_preferred_leader_back_and_says_why_not) {
  Cluster c(2);
  c.create("t", {1, 2});
  const auto error = [&](std::int8_t type) {
    const auto results = c.elect("t", type).response.replica_election_results;
    return results.front().partition_result.front().error_code;
  };
  EXPECT_EQ(error(0), ErrorCode::election_not_needed);
  c.fence(1);
  EXPECT_EQ(error(0), ErrorCode::preferred_leader_not_available);
  c.heartbeat(1);
  EXPECT_EQ(error(0), ErrorCode::preferred_leader_not_available);  // Not in sync.
  c.alter(c.alteration("t", {2, 1}));
  EXPECT_EQ(error(0), ErrorCode::none);
  EXPECT_EQ(c.partition("t").leader, NodeId{1});
  EXPECT_EQ(c.elect("t", 2).response.error_code, ErrorCode::invalid_request);
}

TEST(ElectLeaders, uncleanly_takes_any_active_replica_where_there_is_no_leader) {
  Cluster c(2);
  c.create("t", {1, 2});
  const auto error = [&] {
    const auto results = c.elect("t", 1).response.replica_election_results;
    return results.front().partition_result.front().error_code;
  };
  EXPECT_EQ(error(), ErrorCode::election_not_needed);
  c.fence(2);
  c.fence(1);
  EXPECT_EQ(error(), ErrorCode::eligible_leaders_not_available);
  c.heartbeat(2);
  EXPECT_EQ(c.partition("t").leader, no_node);
  EXPECT_EQ(error(), ErrorCode::none);
  EXPECT_EQ(c.partition("t").leader, NodeId{2});
  EXPECT_EQ(c.partition("t").isr, nodes({2}));
  EXPECT_EQ(c.partition("t").leader_recovery_state, LeaderRecoveryState::recovering);
}

TEST(ElectLeaders, of_all_partitions_answers_for_those_that_need_it) {
  Cluster c(2);
  c.create("a", {1, 2});
  c.create("b", {2, 1});
  c.fence(1);
  const auto decision = c.keep(c.controller.elect_leaders({}));
  ASSERT_EQ(decision.response.replica_election_results.size(), 1U);
  EXPECT_EQ(decision.response.replica_election_results.front().topic, "a");
}

// Broker 1 is the only one in sync, and goes.
NodeId leader_after_losing_the_isr(Cluster& c, const char* topic_setting) {
  std::vector<api::CreateTopicsRequest::CreatableTopicConfig> configs;
  if (topic_setting) configs.push_back({"unclean.leader.election.enable", topic_setting});
  c.create("t", {1, 2}, configs);
  c.fence(2);
  c.heartbeat(2);
  c.fence(1);
  return c.partition("t").leader;
}

TEST(UncleanElections, happen_where_topic_or_cluster_allow_them_and_nowhere_else) {
  ControllerConfig permissive;
  permissive.topic_defaults.configs["unclean.leader.election.enable"] = "true";
  EXPECT_EQ(leader_after_losing_the_isr(*std::make_unique<Cluster>(2), nullptr), no_node);
  EXPECT_EQ(leader_after_losing_the_isr(*std::make_unique<Cluster>(2), "true"), NodeId{2});
  EXPECT_EQ(leader_after_losing_the_isr(*std::make_unique<Cluster>(2, permissive), nullptr),
            NodeId{2});
  EXPECT_EQ(leader_after_losing_the_isr(*std::make_unique<Cluster>(2, permissive), "false"),
            no_node);
}

TEST(UncleanElections, by_default_are_the_old_rule_where_nobody_says) {
  const Rules old{.unclean_leader_election_by_default = true};
  ControllerConfig strict;
  strict.topic_defaults.configs["unclean.leader.election.enable"] = "false";
  EXPECT_EQ(
      leader_after_losing_the_isr(*std::make_unique<Cluster>(2, ControllerConfig{}, old), nullptr),
      NodeId{2});
  EXPECT_EQ(leader_after_losing_the_isr(*std::make_unique<Cluster>(2, strict, old), nullptr),
            no_node);
}

// KAFKA-12670: nobody comes or goes meanwhile.
TEST(UncleanElections, happen_where_they_are_permitted_later_after_the_interval) {
  ControllerConfig config;
  config.broker_session_timeout = 3600s;
  Cluster c(2, config);
  EXPECT_EQ(leader_after_losing_the_isr(c, nullptr), no_node);
  api::IncrementalAlterConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = static_cast<std::int8_t>(ConfigResource::Type::topic);
  resource.resource_name = "t";
  resource.configs.push_back({.name = "unclean.leader.election.enable", .value = "true"});
  c.keep(c.controller.incremental_alter_configs(request));
  c.tick();
  EXPECT_EQ(c.partition("t").leader, no_node);
  c.now += 300s;
  EXPECT_LE(c.controller.next_tick(), c.now);
  c.tick();
  EXPECT_EQ(c.partition("t").leader, NodeId{2});
}

TEST(UncleanElections, are_reported_as_such) {
  Cluster c(2);
  c.create("t", {1, 2}, {{"unclean.leader.election.enable", "true"}});
  c.fence(2);
  c.heartbeat(2);
  const auto decision = c.heartbeat(1, {.want_fence = true});
  const auto elected = of_kind<LeaderElected>(decision.events);
  ASSERT_EQ(elected.size(), 1U);
  EXPECT_FALSE(elected.front().is_clean);
  EXPECT_EQ(elected.front().from, NodeId{1});
  EXPECT_EQ(elected.front().to, NodeId{2});
  EXPECT_EQ(elected.front().isr_before, nodes({1}));
  EXPECT_EQ(elected.front().isr_after, nodes({2}));
  EXPECT_EQ(elected.front().leader_epoch, c.partition("t").leader_epoch);
}

TEST(Rebalancing, returns_leadership_to_preferred_replicas_after_the_interval) {
  ControllerConfig config;
  config.broker_session_timeout = 3600s;
  Cluster c(2, config);
  c.create("t", {1, 2});
  c.fence(1);
  c.heartbeat(1);
  c.alter(c.alteration("t", {2, 1}));
  EXPECT_TRUE(c.tick().records.empty());
  c.now += 300s;
  EXPECT_EQ(c.controller.next_tick(), c.now);
  c.tick();
  EXPECT_EQ(c.partition("t").leader, NodeId{1});
  EXPECT_GT(c.controller.next_tick(), c.now);
}

TEST(Rebalancing, of_many_partitions_goes_on_at_once_in_further_decisions) {
  ControllerConfig config;
  config.broker_session_timeout = 3600s;
  config.max_elections_per_rebalance = 2;
  Cluster c(2, config);
  for (const char* topic : {"t", "u", "v"}) c.create(topic, {1, 2});
  c.fence(1);
  c.heartbeat(1);
  for (const char* topic : {"t", "u", "v"}) c.alter(c.alteration(topic, {2, 1}));
  c.now += 300s;
  EXPECT_EQ(of_kind<LeaderElected>(c.tick().events).size(), 2U);
  EXPECT_EQ(c.controller.next_tick(), c.now);
  EXPECT_EQ(of_kind<LeaderElected>(c.tick().events).size(), 1U);
  EXPECT_EQ(c.controller.next_tick(), c.now + 300s);
  for (const char* topic : {"t", "u", "v"}) EXPECT_EQ(c.partition(topic).leader, NodeId{1});
}

}  // namespace
}  // namespace brokersim::controller
