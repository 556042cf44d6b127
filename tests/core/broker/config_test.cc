// Settings by Kafka's names: what is refused, and that the refusal says what would fit.
#include "core/broker/config.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
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
  EXPECT_EQ(config.topic_defaults.at("unclean.leader.election.enable"), "true");
}

TEST(Config, every_setting_takes_back_what_it_shows) {
  const NodeConfig defaults;
  for (const auto& [name, value] : settings_of(defaults)) {
    NodeConfig config;
    ASSERT_TRUE(set(config, name, value)) << name;
    EXPECT_EQ(settings_of(config), settings_of(defaults)) << name;
  }
}

TEST(Config, a_feature_is_the_level_that_a_new_cluster_begins_with) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "eligible.leader.replicas.version", "1"));
  EXPECT_EQ(config.features, (controller::FeatureLevels{{"eligible.leader.replicas.version", 1}}));
  EXPECT_EQ(error_of("eligible.leader.replicas.version", "2"),
            "eligible.leader.replicas.version is '2', but must be a level from 0 to 1");
  EXPECT_EQ(settings_of(config), settings_of({}));  // No setting of a node.
}

TEST(Config, consumers_are_sent_to_followers_by_the_selector_there_is) {
  EXPECT_EQ(error_of("replica.selector.class", "com.example.Mine"),
            "replica.selector.class is 'com.example.Mine', but must be empty or "
            "org.apache.kafka.common.replica.RackAwareReplicaSelector");
}

TEST(Config, what_does_not_fit_is_refused_with_what_would) {
  EXPECT_EQ(error_of("min.insync.replica", "2"), "there is no setting 'min.insync.replica'");
  EXPECT_EQ(error_of("min.insync.replicas", "two"),
            "min.insync.replicas is 'two': Not a number of type INT");
  EXPECT_EQ(error_of("num.partitions", "-1"),
            "num.partitions is '-1', but must be a whole number from 1 to 2147483647");
  EXPECT_EQ(error_of("offsets.topic.replication.factor", "40000"),
            "offsets.topic.replication.factor is '40000', but must be a whole number from 1 to "
            "32767");
  EXPECT_EQ(error_of("metadata.log.segment.bytes", "2147483648"),
            "metadata.log.segment.bytes is '2147483648', but must be a whole number from 12 to "
            "2147483647");
  EXPECT_EQ(error_of("auto.create.topics.enable", "yes"),
            "auto.create.topics.enable is 'yes', but must be true or false");
  EXPECT_EQ(error_of("broker.session.timeout.ms", "9223372036854775807"),
            "broker.session.timeout.ms is '9223372036854775807', but must be a whole number from 1 "
            "to 2147483647");
  // A time from now on is told as a number, too.
  EXPECT_EQ(error_of("replica.lag.time.max.ms", "9223372036854"),
            "replica.lag.time.max.ms is '9223372036854', but must be a time below 146 years");
}

// The broker's names for what topics may say otherwise, all of them.
TEST(Config, a_default_of_topics_is_kept_by_the_topics_name) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "log.message.timestamp.type", "LogAppendTime"));
  ASSERT_TRUE(set(config, "compression.type", "producer"));  // As it is anyway.
  EXPECT_EQ(config.topic_defaults,
            (controller::Image::Configs{{"message.timestamp.type", "LogAppendTime"}}));
  EXPECT_EQ(error_of("compression.type", "zip"),
            "compression.type is 'zip': String must be one of: "
            "uncompressed, zstd, lz4, snappy, gzip, producer");
  EXPECT_TRUE(has_effect("log.message.timestamp.type"));
  EXPECT_TRUE(has_effect("log.retention.ms"));
  EXPECT_FALSE(has_effect("log.preallocate"));
}

// As in Kafka: log.retention.hours counts where neither of the others is set.
TEST(Config, of_settings_in_several_units_the_finest_counts_whatever_comes_first) {
  std::vector<std::pair<std::string_view, std::string_view>> all{
      {"log.retention.hours", "3"}, {"log.retention.minutes", "2"}, {"log.retention.ms", "1000"}};
  for (const std::string_view expected : {"1000", "120000", "10800000"}) {
    do {
      NodeConfig config;
      for (const auto& [name, value] : all) ASSERT_TRUE(set(config, name, value));
      EXPECT_EQ(settings_of(config).at("log.retention.ms"), expected) << all.front().first;
    } while (std::next_permutation(all.begin(), all.end()));
    all.pop_back();  // They are in order again.
  }
}

TEST(Config, a_coarser_unit_gives_way_to_what_says_the_default_too) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "log.roll.ms", "604800000"));
  ASSERT_TRUE(set(config, "log.roll.hours", "1"));
  EXPECT_TRUE(config.topic_defaults.empty());
  ASSERT_TRUE(set(config, "log.roll.ms", "5"));  // Over the file.
  EXPECT_EQ(settings_of(config).at("log.roll.ms"), "5");
}

TEST(Config, each_unit_is_read_as_kafkas) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "log.roll.hours", "2"));
  ASSERT_TRUE(set(config, "log.roll.jitter.hours", "1"));
  ASSERT_TRUE(set(config, "log.retention.hours", "-1"));
  const auto settings = settings_of(config);
  EXPECT_EQ(settings.at("log.roll.ms"), "7200000");
  EXPECT_EQ(settings.at("log.roll.jitter.ms"), "3600000");
  EXPECT_EQ(settings.at("log.retention.ms"), "-1");
  EXPECT_FALSE(settings.contains("log.retention.hours"));
  EXPECT_EQ(error_of("log.retention.minutes", "0"),
            "log.retention.minutes is '0': Value must be between 1 and 2147483647 or equal to -1");
  EXPECT_EQ(error_of("log.roll.hours", "0"), "log.roll.hours is '0': Value must be at least 1");
  EXPECT_EQ(error_of("log.roll.jitter.hours", "3000000000"),
            "log.roll.jitter.hours is '3000000000': Not a number of type INT");
}

// As in Kafka log.flush.interval.ms is that, where nothing says it.
TEST(Config, logs_are_synced_as_often_as_they_are_looked_at_unless_told_otherwise) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "log.flush.scheduler.interval.ms", "1000"));
  EXPECT_EQ(config.log_flush_scheduler_interval_ms, 1000);
  EXPECT_EQ(config.topic_defaults.at("flush.ms"), "1000");
  ASSERT_TRUE(set(config, "log.flush.interval.ms", "7"));
  ASSERT_TRUE(set(config, "log.flush.scheduler.interval.ms", "500"));
  EXPECT_EQ(config.topic_defaults.at("flush.ms"), "7");
}

TEST(Config, addresses_may_have_bounds_of_their_own) {
  const std::string_view name = "max.connections.per.ip.overrides";
  NodeConfig config;
  ASSERT_TRUE(set(config, name, "::1:2, 10.0.0.7:0"));
  EXPECT_EQ(config.max_connections_per_ip_overrides,
            (std::map<std::string, std::int32_t>{{"10.0.0.7", 0}, {"::1", 2}}));
  EXPECT_EQ(settings_of(config).at(std::string(name)), "10.0.0.7:0,::1:2");
  for (const char* value : {"10.0.0.7", "10.0.0.7:x", "10.0.0.7:-1", ":1", "a:1,,b:2"}) {
    EXPECT_EQ(
        error_of(name, value),
        fmt::format("{} is '{}', but must be ADDRESS:NUMBER, with commas between", name, value));
  }
}

TEST(Config, the_memory_of_requests_may_be_without_bound) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "queued.max.request.bytes", "-1"));
  EXPECT_EQ(config.queued_max_request_bytes, std::nullopt);
  EXPECT_EQ(settings_of(config).at("queued.max.request.bytes"), "-1");
  EXPECT_EQ(error_of("queued.max.request.bytes", "-2"),
            "queued.max.request.bytes is '-2', but must be -1, or a whole number from 0 to "
            "9223372036854775807");
}

TEST(Config, metadata_may_be_kept_for_ever) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "metadata.max.retention.bytes", "-1"));
  ASSERT_TRUE(set(config, "metadata.max.retention.ms", "-1"));
  EXPECT_EQ(config.metadata_max_retention_bytes, std::nullopt);
  EXPECT_EQ(config.metadata_max_retention, std::nullopt);
  EXPECT_EQ(settings_of(config).at("metadata.max.retention.ms"), "-1");
}

TEST(Config, connections_may_be_idle_for_ever) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "connections.max.idle.ms", "-1"));
  EXPECT_EQ(config.connections_max_idle, std::nullopt);
  EXPECT_EQ(settings_of(config).at("connections.max.idle.ms"), "-1");
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

TEST(Config, the_policy_of_migrations_is_one_of_four_words) {
  NodeConfig config;
  const auto* name = "group.consumer.migration.policy";
  EXPECT_EQ(settings_of(config).at(name), "bidirectional");
  ASSERT_TRUE(set(config, name, "UPGRADE"));
  EXPECT_EQ(config.group.consumer_migration_policy, group::MigrationPolicy::upgrade);
  EXPECT_EQ(settings_of(config).at(name), "upgrade");
  EXPECT_EQ(error_of(name, "sideways"),
            "group.consumer.migration.policy is 'sideways', but must be bidirectional, disabled, "
            "downgrade or upgrade");
}

TEST(Config, the_assignors_of_consumer_groups_are_a_list) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "group.consumer.assignors", "range, uniform"));
  const std::vector all{group::ServerAssignor::range, group::ServerAssignor::uniform};
  EXPECT_EQ(config.group.consumer_assignors, all);
  EXPECT_EQ(settings_of(config).at("group.consumer.assignors"), "range,uniform");
  for (const char* value : {"", "sticky", "range,", "range,range"}) {
    EXPECT_EQ(error_of("group.consumer.assignors", value),
              fmt::format("group.consumer.assignors is '{}', but must be uniform and range, or one "
                          "of them, with a comma between",
                          value));
  }
}

TEST(Config, what_members_of_consumer_groups_are_told_is_within_its_bounds) {
  NodeConfig config;
  EXPECT_TRUE(check(config));
  ASSERT_TRUE(set(config, "group.consumer.session.timeout.ms", "10000"));
  const auto checked = check(config);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error(),
            "group.consumer.session.timeout.ms is 10000, but must be from "
            "group.consumer.min.session.timeout.ms, which is 45000 and at least 1, to "
            "group.consumer.max.session.timeout.ms, which is 60000");
  ASSERT_TRUE(set(config, "group.consumer.min.session.timeout.ms", "5000"));
  EXPECT_TRUE(check(config));
  ASSERT_TRUE(set(config, "group.consumer.session.timeout.ms", "5000"));
  EXPECT_FALSE(check(config)) << "a heartbeat takes as long as a session";
}

TEST(Config, times_that_leave_no_time_and_topics_without_partitions_are_refused) {
  for (const char* name :
       {"broker.heartbeat.interval.ms", "controller.quorum.election.timeout.ms",
        "controller.quorum.fetch.timeout.ms", "leader.imbalance.check.interval.seconds",
        "unclean.leader.election.interval.ms", "producer.id.expiration.check.interval.ms",
        "replica.lag.time.max.ms", "replication.quota.window.size.seconds",
        // No rate is taken over so few, and no topic has so few.
        "replication.quota.window.num", "num.partitions", "default.replication.factor",
        "offsets.topic.num.partitions", "offsets.topic.replication.factor",
        "transaction.state.log.num.partitions", "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr"}) {
    EXPECT_TRUE(error_of(name, "0").starts_with(
        fmt::format("{} is '0', but must be a whole number from 1 to ", name)));
    EXPECT_EQ(error_of(name, "1"), "") << name;
  }
}

TEST(Config, a_fetch_that_waits_for_news_ends_before_its_connection_or_its_place_in_sync) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "replica.fetch.wait.max.ms", "30001"));
  EXPECT_EQ(check(config).error(),
            "replica.fetch.wait.max.ms is 30001, but must be at most replica.socket.timeout.ms, "
            "which is 30000");
  ASSERT_TRUE(set(config, "replica.socket.timeout.ms", "60000"));
  EXPECT_EQ(check(config).error(),
            "replica.fetch.wait.max.ms is 30001, but must be at most replica.lag.time.max.ms, "
            "which is 30000");
}

// As in Kafka: no record of an idle log, no wait after a lost election.
TEST(Config, of_0_turns_off_what_may_be_turned_off) {
  NodeConfig config;
  ASSERT_TRUE(set(config, "metadata.max.idle.interval.ms", "0"));
  ASSERT_TRUE(set(config, "controller.quorum.election.backoff.max.ms", "0"));
  EXPECT_TRUE(check(config));
}

}  // namespace
}  // namespace brokersim::broker
