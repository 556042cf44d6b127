// Feature levels and registrations: what may be changed of them, and the codes of what may not.
#include "core/controller/features.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/controller/image_records.h"
#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

constexpr std::int8_t upgrade = 1, safe_downgrade = 2;

struct Features : testing::Test {
  Cluster c{0};
  void SetUp() override {
    api::BrokerRegistrationRequest request;
    request.broker_id = NodeId{1};
    request.cluster_id = "cluster";
    request.features.push_back(
        {.name = "metadata.version", .min_supported_version = 1, .max_supported_version = 25});
    c.keep(c.controller.register_broker(c.now, request));
  }
  ErrorCode error_of(std::string feature, std::int16_t level, std::int8_t type = upgrade,
                     bool validate_only = false) {
    api::UpdateFeaturesRequest request;
    request.validate_only = validate_only;
    request.feature_updates.push_back(
        {.feature = std::move(feature), .max_version_level = level, .upgrade_type = type});
    return c.keep(c.controller.update_features(request, 1)).response.error_code;
  }
};

TEST_F(Features, have_levels_that_everybody_supports) {
  const auto invalid = ErrorCode::invalid_update_version;
  EXPECT_EQ(error_of("no.such.feature", 1), invalid);
  EXPECT_EQ(error_of("metadata.version", -1), invalid);
  EXPECT_EQ(error_of("metadata.version", 0), invalid);
  EXPECT_EQ(error_of("metadata.version", 26), invalid);
  EXPECT_EQ(error_of("metadata.version", 24), invalid);  // Nobody would act upon it.
  EXPECT_EQ(error_of("metadata.version", 25, 4), invalid);
  EXPECT_EQ(error_of("metadata.version", 25, upgrade, true), ErrorCode::none);
  EXPECT_TRUE(c.controller.image().features().empty());
  EXPECT_EQ(error_of("metadata.version", 25), ErrorCode::none);
  EXPECT_EQ(c.controller.image().features().at("metadata.version"), 25);
}

TEST_F(Features, are_not_set_to_what_a_broker_does_not_support) {
  api::BrokerRegistrationRequest older;
  older.broker_id = NodeId{2};
  older.cluster_id = "cluster";
  older.features.push_back(
      {.name = "metadata.version", .min_supported_version = 1, .max_supported_version = 20});
  c.keep(c.controller.register_broker(c.now, older));
  EXPECT_EQ(error_of("metadata.version", 25), ErrorCode::invalid_update_version);
  // Who is gone for good holds nobody up, and cannot come back as it was.
  c.keep(c.controller.unregister_broker({.broker_id = NodeId{2}}));
  EXPECT_EQ(error_of("metadata.version", 25), ErrorCode::none);
  EXPECT_EQ(c.keep(c.controller.register_broker(c.now, older)).response.error_code,
            ErrorCode::unsupported_version);
}

TEST_F(Features, of_the_metadata_never_go_down) {
  EXPECT_EQ(error_of("metadata.version", 25), ErrorCode::none);
  EXPECT_EQ(error_of("metadata.version", 24), ErrorCode::invalid_update_version);
  EXPECT_EQ(error_of("metadata.version", 24, safe_downgrade), ErrorCode::invalid_update_version);
  EXPECT_EQ(error_of("metadata.version", 25), ErrorCode::none);
}

TEST_F(Features, are_not_raised_by_who_asks_to_lower_them) {
  EXPECT_EQ(error_of("metadata.version", 25, safe_downgrade), ErrorCode::invalid_update_version);
  EXPECT_TRUE(c.controller.image().features().empty());
  EXPECT_EQ(error_of("metadata.version", 25, upgrade), ErrorCode::none);
  EXPECT_EQ(error_of("metadata.version", 25, safe_downgrade), ErrorCode::none);  // As it is.
}

TEST_F(Features, change_all_or_not_at_all) {
  api::UpdateFeaturesRequest request;
  request.feature_updates.push_back({.feature = "metadata.version", .max_version_level = 25});
  request.feature_updates.push_back({.feature = "no.such.feature", .max_version_level = 1});
  const auto decision = c.keep(c.controller.update_features(request, 1));
  EXPECT_EQ(decision.response.error_code, ErrorCode::invalid_update_version);
  EXPECT_TRUE(decision.response.results.empty());
  EXPECT_TRUE(decision.records.empty());
}

TEST(Unregistering, takes_a_broker_out_and_lets_it_come_back) {
  Cluster c{2};
  c.create("t", {1, 2});
  const auto epoch = c.epoch_of(1);
  EXPECT_EQ(c.keep(c.controller.unregister_broker({.broker_id = NodeId{9}})).response.error_code,
            ErrorCode::broker_id_not_registered);
  EXPECT_EQ(c.keep(c.controller.unregister_broker({.broker_id = NodeId{1}})).response.error_code,
            ErrorCode::none);
  EXPECT_EQ(c.controller.image().find_broker(NodeId{1}), nullptr);
  EXPECT_EQ(c.partition("t").leader, NodeId{2});
  EXPECT_EQ(c.partition("t").isr, nodes({2}));
  c.start(1, 2);
  EXPECT_GT(c.epoch_of(1), epoch);
}

// It has what is committed, and nobody else does: it leads again once it is back.
TEST(Unregistering, leaves_the_last_in_sync_as_it_is_and_without_a_leader) {
  Cluster c{2};
  c.create("t", {1, 2});
  c.keep(c.controller.unregister_broker({.broker_id = NodeId{2}}));
  c.keep(c.controller.unregister_broker({.broker_id = NodeId{1}}));
  EXPECT_EQ(c.partition("t").leader, no_node);
  EXPECT_EQ(c.partition("t").isr, nodes({1}));
  c.start(2, 2);
  EXPECT_EQ(c.partition("t").leader, no_node);
  c.start(1, 2);
  EXPECT_EQ(c.partition("t").leader, NodeId{1});
}

// As one that is fenced: in events, too, unless it was so before.
TEST(Unregistering, is_told_as_a_fencing) {
  Cluster c{2};
  const auto fenced = [&] {
    const auto events = c.keep(c.controller.unregister_broker({.broker_id = NodeId{1}})).events;
    return of_kind<BrokerFenced>(events);
  };
  const auto first = fenced();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].broker, NodeId{1});
  EXPECT_EQ(first[0].why, "broker-1 was unregistered");
  api::BrokerRegistrationRequest request;
  request.broker_id = NodeId{1};
  request.cluster_id = "cluster";
  c.keep(c.controller.register_broker(c.now, request));
  EXPECT_TRUE(fenced().empty());
}

// KIP-1022.
TEST(SupportedFeatures, that_begin_at_level_0_are_told_in_versions_that_can_say_so) {
  const auto told = [](std::int16_t version) {
    std::vector<std::string> names;
    for (const auto& feature : features_told_in(version)) names.emplace_back(feature.name);
    return names;
  };
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  EXPECT_FALSE(has(told(3), "eligible.leader.replicas.version"));
  EXPECT_TRUE(has(told(4), "eligible.leader.replicas.version"));
  EXPECT_TRUE(has(told(3), "metadata.version"));
}

TEST(SupportedFeatures, of_level_0_can_be_set_and_given_up) {
  Cluster c(1);
  const auto go_to = [&](std::int16_t level, std::int8_t type) {
    api::UpdateFeaturesRequest request;
    request.feature_updates.push_back({.feature = "eligible.leader.replicas.version",
                                       .max_version_level = level,
                                       .upgrade_type = type});
    return c.keep(c.controller.update_features(request, 1)).response.error_code;
  };
  EXPECT_EQ(go_to(2, upgrade), ErrorCode::invalid_update_version);
  EXPECT_EQ(go_to(1, upgrade), ErrorCode::none);
  EXPECT_TRUE(has_eligible_leader_replicas(c.controller.image()));
  EXPECT_EQ(go_to(0, upgrade), ErrorCode::invalid_update_version);
  EXPECT_EQ(go_to(0, safe_downgrade), ErrorCode::none);
  EXPECT_FALSE(has_eligible_leader_replicas(c.controller.image()));
}

TEST(NewClusters, begin_with_the_features_they_were_formatted_with) {
  Cluster c(0);
  const auto decision = c.keep(c.controller.bootstrap(
      {{"eligible.leader.replicas.version", 0}, {"transaction.version", 2}}));
  EXPECT_EQ(decision.records.size(), 2U);
  EXPECT_EQ(finalized_level(c.controller.image(), transaction_version), 2);
}

// KIP-778: whoever reads the log has to know first in which form.
TEST(NewClusters, say_first_in_which_form_their_metadata_is_written) {
  Cluster c(0);
  const auto decision = c.keep(c.controller.bootstrap(default_levels()));
  const auto* first = std::get_if<FeatureLevelRecord>(&decision.records.front());
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->name, metadata_version);
  EXPECT_EQ(first->feature_level, metadata_level);
  EXPECT_EQ(records_of(c.controller.image()).front(), decision.records.front());
}

// As a Kafka 4.0 that is formatted without a word: KIP-848 and KIP-890 are on.
TEST(NewClusters, have_by_default_what_is_in_production) {
  EXPECT_EQ(default_levels(), (FeatureLevels{{"group.version", 1}, {"transaction.version", 2}}));
}

}  // namespace
}  // namespace brokersim::controller
