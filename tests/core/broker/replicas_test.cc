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
