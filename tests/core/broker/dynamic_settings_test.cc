// Settings that change while a broker runs (KIP-226): which place counts, what does not fit, and
// that all is as at the start once nothing is set any more.
#include "core/broker/dynamic_settings.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace brokersim::broker {
namespace {

using controller::ConfigRecord;
using controller::Image;

constexpr std::int8_t of_brokers = 4, of_groups = 32;

struct DynamicSettings : testing::Test {
  NodeConfig started;
  NodeConfig config;
  Image image;
  Offset offset = 0;

  void SetUp() override {
    started.node_id = NodeId{1};
    ASSERT_TRUE(set(started, "max.connections", "50"));
    config = started;
  }
  void write(std::int8_t type, std::string resource, std::string name,
             std::optional<std::string> value) {
    ConfigRecord record{
        .resource_type = type, .resource_name = std::move(resource), .name = std::move(name)};
    if (value) record.value = *std::move(value);
    const auto applied = image.apply(record, offset++);
    ASSERT_TRUE(applied);
    EXPECT_TRUE(changes_settings(*applied));
    take_dynamic_settings(config, started, image);
  }
};

TEST_F(DynamicSettings, are_of_this_broker_then_of_all_then_as_at_the_start) {
  write(of_brokers, "", "max.connections", "70");
  EXPECT_EQ(config.max_connections, 70);
  write(of_brokers, "1", "max.connections", "80");
  write(of_brokers, "2", "max.connections", "90");
  EXPECT_EQ(config.max_connections, 80);
  write(of_brokers, "1", "max.connections", std::nullopt);
  EXPECT_EQ(config.max_connections, 70);
  write(of_brokers, "", "max.connections", std::nullopt);
  EXPECT_EQ(config.max_connections, 50);
}

TEST_F(DynamicSettings, are_read_as_kafka_reads_them) {
  write(of_brokers, "", "producer.id.expiration.ms", " +5000 ");
  EXPECT_EQ(config.producer_id_expiration, 5s);
  write(of_brokers, "", "transaction.partition.verification.enable", "FALSE");
  EXPECT_FALSE(config.transaction_partition_verification_enable);
  write(of_brokers, "", "log.cleaner.backoff.ms", "7");
  EXPECT_EQ(config.log_cleaner_backoff, 7ms);
  write(of_brokers, "", "log.cleaner.dedupe.buffer.size", "2000000");
  EXPECT_EQ(config.log_cleaner_dedupe_buffer_size, 2'000'000);
  write(of_brokers, "", "max.connections.per.ip", "3");
  EXPECT_EQ(config.max_connections_per_ip, 3);
  write(of_brokers, "", "max.connections.per.ip.overrides", "10.0.0.7:1, ::1:2");
  EXPECT_EQ(config.max_connections_per_ip_overrides,
            (std::map<std::string, std::int32_t>{{"10.0.0.7", 1}, {"::1", 2}}));
}

// As a record in the log may hold them that a validation elsewhere let pass.
TEST_F(DynamicSettings, that_do_not_fit_are_not_in_force) {
  write(of_brokers, "", "max.connections", "70");
  write(of_brokers, "1", "max.connections", "-1");
  EXPECT_EQ(config.max_connections, 70);
  write(of_brokers, "1", "max.connections", "0");
  EXPECT_EQ(config.max_connections, 0);
  write(of_brokers, "1", "max.connections", std::nullopt);
  write(of_brokers, "", "max.connections", "many");
  EXPECT_EQ(config.max_connections, 50);
  write(of_brokers, "", "max.connections.per.ip.overrides", "everybody");
  EXPECT_TRUE(config.max_connections_per_ip_overrides.empty());
}

TEST_F(DynamicSettings, of_other_kinds_do_not_change_without_a_restart) {
  write(of_brokers, "", "replica.lag.time.max.ms", "1");
  EXPECT_EQ(config.replica_lag_time_max, started.replica_lag_time_max);
  EXPECT_EQ(settings_of(config), settings_of(started));
}

TEST_F(DynamicSettings, of_groups_are_for_the_group_they_name) {
  write(of_groups, "g", "consumer.session.timeout.ms", "50000");
  write(of_groups, "h", "consumer.heartbeat.interval.ms", "6000");
  EXPECT_EQ(config.group.session_timeout_of("g"), 50s);
  EXPECT_EQ(config.group.session_timeout_of("h"), 45s);
  EXPECT_EQ(config.group.heartbeat_interval_of("g"), 5s);
  EXPECT_EQ(config.group.heartbeat_interval_of("h"), 6s);
  write(of_groups, "g", "consumer.session.timeout.ms", std::nullopt);
  EXPECT_EQ(config.group.session_timeout_of("g"), 45s);
}

}  // namespace
}  // namespace brokersim::broker
