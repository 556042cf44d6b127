// A leader asks a coordinator of transactions, over the simulated network: what one partition of
// __transaction_state is slow to answer, no other has to wait for.
#include "core/broker/transaction_verifier.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "core/broker/dispatch.h"
#include "core/transaction/records.h"
#include "sim/world.h"

namespace brokersim::broker {
namespace {

using api::ErrorCode;

const NodeId coordinator{2};
const Address where_it_is{"coordinator", 9092};

// Of a cluster whose transactions it coordinates, those of two partitions.
controller::Image coordinated() {
  controller::Image image;
  Offset offset = 0;
  const auto learn = [&](const controller::MetadataRecord& record) {
    EXPECT_TRUE(image.apply(record, offset++));
  };
  controller::RegisterBrokerRecord broker;
  broker.broker_id = coordinator;
  broker.broker_epoch = BrokerEpoch{0};
  broker.end_points.push_back({.host = where_it_is.host, .port = where_it_is.port});
  learn(broker);
  learn(controller::TopicRecord{std::string(transaction::state_topic), Uuid{1}});
  for (std::int32_t i = 0; i < 2; ++i) {
    controller::PartitionRecord partition;
    partition.partition_id = i;
    partition.topic_id = Uuid{1};
    partition.replicas = {coordinator};
    partition.isr = partition.replicas;
    partition.leader = coordinator;
    partition.leader_epoch = LeaderEpoch{0};
    partition.partition_epoch = PartitionEpoch{0};
    learn(partition);
  }
  return image;
}

// Answers after 10 s what is asked about the transactional id "a", and all else at once.
void coordinate(Env& env) {
  NodeConfig config;
  config.node_id = coordinator;
  config.listener = where_it_is;
  DispatchTable table;
  table.serve<api::AddPartitionsToTxnRequest>(
      [](Env& on, const RequestContext&, const auto& request) {
        if (request.transactions.at(0).transactional_id == "a") on.sleep(10s);
        api::AddPartitionsToTxnResponse response;
        response.error_code = ErrorCode::transaction_abortable;
        return response;
      });
  Server server(config, table);
  (void)server.run(env);
}

TEST(TransactionVerifier, waits_for_the_partition_that_it_asks_and_for_no_other) {
  ASSERT_NE(transaction::partition_of("a", 2), transaction::partition_of("b", 2));
  sim::World world(1);
  world.start(world.add_machine("coordinator", coordinator), coordinate);
  const auto image = coordinated();
  NodeConfig config;
  config.node_id = NodeId(1);
  TransactionVerifier verifier(config);
  std::map<std::string, TransactionVerifier::Answers> answers;
  const TopicPartition t0{"t", 0};
  world.start(world.add_machine("leader", config.node_id), [&](Env& env) {
    for (const std::string id : {"a", "b"}) {
      env.sleep(1s);
      env.spawn(id, [&, id](Env& fiber) {
        answers[id] = verifier.ask(fiber, image, {.transactional_id = id, .partitions = {t0}});
      });
    }
  });
  world.run_until(Instant{5s});
  EXPECT_FALSE(answers.contains("a"));
  EXPECT_TRUE(answers.contains("b"));
  world.run_until(Instant{20s});
  for (const std::string id : {"a", "b"}) {
    EXPECT_EQ(answers[id][t0], ErrorCode::transaction_abortable) << id;
  }
}

}  // namespace
}  // namespace brokersim::broker
