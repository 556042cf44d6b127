// Broker 1 with a log of ten records, which follows broker 2: for tests of what it does with its
// logs.
#pragma once

#include <memory>

#include <gtest/gtest.h>

#include "core/broker/replicas.h"
#include "tests/core/log/log_fixture.h"

namespace brokersim::broker {

inline const TopicPartition orders_0{"orders", 0};

struct BrokerWithLog : testing::Test {
  log::MemoryEnv env;
  NodeConfig config;
  controller::Image image;
  controller::Delta all_of_image;
  std::unique_ptr<Replicas> replicas;

  void SetUp() override {
    config.node_id = NodeId{1};
    const Uuid id{1, 2};
    all_of_image.add(*image.apply(controller::TopicRecord{"orders", id}, 0));
    controller::PartitionRecord partition;
    partition.partition_id = 0;
    partition.topic_id = id;
    partition.replicas = {NodeId{1}, NodeId{2}};
    partition.isr = partition.replicas;
    partition.leader = NodeId{2};
    partition.leader_epoch = LeaderEpoch{3};
    partition.partition_epoch = PartitionEpoch{0};
    all_of_image.add(*image.apply(partition, 1));
    load(false);
    learn_metadata();
    for (Offset offset = 0; offset < 10; ++offset) {
      const auto batch = log::placed(log::batch_of(1), offset, 3);
      ASSERT_TRUE(log().append_as_follower(env, {&batch, 1}, LeaderEpoch{3}).has_value());
    }
  }
  // It begins anew with what its disk has.
  void load(bool was_clean) {
    replicas = std::make_unique<Replicas>(config);
    replicas->load(env, was_clean);
  }
  void learn_metadata() { replicas->apply(env, image, all_of_image, BrokerEpoch{5}); }
  Replica& replica() { return *replicas->find(orders_0); }
  log::Log& log() { return replica().log(); }
};

}  // namespace brokersim::broker
