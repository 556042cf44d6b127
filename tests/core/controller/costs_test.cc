// What decisions cost, counted: a broker that goes costs a look at what it holds, one that comes a
// look at what nobody leads, and heartbeats and ticks in which nothing happens cost none. So costs
// grow with what is decided, and not with the cluster.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

constexpr std::int32_t partitions_of_broker = 20;
constexpr std::int32_t copies = 3;

ControllerConfig without_ticks() {
  ControllerConfig config;
  config.leader_imbalance_check_interval = 24h;
  config.unclean_leader_election_interval = 24h;
  return config;
}

struct BigCluster : Cluster {
  explicit BigCluster(std::int32_t brokers_there, ControllerConfig config = without_ticks())
      : Cluster(brokers_there, std::move(config)), brokers(brokers_there) {
    api::CreateTopicsRequest request;
    for (const auto* name : {"a", "b"}) {
      request.topics.push_back({.name = name,
                                .num_partitions = brokers * partitions_of_broker / 2,
                                .replication_factor = copies});
    }
    const auto created = keep(controller.create_topics(request, 1));
    EXPECT_EQ(created.response.topics.at(1).error_code, ErrorCode::none);
  }

  std::int64_t count(const std::function<bool(const Partition&)>& fits) const {
    std::int64_t found = 0;
    for (const auto& [name, topic] : controller.image().topics()) {
      for (const auto& [id, partition] : topic.partitions) found += fits(partition);
    }
    return found;
  }
  std::int64_t held_by(std::int32_t id) const {
    return count([&](const Partition& p) {
      return contains(p.isr, NodeId(id)) || contains(p.elr, NodeId(id));
    });
  }
  std::int64_t leaderless() const {
    return count([](const Partition& p) { return !p.has_leader(); });
  }

  // How many partitions are looked at meanwhile.
  template <class Act>
  std::int64_t looks_of(const Act& act) {
    const auto before = controller.partitions_looked_at();
    act();
    return controller.partitions_looked_at() - before;
  }

  const std::int32_t brokers;
};

struct WayToGo {
  std::string name;
  std::function<void(BigCluster&, std::int32_t)> go;
};

const std::vector<WayToGo>& ways_to_go() {
  static const std::vector<WayToGo> ways = {
      {"asks to be fenced", [](auto& c, auto id) { c.fence(id); }},
      {"shuts down", [](auto& c, auto id) { c.heartbeat(id, {.want_shut_down = true}); }},
      {"falls silent",
       [](auto& c, auto id) {
         c.now += 5s;
         for (auto other = id + 1; other <= c.brokers; ++other) c.heartbeat(other);
         c.now += 4s;
         EXPECT_EQ(of_kind<BrokerFenced>(c.tick().events).size(), 1U);
       }},
      {"starts again",
       [](auto& c, auto id) {
         c.now += 9s;
         const auto answer = c.register_broker(id, 2);
         EXPECT_EQ(answer.response.error_code, ErrorCode::none);
       }},
      {"is unregistered",
       [](auto& c, auto id) { c.keep(c.controller.unregister_broker({.broker_id = NodeId(id)})); }},
  };
  return ways;
}

TEST(Costs, of_a_broker_that_goes_are_a_look_at_what_it_holds) {
  for (const auto& way : ways_to_go()) {
    SCOPED_TRACE(way.name);
    BigCluster c(20);
    for (std::int32_t id = 1; id <= 4; ++id) {
      const auto held = c.held_by(id);
      EXPECT_GT(held, 0);
      EXPECT_EQ(c.looks_of([&] { way.go(c, id); }), held);
      EXPECT_FALSE(c.controller.image().is_active(NodeId(id)));
    }
  }
}

TEST(Costs, of_losing_a_fifth_are_at_most_one_look_at_each_copy_however_big_the_cluster) {
  for (const auto& way : ways_to_go()) {
    for (const std::int32_t brokers : {10, 40}) {
      SCOPED_TRACE(way.name + " of " + std::to_string(brokers));
      BigCluster c(brokers);
      const auto looks = c.looks_of([&] {
        for (std::int32_t id = 1; id <= brokers / 5; ++id) way.go(c, id);
      });
      EXPECT_GT(looks, 0);
      EXPECT_LE(looks, brokers * partitions_of_broker * copies);
    }
  }
}

TEST(Costs, of_a_broker_that_comes_are_a_look_at_what_nobody_leads) {
  BigCluster c(20);
  for (std::int32_t id = 1; id <= 16; ++id) c.fence(id);
  EXPECT_GT(c.leaderless(), 0);
  for (std::int32_t id = 1; id <= 16; ++id) {
    const auto leaderless = c.leaderless();
    EXPECT_EQ(c.looks_of([&] { c.heartbeat(id); }), leaderless);
  }
  EXPECT_EQ(c.leaderless(), 0);
}

TEST(Costs, of_heartbeats_and_ticks_in_which_nothing_happens_are_no_looks) {
  BigCluster c(20);
  const auto looks = c.looks_of([&] {
    for (int round = 0; round < 10; ++round) {
      c.now += 2s;
      for (std::int32_t id = 1; id <= c.brokers; ++id) {
        EXPECT_TRUE(c.heartbeat(id).records.empty());
        EXPECT_GT(c.controller.next_tick(), c.now);
      }
      EXPECT_TRUE(c.tick().records.empty());
    }
  });
  EXPECT_EQ(looks, 0);
}

TEST(Costs, of_waiting_for_a_shutdown_that_is_under_way_are_no_looks) {
  BigCluster c(20);
  c.heartbeat(1, {.want_shut_down = true});
  c.heartbeat(2, {.metadata_offset = 0});
  const auto looks = c.looks_of([&] {
    for (int i = 0; i < 10; ++i) {
      EXPECT_FALSE(c.heartbeat(1, {.want_shut_down = true}).response.should_shut_down);
    }
  });
  EXPECT_EQ(looks, 0);
}

TEST(Costs, of_rebalancing_are_a_look_at_what_its_preferred_replica_does_not_lead) {
  auto config = without_ticks();
  config.broker_session_timeout = 48h;
  config.leader_imbalance_check_interval = 300s;
  BigCluster c(20, config);
  c.now += 300s;
  EXPECT_EQ(c.looks_of([&] { c.tick(); }), 0);
  c.fence(1);
  c.heartbeat(1);
  const auto imbalanced =
      c.count([](const Partition& p) { return p.leader != p.preferred_leader(); });
  EXPECT_GT(imbalanced, 0);
  c.now += 300s;
  EXPECT_EQ(c.looks_of([&] { c.tick(); }), imbalanced);
}

}  // namespace
}  // namespace brokersim::controller
