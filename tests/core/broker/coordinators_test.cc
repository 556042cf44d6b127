// The coordinators of transactions of broker 1, on its disk: how large a batch they append while
// their topic's configuration changes, and whom they tell of a log that cannot be read.
#include "core/broker/coordinators.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/transaction/records.h"
#include "tests/core/log/log_fixture.h"

namespace brokersim::broker {
namespace {

const std::string state_topic(transaction::state_topic);

struct CoordinatingBroker : testing::Test {
  log::MemoryEnv env;
  NodeConfig config = [] {
    NodeConfig of_broker_1;
    of_broker_1.node_id = NodeId(1);
    return of_broker_1;
  }();
  controller::Image image;
  Offset records = 0;
  Replicas replicas{config};
  FiberGroup fibers;
  Coordinators<transaction::Shard> coordinators{
      config, replicas, fibers, transaction::state_topic, "transactions", [this] {
        return transaction::Shard(config.transaction, config.rules.transactions);
      }};

  void SetUp() override {
    replicas.load(env, false);
    controller::PartitionRecord partition;
    partition.partition_id = 0;
    partition.topic_id = Uuid{1};
    partition.replicas = {NodeId(1)};
    partition.isr = partition.replicas;
    partition.leader = NodeId(1);
    partition.leader_epoch = LeaderEpoch{0};
    partition.partition_epoch = PartitionEpoch{0};
    learn({controller::TopicRecord{state_topic, Uuid{1}}, partition});
  }
  void learn(const std::vector<controller::MetadataRecord>& news) {
    controller::Delta delta;
    for (const auto& record : news) {
      auto applied = image.apply(record, records++);
      ASSERT_TRUE(applied.has_value());
      delta.add(*std::move(applied));
    }
    replicas.apply(env, image, delta, BrokerEpoch{5});
    coordinators.apply(env, image, delta);
  }
  Replica& replica() { return *replicas.find({state_topic, 0}); }
  Coordinator<transaction::Shard>& coordinator() { return *coordinators.all().at(0); }
  // A producer begins. Whether that is in the log now.
  bool begins(const std::string& id) {
    const Offset before = replica().log().end_offset();
    api::InitProducerIdRequest asked;
    asked.transactional_id = id;
    asked.transaction_timeout_ms = 60'000;
    auto& shard = coordinator().shard();
    if (shard.lacks_producer_id()) shard.stock_producer_id(++producer_ids);
    coordinator().carry_out(env, shard.init_producer(coordinator().now(env), {1}, asked));
    return replica().log().end_offset() == before + 1;
  }

  std::int64_t producer_ids = 0;
};

TEST_F(CoordinatingBroker, appends_as_much_at_once_as_its_topic_takes_by_now) {
  EXPECT_TRUE(begins("a"));
  learn({controller::ConfigRecord{4, "", "message.max.bytes", std::string("50")}});
  EXPECT_FALSE(begins("b"));
  learn({controller::ConfigRecord{2, state_topic, "max.message.bytes", std::string("100000")}});
  EXPECT_TRUE(begins("c"));
}

// KAFKA-15468.
TEST_F(CoordinatingBroker, loads_each_epoch_once) {
  ASSERT_TRUE(begins("a"));
  const auto first = coordinators.all().at(0);
  controller::PartitionChangeRecord change;
  change.partition_id = 0;
  change.topic_id = Uuid{1};
  change.isr.emplace().push_back(NodeId(1));
  learn({change});
  EXPECT_EQ(coordinators.all().at(0), first);
  change.leader = NodeId(1);  // Anew: another epoch.
  learn({change});
  EXPECT_NE(coordinators.all().at(0), first);
}

TEST_F(CoordinatingBroker, tells_of_a_log_that_cannot_be_read) {
  ASSERT_TRUE(begins("a"));
  env.disk.is_cold = true;
  env.disk.reads_fail = true;
  coordinator().run(env);
  EXPECT_TRUE(replicas.news().has_failed);
}

}  // namespace
}  // namespace brokersim::broker
