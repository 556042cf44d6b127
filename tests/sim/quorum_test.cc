// Three controllers and a broker's observer on simulated machines: the quorum over real frames,
// files and syncs. Whoever leads appends all the time, everybody reads what is committed, and what
// they read has to be the same and to hold all that was acknowledged, whatever happens to leaders.
#include "core/broker/quorum.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/broker/server.h"
#include "sim/world.h"

namespace brokersim::broker {
namespace {

template <class Request, class Serve>
Reply reply_to(const RequestContext& context, const Slice& body, Serve serve) {
  const auto version = context.header.api_version;
  const auto request = wire::decode<Request>(body, version);
  if (!request) return {.kind = Reply::Kind::close, .frame = {}, .why = "malformed"};
  const auto response = serve(*request);
  return {.frame = wire::response_frame(context.header.correlation_id, response, version)};
}

Reply dispatch(Env& env, QuorumNode& node, const RequestContext& context, const Slice& body) {
  switch (context.header.api_key) {
    case api::VoteRequest::description.key:
      return reply_to<api::VoteRequest>(context, body,
                                        [&](const auto& r) { return node.vote(env, r); });
    case api::BeginQuorumEpochRequest::description.key:
      return reply_to<api::BeginQuorumEpochRequest>(
          context, body, [&](const auto& r) { return node.begin_quorum_epoch(env, r); });
    case api::EndQuorumEpochRequest::description.key:
      return reply_to<api::EndQuorumEpochRequest>(
          context, body, [&](const auto& r) { return node.end_quorum_epoch(env, r); });
    case api::FetchRequest::description.key:
      return reply_to<api::FetchRequest>(context, body, [&](const auto& r) {
        return node.fetch(env, r, context.header.api_version);
      });
    default: return {.kind = Reply::Kind::close, .frame = {}, .why = "not of the quorum"};
  }
}

constexpr int observer = 4;

struct QuorumWorld {
  explicit QuorumWorld(std::uint64_t seed) : world(seed) {
    for (int id = 1; id <= observer; ++id) {
      auto& config = configs[id];
      config.node_id = NodeId(id);
      config.cluster_id = "the cluster";
      config.is_controller = id != observer;
      config.listener = {"node-" + std::to_string(id), 9093};
      world.add_machine(config.listener.host, NodeId(id));
    }
    for (auto& [id, config] : configs) {
      for (int voter = 1; voter < observer; ++voter) {
        config.voters.push_back({NodeId(voter), configs[voter].listener});
      }
    }
    for (int id = 1; id <= observer; ++id) start(id);
  }

  void start(int id) {
    world.start(machine(id), [this, id](Env& env) { run(env, id); });
  }

  void run(Env& env, int id) {
    auto opened = QuorumNode::open(env, configs[id], false);
    ASSERT_TRUE(opened.has_value());
    // Never deleted: fibers that are abandoned at a crash, or at the end, still refer to it.
    QuorumNode* node = opened->release();
    nodes[id] = node;
    node->start(env);
    env.spawn("workload", [this, node](Env& fiber) { append_for_ever(fiber, *node); });
    env.spawn("reader", [this, node](Env& fiber) { read_for_ever(fiber, *node); });
    Server server(configs[id],
                  [node](Env& fiber, const RequestContext& context, const Slice& body) {
                    return dispatch(fiber, *node, context, body);
                  });
    (void)server.run(env);
  }

  void append_for_ever(Env& env, QuorumNode& node) {
    while (env.sleep(20ms)) {
      if (&node == stopping) {
        node.stop(env);
        stopping = nullptr;
        return;
      }
      if (!node.is_leader()) continue;
      controller::ConfigRecord record;
      record.resource_name = std::to_string(++appended);
      const auto name = record.resource_name;
      const LeaderEpoch epoch = node.epoch();
      const auto base = node.append(env, epoch, {record, record});
      if (!base) continue;
      if (node.wait_committed(env, epoch, *base + 2, env.now() + 5s)) acknowledged.insert(name);
    }
  }

  void read_for_ever(Env& env, QuorumNode& node) {
    Offset next = 0;
    while (true) {
      const auto read = node.read_committed(env, next);
      ASSERT_TRUE(read.has_value());
      for (const wire::Batch& batch : read->batches) {
        const auto known = committed.emplace(batch.header.base_offset, batch.ref()).first->second;
        ASSERT_EQ(known, batch.ref());
        if (batch.header.is_control()) continue;
        const auto records = wire::records_of(batch);
        ASSERT_TRUE(records.has_value());
        const auto record = controller::decode_record(*records->front().record.value);
        ASSERT_TRUE(record.has_value());
        committed_names.insert(std::get<controller::ConfigRecord>(*record).resource_name);
      }
      next = read->next_offset;
      if (next < node.high_watermark()) continue;
      if (node.committed().wait(env) == Wake::cancelled) return;
    }
  }

  sim::Machine& machine(int id) { return *world.find(NodeId(id)); }

  // Of the nodes that run, the leader that a majority of the controllers know of; 0 if none.
  int leader() {
    for (const auto& candidate : nodes) {
      const QuorumNode& node = *candidate.second;
      const auto knows = [&](const auto& each) {
        return each.first != observer && machine(each.first).is_up() &&
               each.second->raft().current() == node.raft().current();
      };
      if (machine(candidate.first).is_up() && node.is_leader() &&
          std::count_if(nodes.begin(), nodes.end(), knows) >= 2) {
        return candidate.first;
      }
    }
    return 0;
  }

  int await_leader(int other_than = 0) {
    world.run_until([=, this] { return leader() != 0 && leader() != other_than; },
                    world.now() + 30s);
    return leader();
  }

  // Something appended from here on is committed, and known to all that run.
  bool makes_progress() {
    Offset target = 0;
    for (const auto& [id, node] : nodes) target = std::max(target, node->end_offset());
    return world.run_until(
        [=, this] {
          return std::all_of(nodes.begin(), nodes.end(), [&](const auto& each) {
            return !machine(each.first).is_up() || each.second->high_watermark() > target;
          });
        },
        world.now() + 30s);
  }

  std::set<std::string> lost() {
    std::set<std::string> lost;
    std::set_difference(acknowledged.begin(), acknowledged.end(), committed_names.begin(),
                        committed_names.end(), std::inserter(lost, lost.end()));
    return lost;
  }

  sim::World world;
  std::map<int, NodeConfig> configs;
  std::map<int, QuorumNode*> nodes;
  QuorumNode* stopping = nullptr;  // To be stopped in order.
  int appended = 0;
  std::set<std::string> acknowledged;
  std::map<Offset, BatchRef> committed;  // As any node ever read it.
  std::set<std::string> committed_names;
};

TEST(QuorumOfThree, elects_a_leader_and_commits_on_all_nodes) {
  QuorumWorld quorum(1);
  ASSERT_NE(quorum.await_leader(), 0);
  EXPECT_LT(quorum.world.now(), Instant{5s});
  quorum.world.run_until(quorum.world.now() + 3s);
  EXPECT_TRUE(quorum.makes_progress());
  EXPECT_GT(quorum.acknowledged.size(), 100u);
  EXPECT_EQ(quorum.lost(), std::set<std::string>{});
}

TEST(QuorumOfThree, a_commit_reaches_an_observer_without_the_next_fetch_timing_out) {
  QuorumWorld quorum(2);
  ASSERT_NE(quorum.await_leader(), 0);
  ASSERT_TRUE(quorum.makes_progress());
  const Offset target = quorum.nodes[quorum.leader()]->end_offset();
  const Instant before = quorum.world.now();
  ASSERT_TRUE(quorum.world.run_until(
      [&] { return quorum.nodes[observer]->high_watermark() > target; }, before + 5s));
  EXPECT_LT(quorum.world.now() - before, Duration(200ms));
}

TEST(QuorumOfThree, loses_nothing_when_leaders_crash_and_lose_power) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    QuorumWorld quorum(seed);
    for (int round = 0; round < 4; ++round) {
      const int before = quorum.await_leader();
      ASSERT_NE(before, 0) << "seed " << seed;
      quorum.world.run_until(quorum.world.now() + (round + 1) * Duration(97ms));
      if (round % 2 == 0) {
        quorum.world.crash(quorum.machine(before));
      } else {
        quorum.world.power_off(quorum.machine(before));
      }
      ASSERT_NE(quorum.await_leader(before), 0) << "seed " << seed;
      ASSERT_TRUE(quorum.makes_progress()) << "seed " << seed;
      quorum.start(before);
      ASSERT_TRUE(quorum.makes_progress()) << "seed " << seed;
    }
    EXPECT_EQ(quorum.lost(), std::set<std::string>{}) << "seed " << seed;
    EXPECT_FALSE(quorum.acknowledged.empty());
  }
}

TEST(QuorumOfThree, recovers_when_all_lose_power_at_once) {
  QuorumWorld quorum(3);
  ASSERT_NE(quorum.await_leader(), 0);
  ASSERT_TRUE(quorum.makes_progress());
  for (int id = 1; id <= observer; ++id) quorum.world.power_off(quorum.machine(id));
  for (int id = 1; id <= observer; ++id) quorum.start(id);
  ASSERT_NE(quorum.await_leader(), 0);
  EXPECT_TRUE(quorum.makes_progress());
  EXPECT_EQ(quorum.lost(), std::set<std::string>{});
}

TEST(QuorumOfThree, a_leader_that_stops_in_order_is_replaced_before_a_fetch_times_out) {
  QuorumWorld quorum(4);
  const int before = quorum.await_leader();
  ASSERT_NE(before, 0);
  ASSERT_TRUE(quorum.makes_progress());
  const Instant stopped_at = quorum.world.now();
  quorum.stopping = quorum.nodes[before];
  ASSERT_NE(quorum.await_leader(before), 0);
  EXPECT_LT(quorum.world.now() - stopped_at, Duration(1s));
}

// Its next start believes the log as it is: a loss of power meanwhile must not have torn it.
TEST(QuorumOfThree, an_observer_that_stops_in_order_leaves_a_durable_log) {
  QuorumWorld quorum(7);
  ASSERT_NE(quorum.await_leader(), 0);
  ASSERT_TRUE(quorum.makes_progress());
  quorum.stopping = quorum.nodes[observer];
  ASSERT_TRUE(
      quorum.world.run_until([&] { return quorum.stopping == nullptr; }, quorum.world.now() + 10s));
  const auto& disk = quorum.machine(observer).disk();
  for (const auto& path : disk.all_files("__cluster_metadata-0")) {
    EXPECT_GT(disk.size_of(path), 0u) << path;
    EXPECT_EQ(disk.durable_size(path), disk.size_of(path)) << path;
  }
}

TEST(QuorumOfThree, the_same_seed_gives_the_same_log) {
  const auto committed = [](std::uint64_t seed) {
    QuorumWorld quorum(seed);
    quorum.world.run_until(Instant{6s});
    return quorum.committed;
  };
  EXPECT_EQ(committed(5), committed(5));
  EXPECT_NE(committed(5), committed(6));
}

}  // namespace
}  // namespace brokersim::broker
