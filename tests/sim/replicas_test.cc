// Checkpoints of a broker's logs on a disk whose writes take time: what lowers an offset while it
// is being written is on disk in the end.
#include "core/broker/replicas.h"

#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "core/broker/log_upkeep.h"
#include "core/log/checkpoint.h"
#include "sim/world.h"
#include "tests/core/broker/orders_metadata.h"

namespace brokersim::broker {
namespace {

// Ten batches of one record each.
std::vector<wire::Batch> ten_batches() {
  std::vector<wire::Batch> batches;
  for (Offset offset = 0; offset < 10; ++offset) {
    wire::BatchBuilder builder;
    builder.add({.value = Bytes(100, 'x')});
    batches.push_back(builder.finish());
    batches.back().header.base_offset = offset;
    batches.back().header.leader_epoch = LeaderEpoch{3};
  }
  return batches;
}

class FollowerOnDisk {
 public:
  FollowerOnDisk() { config_.node_id = NodeId{1}; }

  // While `write` is under way, once it has begun, `change`; then both are waited for.
  void change_during(const std::function<void(Env&)>& prepare,
                     const std::function<void(Env&)>& write,
                     const std::function<void(Env&)>& change) {
    bool is_done = false;
    world_.start(world_.add_machine("broker-1", NodeId(1)), [&](Env& env) {
      replicas_.load(env, false);
      replicas_.apply(env, metadata_.image, metadata_.all_of_image, BrokerEpoch{5});
      replica().fetched(env, position(env), {.high_watermark = 10, .first_offset = 0},
                        ten_batches());
      prepare(env);
      bool is_written = false;
      env.spawn("writer", [&](Env& fiber) {
        write(fiber);
        is_written = true;
      });
      env.sleep(1us);
      EXPECT_FALSE(is_written);
      change(env);
      while (!is_written) env.sleep(1ms);
      is_done = true;
    });
    EXPECT_TRUE(world_.run_until([&] { return is_done; }, Instant{10s}));
  }

  Replicas& replicas() { return replicas_; }
  Replica& replica() { return *replicas_.find(orders_0); }
  partition::FetchPosition position(Env& env) {
    return *replica().follower()->next_fetch(env.now());
  }
  Offset on_disk(std::string_view file) {
    const auto bytes = world_.find(NodeId(1))->disk().content_of(file).flat();
    return log::decode_offsets(as_text(bytes))->at(orders_0);
  }

 private:
  sim::World world_{1};
  NodeConfig config_;
  OrdersMetadata metadata_;
  Replicas replicas_{config_};
};

}  // namespace

// Else, after a loss of power, what was never synced would be believed.
TEST(CheckpointsBeingWritten, follow_a_truncation_of_the_log) {
  FollowerOnDisk f;
  f.change_during([&](Env& env) { ASSERT_TRUE(f.replica().log().sync(env)); },
                  [&](Env& env) { EXPECT_TRUE(f.replicas().write_recovery_points(env)); },
                  [&](Env& env) {
                    ASSERT_TRUE(f.replica().log().truncate_to(env, 4, "test"));
                    f.replicas().lower_checkpoints(env, orders_0, f.replica().log());
                  });
  EXPECT_EQ(f.on_disk(log::recovery_point_file), 4);
}

namespace {

// While LogUpkeep runs: `append` may be called once, and gives the follower ten batches.
void look_after_log(
    const NodeConfig& config,
    const std::function<void(Env&, log::Log&, std::function<void()> append)>& look) {
  const OrdersMetadata metadata;
  Replicas replicas{config};
  LogUpkeep upkeep{config, replicas};
  sim::World world{1};
  bool is_done = false;
  world.start(world.add_machine("broker-1", NodeId(1)), [&](Env& env) {
    replicas.load(env, false);
    replicas.apply(env, metadata.image, metadata.all_of_image, BrokerEpoch{5});
    auto& replica = *replicas.find(orders_0);
    const FiberId fiber = env.spawn("upkeep", [&](Env& own) { upkeep.run(own); });
    look(env, replica.log(), [&] {
      const auto position = *replica.follower()->next_fetch(env.now());
      replica.fetched(env, position, {.high_watermark = 10, .first_offset = 0}, ten_batches());
    });
    env.cancel(fiber);
    env.sleep(1ms);
    is_done = true;
  });
  EXPECT_TRUE(world.run_until([&] { return is_done; }, Instant{10s}));
}

}  // namespace

// flush.ms
TEST(LogsInUse, are_on_disk_after_as_long_as_their_topic_wants_to_wait_at_most) {
  NodeConfig config;
  config.node_id = NodeId{1};
  ASSERT_TRUE(set(config, "log.flush.scheduler.interval.ms", "100"));
  ASSERT_TRUE(set(config, "log.flush.interval.ms", "1000"));
  look_after_log(config, [](Env& env, log::Log& log, const auto& append) {
    append();
    env.sleep_until(Instant{900ms});
    EXPECT_EQ(log.recovery_point(), 0);
    env.sleep_until(Instant{1300ms});
    EXPECT_EQ(log.recovery_point(), 10);
  });
}

TEST(LogsInUse, are_on_disk_up_to_their_last_segment_as_soon_as_it_begins) {
  NodeConfig config;
  config.node_id = NodeId{1};
  look_after_log(config, [](Env& env, log::Log& log, const auto& append) {
    auto small = log.config();
    small.segment_bytes = 500;
    log.configure(small);
    append();
    ASSERT_GT(log.active_base(), 0);
    EXPECT_EQ(log.recovery_point(), 0);
    env.sleep(100ms);
    EXPECT_EQ(log.recovery_point(), log.active_base());
  });
}

// KAFKA-15375: what it has not come to nobody has checked.
TEST(LogsBeingOpened, are_not_in_order_for_a_broker_that_is_asked_to_stop_meanwhile) {
  sim::World world{1};
  sim::Machine& machine = world.add_machine("broker-1", NodeId(1));
  NodeConfig config;
  config.node_id = NodeId{1};
  const OrdersMetadata metadata;
  world.start(machine, [&](Env& env) {
    Replicas replicas{config};
    replicas.load(env, false);
    replicas.apply(env, metadata.image, metadata.all_of_image, BrokerEpoch{5});
    auto& replica = *replicas.find(orders_0);
    const auto position = *replica.follower()->next_fetch(env.now());
    replica.fetched(env, position, {.high_watermark = 10, .first_offset = 0}, ten_batches());
  });
  ASSERT_TRUE(world.run_until([&] { return !machine.is_up(); }, Instant{10s}));
  machine.disk().evict();
  machine.disk().add({.kind = sim::DiskFault::Kind::slow, .extra = 1s});
  world.start(machine, [&](Env& env) {
    Replicas replicas{config};
    replicas.load(env, false);
    bool has_ended = false;
    const auto image = env.spawn("image", [&](Env& fiber) {
      replicas.apply(fiber, metadata.image, metadata.all_of_image, BrokerEpoch{6});
      has_ended = true;
    });
    env.sleep(100ms);
    EXPECT_FALSE(has_ended);
    env.cancel(image);
    while (!has_ended) env.sleep(1ms);
    EXPECT_FALSE(replicas.are_recovered());
  });
  EXPECT_TRUE(world.run_until([&] { return !machine.is_up(); }, Instant{20s}));
}

TEST(StartCutShort, is_no_failure_of_the_disk) {
  sim::World world{1};
  NodeConfig config;
  config.node_id = NodeId{1};
  auto& machine = world.add_machine("broker-1", NodeId(1));
  const OrdersMetadata metadata;
  world.start(machine, [&](Env& env) {
    const auto told = log::encode_offsets({{orders_0, 5}});
    EXPECT_TRUE(log::replace_file(env, log::high_watermark_file, told));
    Replicas replicas{config};
    replicas.load(env, false);
    bool has_ended = false;
    const auto image = env.spawn("image", [&](Env& fiber) {
      replicas.apply(fiber, metadata.image, metadata.all_of_image, BrokerEpoch{5});
      has_ended = true;
    });
    env.cancel(image);
    while (!has_ended) env.sleep(1ms);
    EXPECT_EQ(replicas.find(orders_0), nullptr);
    EXPECT_FALSE(replicas.news().has_failed) << replicas.news().why_failed;
  });
  EXPECT_TRUE(world.run_until([&] { return !machine.is_up(); }, Instant{20s}));
}

}  // namespace brokersim::broker
