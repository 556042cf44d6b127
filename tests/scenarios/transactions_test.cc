// Transactions in whole clusters: producers commit, abort, are fenced, take too long; coordinators
// crash in every state of a transaction. What is committed is read, nothing else is, and nobody
// waits for ever.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/client/admin.h"
#include "core/client/consumer.h"
#include "core/client/transactional_producer.h"
#include "core/client/versions.h"
#include "core/wire/channel.h"
#include "scenarios/cluster.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;
using client::TransactionalProducer;

class TransactionCluster {
 public:
  TransactionCluster() {
    Plan plan;
    plan.cluster.settings = {
        {"transaction.state.log.num.partitions", "3"},
        {"offsets.topic.num.partitions", "3"},
        {"transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"},
        {"broker.session.timeout.ms", "6000"}};
    cluster_.emplace(plan, *node_configs(plan));
    cluster_->world().recorder().listen([this](const Event& event) {
      const auto* changed = std::get_if<TransactionStateChanged>(&event.body);
      if (!changed) return;
      states_.push_back(changed->state);
      if (crash_in_ && changed->state == *crash_in_) {
        crashed_ = event.node;
        crash_in_.reset();
      }
    });
    cluster_->watch_messages([this](const Message& message) {
      if (!message.is_response()) ++asked_[message.api];
    });
    cluster_->start_nodes();
  }

  // On a machine of its own, once `t` is there.
  void client(const std::string& name, const std::function<void(Env&)>& script) {
    ++running_;
    cluster_->start_client(name, [=, this](Env& env) {
      client::Admin admin(config_of(name));
      while (!admin.describe_topic(env, "t", env.now() + 5s)) {
        (void)admin.create_topics(env, {{.name = "t", .partitions = 2, .replication_factor = 3}},
                                  env.now() + 30s);
      }
      script(env);
      --running_;
    });
  }
  void run() {
    EXPECT_TRUE(
        cluster_->world().run_until([&] { return running_ == 0 || crashed_; }, Instant{400s}));
  }
  // The same; the first coordinator that reaches `state` crashes, and comes back later.
  void run_crashing_in(const std::string& state) {
    crash_in_ = state;
    run();
    ASSERT_TRUE(crashed_) << "nothing was ever " << state;
    auto& lost = *cluster_->world().find(*std::exchange(crashed_, std::nullopt));
    cluster_->world().crash(lost);
    cluster_->world().run_until(cluster_->world().now() + 20s);
    cluster_->world().restart(lost);
    run();
  }

  std::shared_ptr<TransactionalProducer> producer(Env& env, const std::string& name,
                                                  Duration timeout = 60s) const {
    client::ProducerConfig config;
    config.client = config_of(name);
    config.transactional_id = "a";
    config.transaction_timeout = timeout;
    return TransactionalProducer::start(env, config);
  }
  client::ClientConfig config_of(const std::string& name) const {
    return {.bootstrap_servers = cluster_->brokers(), .client_id = name};
  }
  // transaction.version 2; brokers learn of it soon.
  void give_each_transaction_an_epoch(Env& env) const {
    client::Admin admin(config_of("admin"));
    ASSERT_TRUE(admin.update_features(env, {{"transaction.version", 2}}, env.now() + 30s));
    env.sleep(2s);
  }
  static void send(Env& env, TransactionalProducer& with, std::int32_t partition,
                   const std::string& value) {
    with.send(env, {"t", partition}, {.value = bytes_of(value)}, nullptr);
  }
  static ErrorCode error_of(const TransactionalProducer::Result& result) {
    return result ? ErrorCode::none : result.error();
  }
  // Of both partitions, as soon as there is no transaction left in them.
  std::multiset<std::string> read_committed(Env& env) const {
    client::Admin admin(config_of("reader"));
    client::ConsumerConfig config;
    config.client = config_of("reader");
    config.isolation_level = client::IsolationLevel::read_committed;
    config.auto_offset_reset = client::OffsetReset::earliest;
    const auto consumer = client::Consumer::make(config);
    consumer->assign(env, {{"t", 0}, {"t", 1}});
    std::map<TopicPartition, Offset> ends;
    for (std::int32_t i = 0; i < 2; ++i) {
      const TopicPartition partition{"t", i};
      ends[partition] =
          admin.list_offset(env, partition, client::latest_timestamp, env.now() + 30s).value_or(-1);
    }
    std::multiset<std::string> values;
    const auto is_behind = [&](const auto& end) {
      return consumer->position(end.first).value_or(0) < end.second;
    };
    const Instant deadline = env.now() + 60s;
    while (std::any_of(ends.begin(), ends.end(), is_behind) && env.now() < deadline) {
      for (const auto& delivered : consumer->poll(env, env.now() + 500ms).records) {
        values.insert(text_of(*delivered.at.record.value));
      }
    }
    EXPECT_FALSE(std::any_of(ends.begin(), ends.end(), is_behind)) << "a transaction hangs";
    consumer->close(env);
    return values;
  }
  // The next transaction of the producer is fine, and nothing of those before is read.
  void expect_the_next_to_be_all(Env& env, TransactionalProducer& with) const {
    with.begin();
    send(env, with, 0, "fine");
    EXPECT_EQ(error_of(with.commit(env, env.now() + 60s)), ErrorCode::none);
    with.close(env);
    EXPECT_EQ(read_committed(env), std::multiset<std::string>{"fine"});
  }
  sim::Machine& leader_of(const TopicPartition& partition) {
    const auto* topic = cluster_->metadata().find_topic(partition.topic);
    return *cluster_->world().find(topic->partitions.at(partition.partition).leader);
  }
  static std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

  std::optional<SimulatedCluster> cluster_;
  std::vector<std::string> states_;
  std::map<std::string, int> asked_;  // Requests, by API.

 private:
  int running_ = 0;
  std::optional<std::string> crash_in_;
  std::optional<NodeId> crashed_;
};

TEST(Transactions, what_is_committed_is_read_and_what_is_aborted_is_not) {
  TransactionCluster c;
  std::multiset<std::string> read;
  c.client("producer", [&](Env& env) {
    const auto with = c.producer(env, "producer");
    ASSERT_TRUE(with->init(env, env.now() + 60s));
    for (int i = 0; i < 6; ++i) {
      with->begin();
      c.send(env, *with, 0, "a" + std::to_string(i));
      c.send(env, *with, 1, "b" + std::to_string(i));
      const auto ended =
          i % 2 == 0 ? with->commit(env, env.now() + 60s) : with->abort(env, env.now() + 60s);
      EXPECT_EQ(c.error_of(ended), ErrorCode::none) << i;
    }
    with->close(env);
    read = c.read_committed(env);
  });
  c.run();
  EXPECT_EQ(read, (std::multiset<std::string>{"a0", "a2", "a4", "b0", "b2", "b4"}));
}

TEST(Transactions, a_coordinator_that_crashes_in_any_state_leaves_nothing_undecided) {
  for (const std::string state :
       {"Empty", "Ongoing", "PrepareCommit", "CompleteCommit", "PrepareAbort", "CompleteAbort"}) {
    SCOPED_TRACE(state);
    TransactionCluster c;
    std::multiset<std::string> expected;
    std::multiset<std::string> read;
    c.client("producer", [&](Env& env) {
      const auto with = c.producer(env, "producer");
      ASSERT_TRUE(with->init(env, env.now() + 120s));
      for (int i = 0; i < 4; ++i) {
        with->begin();
        c.send(env, *with, 0, "a" + std::to_string(i));
        c.send(env, *with, 1, "b" + std::to_string(i));
        const auto committed =
            i % 2 == 0 ? with->commit(env, env.now() + 120s) : with->abort(env, env.now() + 120s);
        EXPECT_EQ(c.error_of(committed), ErrorCode::none) << i;
        if (i % 2 == 0) expected.insert({"a" + std::to_string(i), "b" + std::to_string(i)});
      }
      with->close(env);
      read = c.read_committed(env);
    });
    c.run_crashing_in(state);
    EXPECT_EQ(read, expected);
  }
}

TEST(Transactions, whoever_takes_over_a_transactional_id_fences_the_zombie) {
  TransactionCluster c;
  std::multiset<std::string> read;
  c.client("producers", [&](Env& env) {
    const auto zombie = c.producer(env, "zombie");
    ASSERT_TRUE(zombie->init(env, env.now() + 60s));
    zombie->begin();
    c.send(env, *zombie, 0, "zombie");
    const auto successor = c.producer(env, "successor");
    ASSERT_TRUE(successor->init(env, env.now() + 60s));
    successor->begin();
    c.send(env, *successor, 0, "successor");
    EXPECT_EQ(c.error_of(zombie->commit(env, env.now() + 60s)), ErrorCode::producer_fenced);
    EXPECT_EQ(zombie->fatal_error(), ErrorCode::producer_fenced);
    EXPECT_EQ(c.error_of(successor->commit(env, env.now() + 60s)), ErrorCode::none);
    zombie->close(env);
    successor->close(env);
    read = c.read_committed(env);
  });
  c.run();
  EXPECT_EQ(read, std::multiset<std::string>{"successor"});
}

TEST(Transactions, that_take_too_long_are_aborted_by_their_coordinator) {
  TransactionCluster c;
  std::multiset<std::string> read;
  c.client("producer", [&](Env& env) {
    const auto with = c.producer(env, "producer", 5s);
    ASSERT_TRUE(with->init(env, env.now() + 60s));
    with->begin();
    c.send(env, *with, 0, "late");
    env.sleep(10s);
    EXPECT_EQ(c.error_of(with->commit(env, env.now() + 60s)), ErrorCode::producer_fenced);
    with->close(env);
    read = c.read_committed(env);
  });
  c.run();
  EXPECT_TRUE(read.empty());
}

TEST(Transactions, a_producer_that_goes_on_after_an_error_gets_another_epoch) {
  TransactionCluster c;
  c.client("producer", [&](Env& env) {
    const auto with = c.producer(env, "producer");
    ASSERT_TRUE(with->init(env, env.now() + 60s));
    with->begin();
    ErrorCode refused = ErrorCode::none;
    with->send(env, {"t", 0}, {.value = Bytes(2 << 20)},
               [&](Host&, const client::SendResult& result) { refused = result.error; });
    EXPECT_EQ(refused, ErrorCode::message_too_large);
    EXPECT_EQ(c.error_of(with->commit(env, env.now() + 60s)), ErrorCode::message_too_large);
    EXPECT_EQ(c.error_of(with->abort(env, env.now() + 60s)), ErrorCode::none);
    c.expect_the_next_to_be_all(env, *with);
  });
  c.run();
}

// KIP-890: the cluster agrees on it, and each transaction has its own epoch.
TEST(Transactions, have_epochs_of_their_own_where_the_cluster_says_so) {
  TransactionCluster c;
  c.client("producer", [&](Env& env) {
    c.give_each_transaction_an_epoch(env);
    const auto with = c.producer(env, "producer");
    ASSERT_TRUE(with->init(env, env.now() + 60s));
    const auto first = with->epoch();
    std::multiset<std::string> expected;
    for (int i = 0; i < 5; ++i) {
      with->begin();
      c.send(env, *with, i % 2, std::to_string(i));
      const bool is_commit = i != 2;
      if (!is_commit) env.sleep(100ms);
      EXPECT_EQ(c.error_of(is_commit ? with->commit(env, env.now() + 60s)
                                     : with->abort(env, env.now() + 60s)),
                ErrorCode::none);
      if (is_commit) expected.insert(std::to_string(i));
      EXPECT_EQ(with->epoch(), first + i + 1);
    }
    with->close(env);
    EXPECT_EQ(c.read_committed(env), expected);
  });
  c.run();
}

// The transaction before may not be complete, and whoever ends the next one then is fenced.
TEST(Transactions, of_which_nothing_was_sent_are_given_up_without_a_word) {
  TransactionCluster c;
  c.client("producer", [&](Env& env) {
    c.give_each_transaction_an_epoch(env);
    const auto with = c.producer(env, "producer");
    ASSERT_TRUE(with->init(env, env.now() + 60s));
    for (int i = 0; i < 5; ++i) {
      with->begin();
      c.send(env, *with, 0, "committed");
      EXPECT_EQ(c.error_of(with->commit(env, env.now() + 60s)), ErrorCode::none);
      with->begin();
      c.send(env, *with, 0, "given up");
      EXPECT_EQ(c.error_of(with->abort(env, env.now() + 60s)), ErrorCode::none);
    }
    with->close(env);
    EXPECT_EQ(c.read_committed(env).count("committed"), 5u);
    EXPECT_EQ(c.read_committed(env).count("given up"), 0u);
  });
  c.run();
  EXPECT_EQ(c.asked_["EndTxn"], 5);
}

// The coordinator refuses every partition of it, and knows of no transaction then.
TEST(Transactions, that_never_came_to_be_are_given_up_and_the_next_one_is_fine) {
  TransactionCluster c;
  c.client("producer", [&](Env& env) {
    const auto with = c.producer(env, "producer");
    ASSERT_TRUE(with->init(env, env.now() + 60s));
    with->begin();
    auto outcome = Outcome::unknown;
    with->send(env, {"nowhere", 0}, {.value = bytes_of("lost")},
               [&](Host&, const client::SendResult& result) { outcome = result.outcome; });
    EXPECT_EQ(outcome, Outcome::failed);
    EXPECT_EQ(c.error_of(with->abort(env, env.now() + 60s)), ErrorCode::none);
    EXPECT_FALSE(with->fatal_error());
    c.expect_the_next_to_be_all(env, *with);
  });
  c.run();
  EXPECT_EQ(c.asked_["EndTxn"], 2);
}

// Its process is asked to end while a record waits for its leader.
TEST(Transactions, are_not_committed_by_whoever_stops_before_all_is_stored) {
  TransactionCluster c;
  bool is_committing = false;
  c.client("producer", [&](Env& env) {
    const auto with = c.producer(env, "producer");
    ASSERT_TRUE(with->init(env, env.now() + 60s));
    with->begin();
    c.send(env, *with, 0, "stored");
    env.sleep(1s);
    c.cluster_->world().pause(c.leader_of({"t", 1}));
    c.send(env, *with, 1, "not stored");
    is_committing = true;
    EXPECT_NE(c.error_of(with->commit(env, env.now() + 60s)), ErrorCode::none);
    with->close(env);
  });
  EXPECT_TRUE(c.cluster_->world().run_until([&] { return is_committing; }, Instant{400s}));
  c.cluster_->world().run_until(c.cluster_->world().now() + 100ms);
  auto& machine = *c.cluster_->world().find("producer");
  c.cluster_->world().stop(machine);
  EXPECT_TRUE(c.cluster_->world().run_until([&] { return !machine.is_up(); }, Instant{400s}));
  EXPECT_EQ(c.asked_["EndTxn"], 0);
}

// KIP-890: partitions are added by their leaders, and that of offsets by the group's coordinator.
TEST(Transactions, begin_with_their_first_batch_where_each_has_its_own_epoch) {
  for (const bool has_own_epoch : {false, true}) {
    TransactionCluster c;
    c.client("producer", [&](Env& env) {
      if (has_own_epoch) c.give_each_transaction_an_epoch(env);
      // Whoever asks for the group's coordinator has its topic made.
      client::Admin admin(c.config_of("admin"));
      client::CoordinatorLink group(admin.cluster(), client::CoordinatorLink::Of::group, "g");
      while (!group.channel(env, env.now() + 10s)) env.sleep(100ms);
      const auto with = c.producer(env, "producer");
      ASSERT_TRUE(with->init(env, env.now() + 60s));
      for (int i = 0; i < 2; ++i) {
        with->begin();
        c.send(env, *with, 0, "a" + std::to_string(i));
        c.send(env, *with, 1, "b" + std::to_string(i));
        EXPECT_EQ(c.error_of(with->send_offsets(env, {{{"t", 1}, {.offset = i}}}, {.group_id = "g"},
                                                env.now() + 60s)),
                  ErrorCode::none);
        EXPECT_EQ(c.error_of(with->commit(env, env.now() + 60s)), ErrorCode::none);
      }
      with->close(env);
      EXPECT_EQ(c.read_committed(env), (std::multiset<std::string>{"a0", "a1", "b0", "b1"}));
    });
    c.run();
    EXPECT_EQ(c.asked_["AddOffsetsToTxn"] > 0, !has_own_epoch);
    EXPECT_GT(c.asked_["AddPartitionsToTxn"], 0);  // At least by leaders.
    EXPECT_GT(c.asked_["TxnOffsetCommit"], 0);
  }
}

// Consume, transform, produce: each input counts once, though the first attempt is aborted.
void commit_offsets_with_records(bool has_own_epoch) {
  TransactionCluster c;
  c.client("task", [&](Env& env) {
    if (has_own_epoch) c.give_each_transaction_an_epoch(env);
    const auto with = c.producer(env, "task");
    ASSERT_TRUE(with->init(env, env.now() + 60s));
    const client::GroupMember nobody{.group_id = "g"};
    const client::Positions positions{{{"t", 1}, {.offset = 7}}};
    client::Admin admin(c.config_of("admin"));
    const auto committed = [&](bool must_be_stable) {
      client::CoordinatorLink link(admin.cluster(), client::CoordinatorLink::Of::group, "g");
      api::OffsetFetchRequest request{.require_stable = must_be_stable};
      request.groups.push_back({.group_id = "g"});
      request.groups[0].topics.emplace().push_back({.name = "t", .partition_indexes = {1}});
      while (true) {
        const auto channel = link.channel(env, env.now() + 10s);
        if (channel) {
          const auto answer = channel->call(env, request, 9, env.now() + 10s);
          if (answer && answer->groups[0].error_code == ErrorCode::none) {
            const auto& partition = answer->groups[0].topics[0].partitions[0];
            return std::pair(partition.error_code, partition.committed_offset);
          }
        }
        env.sleep(100ms);
      }
    };
    EXPECT_EQ(committed(true), std::pair(ErrorCode::none, Offset{-1}));
    with->begin();
    c.send(env, *with, 0, "aborted");
    EXPECT_EQ(c.error_of(with->send_offsets(env, positions, nobody, env.now() + 60s)),
              ErrorCode::none);
    EXPECT_EQ(committed(true).first, ErrorCode::unstable_offset_commit);
    EXPECT_EQ(committed(false), std::pair(ErrorCode::none, Offset{-1}));
    EXPECT_EQ(c.error_of(with->abort(env, env.now() + 60s)), ErrorCode::none);
    with->begin();
    EXPECT_EQ(c.error_of(with->send_offsets(env, positions,
                                            {.group_id = "g", .generation = 3, .member_id = "gone"},
                                            env.now() + 60s)),
              ErrorCode::illegal_generation);
    EXPECT_EQ(c.error_of(with->abort(env, env.now() + 60s)), ErrorCode::none);
    EXPECT_EQ(committed(true).second, -1);
    with->begin();
    c.send(env, *with, 0, "made");
    EXPECT_EQ(c.error_of(with->send_offsets(env, positions, nobody, env.now() + 60s)),
              ErrorCode::none);
    EXPECT_EQ(c.error_of(with->commit(env, env.now() + 60s)), ErrorCode::none);
    while (committed(true).first != ErrorCode::none) env.sleep(100ms);
    EXPECT_EQ(committed(true), std::pair(ErrorCode::none, Offset{7}));
    with->close(env);
    EXPECT_EQ(c.read_committed(env), std::multiset<std::string>{"made"});
  });
  c.run();
}

TEST(Transactions, offsets_are_committed_with_what_was_made_of_the_records) {
  commit_offsets_with_records(false);
  commit_offsets_with_records(true);
}

// Nor has anybody asked for its coordinator, for whom the topic of offsets would have been made.
TEST(Transactions, commit_offsets_of_a_group_that_never_had_a_member) {
  TransactionCluster c;
  c.client("producer", [&](Env& env) {
    const auto with = c.producer(env, "producer");
    ASSERT_TRUE(with->init(env, env.now() + 60s));
    with->begin();
    EXPECT_EQ(c.error_of(with->send_offsets(env, {{{"t", 1}, {.offset = 7}}}, {.group_id = "g"},
                                            env.now() + 60s)),
              ErrorCode::none);
    EXPECT_EQ(c.error_of(with->commit(env, env.now() + 60s)), ErrorCode::none);
    with->close(env);
  });
  c.run();
  EXPECT_GT(c.asked_["AddOffsetsToTxn"], 0);
}

TEST(Transactions, without_an_id_are_nobodys_to_end) {
  TransactionCluster c;
  c.client("by-hand", [&](Env& env) {
    wire::Channel channel({"broker-1", 9092}, "by-hand");
    const auto ended = channel.call(env, api::EndTxnRequest{}, 3, env.now() + 10s);
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->error_code, ErrorCode::invalid_request);
  });
  c.run();
}

}  // namespace
}  // namespace brokersim::scenarios
