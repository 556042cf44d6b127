// What Produce, Fetch and ListOffsets make of records: compressed in any way, stored in another,
// too old or too new to be, found again by their time.
#include "core/wire/record_reader.h"
#include "tests/scenarios/by_hand.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;
using wire::Codec;

constexpr std::int16_t newest_list_offsets = api::ListOffsetsRequest::description.versions.last;

class RecordHandlers : public ByHand {
 protected:
  // Records `from`, `from` + 1 …, whose values are long and alike.
  static wire::Batch batch_in(Codec codec, std::int64_t from, int count) {
    wire::BatchHeader proto;
    proto.set_codec(codec);
    wire::BatchBuilder builder(proto);
    for (int i = 0; i < count; ++i) {
      builder.add({.timestamp = from + i, .key = Bytes{1}, .value = Bytes(100, 'x')});
    }
    return builder.finish();
  }
  static wire::Records image_of(const wire::Batch& batch) {
    return wire::Records{batch.bytes().joined()};
  }
  static api::ProduceRequest request_of(const wire::Batch& batch) {
    return produce_of("t", 0, -1, image_of(batch));
  }
  // What the leader holds from the beginning.
  std::vector<wire::Batch> stored(Env& env) {
    const auto data = fetch(env, leader(), {.fetch_offset = 0});
    EXPECT_EQ(data.error_code, ErrorCode::none);
    return *wire::parse_batches(data.records->slice());
  }
};

TEST_F(RecordHandlers, a_batch_is_stored_as_it_was_sent) {
  with_cluster([&](Env& env) {
    const auto now = env.wall_clock().ms;
    std::vector<wire::Batch> sent;
    for (const Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
      sent.push_back(batch_in(codec, now, 3));
      const auto answer = produced(env, leader(), request_of(sent.back()));
      EXPECT_EQ(answer.error_code, ErrorCode::none) << name_of(codec);
      EXPECT_EQ(answer.log_append_time_ms, -1);
    }
    const auto kept = stored(env);
    ASSERT_EQ(kept.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      EXPECT_EQ(as_text(kept[i].body.view()), as_text(sent[i].body.view()));
      EXPECT_EQ(kept[i].header.attributes, sent[i].header.attributes);
    }
  });
}

TEST_F(RecordHandlers, a_fetch_waits_for_min_bytes_and_brings_what_there_is_when_time_is_up) {
  with_cluster([&](Env& env) {
    const auto batch = batch_in(Codec::none, env.wall_clock().ms, 3);
    const auto size = static_cast<std::int32_t>(batch.size());
    wire::Channel other(address_of(leader()), "producer");
    for (const bool is_enough : {true, false}) {
      const Instant begun = env.now();
      env.spawn(fmt::format("producer-{}", is_enough), [&](Env& fiber) {
        for (int i = 0; i < 3 && fiber.sleep(200ms); ++i) {
          (void)other.call(fiber, request_of(batch), produce_version, fiber.now() + 5s);
        }
      });
      api::FetchRequest request{.max_wait_ms = 2000, .min_bytes = is_enough ? 2 * size : 4 * size};
      request.topics.push_back({.topic = "t"});
      request.topics[0].partitions.push_back(
          {.fetch_offset = is_enough ? 0 : 9, .partition_max_bytes = 1 << 20});
      const auto answer = ask(env, leader(), request, fetch_version);
      ASSERT_TRUE(answer.has_value());
      const auto& data = answer->responses[0].partitions[0];
      EXPECT_EQ(data.records->bytes.size(), static_cast<std::size_t>((is_enough ? 2 : 3) * size));
      EXPECT_EQ(env.now() - begun < 1s, is_enough);
      env.sleep(1s);
    }
  });
}

TEST_F(RecordHandlers, a_fetch_misses_nothing_that_comes_while_it_reads_from_the_disk) {
  with_cluster(
      [&](Env& env) {
        const auto batch = batch_in(Codec::none, env.wall_clock().ms, 3);
        const auto later = batch_in(Codec::none, env.wall_clock().ms, 2);
        const auto size = batch.size() + later.size();
        ASSERT_EQ(produce(env, leader(), request_of(batch)), ErrorCode::none);
        auto& disk = cluster_->world().find(leader())->disk();
        disk.evict();
        disk.add({.kind = sim::DiskFault::Kind::slow, .extra = 300ms});
        wire::Channel other(address_of(leader()), "producer");
        env.spawn("producer", [&](Env& fiber) {
          fiber.sleep(100ms);
          (void)other.call(fiber, request_of(later), produce_version, fiber.now() + 5s);
        });
        const Instant begun = env.now();
        api::FetchRequest request{.max_wait_ms = 2000,
                                  .min_bytes = static_cast<std::int32_t>(size)};
        request.topics.push_back({.topic = "t"});
        request.topics[0].partitions.push_back({.partition_max_bytes = 1 << 20});
        const auto answer = ask(env, leader(), request, fetch_version);
        ASSERT_TRUE(answer.has_value());
        const auto& data = answer->responses[0].partitions[0];
        EXPECT_EQ(data.records->bytes.size(), size);
        EXPECT_GT(env.now() - begun, 300ms);
        EXPECT_LT(env.now() - begun, 1s);
        env.sleep(2s);
      },
      {}, {{"flush.messages", "3"}});  // Of the first batch: only what is synced can be evicted.
}

// What holds the memory of requests waits for the followers' next Fetch, which is a request, too.
TEST_F(RecordHandlers, producers_that_take_all_memory_of_requests_are_in_no_followers_way) {
  with_cluster(
      [&](Env& env) {
        const auto batch = batch_in(Codec::none, env.wall_clock().ms, 400);
        const auto address = address_of(leader());
        int stored = 0;
        for (int i = 0; i < 4; ++i) {
          env.spawn(fmt::format("producer-{}", i), [&, i](Env& fiber) {
            wire::Channel own(address, fmt::format("producer-{}", i));
            const auto answer =
                own.call(fiber, request_of(batch), produce_version, fiber.now() + 5s);
            ASSERT_TRUE(answer.has_value());
            const auto error = answer->responses[0].partition_responses[0].error_code;
            EXPECT_EQ(error, ErrorCode::none);
            ++stored;
          });
        }
        env.sleep(1s);
        EXPECT_EQ(stored, 4);
      },
      {{"queued.max.request.bytes", "65536"}});
}

// The first is answered when all have come: it must not keep what the others need for that.
TEST_F(RecordHandlers, members_that_wait_for_each_other_need_no_memory_of_requests) {
  with_cluster(
      [&](Env& env) {
        const NodeId coordinator = coordinator_of_group(env, "g");
        api::JoinGroupRequest joining{.group_id = "g",
                                      .session_timeout_ms = 30'000,
                                      .rebalance_timeout_ms = 30'000,
                                      .protocol_type = "consumer"};
        joining.protocols.push_back({.name = "range", .metadata = Bytes(40'000)});
        std::vector<std::int32_t> generations;
        for (int i = 0; i < 3; ++i) {
          env.spawn(fmt::format("member-{}", i), [&, i](Env& fiber) {
            wire::Channel own(address_of(coordinator), fmt::format("member-{}", i));
            const auto joined = own.call(fiber, joining, 3, fiber.now() + 20s);
            ASSERT_TRUE(joined.has_value());
            EXPECT_EQ(joined->error_code, ErrorCode::none);
            generations.push_back(joined->generation_id);
          });
        }
        env.sleep(20s);
        EXPECT_EQ(generations, (std::vector<std::int32_t>{1, 1, 1}));
      },
      {{"queued.max.request.bytes", "65536"},
       {"offsets.topic.num.partitions", "1"},
       {"group.initial.rebalance.delay.ms", "3000"}});
}

TEST_F(RecordHandlers, who_waits_for_more_than_there_is_keeps_no_memory_of_responses) {
  with_cluster(
      [&](Env& env) {
        const auto batch = batch_in(Codec::none, env.wall_clock().ms, 5000);
        ASSERT_EQ(produce(env, leader(), request_of(batch)), ErrorCode::none);
        const auto address = address_of(leader());
        api::FetchRequest much{.max_wait_ms = 60'000, .min_bytes = 10'000'000};
        much.topics.push_back({.topic = "t"});
        much.topics[0].partitions.push_back({.partition_max_bytes = 1 << 20});
        for (int i = 0; i < 3; ++i) {
          env.spawn(fmt::format("waiting-{}", i), [&, i](Env& fiber) {
            wire::Channel own(address, fmt::format("waiting-{}", i));
            (void)own.call(fiber, much, fetch_version, fiber.now() + 60s);
          });
        }
        env.sleep(1s);
        const Instant begun = env.now();
        EXPECT_EQ(metadata(env, leader(), "t", false).topics.size(), 1u);
        EXPECT_EQ(stored(env).size(), 1u);
        EXPECT_LT(env.now() - begun, 1s);
      },
      {{"queued.max.request.bytes", "1048576"}});
}

TEST_F(RecordHandlers, a_topic_may_want_another_codec) {
  with_cluster(
      [&](Env& env) {
        const auto now = env.wall_clock().ms;
        for (const Codec codec : {Codec::none, Codec::gzip, Codec::zstd}) {
          EXPECT_EQ(produce(env, leader(), request_of(batch_in(codec, now, 3))), ErrorCode::none);
        }
        for (const auto& batch : stored(env)) {
          EXPECT_EQ(batch.header.codec(), Codec::lz4);
          EXPECT_TRUE(batch.crc_is_valid());
          EXPECT_EQ(wire::records_of(batch)->size(), 3u);
        }
      },
      {}, {{"compression.type", "lz4"}});
}

TEST_F(RecordHandlers, a_topic_may_want_no_codec) {
  with_cluster(
      [&](Env& env) {
        const auto now = env.wall_clock().ms;
        EXPECT_EQ(produce(env, leader(), request_of(batch_in(Codec::snappy, now, 3))),
                  ErrorCode::none);
        const auto kept = stored(env);
        ASSERT_EQ(kept.size(), 1u);
        EXPECT_EQ(kept[0].bytes().size(), batch_in(Codec::none, now, 3).bytes().size());
        EXPECT_EQ(wire::records_of(kept[0])->size(), 3u);
      },
      {}, {{"compression.type", "uncompressed"}});
}

TEST_F(RecordHandlers, a_topic_may_want_the_leaders_time) {
  with_cluster(
      [&](Env& env) {
        const auto before = env.wall_clock().ms;
        const auto answer = produced(env, leader(), request_of(batch_in(Codec::gzip, 5, 3)));
        EXPECT_EQ(answer.error_code, ErrorCode::none);
        EXPECT_GE(answer.log_append_time_ms, before);
        const auto kept = stored(env);
        ASSERT_EQ(kept.size(), 1u);
        EXPECT_TRUE(kept[0].crc_is_valid());
        const auto records = wire::records_of(kept[0]);
        ASSERT_TRUE(records);
        for (const auto& [offset, record] : *records) {
          EXPECT_EQ(record.timestamp, answer.log_append_time_ms);
        }
        // By that time it is found, and not by its own.
        const auto found = list_offset(env, leader(), answer.log_append_time_ms);
        EXPECT_EQ(found.offset, 0);
        EXPECT_EQ(found.timestamp, answer.log_append_time_ms);
      },
      {}, {{"message.timestamp.type", "LogAppendTime"}});
}

TEST_F(RecordHandlers, what_a_compacted_topic_cannot_take_is_named_record_by_record) {
  with_cluster(
      [&](Env& env) {
        wire::BatchHeader proto;
        proto.set_codec(Codec::zstd);
        wire::BatchBuilder builder(proto);
        const auto now = env.wall_clock().ms;
        builder.add({.timestamp = now, .key = Bytes{1}});
        builder.add({.timestamp = now});
        const auto request = request_of(builder.finish());
        const auto answer = produced(env, leader(), request, 8);
        EXPECT_EQ(answer.error_code, ErrorCode::invalid_record);
        ASSERT_EQ(answer.record_errors.size(), 1u);
        EXPECT_EQ(answer.record_errors[0].batch_index, 1);
        EXPECT_NE(answer.record_errors[0].batch_index_error_message->find("key"),
                  std::string::npos);
        EXPECT_TRUE(answer.error_message);
        const auto older = produced(env, leader(), request, 7);
        EXPECT_EQ(older.error_code, ErrorCode::invalid_record);
        EXPECT_TRUE(older.record_errors.empty());
        EXPECT_EQ(list_offset(env, leader(), client::latest_timestamp).offset, 0);
      },
      {}, {{"cleanup.policy", "compact"}});
}

TEST_F(RecordHandlers, timestamps_are_held_to_the_topics_limits) {
  with_cluster(
      [&](Env& env) {
        const auto sent_at = [&](std::int64_t timestamp) {
          return produce(env, leader(), request_of(batch_in(Codec::gzip, timestamp, 1)));
        };
        const auto now = env.wall_clock().ms;
        EXPECT_EQ(sent_at(now), ErrorCode::none);
        EXPECT_EQ(sent_at(now - 61'000), ErrorCode::invalid_timestamp);
        EXPECT_EQ(sent_at(now + 31'000), ErrorCode::invalid_timestamp);
      },
      {},
      {{"message.timestamp.before.max.ms", "60000"}, {"message.timestamp.after.max.ms", "30000"}});
}

TEST_F(RecordHandlers, zstd_needs_a_version_that_knows_it_in_both_directions) {
  with_cluster([&](Env& env) {
    const auto zstd = request_of(batch_in(Codec::zstd, env.wall_clock().ms, 3));
    EXPECT_EQ(produced(env, leader(), zstd, 6).error_code, ErrorCode::unsupported_compression_type);
    EXPECT_EQ(produced(env, leader(), zstd, 7).error_code, ErrorCode::none);
    const auto fetched_in = [&](std::int16_t version) {
      return fetch(env, leader(), {.fetch_offset = 0}, "t", version).error_code;
    };
    EXPECT_EQ(fetched_in(9), ErrorCode::unsupported_compression_type);
    EXPECT_EQ(fetched_in(10), ErrorCode::none);
  });
}

// librdkafka compresses nothing unless version 0 is advertised (KAFKA-18659).
TEST_F(RecordHandlers, produce_before_version_3_is_advertised_and_refused) {
  with_cluster([&](Env& env) {
    const auto versions = ask(env, leader(), api::ApiVersionsRequest{}, 0);
    ASSERT_TRUE(versions);
    EXPECT_EQ(versions->api_keys[0].api_key, 0);
    EXPECT_EQ(versions->api_keys[0].min_version, 0);
    const auto request = request_of(batch_in(Codec::none, env.wall_clock().ms, 1));
    for (std::int16_t version = 0; version < 3; ++version) {
      const auto answer = produced(env, leader(), request, version);
      EXPECT_EQ(answer.error_code, ErrorCode::unsupported_version) << version;
      EXPECT_EQ(answer.base_offset, -1);
    }
    EXPECT_EQ(produced(env, leader(), request, 3).error_code, ErrorCode::none);
  });
}

// One bad partition of a request does not spoil the others.
TEST_F(RecordHandlers, null_and_old_records_are_refused_and_the_rest_goes_on) {
  with_cluster([&](Env& env) {
    const auto good = batch_in(Codec::none, env.wall_clock().ms, 1);
    Bytes old = good.bytes().flat();
    old[16] = 1;
    auto request = request_of(good);
    auto& partitions = request.topic_data[0].partition_data;
    partitions.insert(partitions.begin(), 4, {.index = 0, .records = std::nullopt});
    partitions[1].records = wire::Records{};
    partitions[2].records = wire::Records{Slice(old)};
    auto twice = good.bytes();
    twice.append(good.bytes());
    partitions[3].records = wire::Records{twice};
    const auto answer = ask(env, leader(), request, produce_version);
    ASSERT_TRUE(answer);
    const auto& answers = answer->responses[0].partition_responses;
    ASSERT_EQ(answers.size(), 5u);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(answers[i].error_code, ErrorCode::invalid_record) << i;
    }
    EXPECT_EQ(answers[4].error_code, ErrorCode::none);
    EXPECT_EQ(answers[4].base_offset, 0);
  });
}

TEST_F(RecordHandlers, list_offsets_finds_records_by_their_time) {
  with_cluster([&](Env& env) {
    const auto now = env.wall_clock().ms;
    // Offsets 0 to 2, 3 to 5, 6 to 8, whose times overlap.
    for (const auto& [codec, from] :
         {std::pair(Codec::gzip, now), {Codec::none, now + 2}, {Codec::snappy, now - 10}}) {
      EXPECT_EQ(produce(env, leader(), request_of(batch_in(codec, from, 3))), ErrorCode::none);
    }
    struct Case {
      std::int64_t timestamp;
      Offset offset;
      std::int64_t found;
    };
    for (const auto& [timestamp, offset, found] :
         {Case{now - 5, 0, now}, Case{now + 1, 1, now + 1}, Case{now + 3, 4, now + 3},
          Case{now + 5, -1, -1}, Case{-3, 5, now + 4}}) {
      const auto answer = list_offset(env, leader(), timestamp);
      EXPECT_EQ(answer.error_code, ErrorCode::none);
      EXPECT_EQ(answer.offset, offset) << timestamp - now;
      EXPECT_EQ(answer.timestamp, found) << timestamp - now;
      EXPECT_EQ(answer.leader_epoch.is_set(), offset >= 0);
      EXPECT_FALSE(list_offset(env, leader(), now, 3).leader_epoch.is_set());
    }
  });
}

TEST_F(RecordHandlers, list_offsets_answers_what_the_version_may_ask) {
  with_cluster([&](Env& env) {
    EXPECT_EQ(produce(env, leader(), request_of(batch_in(Codec::none, env.wall_clock().ms, 3))),
              ErrorCode::none);
    struct Case {
      std::int64_t timestamp;
      std::int16_t since;
      Offset offset;
    };
    for (const auto& [timestamp, since, offset] :
         {Case{-1, 1, 3}, Case{-2, 1, 0}, Case{-3, 7, 2}, Case{-4, 8, 0}, Case{-5, 9, -1}}) {
      for (std::int16_t version = 1; version <= newest_list_offsets; ++version) {
        const auto answer = list_offset(env, leader(), timestamp, version);
        const bool may_ask = version >= since;
        EXPECT_EQ(answer.error_code, may_ask ? ErrorCode::none : ErrorCode::unsupported_version)
            << timestamp << " v" << version;
        EXPECT_EQ(answer.offset, may_ask ? offset : -1) << timestamp << " v" << version;
      }
    }
    EXPECT_EQ(list_offset(env, leader(), -6, newest_list_offsets).error_code,
              ErrorCode::unsupported_version);
    EXPECT_EQ(list_offset(env, follower(), -1).error_code, ErrorCode::not_leader_or_follower);
  });
}

// KIP-207: a new leader holds records of which it does not know yet that they are committed. One
// follower stays in the in-sync set and gets nothing, so that this lasts.
TEST_F(RecordHandlers, list_offsets_waits_for_a_new_leaders_high_watermark) {
  with_cluster([&](Env& env) {
    const auto replicas = state().replicas;
    auto& world = cluster_->world();
    const auto host = [&](NodeId broker) { return world.find(broker)->host(); };
    const auto late = replicas.back();
    const auto stall = world.network().add({.kind = sim::LinkFault::Kind::stall,
                                            .from = {host(late)},
                                            .to = {host(replicas[0]), host(replicas[1])}});
    const auto now = env.wall_clock().ms;
    auto request = request_of(batch_in(Codec::none, now, 3));
    request.acks = 1;
    const auto old_leader = leader();
    const auto old_epoch = state().leader_epoch;
    ASSERT_EQ(old_leader, replicas.front());
    EXPECT_EQ(produce(env, old_leader, request), ErrorCode::none);
    env.sleep(1s);
    ASSERT_TRUE(world.crash(*world.find(old_leader)));
    while (leader() == old_leader || !leader().is_set()) env.sleep(100ms);
    ASSERT_EQ(leader(), replicas[1]);
    env.sleep(500ms);
    const auto error_of = [&](std::int64_t timestamp, std::int16_t version) {
      return list_offset(env, leader(), timestamp, version).error_code;
    };
    EXPECT_EQ(error_of(-1, 5), ErrorCode::offset_not_available);
    EXPECT_EQ(error_of(-1, 4), ErrorCode::leader_not_available);
    EXPECT_EQ(error_of(now, 5), ErrorCode::offset_not_available);
    EXPECT_EQ(error_of(-2, 5), ErrorCode::none);
    world.network().remove_fault(stall);
    env.sleep(3s);
    const auto latest = list_offset(env, leader(), -1);
    EXPECT_EQ(latest.offset, 3);
    EXPECT_EQ(latest.leader_epoch, state().leader_epoch);
    // What is older than the leader has the epoch in which it was written.
    for (const std::int64_t timestamp : {now, std::int64_t{-2}}) {
      const auto first = list_offset(env, leader(), timestamp);
      EXPECT_EQ(first.offset, 0);
      EXPECT_EQ(first.leader_epoch, old_epoch);
    }
  });
}

TEST_F(RecordHandlers, list_offsets_wants_each_partition_once) {
  with_cluster([&](Env& env) {
    api::ListOffsetsRequest request{.replica_id = no_node};
    request.topics.push_back({.name = "t"});
    request.topics[0].partitions = {{.timestamp = -1}, {.timestamp = -2}};
    const auto answer = ask(env, leader(), request, 7);
    ASSERT_TRUE(answer);
    for (const auto& partition : answer->topics[0].partitions) {
      EXPECT_EQ(partition.error_code, ErrorCode::invalid_request);
    }
  });
}

}  // namespace
}  // namespace brokersim::scenarios
