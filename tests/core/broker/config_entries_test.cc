// Configurations as they are shown: what is in force comes first among all that have a value to
// give, and what nobody here knows keeps its value to itself.
#include "core/broker/config_entries.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/broker/setting_terms.h"
#include "core/controller/broker_config.h"

namespace brokersim::broker {
namespace {

using controller::ConfigRecord;
using controller::Image;

constexpr std::int8_t topic_resource = 2, broker_resource = 4;

struct ConfigEntriesTest : testing::Test {
  NodeConfig config;
  Image image;
  Offset offset = 0;
  void SetUp() override { config.node_id = NodeId{1}; }

  void write(std::int8_t type, std::string resource, std::string name, std::string value) {
    ASSERT_TRUE(
        image.apply(ConfigRecord{type, std::move(resource), std::move(name), value}, offset++));
  }
  static ConfigEntry find(const std::vector<ConfigEntry>& entries, std::string_view name) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& entry) { return entry.name == name; });
    EXPECT_NE(found, entries.end()) << name;
    return found == entries.end() ? ConfigEntry() : *found;
  }
  static std::vector<std::int8_t> sources_of(const ConfigEntry& entry) {
    std::vector<std::int8_t> sources;
    for (const auto& synonym : entry.synonyms) sources.push_back(synonym.source);
    return sources;
  }
  ConfigEntry topics(std::string_view name) const {
    return find(ConfigEntries(image, config).of_topic("t"), name);
  }
  ConfigEntry brokers(std::string_view name) const {
    return find(ConfigEntries(image, config).of_broker(), name);
  }
};

TEST_F(ConfigEntriesTest, of_a_topic_look_in_topic_broker_cluster_node_and_defaults) {
  EXPECT_EQ(sources_of(topics("segment.bytes")), (std::vector<std::int8_t>{5}));
  ASSERT_TRUE(set(config, "log.segment.bytes", "4000"));
  EXPECT_EQ(topics("segment.bytes").value, "4000");
  EXPECT_EQ(topics("segment.bytes").config_source, 4);
  write(broker_resource, "", "log.segment.bytes", "3000");
  write(broker_resource, "1", "log.segment.bytes", "2000");
  write(broker_resource, "2", "log.segment.bytes", "9");
  write(topic_resource, "t", "segment.bytes", "1000");
  const auto entry = topics("segment.bytes");
  EXPECT_EQ(entry.value, "1000");
  EXPECT_EQ(sources_of(entry), (std::vector<std::int8_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(entry.synonyms[0].name, "segment.bytes");
  EXPECT_EQ(entry.synonyms[1].name, "log.segment.bytes");
  EXPECT_EQ(entry.synonyms[1].value, "2000");
  EXPECT_EQ(brokers("log.segment.bytes").value, "2000");
}

TEST_F(ConfigEntriesTest, say_whether_a_restart_is_needed) {
  EXPECT_FALSE(brokers("log.segment.bytes").read_only);
  EXPECT_TRUE(brokers("node.id").read_only);
  EXPECT_TRUE(brokers("replica.lag.time.max.ms").read_only);
  EXPECT_FALSE(topics("retention.ms").read_only);
  EXPECT_FALSE(brokers("producer.id.expiration.ms").read_only);
  EXPECT_TRUE(brokers("producer.id.expiration.check.interval.ms").read_only);
}

// Of a setting that changes without a restart two tables know the type.
TEST_F(ConfigEntriesTest, of_brokers_have_the_type_of_the_setting_of_that_name) {
  for (const auto& key : controller::keys_of_brokers_only()) {
    const auto* terms = find_setting_terms(key.broker);
    if (!terms) continue;
    EXPECT_EQ(brokers(key.broker).config_type, static_cast<std::int8_t>(terms->type)) << key.broker;
  }
}

TEST_F(ConfigEntriesTest, of_a_group_are_its_own_or_those_of_the_node) {
  ASSERT_TRUE(set(config, "group.consumer.session.timeout.ms", "50000"));
  write(32, "g", "consumer.heartbeat.interval.ms", "7000");
  const auto entries = ConfigEntries(image, config).of_group("g");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "consumer.heartbeat.interval.ms");
  EXPECT_EQ(entries[0].value, "7000");
  EXPECT_EQ(entries[0].config_source, 8);
  EXPECT_EQ(entries[1].value, "50000");
  EXPECT_EQ(entries[1].config_source, 5);
  for (const auto& entry : entries) {
    EXPECT_EQ(entry.config_type, 3);
    EXPECT_FALSE(entry.read_only);
    EXPECT_FALSE(entry.is_sensitive);
    EXPECT_FALSE(entry.documentation.value_or("").empty());
  }
}

TEST_F(ConfigEntriesTest, have_types_and_documentation) {
  EXPECT_EQ(topics("retention.ms").config_type, 5);
  EXPECT_EQ(topics("cleanup.policy").config_type, 7);
  EXPECT_EQ(topics("preallocate").config_type, 1);
  EXPECT_EQ(topics("min.cleanable.dirty.ratio").config_type, 6);
  EXPECT_EQ(brokers("num.partitions").config_type, 3);
  EXPECT_EQ(brokers("auto.create.topics.enable").config_type, 1);
  EXPECT_EQ(brokers("replica.lag.time.max.ms").config_type, 5);
  EXPECT_EQ(brokers("queued.max.request.bytes").config_type, 5);
  EXPECT_EQ(brokers("offsets.topic.replication.factor").config_type, 4);
  EXPECT_EQ(brokers("advertised.listeners").config_type, 2);
  EXPECT_EQ(brokers("group.consumer.assignors").config_type, 7);
  EXPECT_EQ(topics("retention.ms").documentation, brokers("log.retention.ms").documentation);
}

TEST_F(ConfigEntriesTest, of_a_broker_all_have_both_and_no_terms_are_left_over) {
  config.rack = "r";
  std::size_t own = 0;
  for (const auto& entry : ConfigEntries(image, config).of_broker()) {
    EXPECT_NE(entry.config_type, 0) << entry.name;
    EXPECT_FALSE(entry.documentation.value_or("").empty()) << entry.name;
    EXPECT_FALSE(entry.is_sensitive) << entry.name;
    if (find_setting_terms(entry.name)) ++own;
  }
  const auto terms = all_setting_terms();
  EXPECT_EQ(own, terms.size());
  EXPECT_TRUE(std::is_sorted(terms.begin(), terms.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST_F(ConfigEntriesTest, of_a_throttled_rate_are_there_once_it_is_set) {
  write(broker_resource, "", "leader.replication.throttled.rate", "1000");
  const auto entry = brokers("leader.replication.throttled.rate");
  EXPECT_EQ(entry.value, "1000");
  EXPECT_EQ(entry.config_type, 5);
  EXPECT_FALSE(entry.read_only);
  EXPECT_FALSE(entry.is_sensitive);
  EXPECT_FALSE(entry.documentation.value_or("").empty());
}

TEST_F(ConfigEntriesTest, keep_what_nobody_knows_to_themselves) {
  write(broker_resource, "1", "somebodys.plugin.password", "secret");
  const auto entry = brokers("somebodys.plugin.password");
  EXPECT_TRUE(entry.is_sensitive);
  EXPECT_EQ(entry.value, std::nullopt);
  EXPECT_EQ(entry.synonyms.at(0).value, std::nullopt);
  EXPECT_EQ(entry.config_source, 2);
}

TEST_F(ConfigEntriesTest, of_all_brokers_are_those_that_were_set) {
  EXPECT_TRUE(ConfigEntries(image, config).of_cluster_defaults().empty());
  write(broker_resource, "", "log.segment.bytes", "3000");
  write(broker_resource, "1", "log.segment.bytes", "2000");
  const auto entries = ConfigEntries(image, config).of_cluster_defaults();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].value, "3000");
  EXPECT_EQ(sources_of(entries[0]), (std::vector<std::int8_t>{3}));
}

}  // namespace
}  // namespace brokersim::broker
