// A replica that leads: whom it tells of what others have deleted (KIP-107), and of its high
// watermark; what it appends, and when its own copy counts.
#include "core/broker/replica.h"

#include <gtest/gtest.h>

#include "tests/core/log/log_fixture.h"

namespace brokersim::broker {
namespace {

struct LeadingReplica : testing::Test {
  log::LogFixture logs;
  NodeConfig config;
  ReplicaNews news;
  bool is_other_alive = true;
  partition::PartitionState state{
      .replicas = {NodeId{1}, NodeId{2}}, .isr = {NodeId{1}, NodeId{2}}, .leader = NodeId{1}};
  Replica replica{log::orders, Uuid{1}, std::move(logs.log), 0, config, news};

  ReplicaContext context() {
    return {.self = NodeId{1},
            .broker_epoch = BrokerEpoch{1},
            .is_eligible = [this](NodeId, BrokerEpoch) { return is_other_alive; }};
  }
  void lead(int epoch) {
    state.leader_epoch = LeaderEpoch{epoch};
    state.partition_epoch = PartitionEpoch{epoch};
    ASSERT_TRUE(replica.apply(logs.env, state, context()));
  }
  void other_fetches(Offset from = 0) {
    const auto refused = replica.follower_fetched(
        logs.env, {.replica = NodeId{2}, .fetch_offset = from, .log_start_offset = 0});
    ASSERT_EQ(refused, api::ErrorCode::none);
  }
  std::uint64_t times_told() { return replica.deleted().notifications(); }
};

TEST_F(LeadingReplica, tells_what_is_deleted_everywhere_in_each_epoch_anew) {
  for (const int epoch : {1, 2}) {
    lead(epoch);
    const auto before = times_told();
    EXPECT_EQ(replica.low_watermark(), -1);
    other_fetches();
    EXPECT_EQ(replica.low_watermark(), 0);
    EXPECT_EQ(times_told(), before + 1);
    other_fetches();
    EXPECT_EQ(times_told(), before + 1);
  }
}

TEST_F(LeadingReplica, tells_that_a_replica_is_not_waited_for_any_more) {
  lead(1);
  const auto before = times_told();
  is_other_alive = false;
  replica.apply(logs.env, context());
  EXPECT_EQ(replica.low_watermark(), 0);
  EXPECT_EQ(times_told(), before + 1);
}

// What the high watermark has become since the answer was read is not in it.
TEST_F(LeadingReplica, has_told_a_follower_what_stood_in_its_answer) {
  lead(1);
  ASSERT_TRUE(replica.append(logs.env, log::batch_of(3), std::int16_t{1}).has_value());
  other_fetches(3);
  ASSERT_EQ(replica.high_watermark(), 3);
  replica.told_high_watermark(NodeId{2}, 0);
  EXPECT_FALSE(replica.has_told_high_watermark(NodeId{2}));
  replica.told_high_watermark(NodeId{2}, 3);
  EXPECT_TRUE(replica.has_told_high_watermark(NodeId{2}));
}

TEST_F(LeadingReplica, has_entered_its_epoch_before_it_appends_anything) {  // KAFKA-7415
  lead(3);
  EXPECT_EQ(replica.log().last_epoch(), LeaderEpoch{3});
  config.rules.replication.leaders_begin_their_epoch = false;
  lead(4);
  EXPECT_EQ(replica.log().last_epoch(), LeaderEpoch{3});
}

TEST_F(LeadingReplica, refuses_everything_once_its_disk_has_failed) {
  lead(1);
  for (const bool appends_fail : {true, false}) {
    logs.env.disk.appends_fail = appends_fail;
    const auto appended = replica.append(logs.env, log::batch_of(1), std::int16_t{1});
    EXPECT_EQ(appended.error(), api::ErrorCode::kafka_storage_error);
  }
  EXPECT_TRUE(news.has_failed);
}

// flush.messages
TEST_F(LeadingReplica,
       counts_its_own_copy_once_so_many_records_of_it_are_on_disk_as_its_topic_wants) {
  auto log_config = replica.log().config();
  log_config.flush_messages = 2;
  replica.log().configure(log_config);
  state.isr = {NodeId{1}};
  lead(1);
  const auto append_one = [&] {
    ASSERT_TRUE(replica.append(logs.env, log::batch_of(1), std::int16_t{1}).has_value());
  };
  append_one();
  EXPECT_EQ(replica.high_watermark(), 1);
  append_one();
  EXPECT_EQ(replica.high_watermark(), 1);
  EXPECT_TRUE(replica.flush_if_due(logs.env));
  EXPECT_EQ(replica.log().recovery_point(), 2);
  EXPECT_EQ(replica.high_watermark(), 2);
}

TEST_F(LeadingReplica, of_a_topic_that_does_not_want_it_on_disk_any_more_counts_its_own_copy) {
  auto log_config = replica.log().config();
  log_config.flush_messages = 1;
  replica.log().configure(log_config);
  state.isr = {NodeId{1}};
  lead(1);
  ASSERT_TRUE(replica.append(logs.env, log::batch_of(1), std::int16_t{1}).has_value());
  EXPECT_EQ(replica.high_watermark(), 0);
  replica.log().configure(logs.config);
  replica.apply(logs.env, context());
  EXPECT_EQ(replica.high_watermark(), 1);
}

}  // namespace
}  // namespace brokersim::broker
