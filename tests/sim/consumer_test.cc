// A consumer against two scripted brokers: where it begins and goes on, whom it believes, and what
// it hands out.
#include "tests/sim/scripted_brokers.h"

namespace brokersim::client {
namespace {

class ConsumerTest : public ScriptedBrokers {
 protected:
  void fill(const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      wire::BatchBuilder builder;
      builder.add(record(text));
      auto batch = builder.finish();
      batch.header.base_offset = script_.end(0);
      batch.header.leader_epoch = script_.epoch;
      script_.logs[0].push_back(batch);
    }
  }
  // Polls until `count` records have come, or so much time has passed.
  std::vector<std::string> read(Env& env, Consumer& consumer, std::size_t count,
                                Duration most = 20s) {
    std::vector<std::string> texts;
    const Instant deadline = env.now() + most;
    while (texts.size() < count && env.now() < deadline) {
      auto polled = consumer.poll(env, deadline);
      for (const auto& delivered : polled.records) texts.push_back(text_of(delivered));
      for (auto& reset : polled.resets) resets_.push_back(reset.why);
      for (auto& problem : polled.problems) problems_.push_back(problem.error);
      if (!polled.problems.empty()) break;
    }
    return texts;
  }
  using Texts = std::vector<std::string>;

  Texts resets_;
  std::vector<ErrorCode> problems_;
};

TEST_F(ConsumerTest, reads_from_the_beginning_and_goes_on) {
  fill({"a", "b", "c"});
  run([&](Env& env) {
    const auto consumer = Consumer::make(consuming());
    consumer->assign(env, {p0, {"orders", 1}});
    EXPECT_EQ(read(env, *consumer, 3), (Texts{"a", "b", "c"}));
    fill({"d"});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"d"}));
    EXPECT_EQ(consumer->position(p0), 4);
    consumer->close(env);
  });
  EXPECT_EQ(resets_, (Texts{"assign", "assign"}));
}

TEST_F(ConsumerTest, seeks_and_forgets_what_it_had_fetched) {
  fill({"a", "b", "c"});
  run([&](Env& env) {
    auto config = consuming();
    config.max_poll_records = 1;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    consumer->seek(env, p0, {.offset = 2});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"c"}));
    consumer->seek_by(env, p0, OffsetReset::earliest);
    EXPECT_EQ(read(env, *consumer, 2), (Texts{"a", "b"}));
    consumer->close(env);
  });
  EXPECT_EQ(resets_, (Texts{"assign", "seek", "seek"}));
}

TEST_F(ConsumerTest, follows_the_leader) {
  fill({"a"});
  run([&](Env& env) {
    const auto consumer = Consumer::make(consuming());
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    script_.leaders[0] = NodeId(2);
    script_.epoch = LeaderEpoch(2);
    fill({"b"});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"b"}));
    consumer->close(env);
  });
}

// Waits between attempts grow up to a second, longer than an answer may take here.
TEST_F(ConsumerTest, finds_a_leader_that_came_after_many_attempts) {
  fill({"a"});
  run([&](Env& env) {
    auto config = consuming();
    config.client.request_timeout = 300ms;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    script_.leaders.clear();
    script_.epoch = LeaderEpoch(2);
    EXPECT_EQ(read(env, *consumer, 1), Texts{});
    script_.leaders = {{0, NodeId(2)}};
    script_.epoch = LeaderEpoch(3);
    fill({"b"});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"b"}));
    consumer->close(env);
  });
}

TEST_F(ConsumerTest, out_of_range_resets_as_configured) {
  script_.log_start = 10;
  fill({"a"});
  for (const auto policy : {OffsetReset::earliest, OffsetReset::none}) {
    run([&](Env& env) {
      auto config = consuming();
      config.auto_offset_reset = policy;
      const auto consumer = Consumer::make(config);
      consumer->assign(env, {p0});
      consumer->seek(env, p0, {.offset = 3});
      const auto texts = read(env, *consumer, 1);
      EXPECT_EQ(texts.size(), policy == OffsetReset::none ? 0u : 1u);
      consumer->close(env);
    });
  }
  EXPECT_EQ(resets_, (Texts{"seek", "out_of_range", "seek"}));
  EXPECT_EQ(problems_, (std::vector<ErrorCode>{ErrorCode::offset_out_of_range}));
}

TEST_F(ConsumerTest, goes_back_where_the_leaders_log_was_truncated) {
  fill({"a", "b", "c"});
  run([&](Env& env) {
    const auto consumer = Consumer::make(consuming());
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 3), (Texts{"a", "b", "c"}));
    script_.logs[0].resize(1);
    read(env, *consumer, 1);
    EXPECT_EQ(consumer->position(p0), 1);
    consumer->close(env);
  });
  EXPECT_EQ(resets_, (Texts{"assign", "truncated"}));
}

// As Kafka's LogTruncationException (KIP-320): without a policy nobody goes back without a word.
TEST_F(ConsumerTest, asks_where_to_go_on_where_the_leaders_log_was_truncated) {
  fill({"a", "b", "c"});
  run([&](Env& env) {
    auto config = consuming();
    config.auto_offset_reset = OffsetReset::none;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    consumer->seek(env, p0, {.offset = 0});
    EXPECT_EQ(read(env, *consumer, 3), (Texts{"a", "b", "c"}));
    script_.logs[0].resize(1);
    const auto polled = consumer->poll(env, env.now() + 20s);
    ASSERT_EQ(polled.problems.size(), 1u);
    EXPECT_EQ(polled.problems[0].partition, p0);
    EXPECT_EQ(polled.problems[0].error, ErrorCode::offset_out_of_range);
    ASSERT_TRUE(polled.problems[0].diverges_at.has_value());
    EXPECT_EQ(polled.problems[0].diverges_at->offset, 1);
    EXPECT_EQ(consumer->position(p0), 3);
    consumer->seek(env, p0, *polled.problems[0].diverges_at);
    fill({"d"});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"d"}));
    consumer->close(env);
  });
  EXPECT_EQ(resets_, (Texts{"seek", "seek"}));
}

// The log was cut off between the commit and the first fetch of whoever goes on from there.
TEST_F(ConsumerTest, goes_back_from_what_another_has_committed) {
  fill({"a"});
  script_.epoch = LeaderEpoch(2);
  run([&](Env& env) {
    const auto consumer = Consumer::make(consuming());
    consumer->assign(env, {p0});
    consumer->start_at(env, p0, {.offset = 3, .epoch = LeaderEpoch(1)});
    read(env, *consumer, 1);
    EXPECT_EQ(consumer->position(p0), 1);
    consumer->close(env);
  });
  EXPECT_EQ(resets_, (Texts{"committed", "truncated"}));
}

// Who has committed read from a later leader than ours, which knows nothing of the position.
TEST_F(ConsumerTest, goes_on_from_a_commit_only_once_it_knows_a_leader_of_its_epoch) {
  fill({"a", "b", "c"});
  run([&](Env& env) {
    const auto consumer = Consumer::make(consuming());
    consumer->assign(env, {p0});
    consumer->start_at(env, p0, {.offset = 3, .epoch = LeaderEpoch(2)});
    EXPECT_EQ(read(env, *consumer, 1, 2s), Texts{});
    script_.leaders[0] = NodeId(2);
    script_.epoch = LeaderEpoch(2);
    fill({"d"});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"d"}));
    consumer->close(env);
  });
  EXPECT_EQ(resets_, (Texts{"committed"}));
}

TEST_F(ConsumerTest, does_not_believe_who_led_before_that_a_position_is_out_of_range) {
  fill({"a"});
  run([&](Env& env) {
    const auto consumer = Consumer::make(consuming());
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    // The next request is under way already, by what was known before.
    script_.fetch_takes[NodeId(1)] = 300ms;
    script_.log_start = 10;
    consumer->cluster().view().learn_leader(p0, NodeId(2), LeaderEpoch(2));
    EXPECT_EQ(read(env, *consumer, 1, 1s), Texts{});
    script_.log_start = 0;
    script_.leaders[0] = NodeId(2);
    script_.epoch = LeaderEpoch(2);
    fill({"b"});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"b"}));
    consumer->close(env);
  });
  EXPECT_EQ(resets_, (Texts{"assign"}));
}

// Its answer comes when the leader is asked again already (KIP-392).
TEST_F(ConsumerTest, does_not_believe_a_follower_that_a_position_is_out_of_range) {
  fill({"a"});
  run([&](Env& env) {
    auto config = consuming();
    config.client.metadata_max_age = 100ms;  // So long it is read from.
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    script_.preferred = NodeId(2);
    script_.of_followers = ErrorCode::offset_out_of_range;
    script_.fetch_takes[NodeId(2)] = 300ms;
    for (int i = 0; i < 100; ++i) EXPECT_EQ(read(env, *consumer, 1, 10ms), Texts{});
    EXPECT_FALSE(script_.preferred.is_set());
    fill({"b"});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"b"}));
    consumer->close(env);
  });
  EXPECT_EQ(problems_, std::vector<ErrorCode>{});
}

TEST_F(ConsumerTest, says_at_once_that_it_does_not_know_where_to_begin) {
  run([&](Env& env) {
    auto config = consuming();
    config.client.bootstrap_servers = {{"broker-1", 1}};  // Nobody is there.
    config.auto_offset_reset = OffsetReset::none;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    const Instant before = env.now();
    const auto polled = consumer->poll(env, before + 10s);
    ASSERT_EQ(polled.problems.size(), 1u);
    EXPECT_EQ(polled.problems[0].error, ErrorCode::offset_out_of_range);
    EXPECT_LT(env.now(), before + 1s);
    consumer->close(env);
  });
}

TEST_F(ConsumerTest, that_is_to_begin_where_nobody_says_asks) {
  fill({"a"});
  run([&](Env& env) {
    const auto consumer = Consumer::make(consuming());
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    consumer->seek_by(env, p0, OffsetReset::none);
    EXPECT_EQ(read(env, *consumer, 1), Texts{});
    consumer->seek_by(env, p0, OffsetReset::earliest);
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    consumer->close(env);
  });
  EXPECT_EQ(problems_, (std::vector<ErrorCode>{ErrorCode::offset_out_of_range}));
}

TEST_F(ConsumerTest, says_nothing_of_what_is_not_its_own_any_more) {
  script_.log_start = 10;
  script_.fetch_takes[NodeId(1)] = 300ms;
  run([&](Env& env) {
    auto config = consuming();
    config.auto_offset_reset = OffsetReset::none;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    consumer->seek(env, p0, {.offset = 3});
    EXPECT_EQ(read(env, *consumer, 1, 100ms), Texts{});
    env.sleep(1s);
    consumer->assign(env, {});
    EXPECT_EQ(read(env, *consumer, 1, 100ms), Texts{});
    consumer->close(env);
  });
  EXPECT_EQ(problems_, std::vector<ErrorCode>{});
}

TEST_F(ConsumerTest, says_nothing_of_what_a_seek_has_left_behind) {
  script_.log_start = 10;
  fill({"a"});
  script_.fetch_takes[NodeId(1)] = 300ms;
  run([&](Env& env) {
    auto config = consuming();
    config.auto_offset_reset = OffsetReset::none;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    for (const bool is_by_policy : {false, true}) {
      env.sleep(1s);  // No request is under way.
      consumer->seek(env, p0, {.offset = 3});
      EXPECT_EQ(read(env, *consumer, 1, 100ms), Texts{});
      env.sleep(1s);
      if (is_by_policy) {
        consumer->seek_by(env, p0, OffsetReset::earliest);
      } else {
        consumer->seek(env, p0, {.offset = 10});
      }
      EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    }
    consumer->close(env);
  });
  EXPECT_EQ(problems_, std::vector<ErrorCode>{});
}

TEST_F(ConsumerTest, keeps_what_it_has_fetched_of_a_partition_while_that_is_paused) {
  fill({"a", "b", "c"});
  run([&](Env& env) {
    auto config = consuming();
    config.max_poll_records = 1;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    consumer->pause(p0);
    EXPECT_EQ(read(env, *consumer, 1, 2s), Texts{});
    EXPECT_EQ(consumer->position(p0), 1);
    consumer->resume(env, p0);
    EXPECT_EQ(read(env, *consumer, 2), (Texts{"b", "c"}));
    consumer->close(env);
  });
  EXPECT_EQ(resets_, (Texts{"assign"}));
}

TEST_F(ConsumerTest, begins_where_the_end_is_though_the_partition_is_paused) {
  fill({"a"});
  run([&](Env& env) {
    auto config = consuming();
    config.auto_offset_reset = OffsetReset::latest;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    consumer->pause(p0);
    EXPECT_EQ(read(env, *consumer, 1, 2s), Texts{});
    EXPECT_EQ(consumer->position(p0), 1);
    fill({"b"});
    EXPECT_EQ(read(env, *consumer, 1, 2s), Texts{});
    consumer->resume(env, p0);
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"b"}));
    consumer->close(env);
  });
}

TEST_F(ConsumerTest, keeps_what_comes_of_a_fetch_under_way_when_a_partition_is_paused) {
  fill({"a"});
  script_.fetch_takes[NodeId(1)] = 300ms;
  run([&](Env& env) {
    const auto consumer = Consumer::make(consuming());
    consumer->assign(env, {p0, {"orders", 1}});
    consumer->seek(env, p0, {.offset = 0});
    EXPECT_EQ(read(env, *consumer, 1, 200ms), Texts{});
    consumer->pause(p0);
    EXPECT_EQ(read(env, *consumer, 1, 2s), Texts{});
    EXPECT_EQ(consumer->position(p0), 0);
    EXPECT_EQ(consumer->position({"orders", 1}), 0);
    consumer->resume(env, p0);
    EXPECT_EQ(read(env, *consumer, 1, 10ms), (Texts{"a"}));
    consumer->pause(p0);
    EXPECT_EQ(read(env, *consumer, 1, 2s), Texts{});
    fill({"b"});
    EXPECT_EQ(read(env, *consumer, 1, 10s), Texts{});
    EXPECT_EQ(consumer->high_watermark(p0), 1);
    consumer->resume(env, p0);
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"b"}));
    consumer->close(env);
  });
}

TEST_F(ConsumerTest, keeps_a_pause_for_as_long_as_the_partition_is_assigned) {
  fill({"a", "b"});
  run([&](Env& env) {
    auto config = consuming();
    config.max_poll_records = 1;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    consumer->pause(p0);
    consumer->pause({"orders", 1});  // That is none of its own: nothing to pause.
    consumer->assign(env, {p0, {"orders", 1}});
    EXPECT_EQ(read(env, *consumer, 1, 2s), Texts{});
    EXPECT_EQ(consumer->position({"orders", 1}), 0);
    consumer->assign(env, {});
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 2), (Texts{"a", "b"}));
    consumer->close(env);
  });
}

TEST_F(ConsumerTest, delivers_nothing_with_a_wrong_checksum) {
  fill({"a"});
  script_.corrupt_next_fetch = true;
  run([&](Env& env) {
    const auto consumer = Consumer::make(consuming());
    consumer->assign(env, {p0});
    EXPECT_EQ(read(env, *consumer, 1), (Texts{"a"}));
    consumer->close(env);
  });
  EXPECT_FALSE(script_.corrupt_next_fetch);
}

TEST_F(ConsumerTest, polls_nothing_until_the_deadline_and_no_longer) {
  run([&](Env& env) {
    auto config = consuming();
    config.auto_offset_reset = OffsetReset::latest;
    const auto consumer = Consumer::make(config);
    consumer->assign(env, {p0});
    (void)consumer->poll(env, env.now() + 1s);  // Tells of the reset.
    const Instant before = env.now();
    EXPECT_TRUE(consumer->poll(env, before + 2s).empty());
    EXPECT_GE(env.now(), before + 2s);
    EXPECT_LT(env.now(), before + 2010ms);
    consumer->close(env);
  });
}

}  // namespace
}  // namespace brokersim::client
