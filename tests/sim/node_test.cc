// Whole nodes on simulated machines, asked by hand: what they answer while they are being deposed,
// whom they take for a stranger, and what they do not live with.
#include "core/broker/node.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/api/all.h"
#include "core/broker/metadata_loader.h"
#include "core/broker/quorum.h"
#include "core/wire/channel.h"
#include "sim/world.h"

namespace brokersim::broker {
namespace {

using api::ErrorCode;

struct Controllers {
  explicit Controllers(int count) {
    for (int id = 1; id <= count; ++id) {
      auto& config = configs[NodeId(id)];
      config.node_id = NodeId(id);
      config.cluster_id = "the cluster";
      config.is_broker = false;
      config.is_controller = true;
      config.listener = {"node-" + std::to_string(id), 9093};
      world.add_machine(config.listener.host, config.node_id);
    }
    for (auto& each : configs) {
      for (auto& other : configs) {
        each.second.voters.push_back({other.first, other.second.listener});
      }
    }
  }

  void start(NodeId id) {
    world.start(machine(id), [this, id](Env& env) {
      const auto ended = run_node(env, configs[id]);
      if (!ended) failures[id] = ended.error();
    });
  }
  void start_all() {
    for (const auto& each : configs) start(each.first);
  }

  // Runs `script` on a machine of its own; fails if it does not end.
  void by_hand(const std::function<void(Env&)>& script) {
    bool is_done = false;
    world.start(world.add_machine("by-hand", NodeId(99)), [&](Env& env) {
      script(env);
      is_done = true;
    });
    EXPECT_TRUE(world.run_until([&] { return is_done; }, world.now() + 60s));
  }

  template <class Request>
  wire::CallResult<typename Request::Response> ask(Env& env, NodeId node, const Request& request) {
    wire::Channel channel(configs[node].listener, "by-hand");
    return channel.call(env, request, Request::description.versions.last, env.now() + 5s);
  }

  sim::Machine& machine(NodeId id) { return *world.find(id); }

  sim::World world{1};
  std::map<NodeId, NodeConfig> configs;
  std::map<NodeId, std::string> failures;  // Of nodes that ended because of one.
};

api::DescribeQuorumRequest describe_quorum() {
  api::DescribeQuorumRequest request;
  request.topics.push_back({.topic_name = "__cluster_metadata", .partitions = {{}}});
  return request;
}

api::VoteRequest vote_of(LeaderEpoch epoch, NodeId candidate) {
  api::VoteRequest request;
  request.topics.push_back({.topic_name = "__cluster_metadata"});
  request.topics[0].partitions.push_back(
      {.candidate_epoch = epoch, .candidate_id = candidate, .last_offset_epoch = LeaderEpoch(0)});
  return request;
}

// ---- A leader that is being deposed ------------------------------------------------------------

TEST(Controllers, that_are_being_deposed_describe_no_quorum) {
  Controllers controllers(3);
  controllers.start_all();
  controllers.by_hand([&](Env& env) {
    env.sleep(5s);
    api::DescribeQuorumResponse described;
    NodeId leader;
    for (const auto& each : controllers.configs) {
      auto answer = controllers.ask(env, each.first, describe_quorum());
      ASSERT_TRUE(answer.has_value());
      if (answer->error_code != ErrorCode::none) continue;
      leader = each.first;
      described = *answer;
    }
    ASSERT_TRUE(leader.is_set());
    const auto epoch = described.topics.at(0).partitions.at(0).leader_epoch;
    // From here on what Raft has decided is not durable for a second.
    controllers.machine(leader).disk().add({.kind = sim::DiskFault::Kind::slow, .extra = 1s});
    const NodeId rival(leader == NodeId(1) ? 2 : 1);
    wire::Channel channel(controllers.configs[leader].listener, "rival");
    ASSERT_TRUE(channel.send(env, vote_of(epoch.next(), rival), 2, env.now() + 1s));
    env.sleep(10ms);
    const auto answer = controllers.ask(env, leader, describe_quorum());
    ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
    EXPECT_EQ(answer->error_code, ErrorCode::not_controller);
  });
}

// ---- Strangers ---------------------------------------------------------------------------------

TEST(Controllers, refuse_what_members_of_another_cluster_ask) {
  Controllers controllers(1);
  controllers.start_all();
  controllers.by_hand([&](Env& env) {
    env.sleep(1s);
    const auto error_for = [&](auto request) {
      const auto before = controllers.ask(env, NodeId(1), request);
      EXPECT_TRUE(before.has_value());
      EXPECT_NE(before->error_code, ErrorCode::inconsistent_cluster_id);
      request.cluster_id = "another cluster";
      return controllers.ask(env, NodeId(1), request)->error_code;
    };
    EXPECT_EQ(error_for(api::VoteRequest()), ErrorCode::inconsistent_cluster_id);
    EXPECT_EQ(error_for(api::BeginQuorumEpochRequest()), ErrorCode::inconsistent_cluster_id);
    EXPECT_EQ(error_for(api::EndQuorumEpochRequest()), ErrorCode::inconsistent_cluster_id);
    EXPECT_EQ(error_for(api::FetchRequest()), ErrorCode::inconsistent_cluster_id);
    EXPECT_EQ(error_for(api::FetchSnapshotRequest()), ErrorCode::inconsistent_cluster_id);
  });
}

// ---- Metadata that contradicts itself ----------------------------------------------------------

controller::PartitionChangeRecord change_of_nothing() {
  return {.partition_id = 3, .topic_id = {7}, .leader = NodeId(1)};
}

// KAFKA-13104.
TEST(Controllers, that_cannot_apply_what_is_committed_lead_no_more) {
  Controllers controllers(1);
  auto& config = controllers.configs[NodeId(1)];
  QuorumNode* node = nullptr;
  controllers.world.start(controllers.machine(NodeId(1)), [&](Env& env) {
    // Neither is deleted: their fibers refer to them for as long as the world lives.
    node = QuorumNode::open(env, config, false)->release();
    auto* loader = new MetadataLoader(config, *node, [](auto&&...) {});
    node->start(env);
    env.spawn("loader", [loader](Env& fiber) { loader->run(fiber); });
    env.sleep(1s);
    ASSERT_TRUE(node->append(env, node->epoch(), {change_of_nothing()}));
    env.sleep(1s);
  });
  controllers.world.run_until(Instant{3s});
  ASSERT_NE(node, nullptr);
  EXPECT_TRUE(node->has_failed());
  EXPECT_FALSE(node->is_leader());

  // Nor does a node live on that finds such a log.
  controllers.world.crash(controllers.machine(NodeId(1)));
  controllers.start(NodeId(1));
  controllers.world.run_until(controllers.world.now() + 10s);
  EXPECT_FALSE(controllers.machine(NodeId(1)).is_up());
  EXPECT_EQ(controllers.failures.count(NodeId(1)), 1u);
}

// ---- Settings of 0 -----------------------------------------------------------------------------

Offset metadata_after(Duration time, Duration max_idle_interval) {
  Controllers controllers(1);
  controllers.configs[NodeId(1)].metadata_max_idle_interval = max_idle_interval;
  controllers.start_all();
  Offset end = -1;
  controllers.by_hand([&](Env& env) {
    env.sleep(time);
    const auto answer = controllers.ask(env, NodeId(1), describe_quorum());
    end = answer->topics.at(0).partitions.at(0).high_watermark;
  });
  return end;
}

TEST(Controllers, append_nothing_while_idle_if_the_interval_is_0) {
  EXPECT_GT(metadata_after(10s, 500ms), 10);
  EXPECT_EQ(metadata_after(10s, 0s), metadata_after(20s, 0s));
}

}  // namespace
}  // namespace brokersim::broker
