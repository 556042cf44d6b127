// Whether an in-sync set that was accepted names somebody by the epoch of an earlier life.
#include "sim/isr_frames.h"

#include <gtest/gtest.h>

#include "core/controller/records.h"
#include "core/wire/frame.h"
#include "sim/wire_tap.h"

namespace brokersim::sim {
namespace {

constexpr Uuid orders_id{9};
constexpr Offset earlier_registration = 3;
constexpr Offset present_registration = 7;
constexpr PartitionEpoch present_epoch{4};

// Broker 2 is registered anew; of the topic orders there is partition 0.
controller::Image committed_image() {
  controller::Image image("cluster");
  controller::RegisterBrokerRecord broker;
  broker.broker_id = NodeId{2};
  for (const Offset offset : {earlier_registration, present_registration}) {
    broker.broker_epoch = BrokerEpoch{offset};
    broker.incarnation_id = Uuid{static_cast<std::uint8_t>(offset)};
    EXPECT_TRUE(image.apply(broker, offset).has_value());
  }
  controller::TopicRecord topic;
  topic.name = "orders";
  topic.topic_id = orders_id;
  EXPECT_TRUE(image.apply(topic, 8).has_value());
  controller::PartitionRecord partition;
  partition.partition_id = 0;
  partition.topic_id = orders_id;
  partition.replicas = {NodeId{1}, NodeId{2}};
  partition.isr = partition.replicas;
  partition.leader = NodeId{1};
  partition.leader_epoch = LeaderEpoch{0};
  partition.partition_epoch = present_epoch;
  EXPECT_TRUE(image.apply(partition, 9).has_value());
  return image;
}

api::AlterPartitionRequest asked_with(BrokerEpoch epoch) {
  api::AlterPartitionRequest request;
  request.topics = {{.topic_id = orders_id, .partitions = {{.partition_index = 0}}}};
  request.topics[0].partitions[0].new_isr_with_epochs = {
      {.broker_id = NodeId{1}}, {.broker_id = NodeId{2}, .broker_epoch = epoch}};
  return request;
}

api::AlterPartitionResponse answered_with(PartitionEpoch epoch,
                                          api::ErrorCode error = api::ErrorCode::none) {
  api::AlterPartitionResponse response;
  response.topics = {{.topic_id = orders_id, .partitions = {{.partition_index = 0}}}};
  response.topics[0].partitions[0].error_code = error;
  response.topics[0].partitions[0].partition_epoch = epoch;
  return response;
}

TEST(OldLives, are_told_where_the_set_that_names_them_was_accepted_and_stands) {
  const auto image = committed_image();
  const BrokerEpoch earlier{earlier_registration};
  const auto told = old_lives_accepted(asked_with(earlier), answered_with(present_epoch), image);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].partition, (TopicPartition{"orders", 0}));
  EXPECT_EQ(told[0].partition_epoch, present_epoch);
  EXPECT_EQ(told[0].broker, NodeId{2});
  EXPECT_EQ(told[0].broker_epoch, earlier);
  const auto is_told = [&](BrokerEpoch named, const api::AlterPartitionResponse& answered) {
    return !old_lives_accepted(asked_with(named), answered, image).empty();
  };
  const auto refused = api::ErrorCode::ineligible_replica;
  EXPECT_FALSE(is_told(BrokerEpoch{present_registration}, answered_with(present_epoch)));
  EXPECT_FALSE(is_told(no_broker_epoch, answered_with(present_epoch)));
  EXPECT_FALSE(is_told(earlier, answered_with(PartitionEpoch{3})));
  EXPECT_FALSE(is_told(earlier, answered_with(present_epoch, refused)));
}

// What ended a reassignment may have dropped one, who came back before the answer was written.
TEST(OldLives, are_not_told_of_who_is_no_member) {
  auto image = committed_image();
  controller::PartitionChangeRecord dropped;
  dropped.partition_id = 0;
  dropped.topic_id = orders_id;
  dropped.isr = std::vector<NodeId>{NodeId{1}};
  ASSERT_TRUE(image.apply(dropped, 10).has_value());
  const auto epoch = image.find_partition({"orders", 0})->partition_epoch;
  const auto asked = asked_with(BrokerEpoch{earlier_registration});
  EXPECT_TRUE(old_lives_accepted(asked, answered_with(epoch), image).empty());
}

TEST(OldLives, are_found_in_the_frames_of_a_connection) {
  Recorder recorder;
  std::vector<Event> events;
  recorder.listen([&](const Event& event) { events.push_back(event); });
  const auto image = committed_image();
  WireTap tap(recorder, {}, [&]() -> const controller::Image& { return image; });
  const ConnectionInfo info{7, {"broker-1", 40000}, {"controller-1", 9093}, NodeId(1), NodeId(4)};
  constexpr std::int16_t version = 3;
  const wire::RequestHeader header{static_cast<std::int16_t>(api::ApiKey::alter_partition), version,
                                   5, "broker-1"};
  for (const Offset epoch : {present_registration, earlier_registration}) {
    tap.on_send(info, Side::client, wire::request_frame(header, asked_with(BrokerEpoch{epoch})));
    tap.on_send(info, Side::server, wire::response_frame(5, answered_with(present_epoch), version));
  }
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].node, NodeId(4));
  EXPECT_EQ(std::get<OldLifeAccepted>(events[0].body).broker, NodeId(2));
}

}  // namespace
}  // namespace brokersim::sim
