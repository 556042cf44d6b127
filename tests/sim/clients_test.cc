// Producer and admin against two scripted brokers, which refuse, fall silent and move leadership.
#include "tests/sim/scripted_brokers.h"

namespace brokersim::client {
namespace {

class ClientsTest : public ScriptedBrokers {};

// ---- Producer ----------------------------------------------------------------------------------

TEST_F(ClientsTest, a_producer_batches_what_comes_together_and_tells_each_offset) {
  run([&](Env& env) {
    const auto producer = Producer::start(env, producing());
    const auto results = send_all(env, *producer, {"a", "b", "c"});
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(results[i].outcome, Outcome::ok);
      EXPECT_EQ(results[i].offset, static_cast<Offset>(i));
    }
    producer->close(env);
  });
  EXPECT_EQ(stored(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(script_.produces, 1);
}

TEST_F(ClientsTest, many_requests_in_flight_keep_the_order_of_sends) {
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.push_back(std::to_string(i));
  run([&](Env& env) {
    auto config = producing();
    config.batch_size = 200;
    const auto producer = Producer::start(env, config);
    for (const auto& result : send_all(env, *producer, texts)) {
      EXPECT_EQ(result.outcome, Outcome::ok);
    }
    producer->close(env);
  });
  EXPECT_EQ(stored(), texts);
  EXPECT_GT(script_.produces, 10);
}

TEST_F(ClientsTest, a_producer_retries_and_finds_the_new_leader) {
  script_.produce_errors = {ErrorCode::not_enough_replicas, ErrorCode::not_enough_replicas};
  run([&](Env& env) {
    const auto producer = Producer::start(env, producing());
    EXPECT_EQ(send_all(env, *producer, {"a"})[0].outcome, Outcome::ok);
    script_.leaders[0] = NodeId(2);
    script_.epoch = LeaderEpoch(2);
    EXPECT_EQ(send_all(env, *producer, {"b"})[0].outcome, Outcome::ok);
    producer->close(env);
  });
  EXPECT_EQ(stored(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(ClientsTest, a_lost_answer_makes_a_retry_store_it_twice) {
  script_.lost_answers = 1;
  run([&](Env& env) {
    const auto producer = Producer::start(env, producing());
    EXPECT_EQ(send_all(env, *producer, {"a"})[0].offset, 1);
    producer->close(env);
  });
  EXPECT_EQ(stored(), (std::vector<std::string>{"a", "a"}));
}

TEST_F(ClientsTest, the_delivery_timeout_ends_the_retries_with_an_unknown_result) {
  script_.lost_answers = 100;
  run([&](Env& env) {
    auto config = producing();
    config.delivery_timeout = 12s;
    const auto producer = Producer::start(env, config);
    const Instant before = env.now();
    EXPECT_EQ(send_all(env, *producer, {"a"})[0].outcome, Outcome::unknown);
    EXPECT_LE(env.now() - before, 12100ms);
    producer->close(env);
  });
}

TEST_F(ClientsTest, without_a_leader_a_record_fails_for_certain) {
  script_.leaders[0] = no_node;
  run([&](Env& env) {
    const auto producer = Producer::start(env, producing());
    const auto result = producer->send_and_wait(env, p0, record("a"));
    EXPECT_EQ(result.outcome, Outcome::failed);
    EXPECT_EQ(result.error, ErrorCode::request_timed_out);
    producer->close(env);
  });
  EXPECT_TRUE(stored().empty());
}

// Waits of 100, 100, 200, 400, 800 ms and of a second from then on, each a fifth more or less.
TEST_F(ClientsTest, the_less_news_there_is_the_less_often_metadata_is_asked_for) {
  script_.leaders.clear();
  run([&](Env& env) {
    auto config = producing();
    config.max_block = 60s;
    const auto producer = Producer::start(env, config);
    const auto partition = producer->choose_partition(env, "orders", record("a"));
    EXPECT_FALSE(partition.has_value());
    EXPECT_GE(script_.metadata_requests, 60);
    EXPECT_LE(script_.metadata_requests, 80);
    // A topic that comes after all is found within the longest of the waits.
    script_.leaders = {{0, NodeId(1)}};
    const Instant asked = env.now();
    EXPECT_TRUE(producer->choose_partition(env, "orders", record("a")).has_value());
    EXPECT_LE(env.now() - asked, 1100ms);
    producer->close(env);
  });
}

TEST_F(ClientsTest, producers_and_consumers_may_create_topics_and_administrators_do_not) {
  run([&](Env& env) {
    const auto producer = Producer::start(env, producing());
    producer->send_and_wait(env, p0, record("a"));
    EXPECT_TRUE(script_.was_asked_to_create);
    producer->close(env);
    Admin admin(client_config());
    EXPECT_TRUE(admin.describe_topic(env, "orders", env.now() + 10s).has_value());
    EXPECT_FALSE(script_.was_asked_to_create);
    for (const bool is_allowed : {true, false}) {
      auto config = consuming();
      config.allow_auto_create_topics = is_allowed;
      const auto consumer = Consumer::make(config);
      consumer->assign(env, {p0});
      consumer->poll(env, env.now() + 5s);
      EXPECT_EQ(script_.was_asked_to_create, is_allowed);
      consumer->close(env);
    }
  });
}

TEST_F(ClientsTest, records_without_key_go_round_and_keys_stay) {
  run([&](Env& env) {
    const auto producer = Producer::start(env, producing());
    const auto first = producer->choose_partition(env, "orders", record("a"));
    const auto second = producer->choose_partition(env, "orders", record("b"));
    EXPECT_NE(first->partition, second->partition);
    auto keyed = record("c");
    keyed.key = Bytes{1, 2, 3};
    const auto once = producer->choose_partition(env, "orders", keyed);
    const auto again = producer->choose_partition(env, "orders", keyed);
    EXPECT_EQ(once->partition, again->partition);
    producer->close(env);
  });
}

// ---- Admin -------------------------------------------------------------------------------------

TEST_F(ClientsTest, an_admin_creates_topics_and_looks_up_offsets) {
  script_.leaders.clear();
  run([&](Env& env) {
    Admin admin(client_config());
    const std::vector<NewTopic> topics = {{.name = "orders", .partitions = 2}};
    EXPECT_TRUE(admin.create_topics(env, topics, env.now() + 10s));
    const auto again = admin.create_topics(env, topics, env.now() + 10s);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error(), ErrorCode::topic_already_exists);
    const auto producer = Producer::start(env, producing());
    send_all(env, *producer, {"a", "b"});
    producer->close(env);
    const auto end = admin.list_offset(env, p0, latest_timestamp, env.now() + 10s);
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(*end, 2);
    const auto topic = admin.describe_topic(env, "orders", env.now() + 10s);
    ASSERT_TRUE(topic.has_value());
    EXPECT_EQ(topic->partitions.size(), 2u);
  });
}

}  // namespace
}  // namespace brokersim::client
