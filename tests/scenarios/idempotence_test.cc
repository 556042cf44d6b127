// What brokers answer to idempotent producers that speak the protocol by hand: producer ids that
// nobody else has, the original offset for what is repeated, whoever leads by then, and an error
// for what does not follow. Three brokers, a topic `t` with one partition on all of them.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "core/api/all.h"
#include "core/client/admin.h"
#include "core/wire/channel.h"
#include "scenarios/cluster.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;

class Idempotence : public testing::Test {
 protected:
  using Answer = api::ProduceResponse::PartitionProduceResponse;

  void with_idempotence_at(const std::map<std::string, std::string>& settings,
                           const std::function<void(Env&)>& script) {
    Plan plan;
    plan.cluster.settings = settings;
    cluster_.emplace(plan, *node_configs(plan));
    cluster_->start_nodes();
    bool is_done = false;
    cluster_->start_client("by-hand", [&](Env& env) {
      client::Admin admin({.bootstrap_servers = cluster_->brokers(), .client_id = "by-hand"});
      ASSERT_TRUE(admin.create_topics(
          env, {{.name = "t", .partitions = 1, .replication_factor = 3}}, env.now() + 60s));
      script(env);
      is_done = true;
    });
    EXPECT_TRUE(cluster_->world().run_until([&] { return is_done; }, Instant{180s}));
  }
  void with_idempotence(const std::function<void(Env&)>& script) {
    with_idempotence_at({{"min.insync.replicas", "2"}}, script);
  }

  template <class Request>
  auto ask(Env& env, NodeId node, const Request& request, std::int16_t version) {
    auto& channel = channels_[node];
    if (!channel) {
      channel =
          std::make_unique<wire::Channel>(Address{fmt::format("broker-{}", node), 9092}, "by-hand");
    }
    return channel->call(env, request, version, env.now() + 10s);
  }
  // One batch of `records` records, to the partition's leader.
  Answer produce(Env& env, std::int32_t sequence, int records = 1, std::int16_t epoch = 0) {
    wire::BatchBuilder builder(
        {.producer_id = 77, .producer_epoch = epoch, .base_sequence = sequence});
    for (int i = 0; i < records; ++i) builder.add({.timestamp = 5, .value = bytes_of("v")});
    api::ProduceRequest request{.acks = -1, .timeout_ms = 3000};
    request.topic_data.push_back({.name = "t"});
    request.topic_data[0].partition_data.push_back(
        {.index = 0, .records = wire::Records(builder.finish().bytes())});
    const auto answer = ask(env, leader(), request, 9);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return answer->responses[0].partition_responses[0];
  }
  api::InitProducerIdResponse init(Env& env, NodeId node,
                                   const api::InitProducerIdRequest& request = {}) {
    const auto answer = ask(env, node, request, 5);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return *answer;
  }
  // As a client does: again, while there is none.
  std::int64_t producer_id(Env& env, NodeId node) {
    auto answer = init(env, node);
    while (answer.error_code == ErrorCode::coordinator_load_in_progress) {
      env.sleep(100ms);
      answer = init(env, node);
    }
    EXPECT_EQ(answer.error_code, ErrorCode::none);
    EXPECT_EQ(answer.producer_epoch, 0);
    return answer.producer_id;
  }

  sim::Machine& machine(NodeId node) { return *cluster_->world().find(node); }
  NodeId leader() { return cluster_->metadata().find_partition({"t", 0})->leader; }
  void await_other_leader(Env& env, NodeId than) {
    while (leader() == than || !leader().is_set()) env.sleep(100ms);
    env.sleep(1s);
  }

  std::optional<SimulatedCluster> cluster_;
  std::map<NodeId, std::unique_ptr<wire::Channel>> channels_;
};

TEST_F(Idempotence, what_is_repeated_gets_its_first_answer_again) {
  with_idempotence([&](Env& env) {
    EXPECT_EQ(produce(env, 0, 3).base_offset, 0);
    const auto first = produce(env, 3, 2);
    EXPECT_EQ(first.base_offset, 3);
    EXPECT_EQ(first.log_append_time_ms, -1);
    const auto again = produce(env, 0, 3);
    EXPECT_EQ(again.error_code, ErrorCode::none);
    EXPECT_EQ(again.base_offset, 0);
    EXPECT_EQ(again.log_append_time_ms, 5);
    EXPECT_EQ(produce(env, 5).base_offset, 5);
  });
}

TEST_F(Idempotence, what_does_not_follow_is_refused) {
  with_idempotence([&](Env& env) {
    for (int i = 0; i < 6; ++i) EXPECT_EQ(produce(env, i).base_offset, i);
    EXPECT_EQ(produce(env, 7).error_code, ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(produce(env, 0).error_code, ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(produce(env, 1, 1, 1).error_code, ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(produce(env, 0, 1, 1).base_offset, 6);
    EXPECT_EQ(produce(env, 6).error_code, ErrorCode::invalid_producer_epoch);
  });
}

TEST_F(Idempotence, a_new_leader_knows_what_its_predecessor_answered) {
  with_idempotence([&](Env& env) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(produce(env, i).base_offset, i);
    const NodeId old = leader();
    cluster_->world().crash(machine(old));
    await_other_leader(env, old);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(produce(env, i).base_offset, i);
    EXPECT_EQ(produce(env, 3).base_offset, 3);
  });
}

// The answer to a repeated batch promises as much as any other: so many copies.
TEST_F(Idempotence, a_repeated_batch_waits_for_its_acks) {
  with_idempotence_at({{"min.insync.replicas", "3"}}, [&](Env& env) {
    for (const NodeId node : {NodeId(1), NodeId(2), NodeId(3)}) {
      if (node != leader()) cluster_->world().pause(machine(node));
    }
    EXPECT_EQ(produce(env, 0).error_code, ErrorCode::request_timed_out);
    EXPECT_EQ(produce(env, 0).error_code, ErrorCode::request_timed_out);
    for (const NodeId node : {NodeId(1), NodeId(2), NodeId(3)}) {
      if (node != leader()) cluster_->world().resume(machine(node));
    }
    env.sleep(1s);
    EXPECT_EQ(produce(env, 0).base_offset, 0);
  });
}

TEST_F(Idempotence, no_producer_id_is_given_twice) {
  with_idempotence([&](Env& env) {
    EXPECT_EQ(init(env, NodeId(1)).error_code, ErrorCode::coordinator_load_in_progress);
    std::set<std::int64_t> ids;
    for (int i = 0; i < 1100; ++i) ids.insert(producer_id(env, NodeId(1)));
    ids.insert(producer_id(env, NodeId(2)));
    cluster_->world().crash(machine(NodeId(1)));
    cluster_->world().restart(machine(NodeId(1)));
    channels_.clear();
    env.sleep(15s);
    ids.insert(producer_id(env, NodeId(1)));
    EXPECT_EQ(ids.size(), 1102u);
    EXPECT_EQ(*ids.begin(), 0);
  });
}

// Before the ids of a block are gone the next block is there: nobody waits for it.
TEST_F(Idempotence, the_next_block_of_producer_ids_is_fetched_in_time) {
  with_idempotence([&](Env& env) {
    producer_id(env, NodeId(1));
    for (int i = 0; i < 1500; ++i) {
      EXPECT_EQ(init(env, NodeId(1)).error_code, ErrorCode::none) << i;
    }
  });
}

TEST_F(Idempotence, a_producer_id_is_refused_to_half_an_identity) {
  with_idempotence([&](Env& env) {
    const auto error = [&](const api::InitProducerIdRequest& request) {
      const auto answer = init(env, NodeId(1), request);
      if (answer.error_code != ErrorCode::none) {
        EXPECT_EQ(answer.producer_id, -1);
      }
      return answer.error_code;
    };
    EXPECT_EQ(error({.transactional_id = "t", .transaction_timeout_ms = 1000}),
              ErrorCode::not_coordinator);
    EXPECT_EQ(error({.transactional_id = ""}), ErrorCode::invalid_request);
    EXPECT_EQ(error({.producer_id = 5}), ErrorCode::invalid_request);
    EXPECT_EQ(error({.producer_epoch = 5}), ErrorCode::invalid_request);
    const auto id = producer_id(env, NodeId(1));
    const auto next = init(env, NodeId(1), {.producer_id = id, .producer_epoch = 32767});
    EXPECT_EQ(next.error_code, ErrorCode::none);
    EXPECT_GT(next.producer_id, id);
    EXPECT_EQ(next.producer_epoch, 0);
  });
}

}  // namespace
}  // namespace brokersim::scenarios
