// Producer, consumer and admin on simulated machines, against two scripted brokers that share one
// log per partition and do as each test tells them: refuse, fall silent, move leadership.
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/api/all.h"
#include "core/broker/server.h"
#include "core/client/admin.h"
#include "core/client/consumer.h"
#include "core/client/producer.h"
#include "sim/world.h"

namespace brokersim::client {
namespace {

using api::ErrorCode;

const TopicPartition p0{"orders", 0};

wire::Record record(std::string_view text) {
  const auto bytes = as_bytes(text);
  return {.value = Bytes(bytes.begin(), bytes.end())};
}
std::string text_of(const Delivered& delivered) {
  return std::string(as_text(*delivered.at.record.value));
}

// What both brokers serve.
struct Script {
  std::map<std::int32_t, NodeId> leaders;
  LeaderEpoch epoch{1};
  std::map<std::int32_t, std::vector<wire::Batch>> logs;
  Offset log_start = 0;
  std::deque<ErrorCode> produce_errors;  // Answered in turn, before anything is appended.
  std::int32_t lost_answers = 0;         // That many Produces are stored and never answered.
  bool corrupt_next_fetch = false;
  std::map<NodeId, Duration> fetch_takes;  // 5 ms, if nothing is said.
  NodeId preferred = no_node;              // To read from: the leader says so once.
  ErrorCode of_followers = ErrorCode::not_leader_or_follower;  // What they answer to a Fetch.
  std::int32_t produces = 0;
  std::int32_t metadata_requests = 0;
  bool was_asked_to_create = false;  // By the latest of them.

  Offset end(std::int32_t partition) {
    const auto& log = logs[partition];
    return log.empty() ? log_start : log.back().header.next_offset();
  }
};

class FakeBroker {
 public:
  FakeBroker(NodeId id, Script& script) : id_(id), script_(script) {}

  broker::Reply answer(Env& env, const broker::RequestContext& context, const Slice& body) {
    switch (context.header.api_key) {
      case api::MetadataRequest::description.key: return reply<api::MetadataRequest>(context, body);
      case api::ProduceRequest::description.key:
        ++script_.produces;
        if (script_.lost_answers > 0) {
          --script_.lost_answers;
          (void)serve(*wire::decode<api::ProduceRequest>(body, context.header.api_version));
          env.sleep(3600s);
          return {.kind = broker::Reply::Kind::close};
        }
        return reply<api::ProduceRequest>(context, body);
      case api::FetchRequest::description.key:
        env.sleep(script_.fetch_takes.contains(id_) ? script_.fetch_takes[id_] : Duration(5ms));
        return reply<api::FetchRequest>(context, body);
      case api::ListOffsetsRequest::description.key:
        return reply<api::ListOffsetsRequest>(context, body);
      case api::CreateTopicsRequest::description.key:
        return reply<api::CreateTopicsRequest>(context, body);
      default: return {.kind = broker::Reply::Kind::close};
    }
  }

 private:
  template <class Request>
  broker::Reply reply(const broker::RequestContext& context, const Slice& body) {
    const auto version = context.header.api_version;
    const auto request = wire::decode<Request>(body, version);
    EXPECT_TRUE(request.has_value());
    const auto response = serve(*request);
    return {.frame = wire::response_frame(context.header.correlation_id, response, version)};
  }

  bool leads(std::int32_t partition) const { return script_.leaders[partition] == id_; }

  api::MetadataResponse serve(const api::MetadataRequest& request) {
    ++script_.metadata_requests;
    script_.was_asked_to_create = request.allow_auto_topic_creation;
    api::MetadataResponse out{.controller_id = NodeId(1)};
    for (int id = 1; id <= 2; ++id) {
      out.brokers.push_back(
          {.node_id = NodeId(id), .host = fmt::format("broker-{}", id), .port = 9092});
    }
    for (const auto& topic : *request.topics) {
      out.topics.push_back({.name = topic.name});
      auto& answer = out.topics.back();
      if (script_.leaders.empty()) answer.error_code = ErrorCode::unknown_topic_or_partition;
      for (const auto& [index, leader] : script_.leaders) {
        answer.partitions.push_back(
            {.partition_index = index, .leader_id = leader, .leader_epoch = script_.epoch});
      }
    }
    return out;
  }

  api::ProduceResponse serve(const api::ProduceRequest& request) {
    api::ProduceResponse out;
    for (const auto& topic : request.topic_data) {
      out.responses.push_back({.name = topic.name});
      for (const auto& data : topic.partition_data) {
        out.responses.back().partition_responses.push_back({.index = data.index});
        auto& answer = out.responses.back().partition_responses.back();
        if (!leads(data.index)) {
          answer.error_code = ErrorCode::not_leader_or_follower;
        } else if (!script_.produce_errors.empty()) {
          answer.error_code = script_.produce_errors.front();
          script_.produce_errors.pop_front();
        } else {
          auto batch = *wire::parse_batch(data.records->slice());
          EXPECT_TRUE(batch.crc_is_valid());
          answer.base_offset = batch.header.base_offset = script_.end(data.index);
          batch.header.leader_epoch = script_.epoch;
          script_.logs[data.index].push_back(batch);
        }
      }
    }
    return out;
  }

  api::FetchResponse serve(const api::FetchRequest& request) {
    api::FetchResponse out;
    for (const auto& topic : request.topics) {
      out.responses.push_back({.topic = topic.topic});
      for (const auto& asked : topic.partitions) {
        out.responses.back().partitions.push_back(fetch(asked));
      }
    }
    return out;
  }
  api::FetchResponse::PartitionData fetch(const api::FetchRequest::FetchPartition& asked) {
    api::FetchResponse::PartitionData out{.partition_index = asked.partition};
    const Offset end = script_.end(asked.partition);
    out.high_watermark = end;
    if (!leads(asked.partition)) {
      out.error_code = script_.of_followers;
    } else if (asked.fetch_offset < script_.log_start || asked.last_fetched_epoch > script_.epoch) {
      out.error_code = ErrorCode::offset_out_of_range;
    } else if (script_.preferred.is_set()) {
      out.preferred_read_replica = std::exchange(script_.preferred, no_node);
    } else if (asked.fetch_offset > end) {
      out.diverging_epoch = {LeaderEpoch(0), end};
    } else {
      Rope records;
      for (const auto& batch : script_.logs[asked.partition]) {
        if (batch.header.next_offset() > asked.fetch_offset) records.append(batch.bytes());
      }
      if (!records.empty() && std::exchange(script_.corrupt_next_fetch, false)) {
        Bytes flat = records.flat();
        flat.back() ^= 1;
        records = Rope(std::move(flat));
      }
      out.records = api::Records(records);
    }
    return out;
  }

  api::ListOffsetsResponse serve(const api::ListOffsetsRequest& request) {
    api::ListOffsetsResponse out;
    for (const auto& topic : request.topics) {
      out.topics.push_back({.name = topic.name});
      for (const auto& asked : topic.partitions) {
        const bool is_leader = leads(asked.partition_index);
        const Offset end = script_.end(asked.partition_index);
        out.topics.back().partitions.push_back(
            {.partition_index = asked.partition_index,
             .error_code = is_leader ? ErrorCode::none : ErrorCode::not_leader_or_follower,
             .offset = asked.timestamp == earliest_timestamp ? script_.log_start : end});
      }
    }
    return out;
  }

  api::CreateTopicsResponse serve(const api::CreateTopicsRequest& request) {
    api::CreateTopicsResponse out;
    for (const auto& topic : request.topics) {
      const bool exists = !script_.leaders.empty();
      for (std::int32_t i = 0; i < topic.num_partitions; ++i) script_.leaders[i] = NodeId(1);
      out.topics.push_back(
          {.name = topic.name,
           .error_code = exists ? ErrorCode::topic_already_exists : ErrorCode::none});
    }
    return out;
  }

  NodeId id_;
  Script& script_;
};

class ClientsTest : public ::testing::Test {
 protected:
  ClientsTest() {
    script_.leaders = {{0, NodeId(1)}, {1, NodeId(2)}};
    for (int id = 1; id <= 2; ++id) {
      auto& machine = world_.add_machine(fmt::format("broker-{}", id), NodeId(id));
      world_.start(machine, [this, id](Env& env) {
        broker::NodeConfig config{.node_id = NodeId(id),
                                  .listener = {fmt::format("broker-{}", id), 9092}};
        FakeBroker fake(NodeId(id), script_);
        broker::Server server(
            config, [&fake](Env& fiber, const broker::RequestContext& context, const Slice& body) {
              return fake.answer(fiber, context, body);
            });
        (void)server.run(env);
      });
    }
  }

  // Runs `program` on the client's machine until all its fibers have ended, an hour at most.
  void run(const std::function<void(Env&)>& program) {
    ASSERT_TRUE(world_.start(client_, [&](Env& env) {
      env.sleep(10ms);
      program(env);
    }));
    EXPECT_TRUE(world_.run_until([&] { return !client_.is_up(); }, world_.now() + 3600s));
  }

  ClientConfig client_config() const {
    return {.bootstrap_servers = {{"broker-2", 9092}}, .request_timeout = 5s};
  }
  ProducerConfig producing() const { return {.client = client_config(), .linger = 5ms}; }
  ConsumerConfig consuming() const {
    return {.client = client_config(), .auto_offset_reset = OffsetReset::earliest};
  }

  // Sends texts one after another without waiting; their results in order.
  std::vector<SendResult> send_all(Env& env, Producer& producer,
                                   const std::vector<std::string>& texts) {
    std::vector<SendResult> results(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      producer.send(env, p0, record(texts[i]),
                    [&results, i](Host&, const SendResult& result) { results[i] = result; });
    }
    producer.flush(env);
    return results;
  }
  std::vector<std::string> stored() {
    std::vector<std::string> texts;
    for (const auto& batch : script_.logs[0]) {
      const auto records = wire::records_of(batch);
      for (const auto& at : *records) texts.emplace_back(as_text(*at.record.value));
    }
    return texts;
  }

  Script script_;
  sim::World world_{5};
  sim::Machine& client_ = world_.add_machine("client", NodeId(9));
};

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

// ---- Consumer ----------------------------------------------------------------------------------

class ConsumerTest : public ClientsTest {
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
