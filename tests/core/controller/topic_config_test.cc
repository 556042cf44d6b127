// Configuration of topics: what may be set, and which of several values is in force.
#include "core/controller/topic_config.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/controller/broker_config.h"
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
      {"min.cleanable.dirty.ratio", " .5", true},
      {"retention.ms", "+5", true},
      {"retention.ms", "+-5", false},
      {"message.timestamp.type", "LogAppendTime", true},
      {"message.timestamp.type", "Create", false},
      {"cleanup.policy", "compact,delete", true},
      {"cleanup.policy", "compact, delete", true},
      {"cleanup.policy", "compact,", false},
      {"cleanup.policy", "", true},
      {"compression.type", " gzip ", true},
      {"leader.replication.throttled.replicas", "0:1,1:2", true},
      {"leader.replication.throttled.replicas", "*", true},
      {"leader.replication.throttled.replicas", "0:1,", true},
      {"leader.replication.throttled.replicas", "0", false},
      {"leader.replication.throttled.replicas", "0:-1", false},
      {"follower.replication.throttled.replicas", "*", true},
      {"follower.replication.throttled.replicas", "none", false},
      {"no.such.key", "1", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(!why_invalid_topic_config(row.name, row.value).has_value(), row.is_valid)
        << row.name << "=" << row.value;
  }
}

// Kafka's validators, bound by bound, and what they say.
TEST(TopicConfig, says_what_is_wrong_in_kafkas_words) {
  struct Row {
    std::string_view name;
    std::string_view value;
    std::string_view why;  // Behind "Invalid value … for configuration …: ".
  };
  constexpr std::string_view gzip = "Value must be between 1 and 9 or equal to -1";
  constexpr std::string_view replicas =
      "follower.replication.throttled.replicas must be the literal '*' or a list of replicas in "
      "the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...";
  const Row rows[] = {
      {"compression.gzip.level", "0", gzip},
      {"compression.gzip.level", "10", gzip},
      {"compression.gzip.level", "-2", gzip},
      {"compression.lz4.level", "0", "Value must be at least 1"},
      {"compression.lz4.level", "18", "Value must be no more than 17"},
      {"compression.zstd.level", "-131073", "Value must be at least -131072"},
      {"compression.zstd.level", "23", "Value must be no more than 22"},
      {"compression.type", "zip",
       "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer"},
      {"message.timestamp.type", "Create", "String must be one of: CreateTime, LogAppendTime"},
      {"min.cleanable.dirty.ratio", "-0.1", "Value must be at least 0"},
      {"min.cleanable.dirty.ratio", "1.1", "Value must be no more than 1"},
      {"min.cleanable.dirty.ratio", "01.0001", "Value must be no more than 1"},
      {"min.cleanable.dirty.ratio", "half", "Not a number of type DOUBLE"},
      {"segment.bytes", "-2147483649", "Not a number of type INT"},
      {"segment.bytes", "-2147483648", "Value must be at least 14"},
      {"flush.ms", "-1", "Value must be at least 0"},
      {"preallocate", "maybe", "Expected value to be either true or false"},
      {"follower.replication.throttled.replicas", "0:x", replicas},
  };
  for (const auto& [name, value, why] : rows) {
    EXPECT_EQ(why_invalid_topic_config(name, value),
              fmt::format("Invalid value {} for configuration {}: {}", value, name, why));
  }
  for (const std::string_view level : {"-1", "1", "9"}) {
    EXPECT_FALSE(why_invalid_topic_config("compression.gzip.level", level)) << level;
  }
  // Of a list, the word that is none.
  EXPECT_EQ(why_invalid_topic_config("cleanup.policy", "compact, keep"),
            "Invalid value keep for configuration cleanup.policy: String must be one of: compact, "
            "delete");
  EXPECT_EQ(why_invalid_broker_config("log.cleanup.policy", "keep"),
            "Invalid value keep for configuration log.cleanup.policy: String must be one of: "
            "compact, delete");
}

TEST(TopicConfig, a_record_cannot_have_to_wait_for_longer_than_it_may) {
  EXPECT_FALSE(why_contradictory({}, {}));
  EXPECT_FALSE(
      why_contradictory({{"min.compaction.lag.ms", "5"}, {"max.compaction.lag.ms", "5"}}, {}));
  EXPECT_EQ(why_contradictory({{"min.compaction.lag.ms", "6"}}, {{"max.compaction.lag.ms", "5"}}),
            "conflict topic config setting min.compaction.lag.ms (6) > max.compaction.lag.ms (5)");
}

TEST(TopicConfig, a_topic_that_is_neither_deleted_nor_compacted_is_neither) {
  Image image;
  const TopicDefaults node{.node = NodeId{7}, .configs = {{"cleanup.policy", ""}}};
  const TopicConfigs configs(image, "orders", node);
  EXPECT_FALSE(configs.has("cleanup.policy", "delete"));
  EXPECT_FALSE(configs.has("cleanup.policy", "compact"));
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
