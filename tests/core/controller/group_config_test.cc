// What a consumer group may have for itself (KIP-848): which names there are, what fits, and what
// of a configuration that is there is in force.
#include "core/controller/group_config.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace brokersim::controller {
namespace {

struct GroupConfigs : testing::Test {
  inline static const std::string session{group_session_timeout};
  inline static const std::string heartbeat{group_heartbeat_interval};

  // Empty if nothing is.
  static std::string why_wrong(const Image::Configs& configs, const GroupTerms& terms = {}) {
    return why_invalid_group_configs(configs, terms).value_or("");
  }
  static bool are_fine(const Image::Configs& configs, const GroupTerms& terms = {}) {
    return why_wrong(configs, terms).empty();
  }
};

TEST_F(GroupConfigs, are_found_by_their_names_and_ordered_by_them) {
  const auto keys = group_config_keys();
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const auto& key : keys) EXPECT_EQ(find_group_config_key(key.name), &key);
  EXPECT_EQ(find_group_config_key(session)->broker, "group.consumer.session.timeout.ms");
  EXPECT_EQ(find_group_config_key("group.consumer.session.timeout.ms"), nullptr);
  EXPECT_EQ(find_group_config_key(""), nullptr);
}

TEST_F(GroupConfigs, are_within_the_bounds_of_the_node_which_count) {
  EXPECT_TRUE(are_fine({}));
  EXPECT_TRUE(are_fine({{session, "45000"}}));
  EXPECT_TRUE(are_fine({{session, "60000"}}));
  EXPECT_EQ(why_wrong({{session, "44999"}}),
            "consumer.session.timeout.ms must be greater than or equal to "
            "group.consumer.min.session.timeout.ms");
  EXPECT_EQ(why_wrong({{session, "60001"}}),
            "consumer.session.timeout.ms must be less than or equal to "
            "group.consumer.max.session.timeout.ms");
  EXPECT_TRUE(are_fine({{heartbeat, "5000"}}));
  EXPECT_TRUE(are_fine({{heartbeat, "15000"}}));
  EXPECT_EQ(why_wrong({{heartbeat, "4999"}}),
            "consumer.heartbeat.interval.ms must be greater than or equal to "
            "group.consumer.min.heartbeat.interval.ms");
  EXPECT_EQ(why_wrong({{heartbeat, "15001"}}),
            "consumer.heartbeat.interval.ms must be less than or equal to "
            "group.consumer.max.heartbeat.interval.ms");
}

TEST_F(GroupConfigs, are_known_and_numbers) {
  EXPECT_EQ(why_wrong({{"share.session.timeout.ms", "45000"}}),
            "Unknown group config name: share.session.timeout.ms");
  EXPECT_FALSE(are_fine({{session, "long"}}));
  EXPECT_FALSE(are_fine({{session, ""}}));
  EXPECT_FALSE(are_fine({{heartbeat, "0"}}));
}

// The other of the two is what the group has for itself, or what the node has for all.
TEST_F(GroupConfigs, have_a_session_longer_than_the_heartbeat) {
  const GroupTerms wide{.session_timeout_ms = {1'000, 9'000, 60'000},
                        .heartbeat_interval_ms = {1'000, 5'000, 15'000}};
  const std::string refusal =
      "consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms";
  EXPECT_EQ(why_wrong({{session, "5000"}}, wide), refusal);
  EXPECT_TRUE(are_fine({{session, "5001"}}, wide));
  EXPECT_EQ(why_wrong({{heartbeat, "9000"}}, wide), refusal);
  EXPECT_TRUE(are_fine({{heartbeat, "8999"}}, wide));
  EXPECT_TRUE(are_fine({{session, "2000"}, {heartbeat, "1999"}}, wide));
  EXPECT_EQ(why_wrong({{session, "2000"}, {heartbeat, "2000"}}, wide), refusal);
}

// As a record in the log may hold it that a validation elsewhere let pass.
TEST_F(GroupConfigs, that_do_not_fit_are_not_in_force) {
  EXPECT_EQ(group_duration({{session, "50000"}}, session), 50s);
  EXPECT_EQ(group_duration({{session, " +50000 "}}, session), 50s);
  EXPECT_EQ(group_duration({{session, "50000"}}, heartbeat), std::nullopt);
  EXPECT_EQ(group_duration({{session, "0"}}, session), std::nullopt);
  EXPECT_EQ(group_duration({{session, "long"}}, session), std::nullopt);
  EXPECT_EQ(group_duration({{session, "2147483648"}}, session), std::nullopt);
}

}  // namespace
}  // namespace brokersim::controller
