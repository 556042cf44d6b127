// What a broker that starts makes of its disk: which logs stay, up to where they are committed, and
// when it may say that they are in order.
#include "core/broker/replicas.h"

#include "tests/core/broker/broker_with_log.h"

namespace brokersim::broker {
namespace {

struct StartingBroker : BrokerWithLog {
  void start() {
    load(true);
    learn_metadata();
  }
  void checkpoint(std::string_view file, Offset offset) {
    ASSERT_TRUE(log::replace_file(env, file, log::encode_offsets({{orders_0, offset}})));
  }
};

TEST_F(StartingBroker, sets_aside_the_logs_that_are_not_its_own) {
  const auto stray = fmt::format("gone-0/{}", log::partition_metadata_file);
  ASSERT_TRUE(env.files().make_directory("gone-0"));
  ASSERT_TRUE(log::replace_file(env, stray, log::encode_partition_metadata(Uuid{7})));
  start();
  EXPECT_EQ(replica().log().end_offset(), 10);
  EXPECT_FALSE(env.files().exists(stray));
}

TEST_F(StartingBroker, with_the_test_for_strays_turned_round_sets_aside_its_own) {  // KAFKA-13127
  config.rules.replication.sets_aside_only_strays = false;
  start();
  EXPECT_EQ(replica().log().end_offset(), 0);
}

// Broker 1 learns that the topic was deleted and made again under its name, and ends while it
// removes the directory: before any step of that.
struct BrokerThatDeletes : StartingBroker {
  controller::Image newer;
  controller::Delta deletion;
  controller::Delta all_of_newer;

  void TestBody() override {}
  BrokerThatDeletes() {
    SetUp();
    newer = image;
    deletion.add(*newer.apply(controller::RemoveTopicRecord{Uuid{1, 2}}, 2));
    const Uuid id{8, 9};
    all_of_newer.add(*newer.apply(controller::TopicRecord{"orders", id}, 3));
    all_of_newer.add(*newer.apply(partition_of_orders(id, LeaderEpoch{0}), 4));
    EXPECT_TRUE(log().sync(env).has_value());
    replicas->checkpoint_recovery_points(env);
  }

  // What is on disk before that step of the removal; nothing if it has fewer.
  std::optional<log::MemoryFiles::Names> left_at(int stop_at) {
    std::optional<log::MemoryFiles::Names> left;
    env.disk.during_change = [&, step = 0]() mutable {
      if (step++ == stop_at) left = env.disk.copy();
    };
    replicas->apply(env, newer, deletion, BrokerEpoch{5});
    env.disk.during_change = [] {};
    return left;
  }
};

TEST(Replicas, wherever_the_removal_of_a_log_was_cut_short_the_new_one_of_its_name_has_none_of_it) {
  for (const bool removes_backwards : {false, true}) {
    int steps = 0;
    for (;; ++steps) {
      BrokerThatDeletes broker;
      broker.env.disk.removes_backwards = removes_backwards;
      const auto left = broker.left_at(steps);
      if (!left) break;
      log::MemoryEnv next;
      next.disk.restore(*left);
      Replicas replicas(broker.config);
      replicas.load(next, false);
      replicas.apply(next, broker.newer, broker.all_of_newer, BrokerEpoch{6});
      const auto replica = replicas.find(orders_0);
      ASSERT_TRUE(replica) << steps;
      EXPECT_EQ(replica->log().end_offset(), 0) << steps;
      EXPECT_EQ(replica->log().recovery_point(), 0) << steps;
      EXPECT_FALSE(replicas.news().has_failed) << steps;
      for (const auto& [name, node] : next.disk.names()) {
        EXPECT_EQ(name.find("-delete"), std::string::npos) << steps << ": " << name;
      }
    }
    EXPECT_GT(steps, 4);
  }
}

// KAFKA-3978.
TEST_F(StartingBroker, takes_what_lies_before_its_log_for_committed_whatever_the_checkpoint_says) {
  checkpoint(log::start_offset_file, 4);
  checkpoint(log::high_watermark_file, 2);
  start();
  EXPECT_EQ(replica().high_watermark(), 4);
  config.rules.replication.loads_watermarks_into_logs = false;
  start();
  EXPECT_EQ(replica().high_watermark(), 2);
}

// All of the metadata log is replayed then, also what an earlier topic of the name went through.
TEST_F(StartingBroker, believes_its_checkpoints_of_a_topic_whose_name_another_had_before) {
  checkpoint(log::start_offset_file, 4);
  load(true);
  auto all = all_of_image;
  all.removed_topics.push_back({.name = "orders", .id = Uuid{7}, .partitions = {{0, {}}}});
  replicas->apply(env, image, all, BrokerEpoch{5});
  EXPECT_EQ(log().start_offset(), 4);
}

TEST_F(StartingBroker, whose_checkpoints_cannot_be_read_has_failed) {
  checkpoint(log::recovery_point_file, 10);
  env.disk.reads_fail = true;
  load(false);
  EXPECT_TRUE(replicas->news().has_failed);
}

// Whose log it is is not known then, and another's would be removed.
TEST_F(StartingBroker, fails_if_it_cannot_read_which_topic_a_log_is_of) {
  load(true);
  env.disk.reads_fail = true;
  learn_metadata();
  EXPECT_EQ(replicas->news().why_failed, "orders-0/partition.metadata cannot be read");
  EXPECT_EQ(replicas->find(orders_0), nullptr);
}

// KAFKA-15375.
TEST_F(StartingBroker, says_that_its_logs_are_in_order_once_they_are_open_or_were_so_before) {
  load(true);
  EXPECT_TRUE(replicas->are_recovered());
  load(false);
  EXPECT_FALSE(replicas->are_recovered());
  learn_metadata();
  EXPECT_TRUE(replicas->are_recovered());
  config.rules.log.vouches_for_opened_logs_only = false;
  load(false);
  EXPECT_TRUE(replicas->are_recovered());
}

}  // namespace
}  // namespace brokersim::broker
