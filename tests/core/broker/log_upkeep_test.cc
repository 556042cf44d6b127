// What happens to the logs of a broker besides being written to: what is on disk of their recovery
// points and starts, what compaction may rely on, what a topic's configuration makes of them, and
// what becomes of them and of who follows when the leader or the disk fails.
#include "core/broker/log_settings.h"
#include "tests/core/broker/broker_with_log.h"

namespace brokersim::broker {
namespace {

struct FollowingBroker : BrokerWithLog {
  Offset on_disk(std::string_view file = log::recovery_point_file) {
    const auto text = *log::read_file(env, file);
    return log::decode_offsets(text)->at(orders_0);
  }
  // The first time that anything waits for the disk.
  void during_next_wait(std::function<void()> happens) {
    env.disk.during_wait = [happens = std::move(happens), has_happened = false]() mutable {
      if (!std::exchange(has_happened, true)) happens();
    };
  }
  // Broker 2 leads on, in another epoch.
  void begin_epoch(int epoch) {
    auto state = replica().state();
    state.leader_epoch = LeaderEpoch{epoch};
    state.partition_epoch = PartitionEpoch{epoch};
    EXPECT_TRUE(replica().apply(env, state, {.self = NodeId{1}, .broker_epoch = BrokerEpoch{5}}));
  }
  partition::FetchPosition position() { return *replica().follower()->next_fetch(env.now()); }
  void fetched(const partition::FetchAnswer& answer, const std::vector<wire::Batch>& batches = {}) {
    replica().fetched(env, position(), answer, batches);
  }
};

// The checkpoint that the clock writes comes up to a minute later. A loss of power meanwhile, and
// what was never synced would be believed.
TEST_F(FollowingBroker, a_truncation_takes_the_recovery_point_on_disk_along) {
  ASSERT_TRUE(log().sync(env).has_value());
  replicas->checkpoint_recovery_points(env);
  EXPECT_EQ(on_disk(), 10);
  replicas->lower_checkpoints(env, orders_0, log());
  EXPECT_EQ(on_disk(), 10);
  ASSERT_TRUE(log().truncate_to(env, 4, "test").has_value());
  replicas->lower_checkpoints(env, orders_0, log());
  EXPECT_EQ(on_disk(), 4);
}

TEST_F(FollowingBroker, a_truncation_once_left_the_recovery_point_on_disk_where_it_was) {  // LOG-09
  config.rules.log.checkpoints_recovery_at_truncation = false;
  ASSERT_TRUE(log().sync(env).has_value());
  replicas->checkpoint_recovery_points(env);
  ASSERT_TRUE(log().truncate_to(env, 4, "test").has_value());
  replicas->lower_checkpoints(env, orders_0, log());
  EXPECT_EQ(on_disk(), 10);
}

// REP-15, KAFKA-1647.
TEST_F(FollowingBroker, checkpoints_what_is_committed_though_nobody_leads) {
  fetched({.high_watermark = 6, .log_start_offset = 0});
  ASSERT_EQ(replica().high_watermark(), 6);
  replicas->checkpoint_high_watermarks(env);
  auto state = replica().state();
  state.leader = no_node;
  state.leader_epoch = LeaderEpoch{9};
  state.partition_epoch = PartitionEpoch{9};
  ASSERT_TRUE(replica().apply(env, state, {.self = NodeId{1}, .broker_epoch = BrokerEpoch{5}}));
  replicas->checkpoint_high_watermarks(env);
  EXPECT_EQ(on_disk(log::high_watermark_file), 6);
  config.rules.replication.checkpoints_without_leader = false;
  replicas->checkpoint_high_watermarks(env);
  EXPECT_FALSE(
      log::decode_offsets(*log::read_file(env, log::high_watermark_file))->contains(orders_0));
}

// What was done to its files fails then, and is no failure of the disk.
TEST_F(FollowingBroker, a_topic_that_goes_while_its_log_is_synced_costs_no_broker) {
  const auto held = replicas->find(orders_0);
  controller::Delta delta;
  delta.add(*image.apply(controller::RemoveTopicRecord{held->topic_id()}, 2));
  env.disk.during_wait = [&] {
    if (!std::exchange(env.disk.syncs_fail, true)) {
      replicas->apply(env, image, delta, BrokerEpoch{5});
    }
  };
  EXPECT_FALSE(held->log().sync(env).has_value());
  env.disk.syncs_fail = false;
  ASSERT_EQ(replicas->find(orders_0), nullptr);
  ASSERT_TRUE(held->log().is_offline());
  held->note_failure(env);
  EXPECT_FALSE(replicas->news().has_failed);
}

TEST_F(FollowingBroker, a_data_directory_that_cannot_be_written_has_failed) {
  env.disk.appends_fail = true;
  EXPECT_FALSE(replicas->write_recovery_points(env));
  EXPECT_TRUE(replicas->news().has_failed);
}

TEST_F(FollowingBroker, a_log_that_went_offline_while_it_was_read_is_a_failure_of_the_broker) {
  env.disk.is_cold = true;
  env.disk.reads_fail = true;
  EXPECT_FALSE(log().offset_for_timestamp(env, 0).has_value());
  ASSERT_TRUE(log().is_offline());
  EXPECT_FALSE(replicas->news().has_failed);
  replica().note_failure(env);
  EXPECT_TRUE(replicas->news().has_failed);
}

// Behind an unclean election. What was wanted of records that are gone must not delete those that
// came in their place, neither now nor at the next start.
TEST_F(FollowingBroker, a_log_that_is_cut_while_its_later_start_is_written_does_not_begin_there) {
  fetched({.high_watermark = 10, .log_start_offset = 8});
  ASSERT_TRUE(replica().wants_later_start());
  during_next_wait([&] {
    begin_epoch(4);
    fetched({.diverging = partition::Divergence{.epoch = LeaderEpoch{3}, .end_offset = 4}});
    fetched({.high_watermark = 6, .log_start_offset = 0, .first_offset = 4, .first_batch_end = 5},
            {log::placed(log::batch_of(1), 4, 4), log::placed(log::batch_of(1), 5, 4)});
  });
  EXPECT_TRUE(replicas->raise_log_starts(env));
  EXPECT_EQ(log().end_offset(), 6);
  EXPECT_EQ(log().start_offset(), 0);
  EXPECT_EQ(on_disk(log::start_offset_file), 0);
}

TEST_F(FollowingBroker, a_start_that_is_wanted_while_an_earlier_one_is_written_is_the_next) {
  fetched({.high_watermark = 10, .log_start_offset = 4});
  during_next_wait([&] { replica().want_start(env, 6); });
  EXPECT_TRUE(replicas->raise_log_starts(env));
  EXPECT_EQ(log().start_offset(), 4);
  EXPECT_TRUE(replicas->raise_log_starts(env));
  EXPECT_EQ(log().start_offset(), 6);
  EXPECT_EQ(on_disk(log::start_offset_file), 6);
  EXPECT_FALSE(replicas->raise_log_starts(env));
}

// Else the new leader would wait for it, too.
TEST_F(FollowingBroker, asks_a_new_leader_at_once_whether_or_not_the_old_one_answers) {
  const auto sent = position();
  begin_epoch(4);
  replica().back_off(env, sent);
  EXPECT_TRUE(replica().follower()->next_fetch(env.now()).has_value());
  replica().back_off(env, position());
  EXPECT_FALSE(replica().follower()->next_fetch(env.now()).has_value());
}

TEST_F(FollowingBroker, what_its_topic_says_is_what_its_log_does) {
  Offset offset = 1;
  auto set = [&](std::string name, std::string value) {
    ASSERT_TRUE(
        image.apply(controller::ConfigRecord{2, "orders", std::move(name), value}, ++offset));
  };
  set("cleanup.policy", "compact,delete");
  set("min.cleanable.dirty.ratio", "0.25");
  set("segment.ms", "9000");
  set("max.compaction.lag.ms", "5000");
  set("retention.ms", "-1");
  set("file.delete.delay.ms", "9223372036854775807");
  const controller::TopicDefaults defaults;
  const auto found = log_config_of(controller::TopicConfigs(image, "orders", defaults), {});
  EXPECT_TRUE(found.compaction.is_compacted);
  EXPECT_TRUE(found.compaction.deletes);
  EXPECT_EQ(found.compaction.min_dirty_millionths, 250'000);
  EXPECT_EQ(found.roll.segment_ms, 5000);
  EXPECT_EQ(found.retention.ms, -1);
  EXPECT_EQ(found.retention.bytes, -1);
  EXPECT_GT(found.file_delete_delay, 24h * 365 * 140);
  EXPECT_GT(Instant{24h * 365} + found.file_delete_delay, Instant{});  // Not in the past.
}

TEST_F(FollowingBroker, a_broker_may_have_its_own_defaults) {
  ASSERT_TRUE(set(config, "log.retention.ms", "7000"));
  ASSERT_TRUE(set(config, "log.cleaner.min.cleanable.ratio", "1"));
  EXPECT_EQ(set(config, "log.cleanup.policy", "keep").error(),
            "log.cleanup.policy is 'keep': String must be one of: compact, delete");
  const auto defaults = topic_defaults_of(config);
  const auto found = log_config_of(controller::TopicConfigs(image, "orders", defaults), {});
  EXPECT_EQ(found.retention.ms, 7000);
  EXPECT_EQ(found.compaction.min_dirty_millionths, 1'000'000);
  EXPECT_EQ(settings_of(config).at("log.retention.ms"), "7000");
}

TEST_F(FollowingBroker, deletes_only_what_it_knows_to_be_committed) {
  auto log_config = log().config();
  log_config.retention.ms = 1;
  log().configure(log_config);
  replica().retain(env, WallTime{1'000'000});
  EXPECT_FALSE(replica().wants_later_start());  // Its high watermark is 0.
}

}  // namespace
}  // namespace brokersim::broker
