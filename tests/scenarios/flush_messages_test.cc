// flush.messages: who waits for which disk where a topic wants its records to be on one before they
// count. Three brokers; each sync of one of them takes 300 ms longer than it would.
#include <functional>
#include <map>
#include <string>

#include "tests/scenarios/by_hand.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;

constexpr Duration slow_sync = 300ms;

class FlushMessages : public ByHand {
 protected:
  void with_flushed_topic(const std::function<void(Env&)>& script,
                          std::map<std::string, std::string> settings = {}) {
    with_cluster(script, std::move(settings), {{"flush.messages", "1"}});
  }
  void slow_down(NodeId node, Duration extra = slow_sync) {
    auto& disk = cluster_->world().find(node)->disk();
    disk.add({.kind = sim::DiskFault::Kind::slow, .extra = extra});
  }
  // The leader crashes while that replica, of those that are left, still syncs what it was sent:
  // until it has, its copy does not count.
  void loses_its_leader_in_a_sync(std::size_t replica) {
    constexpr Duration sync = 4s;
    const auto script = [&](Env& env) {
      const auto replicas = state().replicas;
      ASSERT_EQ(leader(), replicas[0]);
      slow_down(replicas[replica], sync);
      const Instant begun = env.now();
      EXPECT_LT(time_of_produce(env, 1), sync);
      env.sleep(100ms);
      cluster_->world().crash(*cluster_->world().find(replicas[0]));
      while (leader() == replicas[0]) env.sleep(100ms);
      ASSERT_EQ(leader(), replicas[1]);
      env.sleep(500ms);
      ASSERT_LT(env.now() - begun, sync);
      EXPECT_EQ(fetch(env, leader(), {.fetch_offset = 0}).high_watermark, 0);
      env.sleep(2 * sync);
      EXPECT_EQ(fetch(env, leader(), {.fetch_offset = 0}).high_watermark, 1);
    };
    with_flushed_topic(
        script, {{"broker.session.timeout.ms", "500"}, {"broker.heartbeat.interval.ms", "100"}});
  }
  static Duration time_of(Env& env, const std::function<void()>& asked) {
    const Instant begun = env.now();
    asked();
    return env.now() - begun;
  }
  Duration time_of_produce(Env& env, std::int16_t acks) {
    return time_of(env, [&] {
      EXPECT_EQ(produce(env, leader(), produce_of("t", 0, acks, batch_of("a"))), ErrorCode::none);
    });
  }
};

TEST_F(FlushMessages, who_wants_no_copies_waits_for_the_leaders_disk_and_no_other) {
  with_flushed_topic([&](Env& env) {
    slow_down(follower());
    EXPECT_LT(time_of_produce(env, 1), slow_sync);
    slow_down(leader());
    EXPECT_GE(time_of_produce(env, 1), slow_sync);
  });
}

TEST_F(FlushMessages, who_wants_all_copies_waits_for_the_followers_disks) {
  with_flushed_topic([&](Env& env) {
    slow_down(follower());
    EXPECT_GE(time_of_produce(env, -1), slow_sync);
  });
}

// Though both followers have it on theirs.
TEST_F(FlushMessages, nobody_is_shown_a_record_that_is_not_on_the_leaders_disk) {
  with_flushed_topic([&](Env& env) {
    slow_down(leader());
    const auto address = address_of(leader());
    env.spawn("producer", [&, address](Env& fiber) {
      wire::Channel own(address, "producer");
      const auto request = produce_of("t", 0, -1, batch_of("a"));
      (void)own.call(fiber, request, produce_version, fiber.now() + 5s);
    });
    env.sleep(slow_sync / 3);
    EXPECT_EQ(fetch(env, leader(), {.fetch_offset = 0}).high_watermark, 0);
    env.sleep(2s);
    EXPECT_EQ(fetch(env, leader(), {.fetch_offset = 0}).high_watermark, 1);
  });
}

TEST_F(FlushMessages, who_comes_to_lead_counts_its_own_copy_once_it_is_on_its_disk) {
  loses_its_leader_in_a_sync(1);
}

TEST_F(FlushMessages, who_follows_another_leader_tells_it_of_what_is_on_its_disk) {
  loses_its_leader_in_a_sync(2);
}

TEST_F(FlushMessages, a_marker_is_answered_once_it_is_on_the_leaders_disk) {
  with_flushed_topic([&](Env& env) {
    slow_down(leader());
    api::WriteTxnMarkersRequest request;
    request.markers.push_back({.producer_id = 7,
                               .transaction_result = true,
                               .topics = {{.name = "t", .partition_indexes = {0}}}});
    const auto taken = time_of(env, [&] {
      const auto answer = ask(env, leader(), request, 1);
      ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
      EXPECT_EQ(answer->markers[0].topics[0].partitions[0].error_code, ErrorCode::none);
    });
    EXPECT_GE(taken, slow_sync);
  });
}

TEST_F(FlushMessages, a_coordinator_answers_once_what_it_wrote_is_on_its_disk) {
  const auto init = [this](Env& env, NodeId at) {
    const api::InitProducerIdRequest request{.transactional_id = "by-hand",
                                             .transaction_timeout_ms = 60'000};
    const auto answer = ask(env, at, request, 4);
    return answer ? answer->error_code : ErrorCode::network_exception;
  };
  const auto script = [&](Env& env) {
    const api::FindCoordinatorRequest request{.key_type = 1, .coordinator_keys = {"by-hand"}};
    NodeId coordinator = no_node;
    while (!coordinator.is_set() || init(env, coordinator) != ErrorCode::none) {
      env.sleep(100ms);
      const auto found = ask(env, leader(), request, 4);
      if (found) coordinator = found->coordinators[0].node_id;
    }
    slow_down(coordinator);
    const auto taken = time_of(env, [&] { EXPECT_EQ(init(env, coordinator), ErrorCode::none); });
    EXPECT_GE(taken, slow_sync);
  };
  with_cluster(script, {{"log.flush.interval.messages", "1"}});
}

}  // namespace
}  // namespace brokersim::scenarios
