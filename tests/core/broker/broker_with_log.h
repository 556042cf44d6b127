// Broker 1 with a log of ten records, which follows broker 2: for tests of what it does with its
// logs.
#pragma once

#include <memory>

#include <gtest/gtest.h>

#include "core/broker/replicas.h"
#include "tests/core/broker/orders_metadata.h"
#include "tests/core/log/log_fixture.h"

namespace brokersim::broker {

struct BrokerWithLog : testing::Test, OrdersMetadata {
  log::MemoryEnv env;
  NodeConfig config;
  std::unique_ptr<Replicas> replicas;

  void SetUp() override {
    config.node_id = NodeId{1};
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
