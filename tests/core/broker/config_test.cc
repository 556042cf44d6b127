// Settings by Kafka's names: what is refused, and that the refusal says what would fit.
#include "core/broker/config.h"

#include <gtest/gtest.h>

namespace brokersim::broker {
namespace {

std::string error_of(std::string_view name, std::string_view value) {
  NodeConfig config;
  const auto done = set(config, name, value);
  return done ? "" : done.error();
}

TEST(Config, a_setting_is_read_in_its_unit) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "broker.session.timeout.ms", "1500"));
  EXPECT_EQ(config.broker_session_timeout, 1500ms);
  ASSERT_TRUE(set(config, "leader.imbalance.check.interval.seconds", "2"));
  EXPECT_EQ(config.leader_imbalance_check_interval, 2s);
  ASSERT_TRUE(set(config, "unclean.leader.election.enable", "true"));
  EXPECT_TRUE(config.unclean_leader_election_enable);
}

TEST(Config, every_setting_takes_back_what_it_shows) {
  const NodeConfig defaults;
  for (const auto& [name, value] : settings_of(defaults)) {
    NodeConfig config;
    ASSERT_TRUE(set(config, name, value)) << name;
    EXPECT_EQ(settings_of(config), settings_of(defaults)) << name;
  }
}

TEST(Config, what_does_not_fit_is_refused_with_what_would) {
  EXPECT_EQ(error_of("min.insync.replica", "2"), "there is no setting 'min.insync.replica'");
  EXPECT_EQ(error_of("min.insync.replicas", "two"),
            "min.insync.replicas is 'two', but must be a whole number from 0 to 2147483647");
  EXPECT_EQ(error_of("min.insync.replicas", "-1"),
            "min.insync.replicas is '-1', but must be a whole number from 0 to 2147483647");
  EXPECT_EQ(error_of("auto.create.topics.enable", "yes"),
            "auto.create.topics.enable is 'yes', but must be true or false");
  EXPECT_EQ(error_of("broker.session.timeout.ms", "9223372036854775807"),
            "broker.session.timeout.ms is '9223372036854775807', but must be a time below 292 "
            "years");
}

TEST(Config, a_session_that_cannot_outlive_a_heartbeat_is_refused) {
  NodeConfig config;
  EXPECT_TRUE(check(config));
  config.broker_session_timeout = 3999ms;
  const auto checked = check(config);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error(),
            "broker.session.timeout.ms is 3999, but must be at least twice "
            "broker.heartbeat.interval.ms, which is 2000");
}

}  // namespace
}  // namespace brokersim::broker
