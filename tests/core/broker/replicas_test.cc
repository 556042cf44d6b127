// What a broker that starts makes of its disk: which logs stay, up to where they are committed, and
// when it may say that they are in order.
#include "core/broker/replicas.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/core/log/log_fixture.h"

namespace brokersim::broker {
namespace {

const TopicPartition letters_0{"letters", 0};

// Broker 1, which follows broker 2, and has a log of ten records from an earlier life.
struct StartingBroker : testing::Test {
  log::MemoryEnv env;
  NodeConfig config;
  controller::Image image;
  controller::Delta delta;
  std::unique_ptr<Replicas> replicas;

  void SetUp() override {
    config.node_id = NodeId{1};
    const Uuid id{1, 2};
    delta.add(*image.apply(controller::TopicRecord{"letters", id}, 0));
    controller::PartitionRecord partition;
    partition.partition_id = 0;
    partition.topic_id = id;
    partition.replicas = {NodeId{1}, NodeId{2}};
    partition.isr = partition.replicas;
    partition.leader = NodeId{2};
    partition.leader_epoch = LeaderEpoch{3};
    partition.partition_epoch = PartitionEpoch{0};
    delta.add(*image.apply(partition, 1));
    start();
    for (Offset offset = 0; offset < 10; ++offset) {
      const auto batch = log::placed(log::batch_of(1), offset, 3);
      ASSERT_TRUE(replica().log().append_as_follower(env, {&batch, 1}, LeaderEpoch{3}).has_value());
    }
  }
  void begin(bool was_clean) {
    replicas = std::make_unique<Replicas>(config);
    replicas->load(env, was_clean);
  }
  void start() {
    begin(true);
    replicas->apply(env, image, delta, BrokerEpoch{5});
  }
  Replica& replica() { return *replicas->find(letters_0); }
  void checkpoint(std::string_view file, Offset offset) {
    ASSERT_TRUE(log::replace_file(env, file, log::encode_offsets({{letters_0, offset}})));
  }
};

TEST_F(StartingBroker, sets_aside_the_logs_that_are_not_its_own) {
  const auto stray = fmt::format("gone-0/{}", log::partition_metadata_file);
  ASSERT_TRUE(env.files().make_directory("gone-0"));
  ASSERT_TRUE(log::replace_file(env, stray, log::encode_partition_metadata(Uuid{7})));
  start();
  EXPECT_EQ(replica().log().end_offset(), 10);
  EXPECT_FALSE(env.files().exists(stray));
}

TEST_F(StartingBroker, with_the_test_for_strays_turned_round_sets_aside_its_own) {  // KAFKA-13127
  config.rules.replication.sets_aside_only_strays = false;
  start();
  EXPECT_EQ(replica().log().end_offset(), 0);
}

// KAFKA-3978.
TEST_F(StartingBroker, takes_what_lies_before_its_log_for_committed_whatever_the_checkpoint_says) {
  checkpoint(log::start_offset_file, 4);
  checkpoint(log::high_watermark_file, 2);
  start();
  EXPECT_EQ(replica().high_watermark(), 4);
  config.rules.replication.loads_watermarks_into_logs = false;
  start();
  EXPECT_EQ(replica().high_watermark(), 2);
}

// KAFKA-15375.
TEST_F(StartingBroker, says_that_its_logs_are_in_order_once_they_are_open_or_were_so_before) {
  begin(true);
  EXPECT_TRUE(replicas->are_recovered());
  begin(false);
  EXPECT_FALSE(replicas->are_recovered());
  replicas->apply(env, image, delta, BrokerEpoch{5});
  EXPECT_TRUE(replicas->are_recovered());
  config.rules.log.vouches_for_opened_logs_only = false;
  begin(false);
  EXPECT_TRUE(replicas->are_recovered());
}

}  // namespace
}  // namespace brokersim::broker
