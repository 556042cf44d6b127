// Configuration of topics: what may be set, and which of several values is in force.
#include "core/controller/topic_config.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/controller/config_docs.h"

namespace brokersim::controller {
namespace {

TEST(TopicConfig, accepts_what_fits_a_key_and_nothing_else) {
  struct Row {
    std::string_view name;
    std::string_view value;
    bool is_valid;
  };
  const Row rows[] = {
      {"min.insync.replicas", "1", true},
      {"min.insync.replicas", "0", false},
      {"min.insync.replicas", "two", false},
      {"min.insync.replicas", "2147483648", false},
      {"segment.bytes", "14", true},
      {"segment.bytes", "13", false},
      {"retention.ms", "-1", true},
      {"retention.ms", "-2", false},
      {"retention.ms", "9223372036854775807", true},
      {"retention.ms", "9223372036854775808", false},
      {"retention.ms", "", false},
      {"retention.ms", " 1 ", true},
      {"retention.ms", "1 2", false},
      {"unclean.leader.election.enable", "true", true},
      {"unclean.leader.election.enable", " True", true},
      {"unclean.leader.election.enable", "trues", false},
      {"unclean.leader.election.enable", "yes", false},
      {"min.cleanable.dirty.ratio", "0.75", true},
      {"min.cleanable.dirty.ratio", "1.0", true},
      {"min.cleanable.dirty.ratio", "1.1", false},
      {"min.cleanable.dirty.ratio", ".", false},
      {"message.timestamp.type", "LogAppendTime", true},
      {"message.timestamp.type", "Create", false},
      {"cleanup.policy", "compact,delete", true},
      {"cleanup.policy", "compact, delete", true},
      {"cleanup.policy", "compact,", false},
      {"cleanup.policy", "", false},
      {"leader.replication.throttled.replicas", "0:1,1:2", true},
      {"leader.replication.throttled.replicas", "0", false},
      {"no.such.key", "1", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(!why_invalid_topic_config(row.name, row.value).has_value(), row.is_valid)
        << row.name << "=" << row.value;
  }
}

TEST(TopicConfig, keys_are_sorted_and_their_defaults_valid) {
  const auto keys = topic_config_keys();
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end(), by_name));
  for (const auto& key : keys) {
    EXPECT_EQ(find_topic_config_key(key.name), &key);
    EXPECT_FALSE(why_invalid_topic_config(key.name, key.initial)) << key.name;
    if (!key.broker.empty()) {
      EXPECT_EQ(find_topic_config_key_of_broker(key.broker), &key);
    }
    EXPECT_FALSE(documentation_of(key.name).empty()) << key.name;
  }
}

TEST(TopicConfig, looks_in_topic_then_broker_then_cluster_then_node_then_defaults) {
  using Source = TopicConfigs::Source;
  Image image;
  TopicDefaults node{.node = NodeId{7}};
  const auto in_force = [&] {
    const TopicConfigs configs(image, "orders", node);
    return std::pair(configs.number("min.insync.replicas"),
                     configs.get("min.insync.replicas").source);
  };
  EXPECT_EQ(in_force(), std::pair(std::int64_t{1}, Source::initial));
  node.configs["min.insync.replicas"] = "2";
  EXPECT_EQ(in_force(), std::pair(std::int64_t{2}, Source::node));
  ASSERT_TRUE(image.apply(ConfigRecord{4, "", "min.insync.replicas", "3"}, 0));
  EXPECT_EQ(in_force(), std::pair(std::int64_t{3}, Source::cluster));
  ASSERT_TRUE(image.apply(ConfigRecord{4, "8", "min.insync.replicas", "6"}, 1));
  EXPECT_EQ(in_force(), std::pair(std::int64_t{3}, Source::cluster));
  ASSERT_TRUE(image.apply(ConfigRecord{4, "7", "min.insync.replicas", "5"}, 2));
  EXPECT_EQ(in_force(), std::pair(std::int64_t{5}, Source::broker));
  ASSERT_TRUE(image.apply(ConfigRecord{2, "orders", "min.insync.replicas", "4"}, 3));
  EXPECT_EQ(in_force(), std::pair(std::int64_t{4}, Source::topic));
  ASSERT_TRUE(image.apply(ConfigRecord{2, "orders", "min.insync.replicas", "nonsense"}, 4));
  EXPECT_EQ(in_force(), std::pair(std::int64_t{5}, Source::broker));
}

}  // namespace
}  // namespace brokersim::controller
