// Applying metadata records: what they change, what the delta says, and what is refused.
#include "core/controller/image.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

constexpr Uuid topic_id{1};

Image with_topic() {
  Image image("cluster");
  EXPECT_TRUE(image.apply(TopicRecord{.name = "orders", .topic_id = topic_id}, 0));
  EXPECT_TRUE(image.apply(PartitionRecord{.partition_id = 0,
                                          .topic_id = topic_id,
                                          .replicas = nodes({1, 2}),
                                          .isr = nodes({1, 2}),
                                          .leader = NodeId{1},
                                          .leader_epoch = LeaderEpoch{0},
                                          .partition_epoch = PartitionEpoch{0}},
                          1));
  return image;
}

PartitionChangeRecord change() { return {.partition_id = 0, .topic_id = topic_id}; }

TEST(Image, naming_a_leader_raises_both_epochs_even_if_it_is_the_same) {
  auto image = with_topic();
  auto record = change();
  record.leader = NodeId{1};
  const auto delta = image.apply(record, 2);
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->partitions, (std::set<TopicPartition>{{"orders", 0}}));
  const auto* partition = image.find_partition({"orders", 0});
  EXPECT_EQ(partition->leader_epoch, LeaderEpoch{1});
  EXPECT_EQ(partition->partition_epoch, PartitionEpoch{1});
}

TEST(Image, changing_the_isr_raises_the_partition_epoch_only) {
  auto image = with_topic();
  auto record = change();
  record.isr = nodes({1});
  ASSERT_TRUE(image.apply(record, 2));
  const auto* partition = image.find_partition({"orders", 0});
  EXPECT_EQ(partition->isr, nodes({1}));
  EXPECT_EQ(partition->leader, NodeId{1});
  EXPECT_EQ(partition->leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(partition->partition_epoch, PartitionEpoch{1});
}

TEST(Image, forgets_a_removed_topic_with_its_configuration_and_tells_what_it_was) {
  auto image = with_topic();
  ASSERT_TRUE(image.apply(ConfigRecord{2, "orders", "segment.bytes", "1000"}, 2));
  const auto delta = image.apply(RemoveTopicRecord{topic_id}, 3);
  ASSERT_TRUE(delta);
  ASSERT_EQ(delta->removed_topics.size(), 1U);
  EXPECT_EQ(delta->removed_topics.front().partitions.at(0).replicas, nodes({1, 2}));
  EXPECT_EQ(image.find_topic("orders"), nullptr);
  EXPECT_EQ(image.find_topic(topic_id), nullptr);
  EXPECT_TRUE(image.configs({ConfigResource::Type::topic, "orders"}).empty());
}

TEST(Image, applies_every_way_to_fence_and_unfence) {
  Image image;
  constexpr NodeId one{1};
  constexpr BrokerEpoch epoch{0};
  RegisterBrokerRecord registration{.broker_id = one, .broker_epoch = epoch};
  ASSERT_TRUE(image.apply(registration, 0));
  EXPECT_FALSE(image.is_active(one));
  ASSERT_TRUE(image.apply(UnfenceBrokerRecord{one, epoch}, 1));
  EXPECT_TRUE(image.is_active(one));
  ASSERT_TRUE(image.apply(FenceBrokerRecord{one, epoch}, 2));
  EXPECT_FALSE(image.is_active(one));
  BrokerRegistrationChangeRecord unfence{.broker_id = one, .broker_epoch = epoch, .fenced = -1};
  ASSERT_TRUE(image.apply(unfence, 3));
  EXPECT_TRUE(image.is_active(one));
  BrokerRegistrationChangeRecord leave{
      .broker_id = one, .broker_epoch = epoch, .in_controlled_shutdown = 1};
  ASSERT_TRUE(image.apply(leave, 4));
  EXPECT_FALSE(image.is_active(one));
  ASSERT_TRUE(image.apply(UnregisterBrokerRecord{one, epoch}, 5));
  EXPECT_EQ(image.find_broker(one), nullptr);
}

TEST(Image, refuses_what_contradicts_it_and_stays_as_it_was) {
  auto image = with_topic();
  ASSERT_TRUE(
      image.apply(RegisterBrokerRecord{.broker_id = NodeId{1}, .broker_epoch = BrokerEpoch{5}}, 5));
  ASSERT_TRUE(image.apply(ProducerIdsRecord{.next_producer_id = 1000}, 6));
  const auto before = image;
  const MetadataRecord wrong[] = {
      TopicRecord{.name = "orders", .topic_id = Uuid{9}},
      TopicRecord{.name = "other", .topic_id = topic_id},
      PartitionRecord{.partition_id = 0, .topic_id = topic_id},
      PartitionRecord{.partition_id = 0, .topic_id = Uuid{9}},
      PartitionChangeRecord{.partition_id = 1, .topic_id = topic_id},
      PartitionChangeRecord{.partition_id = 0, .topic_id = Uuid{9}},
      RemoveTopicRecord{Uuid{9}},
      RegisterBrokerRecord{.broker_id = NodeId{1}, .broker_epoch = BrokerEpoch{4}},
      UnregisterBrokerRecord{NodeId{1}, BrokerEpoch{4}},
      FenceBrokerRecord{NodeId{2}, BrokerEpoch{5}},
      UnfenceBrokerRecord{NodeId{1}, BrokerEpoch{6}},
      BrokerRegistrationChangeRecord{.broker_id = NodeId{1}, .broker_epoch = BrokerEpoch{4}},
      ProducerIdsRecord{.next_producer_id = 999},
  };
  for (const auto& record : wrong) {
    EXPECT_FALSE(image.apply(record, 7)) << to_string(record);
    EXPECT_EQ(image, before) << to_string(record);
  }
}

TEST(Image, a_configuration_without_a_value_is_removed) {
  Image image;
  ASSERT_TRUE(image.apply(ConfigRecord{4, "", "min.insync.replicas", "2"}, 0));
  ASSERT_TRUE(image.apply(ConfigRecord{4, "", "min.insync.replicas", std::nullopt}, 1));
  EXPECT_TRUE(image.configs({ConfigResource::Type::broker, ""}).empty());
}

MetadataRecord any_record(std::int64_t producers) {
  const auto small = [](int below) { return *rc::gen::inRange(0, below); };
  const Uuid id{static_cast<std::uint8_t>(1 + small(3))};
  const std::string name = "topic-" + std::to_string(small(3));
  const NodeId broker{small(3)};
  constexpr BrokerEpoch epoch{1};
  switch (small(10)) {
    case 0: return TopicRecord{.name = name, .topic_id = id};
    case 1: return RemoveTopicRecord{id};
    case 2: return RegisterBrokerRecord{.broker_id = broker, .broker_epoch = epoch};
    case 3: return UnregisterBrokerRecord{broker, epoch};
    case 4: return UnfenceBrokerRecord{broker, epoch};
    case 5: return ConfigRecord{2, name, "a", small(2) == 0 ? Nullable<std::string>() : "1"};
    case 6: return FeatureLevelRecord{"f", static_cast<std::int16_t>(small(3))};
    case 7: return ProducerIdsRecord{.next_producer_id = producers};
    case 8: {
      PartitionChangeRecord record{.partition_id = small(3), .topic_id = id};
      record.leader = broker;
      return record;
    }
    default: return PartitionRecord{.partition_id = small(3), .topic_id = id, .leader = broker};
  }
}

RC_GTEST_PROP(Image, that_catches_up_by_what_was_touched_is_the_newer_one, ()) {
  Image newer("cluster");
  Image older;
  Delta delta;
  const int records = *rc::gen::inRange(0, 200);
  for (int offset = 0; offset < records; ++offset) {
    auto applied = newer.apply(any_record(offset), offset);  // What contradicts changes nothing.
    if (applied) delta.add(*std::move(applied));
    if (*rc::gen::inRange(0, 4) > 0) continue;
    older.catch_up(newer, std::exchange(delta, {}));
    RC_ASSERT(older == newer);
  }
}

TEST(Image, deltas_add_up_to_what_is_still_there) {
  Delta sum{.partitions = {{"gone", 0}, {"kept", 0}},
            .configs = {{ConfigResource::Type::topic, "gone"}}};
  Topic gone{.name = "gone"};
  gone.partitions[0] = {};
  sum.add({.partitions = {{"new", 0}}, .removed_topics = {gone}});
  EXPECT_EQ(sum.partitions, (std::set<TopicPartition>{{"kept", 0}, {"new", 0}}));
  EXPECT_TRUE(sum.configs.empty());
  EXPECT_EQ(sum.removed_topics.size(), 1U);
}

}  // namespace
}  // namespace brokersim::controller
