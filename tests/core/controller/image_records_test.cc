// The records of an image lead to it again, and the difference of two images names what changed.
#include "core/controller/image_records.h"

#include <gtest/gtest.h>

#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

Image image_from(const std::vector<MetadataRecord>& records, Offset at) {
  Image image("cluster");
  for (const auto& record : records) EXPECT_TRUE(image.apply(record, at).has_value());
  return image;
}

// Brokers in every state, topics with and without leaders, a configuration, a feature.
std::vector<MetadataRecord> eventful_log() {
  Cluster c(4);
  api::CreateTopicsRequest::CreatableTopicConfig config;
  config.name = "min.insync.replicas";
  config.value = "2";
  c.create("orders", {1, 2, 3}, {config});
  c.create("gone", {1, 2});
  c.create("lonely", {4});
  c.fence(4);
  c.heartbeat(3, {.want_shut_down = true});
  api::DeleteTopicsRequest deletion;
  deletion.topic_names = {"gone"};
  std::vector<MetadataRecord> log = c.log;
  const auto deleted = c.controller.delete_topics(deletion, 6);
  log.insert(log.end(), deleted.records.begin(), deleted.records.end());
  FeatureLevelRecord feature;
  feature.name = "metadata.version";
  feature.feature_level = 20;
  log.emplace_back(feature);
  ProducerIdsRecord ids;
  ids.next_producer_id = 5000;
  log.emplace_back(ids);
  return log;
}

TEST(ImageRecords, lead_to_the_image_again) {
  constexpr Offset at = 99;
  const Image image = image_from(eventful_log(), at);
  ASSERT_FALSE(image.topics().empty());
  ASSERT_FALSE(image.find_partition({"lonely", 0})->has_leader());
  EXPECT_EQ(image_from(records_of(image), at), image);
}

TEST(ImageRecords, of_nothing_are_none) { EXPECT_TRUE(records_of(Image("cluster")).empty()); }

TEST(ImageDifference, of_equal_images_is_empty) {
  const Image image = image_from(eventful_log(), 99);
  EXPECT_TRUE(difference(image, image).empty());
}

TEST(ImageDifference, from_nothing_is_everything) {
  const Image image = image_from(eventful_log(), 99);
  const auto delta = difference(Image("cluster"), image);
  EXPECT_EQ(delta.partitions, (std::set<TopicPartition>{{"lonely", 0}, {"orders", 0}}));
  EXPECT_EQ(delta.brokers.size(), 4u);
  EXPECT_EQ(delta.configs.size(), 1u);
  EXPECT_EQ(delta.features, std::set<std::string>{"metadata.version"});
  EXPECT_TRUE(delta.removed_topics.empty());
}

TEST(ImageDifference, names_what_changed_in_between) {
  const auto log = eventful_log();
  const Image before = image_from({log.begin(), log.begin() + 14}, 50);
  const Image after = image_from(log, 50);
  Delta told;
  Image image = before;
  for (std::size_t i = 14; i < log.size(); ++i) told.add(*image.apply(log[i], 50));
  const auto delta = difference(before, after);
  EXPECT_EQ(delta.partitions, told.partitions);
  EXPECT_EQ(delta.brokers, told.brokers);
  EXPECT_EQ(delta.features, told.features);
}

TEST(ImageDifference, takes_a_topic_of_another_id_for_another_topic) {
  const auto named = [](std::uint8_t id) {
    TopicRecord topic;
    topic.name = "orders";
    topic.topic_id = {id};
    PartitionRecord partition;
    partition.partition_id = 0;
    partition.topic_id = {id};
    return image_from({topic, partition}, 1);
  };
  const auto delta = difference(named(1), named(2));
  ASSERT_EQ(delta.removed_topics.size(), 1u);
  EXPECT_EQ(delta.removed_topics[0].id, Uuid{1});
  EXPECT_EQ(delta.partitions, (std::set<TopicPartition>{{"orders", 0}}));
}

}  // namespace
}  // namespace brokersim::controller
