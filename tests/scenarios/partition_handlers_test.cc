// What is answered of a partition, and when: Fetch by those who wait, by followers, by who asks for
// more or less than there is; Produce and OffsetForLeaderEpoch by who had better ask another.
#include "tests/scenarios/by_hand.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;

class PartitionHandlers : public ByHand {
 protected:
  using Position = api::FetchRequest::FetchPartition;

  static wire::Records records_of(std::size_t bytes) { return batch_of(std::string(bytes, 'x')); }
  void store(Env& env, std::size_t bytes, int times = 1) {
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(produce(env, leader(), produce_of("t", 0, -1, records_of(bytes))), ErrorCode::none);
    }
  }
  static api::FetchRequest fetch_of(const Position& position, std::int32_t max_wait_ms) {
    api::FetchRequest request{.max_wait_ms = max_wait_ms, .min_bytes = 1};
    request.topics.push_back({.topic = "t", .partitions = {position}});
    request.topics[0].partitions[0].partition_max_bytes = 1 << 20;
    return request;
  }
  struct Answered {
    api::FetchResponse response;
    Duration taken{};
    const api::FetchResponse::PartitionData& data() const {
      return response.responses.at(0).partitions.at(0);
    }
  };
  Answered fetched(Env& env, const api::FetchRequest& request,
                   std::int16_t version = fetch_version) {
    const Instant begun = env.now();
    auto answer = ask(env, leader(), request, version);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return {*std::move(answer), env.now() - begun};
  }
  void pause(NodeId node) { cluster_->world().pause(*cluster_->world().find(node)); }
  // The leader of `t` is none of its replicas any more.
  void move_away_from_leader(Env& env) {
    client::Admin admin({.bootstrap_servers = cluster_->brokers(), .client_id = "mover"});
    ASSERT_TRUE(admin.reassign(env, t0, std::vector{follower()}, env.now() + 5s).has_value());
  }
  // What `request` is told by who leads at the beginning, while `t` moves away from there.
  ErrorCode error_told_meanwhile(Env& env, const api::FetchRequest& request) {
    const auto address = address_of(leader());
    env.spawn("reader", [this, address, request](Env& fiber) {
      wire::Channel own(address, "reader");
      const auto answer = own.call(fiber, request, fetch_version, fiber.now() + 20s);
      told_ = answer ? answer->responses.at(0).partitions.at(0).error_code
                     : ErrorCode::network_exception;
    });
    env.sleep(500ms);
    EXPECT_FALSE(told_.has_value());
    move_away_from_leader(env);
    for (int i = 0; i < 80 && !told_; ++i) env.sleep(100ms);
    return told_.value_or(ErrorCode::request_timed_out);
  }

  std::optional<ErrorCode> told_;
};

// ---- Fetch: how much, and when -----------------------------------------------------------------

TEST_F(PartitionHandlers, a_fetch_of_no_partitions_is_answered_at_once) {
  with_cluster([&](Env& env) {
    const auto answer = fetched(env, {.max_wait_ms = 5000, .min_bytes = 1});
    EXPECT_EQ(answer.response.error_code, ErrorCode::none);
    EXPECT_LT(answer.taken, 1s);
  });
}

TEST_F(PartitionHandlers, a_fetch_waits_for_no_more_bytes_than_it_may_bring) {
  with_cluster([&](Env& env) {
    store(env, 100);
    auto request = fetch_of({.fetch_offset = 0}, 2000);
    request.min_bytes = 1 << 20;
    EXPECT_GE(fetched(env, request).taken, 2s);
    request.max_bytes = 10;
    const auto answer = fetched(env, request);
    EXPECT_LT(answer.taken, 1s);
    EXPECT_GT(answer.data().records->bytes.size(), 100u);
  });
}

// As Kafka's, whose delayed fetches are over once they lie on an older segment.
TEST_F(PartitionHandlers, nobody_waits_for_more_behind_a_segment_that_is_full) {
  with_cluster(
      [&](Env& env) {
        store(env, 600, 4);  // Two in a segment.
        auto request = fetch_of({.fetch_offset = 1}, 5000);
        request.min_bytes = 1 << 20;
        const auto behind = fetched(env, request);
        EXPECT_LT(behind.taken, 1s);
        EXPECT_GT(behind.data().records->bytes.size(), 1800u);
        request.topics[0].partitions[0].fetch_offset = 3;
        request.max_wait_ms = 1000;
        EXPECT_GE(fetched(env, request).taken, 1s);
        // Until the log rolls.
        request.max_wait_ms = 8000;
        const auto address = address_of(leader());
        env.spawn("producer", [address](Env& fiber) {
          wire::Channel own(address, "producer");
          for (int i = 0; i < 2 && fiber.sleep(1s); ++i) {
            (void)own.call(fiber, produce_of("t", 0, -1, records_of(600)), produce_version,
                           fiber.now() + 5s);
          }
        });
        EXPECT_LT(fetched(env, request).taken, 4s);
      },
      {}, {{"segment.bytes", "2000"}});
}

// KIP-541.
TEST_F(PartitionHandlers, a_consumer_is_given_no_more_at_once_than_the_broker_gives) {
  with_cluster(
      [&](Env& env) {
        store(env, 600, 3);
        const auto data = fetch(env, leader(), {.fetch_offset = 0});
        EXPECT_EQ(wire::parse_batches(data.records->slice())->size(), 1u);
      },
      {{"fetch.max.bytes", "1024"}});
}

// KIP-74.
TEST_F(PartitionHandlers, only_the_first_batch_of_an_answer_may_be_larger_than_was_asked_for) {
  with_cluster([&](Env& env) {
    create(env, {placed("beside", {leader()})});
    store(env, 100);
    ASSERT_EQ(produce(env, leader(), produce_of("beside", 0, -1, records_of(100))),
              ErrorCode::none);
    auto request = fetch_of({.fetch_offset = 0}, 0);
    request.topics.push_back({.topic = "beside", .partitions = request.topics[0].partitions});
    const auto sizes = [&] {
      std::vector<std::size_t> found;
      for (const auto& topic : fetched(env, request).response.responses) {
        found.push_back(topic.partitions.at(0).records->bytes.size());
      }
      return found;
    };
    const auto whole = sizes();
    ASSERT_EQ(whole.size(), 2u);
    EXPECT_GT(whole[1], 100u);
    request.max_bytes = 10;
    EXPECT_EQ(sizes(), (std::vector<std::size_t>{whole[0], 0}));
  });
}

// ---- Fetch: by followers -----------------------------------------------------------------------

TEST_F(PartitionHandlers, a_follower_that_was_not_told_the_high_watermark_is_answered_at_once) {
  with_cluster([&](Env& env) {
    const NodeId paused = follower();
    pause(paused);
    ASSERT_EQ(produce(env, leader(), produce_of("t", 0, 1, batch_of("a"))), ErrorCode::none);
    env.sleep(1s);
    // In its name: it has the record, and is the last to have it.
    auto request = fetch_of({.fetch_offset = 1, .log_start_offset = 0}, 2000);
    request.replica_id = paused;
    const auto first = fetched(env, request);
    EXPECT_EQ(first.data().high_watermark, 1);
    EXPECT_LT(first.taken, 1s);
    EXPECT_GE(fetched(env, request).taken, 2s);
  });
}

TEST_F(PartitionHandlers, what_a_fetch_that_waits_has_said_of_its_follower_is_heard_once) {
  with_cluster([&](Env& env) {
    env.sleep(2s);  // Both are told that nothing is committed.
    const NodeId one = follower();
    const NodeId other{6 - leader().value - one.value};
    pause(one);
    pause(other);
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(produce(env, leader(), produce_of("t", 0, 1, batch_of("a"))), ErrorCode::none);
    }
    const auto fetch_as = [](NodeId replica, Offset offset, std::int32_t max_wait_ms) {
      auto request = fetch_of({.fetch_offset = offset, .log_start_offset = 0}, max_wait_ms);
      request.replica_id = replica;
      return request;
    };
    auto waiting = fetch_as(one, 0, 5000);
    waiting.min_bytes = 1 << 20;
    const auto address = address_of(leader());
    bool is_answered = false;
    env.spawn("waiting", [&is_answered, address, waiting](Env& fiber) {
      wire::Channel own(address, "waiting");
      (void)own.call(fiber, waiting, fetch_version, fiber.now() + 10s);
      is_answered = true;
    });
    env.sleep(100ms);
    EXPECT_EQ(fetched(env, fetch_as(one, 2, 0)).data().high_watermark, 0);
    // Whoever waits looks again.
    ASSERT_EQ(produce(env, leader(), produce_of("t", 0, 1, batch_of("a"))), ErrorCode::none);
    EXPECT_FALSE(is_answered);
    EXPECT_EQ(fetched(env, fetch_as(other, 2, 0)).data().high_watermark, 2);
    while (!is_answered) env.sleep(100ms);
  });
}

// KAFKA-13141.
TEST_F(PartitionHandlers, a_position_that_diverges_says_nothing_of_what_a_follower_holds) {
  with_cluster([&](Env& env) {
    store(env, 1);
    for (const int id : {1, 2, 3}) {
      if (NodeId(id) != leader()) pause(NodeId(id));
    }
    for (const int id : {1, 2, 3}) {
      if (NodeId(id) == leader()) continue;
      auto request = fetch_of(
          {.fetch_offset = 5, .last_fetched_epoch = state().leader_epoch, .log_start_offset = 0},
          1000);
      request.replica_id = NodeId(id);
      const auto answer = fetched(env, request, 12);
      EXPECT_EQ(answer.data().error_code, ErrorCode::none);
      EXPECT_EQ(answer.data().diverging_epoch.end_offset, 1);
      EXPECT_LT(answer.taken, 1s);
    }
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("b"))),
              ErrorCode::request_timed_out);
  });
}

// ---- Changes of the in-sync set ----------------------------------------------------------------

// Of all partitions that one broker leads.
TEST_F(PartitionHandlers,
       a_leader_has_one_request_for_other_in_sync_sets_under_way_with_all_of_them) {
  const auto said = std::make_shared<std::map<std::int64_t, Message>>();
  on_message_ = [said](const Message& message) {
    if (message.api == "AlterPartition") said->emplace(message.number, message);
  };
  const auto script = [&](Env& env) {
    const NodeId one = follower();
    constexpr std::int32_t partitions = 4;
    create(env, {placed("many", {leader(), one}, partitions)});
    pause(one);
    for (std::int32_t i = 0; i < partitions; ++i) {
      EXPECT_EQ(produce(env, leader(), produce_of("many", i, 1, batch_of("a"))), ErrorCode::none);
    }
    env.sleep(5s);
    std::size_t most = 0;
    bool is_under_way = false;
    for (const auto& [number, message] : *said) {
      if (message.from != leader() && message.to != leader()) continue;
      if (!message.is_response()) {
        EXPECT_FALSE(is_under_way) << number;
        most = std::max(most, message.parts.size());
      }
      is_under_way = !message.is_response();
    }
    EXPECT_EQ(most, std::size_t{partitions});
  };
  with_cluster(script, {{"replica.lag.time.max.ms", "2000"}});
}

// ---- Who had better ask another ----------------------------------------------------------------

TEST_F(PartitionHandlers, who_waits_in_a_fetch_when_leadership_goes_is_told_so_at_once) {
  with_cluster([&](Env& env) {
    const auto request = fetch_of({.fetch_offset = 0}, 20'000);
    EXPECT_EQ(error_told_meanwhile(env, request), ErrorCode::not_leader_or_follower);
  });
}

TEST_F(PartitionHandlers, what_was_read_while_leadership_went_is_not_given_away) {
  with_cluster(
      [&](Env& env) {
        store(env, 100);
        auto& disk = cluster_->world().find(leader())->disk();
        disk.evict();
        disk.add({.kind = sim::DiskFault::Kind::slow, .extra = 3s});
        const auto request = fetch_of({.fetch_offset = 0}, 0);
        EXPECT_EQ(error_told_meanwhile(env, request), ErrorCode::not_leader_or_follower);
      },
      {}, {{"flush.messages", "1"}});  // Only what is synced can be evicted.
}

// KIP-516.
TEST_F(PartitionHandlers, a_topic_that_is_asked_for_by_an_id_that_nobody_has_is_unknown_by_id) {
  with_cluster([&](Env& env) {
    auto request = fetch_of({.fetch_offset = 0}, 0);
    request.topics[0].topic_id = Uuid{9};
    EXPECT_EQ(fetched(env, request, 13).data().error_code, ErrorCode::unknown_topic_id);
  });
}

TEST_F(PartitionHandlers, a_batch_is_not_looked_at_by_who_may_not_append_it) {
  with_cluster([&](Env& env) {
    const auto damaged = batch_of("a", true);
    EXPECT_EQ(produce(env, follower(), produce_of("t", 0, 1, damaged)),
              ErrorCode::not_leader_or_follower);
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -2, damaged)),
              ErrorCode::invalid_required_acks);
  });
}

TEST_F(PartitionHandlers, who_asks_where_an_epoch_ends_is_judged_as_who_fetches) {
  with_cluster([&](Env& env) {
    store(env, 1);
    const auto epoch = state().leader_epoch;
    const auto asked = [&](NodeId node, LeaderEpoch current) {
      api::OffsetForLeaderEpochRequest request;
      request.topics.push_back({.topic = "t"});
      request.topics[0].partitions.push_back(
          {.current_leader_epoch = current, .leader_epoch = epoch});
      const auto versions = api::OffsetForLeaderEpochRequest::description.versions;
      return ask(env, node, request, versions.last)->topics.at(0).partitions.at(0);
    };
    EXPECT_EQ(asked(leader(), epoch).error_code, ErrorCode::none);
    EXPECT_EQ(asked(leader(), epoch).end_offset, 1);
    EXPECT_EQ(asked(leader(), LeaderEpoch(epoch.value + 1)).error_code,
              ErrorCode::unknown_leader_epoch);
    EXPECT_EQ(asked(follower(), epoch).error_code, ErrorCode::not_leader_or_follower);
  });
}

}  // namespace
}  // namespace brokersim::scenarios
