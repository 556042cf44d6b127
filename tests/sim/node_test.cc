// Whole nodes on simulated machines, asked by hand: what they answer while they are being deposed,
// and while they stop, whom they take for a stranger, and what they do not live with.
#include "core/broker/node.h"

#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/api/all.h"
#include "core/broker/controller_node.h"
#include "core/broker/fiber_group.h"
#include "core/broker/metadata_loader.h"
#include "core/broker/quorum.h"
#include "core/broker/quorum_messages.h"
#include "core/log/checkpoint.h"
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

  // Runs `script` on the machine; fails if it does not end.
  void run(sim::Machine& on, const std::function<void(Env&)>& script) {
    bool is_done = false;
    world.start(on, [&](Env& env) {
      script(env);
      is_done = true;
    });
    EXPECT_TRUE(world.run_until([&] { return is_done; }, world.now() + 60s));
  }
  void by_hand(const std::function<void(Env&)>& script) {
    run(world.add_machine("by-hand", NodeId(99)), script);
  }
  // Of a quorum of one, which leads.
  void run_alone(const std::function<void(Env&, const NodeConfig&, QuorumNode&)>& script) {
    run(machine(NodeId(1)), [&](Env& env) {
      const auto& config = configs[NodeId(1)];
      const auto opened = QuorumNode::open(env, config, false);
      (*opened)->start(env);
      env.sleep(1s);
      EXPECT_TRUE((*opened)->leads((*opened)->epoch()));
      script(env, config, **opened);
    });
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

struct Lead {
  NodeId leader = no_node;
  LeaderEpoch epoch{};
};

// As the leader says itself.
Lead lead_of(Controllers& controllers, Env& env) {
  for (const auto& each : controllers.configs) {
    const auto answer = controllers.ask(env, each.first, describe_quorum());
    if (!answer || answer->error_code != ErrorCode::none) continue;
    return {each.first, answer->topics.at(0).partitions.at(0).leader_epoch};
  }
  return {};
}

// ---- A leader that is being deposed ------------------------------------------------------------

TEST(Controllers, that_are_being_deposed_describe_no_quorum) {
  Controllers controllers(3);
  controllers.start_all();
  controllers.by_hand([&](Env& env) {
    env.sleep(5s);
    const auto [leader, epoch] = lead_of(controllers, env);
    ASSERT_TRUE(leader.is_set());
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

// Between Raft's decision and the end of its persisting the role is the old one, to all others.
TEST(Controllers, that_are_deposed_before_their_first_decision_wait_until_they_lead_again) {
  Controllers controllers(1);
  controllers.run_alone([&](Env& env, const NodeConfig& config, QuorumNode& node) {
    MetadataLoader loader(config, node, [](auto&&...) {});
    ControllerNode controller(config, node, loader);
    FiberGroup fibers;
    fibers.spawn(env, "loader", [&](Env& fiber) { loader.run(fiber); });
    env.sleep(1s);
    const auto epoch = node.epoch();
    controllers.machine(NodeId(1)).disk().add(
        {.kind = sim::DiskFault::Kind::slow, .extra = 1s, .times = 2});
    fibers.spawn(env, "rival",
                 [&](Env& fiber) { (void)node.vote(fiber, vote_of(epoch.next(), NodeId(2))); });
    env.sleep(10ms);
    EXPECT_TRUE(node.is_leader());
    EXPECT_FALSE(node.leads(epoch));
    fibers.spawn(env, "controller", [&](Env& fiber) { controller.run(fiber); });
    env.sleep(100ms);
    EXPECT_FALSE(controller.is_active());
    env.sleep(20s);
    EXPECT_TRUE(controller.is_active());
    fibers.cancel(env);
    fibers.wait_until_empty(env);
    node.stop(env);
  });
}

// ---- The end of a node -------------------------------------------------------------------------

TEST(Controllers, that_have_stopped_take_part_in_nothing_more) {
  Controllers controllers(1);
  controllers.run_alone([](Env& env, const NodeConfig&, QuorumNode& node) {
    const auto epoch = node.epoch();
    node.stop(env);
    EXPECT_FALSE(node.is_leader());
    const auto answer = node.vote(env, vote_of(epoch.next(), NodeId(2)));
    EXPECT_EQ(answer.error_code, ErrorCode::broker_not_available);
    EXPECT_EQ(node.raft().epoch(), epoch);
    EXPECT_FALSE(node.has_failed());
  });
}

// What is cut short looks like a disk that failed, and a node whose disk has failed leaves no word
// that it ended in order.
TEST(Controllers, that_stop_first_bring_to_its_end_what_they_are_writing) {
  std::vector<std::string> failed;
  Controllers controllers(3);
  for (auto& each : controllers.configs) each.second.metadata_max_idle_interval = 0s;
  controllers.world.recorder().listen([&](const Event& event) {
    const auto* note = std::get_if<Note>(&event.body);
    if (note && note->text.starts_with("the quorum node stops")) failed.push_back(note->text);
  });
  controllers.start_all();
  controllers.by_hand([&](Env& env) {
    env.sleep(5s);
    const auto [leader, epoch] = lead_of(controllers, env);
    ASSERT_TRUE(leader.is_set());
    auto& machine = controllers.machine(leader);
    machine.disk().add({.kind = sim::DiskFault::Kind::slow, .extra = 100ms});
    // Nobody acknowledges that it resigns: it waits for that, and is asked for its vote meanwhile.
    for (const auto& each : controllers.configs) {
      if (each.first != leader) controllers.world.pause(controllers.machine(each.first));
    }
    controllers.world.stop(machine);
    env.sleep(10ms);
    const NodeId rival(leader == NodeId(1) ? 2 : 1);
    wire::Channel channel(controllers.configs[leader].listener, "rival");
    ASSERT_TRUE(channel.send(env, vote_of(epoch.next(), rival), 2, env.now() + 1s));
    for (int i = 0; i < 100 && machine.is_up(); ++i) env.sleep(100ms);
    EXPECT_FALSE(machine.is_up());
  });
  EXPECT_EQ(failed, std::vector<std::string>{});
}

// ---- Where the leader is -----------------------------------------------------------------------

TEST(Observers, believe_only_the_leader_where_it_is) {
  Controllers controllers(2);
  auto& config = controllers.configs[NodeId(1)];
  const NodeId leader(2);
  const Address there = controllers.configs[leader].listener;
  config.is_controller = false;
  config.voters.clear();
  config.bootstrap_servers = {there};
  controllers.run(controllers.machine(NodeId(1)), [&](Env& env) {
    const auto properties =
        log::encode_meta_properties({config.cluster_id, config.node_id, Uuid{7}});
    ASSERT_TRUE(log::replace_file(env, log::meta_properties_file, properties));
    const auto opened = QuorumNode::open(env, config, false);
    ASSERT_TRUE(opened.has_value()) << log::name_of(opened.error());
    QuorumNode& node = **opened;
    node.start(env);
    const auto begin = [&](NodeId who, std::int32_t epoch, const Address& where) {
      api::BeginQuorumEpochRequest request;
      request.topics.push_back({.topic_name = "__cluster_metadata"});
      request.topics[0].partitions.push_back(
          {.leader_id = who, .leader_epoch = LeaderEpoch(epoch)});
      request.leader_endpoints.push_back({"CONTROLLER", where.host, where.port});
      (void)node.begin_quorum_epoch(env, request);
    };
    begin(leader, 5, there);
    EXPECT_EQ(node.leader(), leader);
    EXPECT_EQ(node.address_of(leader), there);
    const Address nowhere{"nowhere", 1};
    begin(leader, 4, nowhere);  // Late.
    EXPECT_EQ(node.address_of(leader), there);
    begin(NodeId(3), 5, nowhere);  // A rival.
    EXPECT_FALSE(node.address_of(NodeId(3)));
    begin(leader, 6, nowhere);
    EXPECT_EQ(node.address_of(leader), nowhere);
    node.stop(env);
  });
}

// ---- How much is sent at once ------------------------------------------------------------------

TEST(FetchesOfMetadata, get_no_more_at_once_than_kafka_sends_whatever_they_ask_for) {
  constexpr auto all = std::numeric_limits<std::int32_t>::max();
  api::FetchRequest fetch{.max_bytes = all};
  auto& topic = fetch.topics.emplace_back();
  topic.topic_id = metadata_topic_id;
  topic.partitions.emplace_back().partition_max_bytes = all;
  api::FetchSnapshotRequest snapshot{.max_bytes = all};
  snapshot.topics.push_back({.name = "__cluster_metadata", .partitions = {{}}});
  EXPECT_EQ(from_api(fetch, metadata_fetch_version)->max_bytes, std::size_t{8} << 20);
  EXPECT_EQ(from_api(snapshot)->max_bytes, std::size_t{8} << 20);
  fetch.max_bytes = snapshot.max_bytes = 1000;
  EXPECT_EQ(from_api(fetch, metadata_fetch_version)->max_bytes, 1000U);
  EXPECT_EQ(from_api(snapshot)->max_bytes, 1000U);
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

// ---- Whoever watches a node ---------------------------------------------------------------------

TEST(Node, tells_whoever_watches_it_that_its_stop_was_not_all_in_order) {
  Monitor monitor;
  std::string told;
  monitor.on_failed_end = [&](std::string_view why) { told = why; };
  Controllers c(1);
  auto& machine = c.machine(NodeId(1));
  auto& config = c.configs[NodeId(1)];
  config.is_broker = true;
  c.world.start(machine,
                [&](Env& env) { EXPECT_TRUE(run_node(env, config, &monitor).has_value()); });
  c.world.run_until(Instant{5s});
  machine.disk().add({.kind = sim::DiskFault::Kind::sync_fails});
  c.world.stop(machine);
  EXPECT_TRUE(c.world.run_until([&] { return !machine.is_up(); }, Instant{20s}));
  EXPECT_EQ(told, "its disk has failed: a checkpoint cannot be written");
}

// What it leads it leads until it is told to go: that is asked for again before it is due.
TEST(Node, that_stops_alone_does_not_wait_until_a_heartbeat_is_due) {
  Controllers c(1);
  c.configs[NodeId(1)].is_broker = true;
  c.start_all();
  c.by_hand([&](Env& env) {
    env.sleep(5s);
    api::CreateTopicsRequest request;
    request.topics.push_back({.name = "orders", .num_partitions = 1, .replication_factor = 1});
    const auto created = c.ask(env, NodeId(1), request);
    ASSERT_TRUE(created.has_value());
    ASSERT_EQ(created->topics.at(0).error_code, ErrorCode::none);
    env.sleep(1s);
  });
  auto& machine = c.machine(NodeId(1));
  ASSERT_TRUE(machine.is_up());
  const Instant stopped = c.world.now();
  c.world.stop(machine);
  EXPECT_TRUE(c.world.run_until([&] { return !machine.is_up(); }, stopped + 20s));
  EXPECT_LT(c.world.now(), stopped + 1s);
}

// Like Kafka's, if the quorum has nobody to register it for a while.
TEST(Node, that_cannot_register_in_time_says_so_and_ends) {
  Controllers c(2);
  auto& config = c.configs[NodeId(1)];
  config.is_broker = true;
  config.initial_broker_registration_timeout = 3s;
  c.start(NodeId(1));
  auto& machine = c.machine(NodeId(1));
  c.world.run_until(Instant{2900ms});
  EXPECT_TRUE(machine.is_up());
  EXPECT_TRUE(c.world.run_until([&] { return !machine.is_up(); }, Instant{20s}));
  EXPECT_EQ(c.failures[NodeId(1)], "it could not register with the controllers within 3000 ms");
}

TEST(Node, that_has_registered_in_time_waits_for_controllers_as_long_as_it_takes) {
  Controllers c(2);
  auto& config = c.configs[NodeId(1)];
  config.is_broker = true;
  config.initial_broker_registration_timeout = 10s;
  c.start_all();
  c.world.run_until(Instant{10s});
  c.world.crash(c.machine(NodeId(2)));
  c.world.run_until(Instant{40s});
  EXPECT_TRUE(c.machine(NodeId(1)).is_up());
}

TEST(Node, forgets_what_it_counted_of_topics_that_are_no_more) {
  Monitor monitor;
  Controllers c(1);
  auto& config = c.configs[NodeId(1)];
  config.is_broker = true;
  c.world.start(c.machine(NodeId(1)),
                [&](Env& env) { EXPECT_TRUE(run_node(env, config, &monitor).has_value()); });
  c.world.run_until(Instant{5s});
  monitor.metrics.topics["gone"].produced.add(1, 100);
  EXPECT_TRUE(monitor.look().has_value());
  EXPECT_TRUE(monitor.metrics.topics.empty());
}

}  // namespace
}  // namespace brokersim::broker
