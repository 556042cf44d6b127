// What the leader of a partition does for transactions, asked by hand: their batches are stable
// once a marker has ended them on every in-sync replica, consumers that read committed records see
// that and no more, and whoever leads next knows the same. Three brokers, a topic `t` with one
// partition on all of them; markers come from no coordinator but from the test.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/client/consumer.h"
#include "core/transaction/records.h"
#include "tests/scenarios/by_hand.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;
using Fetched = api::FetchResponse::PartitionData;
using Aborted = std::vector<std::pair<std::int64_t, Offset>>;

constexpr std::int8_t read_committed = 1;

class TransactionalPartitions : public ByHand {
 protected:
  void with_transactions(const std::function<void(Env&)>& script, bool are_verified = false) {
    with_cluster(script,
                 {{"min.insync.replicas", "2"},
                  {"transaction.partition.verification.enable", are_verified ? "true" : "false"}});
  }

  // One record of the producer's transaction.
  ErrorCode write(Env& env, std::int64_t producer, std::int32_t sequence, std::int16_t epoch = 0) {
    return produce(env, leader(), transactional(producer, sequence, epoch));
  }
  static api::ProduceRequest transactional(std::int64_t producer, std::int32_t sequence,
                                           std::int16_t epoch = 0) {
    wire::BatchHeader proto;
    proto.set_transactional();
    proto.producer_id = producer;
    proto.producer_epoch = epoch;
    proto.base_sequence = sequence;
    wire::BatchBuilder builder(proto);
    builder.add({.value = bytes_of("v")});
    auto request = produce_of("t", 0, -1, wire::Records(builder.finish().bytes()));
    request.transactional_id = "by-hand";
    return request;
  }
  ErrorCode plain(Env& env) {
    return produce(env, leader(), produce_of("t", 0, -1, batch_of("v")));
  }

  struct Marker {
    bool is_commit = false;
    std::int16_t epoch = 0;
    std::int32_t coordinator_epoch = 1;
    std::int8_t version = 0;
    std::string topic = "t";
  };
  ErrorCode end_transaction(Env& env, NodeId at, std::int64_t producer, const Marker& marker) {
    api::WriteTxnMarkersRequest request;
    request.markers.push_back({.producer_id = producer,
                               .producer_epoch = marker.epoch,
                               .transaction_result = marker.is_commit,
                               .topics = {{.name = marker.topic, .partition_indexes = {0}}},
                               .coordinator_epoch = marker.coordinator_epoch,
                               .transaction_version = marker.version});
    const auto answer = to(at).call(env, request, 2, env.now() + 60s);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    if (!answer) return ErrorCode::network_exception;
    EXPECT_EQ(answer->markers[0].producer_id, producer);
    EXPECT_EQ(answer->markers[0].topics[0].name, marker.topic);
    return answer->markers[0].topics[0].partitions[0].error_code;
  }
  ErrorCode commit(Env& env, std::int64_t producer) {
    return end_transaction(env, leader(), producer, {.is_commit = true});
  }
  ErrorCode abort(Env& env, std::int64_t producer) {
    return end_transaction(env, leader(), producer, {});
  }

  Fetched read(Env& env, Offset from, std::int8_t isolation_level, std::int32_t max_wait_ms = 0) {
    api::FetchRequest request{
        .max_wait_ms = max_wait_ms, .min_bytes = 1, .isolation_level = isolation_level};
    request.topics.push_back(
        {.topic = "t", .partitions = {{.fetch_offset = from, .partition_max_bytes = 1 << 20}}});
    const auto answer = ask(env, leader(), request, fetch_version);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return answer->responses[0].partitions[0];
  }
  static std::vector<Offset> offsets_in(const Fetched& fetched) {
    std::vector<Offset> offsets;
    const auto batches = wire::parse_batches(fetched.records->slice());
    for (const auto& batch : *batches) {
      offsets.push_back(batch.header.base_offset);
    }
    return offsets;
  }
  static Aborted aborted_in(const Fetched& fetched) {
    Aborted aborted;
    for (const auto& one : *fetched.aborted_transactions) {
      aborted.emplace_back(one.producer_id, one.first_offset);
    }
    return aborted;
  }
  Offset latest(Env& env, std::int8_t isolation_level) {
    api::ListOffsetsRequest request{.replica_id = no_node, .isolation_level = isolation_level};
    request.topics.push_back({.name = "t", .partitions = {{.timestamp = -1}}});
    const auto answer = ask(env, leader(), request, 7)->topics[0].partitions[0];
    EXPECT_EQ(answer.error_code, ErrorCode::none);
    return answer.offset;
  }
  NodeId coordinator(Env& env, const std::string& transactional_id) {
    return coordinator_of(env, 1, transactional_id);
  }
  NodeId coordinator_of(Env& env, std::int8_t key_type, const std::string& key) {
    const api::FindCoordinatorRequest request{.key_type = key_type, .coordinator_keys = {key}};
    while (true) {
      const auto answer = ask(env, leader(), request, 4);
      if (answer && answer->coordinators[0].error_code == ErrorCode::none) {
        return answer->coordinators[0].node_id;
      }
      env.sleep(100ms);
    }
  }
  // How many replicas have what the coordinator decides.
  std::size_t in_sync_for(const std::string& transactional_id) {
    const auto* topic = cluster_->metadata().find_topic(std::string(transaction::state_topic));
    const auto count = static_cast<std::int32_t>(topic->partitions.size());
    return topic->partitions.at(transaction::partition_of(transactional_id, count)).isr.size();
  }
  // Of "by-hand"; asked again as long as its last transaction has not ended everywhere.
  api::InitProducerIdResponse init(Env& env, NodeId at, Duration patience = 30s) {
    const Instant deadline = env.now() + patience;
    while (true) {
      const auto answer = ask(env, at,
                              api::InitProducerIdRequest{.transactional_id = "by-hand",
                                                         .transaction_timeout_ms = 60'000},
                              4);
      const bool is_over = answer && answer->error_code == ErrorCode::none;
      if (is_over || env.now() > deadline) return answer.value_or(api::InitProducerIdResponse{});
      env.sleep(100ms);
    }
  }
  // The errors by topic, of the first partition of each.
  std::map<std::string, ErrorCode> add(Env& env, NodeId at, const api::InitProducerIdResponse& who,
                                       const std::vector<std::string>& topics) {
    api::AddPartitionsToTxnRequest request;
    request.v3_and_below_transactional_id = "by-hand";
    request.v3_and_below_producer_id = who.producer_id;
    request.v3_and_below_producer_epoch = who.producer_epoch;
    for (const auto& topic : topics) {
      request.v3_and_below_topics.push_back({.name = topic, .partitions = {0}});
    }
    const auto answer = ask(env, at, request, 3);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    std::map<std::string, ErrorCode> errors;
    for (const auto& topic : answer->results_by_topic_v3_and_below) {
      errors[topic.name] = topic.results_by_partition[0].partition_error_code;
    }
    return errors;
  }
  ErrorCode end(Env& env, NodeId at, const api::InitProducerIdResponse& who,
                std::int16_t version = 3) {
    const auto answer = ask(env, at,
                            api::EndTxnRequest{.transactional_id = "by-hand",
                                               .producer_id = who.producer_id,
                                               .producer_epoch = who.producer_epoch,
                                               .committed = true},
                            version);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return answer->error_code;
  }
  // An offset of "t", in the transaction of "by-hand".
  ErrorCode commit_offset(Env& env, NodeId at, const api::InitProducerIdResponse& who,
                          const std::string& group, std::int16_t version) {
    api::TxnOffsetCommitRequest request{.transactional_id = "by-hand",
                                        .group_id = group,
                                        .producer_id = who.producer_id,
                                        .producer_epoch = who.producer_epoch};
    request.topics.push_back({.name = "t", .partitions = {{.committed_offset = 1}}});
    const auto answer = to(at).call(env, request, version, env.now() + 60s);
    EXPECT_TRUE(answer.has_value()) << name_of(answer.error());
    return answer->topics[0].partitions[0].error_code;
  }
  sim::Machine& machine(NodeId node) { return *cluster_->world().find(node); }
  void await_other_leader(Env& env, NodeId than) {
    while (leader() == than || !leader().is_set()) env.sleep(100ms);
    env.sleep(1s);
  }
};

using Offsets = std::vector<Offset>;

TEST_F(TransactionalPartitions, who_reads_committed_records_is_shown_what_is_decided) {
  with_transactions([&](Env& env) {
    EXPECT_EQ(plain(env), ErrorCode::none);        // 0
    EXPECT_EQ(write(env, 7, 0), ErrorCode::none);  // 1
    EXPECT_EQ(write(env, 8, 0), ErrorCode::none);  // 2
    auto seen = read(env, 0, read_committed);
    EXPECT_EQ(seen.high_watermark, 3);
    EXPECT_EQ(seen.last_stable_offset, 1);
    EXPECT_EQ(offsets_in(seen), Offsets{0});
    EXPECT_EQ(aborted_in(seen), Aborted{});
    EXPECT_EQ(offsets_in(read(env, 0, 0)), (Offsets{0, 1, 2}));
    EXPECT_EQ(latest(env, 0), 3);
    EXPECT_EQ(latest(env, read_committed), 1);

    EXPECT_EQ(commit(env, 7), ErrorCode::none);  // 3
    seen = read(env, 0, read_committed);
    EXPECT_EQ(seen.last_stable_offset, 2);
    EXPECT_EQ(offsets_in(seen), (Offsets{0, 1}));

    EXPECT_EQ(abort(env, 8), ErrorCode::none);  // 4
    seen = read(env, 0, read_committed);
    EXPECT_EQ(seen.last_stable_offset, 5);
    EXPECT_EQ(offsets_in(seen), (Offsets{0, 1, 2, 3, 4}));
    EXPECT_EQ(aborted_in(seen), (Aborted{{8, 2}}));
    EXPECT_EQ(aborted_in(read(env, 3, read_committed)), (Aborted{{8, 2}}));
    EXPECT_EQ(latest(env, read_committed), 5);
    EXPECT_FALSE(read(env, 0, 0).aborted_transactions.has_value());
  });
}

TEST_F(TransactionalPartitions, a_fetch_that_waits_is_answered_when_a_marker_comes) {
  with_transactions([&](Env& env) {
    EXPECT_EQ(write(env, 7, 0), ErrorCode::none);
    std::optional<Fetched> seen;
    Instant answered;
    env.spawn("reader", [&](Env& fiber) {
      client::Admin admin({.bootstrap_servers = cluster_->brokers(), .client_id = "reader"});
      wire::Channel channel(address_of(leader()), "reader");
      api::FetchRequest request{
          .max_wait_ms = 8000, .min_bytes = 1, .isolation_level = read_committed};
      request.topics.push_back(
          {.topic = "t", .partitions = {{.fetch_offset = 0, .partition_max_bytes = 1 << 20}}});
      const auto answer = channel.call(fiber, request, fetch_version, fiber.now() + 30s);
      if (answer) seen = answer->responses[0].partitions[0];
      answered = fiber.now();
    });
    env.sleep(2s);
    EXPECT_FALSE(seen);
    const Instant ended = env.now();
    EXPECT_EQ(commit(env, 7), ErrorCode::none);
    env.sleep(1s);
    ASSERT_TRUE(seen);
    EXPECT_EQ(offsets_in(*seen), (Offsets{0, 1}));
    EXPECT_LT(answered, ended + 1s);
  });
}

TEST_F(TransactionalPartitions, markers_are_refused_as_the_protocol_says) {
  with_transactions([&](Env& env) {
    EXPECT_EQ(end_transaction(env, leader(), 7, {.topic = "other"}),
              ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(end_transaction(env, follower(), 7, {}), ErrorCode::not_leader_or_follower);
    EXPECT_EQ(write(env, 7, 0, 3), ErrorCode::none);
    EXPECT_EQ(end_transaction(env, leader(), 7, {.epoch = 2}), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(end_transaction(env, leader(), 7, {.epoch = 3, .version = 2}),
              ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(end_transaction(env, leader(), 7, {.epoch = 4, .coordinator_epoch = 5, .version = 2}),
              ErrorCode::none);
    // Sent again, as its answer was lost; and by a coordinator that is none any more.
    EXPECT_EQ(end_transaction(env, leader(), 7, {.epoch = 4, .coordinator_epoch = 5, .version = 2}),
              ErrorCode::none);
    EXPECT_EQ(end_transaction(env, leader(), 7, {.epoch = 4, .coordinator_epoch = 4, .version = 2}),
              ErrorCode::transaction_coordinator_fenced);
    EXPECT_EQ(write(env, 7, 1, 3), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(write(env, 7, 0, 4), ErrorCode::none);
  });
}

TEST_F(TransactionalPartitions, one_request_is_of_one_producer) {
  with_transactions([&](Env& env) {
    client::Admin admin({.bootstrap_servers = cluster_->brokers(), .client_id = "by-hand"});
    const client::NewTopic topic{.name = "u", .partitions = 1, .replication_factor = 3};
    ASSERT_TRUE(admin.create_topics(env, {topic}, env.now() + 60s).has_value());
    const auto leads = cluster_->metadata().find_partition({"u", 0})->leader;
    first_metadata(env, leads, "u");
    auto request = transactional(7, 0);
    request.topic_data.push_back(transactional(8, 0).topic_data[0]);
    request.topic_data[1].name = "u";
    const auto answer = ask(env, leads, request, produce_version);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->responses[1].partition_responses[0].error_code,
              ErrorCode::invalid_producer_id_mapping);
  });
}

TEST_F(TransactionalPartitions, a_marker_counts_once_the_in_sync_replicas_have_it) {
  with_transactions([&](Env& env) {
    EXPECT_EQ(write(env, 7, 0), ErrorCode::none);
    const NodeId first = leader();
    for (int node = 1; node <= 3; ++node) {
      if (NodeId(node) != first) cluster_->world().crash(machine(NodeId(node)));
    }
    EXPECT_EQ(end_transaction(env, first, 7, {.is_commit = true}), ErrorCode::request_timed_out);
    // It is in the log, and the transaction as open as before.
    const auto seen = read(env, 0, read_committed);
    EXPECT_EQ(seen.last_stable_offset, 0);
    EXPECT_EQ(offsets_in(seen), Offsets{});
  });
}

TEST_F(TransactionalPartitions, whoever_leads_next_knows_of_open_and_aborted_transactions) {
  with_transactions([&](Env& env) {
    EXPECT_EQ(write(env, 7, 0), ErrorCode::none);  // 0
    EXPECT_EQ(abort(env, 7), ErrorCode::none);     // 1
    EXPECT_EQ(write(env, 8, 0), ErrorCode::none);  // 2
    const NodeId first = leader();
    cluster_->world().crash(machine(first));
    await_other_leader(env, first);
    EXPECT_EQ(plain(env), ErrorCode::none);  // 3
    auto seen = read(env, 0, read_committed);
    EXPECT_EQ(seen.last_stable_offset, 2);
    EXPECT_EQ(offsets_in(seen), (Offsets{0, 1}));
    EXPECT_EQ(aborted_in(seen), (Aborted{{7, 0}}));
    EXPECT_EQ(end_transaction(env, leader(), 7, {.coordinator_epoch = 0}),
              ErrorCode::transaction_coordinator_fenced);
    EXPECT_EQ(commit(env, 8), ErrorCode::none);  // 4
    EXPECT_EQ(read(env, 0, read_committed).last_stable_offset, 5);
  });
}

TEST_F(TransactionalPartitions, a_leader_describes_who_writes_to_it) {
  with_transactions([&](Env& env) {
    EXPECT_EQ(write(env, 7, 0), ErrorCode::none);
    EXPECT_EQ(commit(env, 7), ErrorCode::none);
    EXPECT_EQ(write(env, 8, 0), ErrorCode::none);
    const api::DescribeProducersRequest request{
        .topics = {{.name = "t", .partition_indexes = {0, 1}}}};
    const auto answer = ask(env, leader(), request, 0);
    ASSERT_TRUE(answer);
    const auto& partitions = answer->topics[0].partitions;
    ASSERT_EQ(partitions[0].active_producers.size(), 2u);
    const auto& done = partitions[0].active_producers[0];
    EXPECT_EQ(done.producer_id, 7);
    EXPECT_EQ(done.last_sequence, 0);
    EXPECT_EQ(done.coordinator_epoch, 1);
    EXPECT_EQ(done.current_txn_start_offset, -1);
    EXPECT_GT(done.last_timestamp, 0);
    const auto& open = partitions[0].active_producers[1];
    EXPECT_EQ(open.producer_id, 8);
    EXPECT_EQ(open.coordinator_epoch, -1);
    EXPECT_EQ(open.current_txn_start_offset, 2);
    EXPECT_EQ(partitions[1].error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(ask(env, follower(), request, 0)->topics[0].partitions[0].error_code,
              ErrorCode::not_leader_or_follower);
  });
}

TEST_F(TransactionalPartitions, consumers_are_given_committed_records_or_all) {
  with_transactions([&](Env& env) {
    EXPECT_EQ(write(env, 7, 0), ErrorCode::none);  // 0
    EXPECT_EQ(write(env, 8, 0), ErrorCode::none);  // 1
    EXPECT_EQ(abort(env, 8), ErrorCode::none);     // 2
    EXPECT_EQ(write(env, 7, 1), ErrorCode::none);  // 3
    EXPECT_EQ(commit(env, 7), ErrorCode::none);    // 4
    EXPECT_EQ(write(env, 8, 1), ErrorCode::none);  // 5
    EXPECT_EQ(write(env, 8, 2), ErrorCode::none);  // 6
    for (const auto level :
         {client::IsolationLevel::read_committed, client::IsolationLevel::read_uncommitted}) {
      const bool is_strict = level == client::IsolationLevel::read_committed;
      const auto consumer =
          client::Consumer::make({.client = {.bootstrap_servers = cluster_->brokers(),
                                             .client_id = is_strict ? "strict" : "lenient"},
                                  .isolation_level = level,
                                  .auto_offset_reset = client::OffsetReset::earliest});
      consumer->assign(env, {t0});
      Offsets offsets;
      const Instant deadline = env.now() + 3s;
      while (env.now() < deadline) {
        for (const auto& record : consumer->poll(env, deadline).records) {
          offsets.push_back(record.at.offset);
        }
      }
      EXPECT_EQ(offsets, is_strict ? (Offsets{0, 3}) : (Offsets{0, 1, 3, 5, 6}));
      EXPECT_EQ(consumer->position(t0), is_strict ? 5 : 7);
      consumer->close(env);
    }
  });
}

// Nobody is there who would know of the transaction.
TEST_F(TransactionalPartitions, without_a_coordinators_word_nothing_begins_a_transaction) {
  with_transactions([&](Env& env) { EXPECT_NE(write(env, 7, 0), ErrorCode::none); }, true);
}

// Sent to a broker that leads `v` and follows in `u`. Whom it asks about `v` falls silent, and was
// the leader of `u`: by the time it gives up it leads both, and has asked nobody about `u`.
TEST_F(TransactionalPartitions, what_comes_to_be_led_during_a_verification_is_to_be_sent_again) {
  with_cluster(
      [&](Env& env) {
        const NodeId asked = coordinator(env, "by-hand");
        const NodeId here = asked == NodeId(1) ? NodeId(2) : NodeId(1);
        create(env, {placed("v", {here}), placed("u", {asked, here})});
        cluster_->world().pause(machine(asked));
        auto request = transactional(7, 0);
        request.topic_data[0].name = "v";
        request.topic_data.push_back(transactional(7, 0).topic_data[0]);
        request.topic_data[1].name = "u";
        const auto answer = to(here).call(env, request, produce_version, env.now() + 60s);
        ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
        EXPECT_EQ(cluster_->metadata().find_partition({"u", 0})->leader, here);
        EXPECT_EQ(answer->responses[0].partition_responses[0].error_code,
                  ErrorCode::not_enough_replicas);
        EXPECT_EQ(answer->responses[1].partition_responses[0].error_code,
                  ErrorCode::not_leader_or_follower);
      },
      {{"transaction.state.log.num.partitions", "1"}});
}

TEST_F(TransactionalPartitions, are_added_all_or_none) {
  with_transactions([&](Env& env) {
    const NodeId at = coordinator(env, "by-hand");
    const auto who = init(env, at);
    EXPECT_EQ(add(env, at, who, {"t", "absent"}),
              (std::map<std::string, ErrorCode>{{"absent", ErrorCode::unknown_topic_or_partition},
                                                {"t", ErrorCode::operation_not_attempted}}));
    EXPECT_EQ(end(env, at, who), ErrorCode::invalid_txn_state);  // Nothing has begun.
    EXPECT_EQ(add(env, at, who, {"t"}).at("t"), ErrorCode::none);
    EXPECT_EQ(end(env, at, who), ErrorCode::none);
  });
}

TEST_F(TransactionalPartitions, of_a_deleted_topic_need_no_marker) {
  with_transactions([&](Env& env) {
    create(env, {placed("gone", {NodeId(1), NodeId(2)})});
    const NodeId at = coordinator(env, "by-hand");
    const auto who = init(env, at);
    ASSERT_EQ(add(env, at, who, {"gone", "t"}).at("gone"), ErrorCode::none);
    const api::DeleteTopicsRequest deletion{.topics = {{.name = "gone"}}, .timeout_ms = 5000};
    ASSERT_EQ(ask(env, leader(), deletion, 6)->responses[0].error_code, ErrorCode::none);
    env.sleep(2s);
    EXPECT_EQ(end(env, at, who), ErrorCode::none);
    // Who begins anew waits until the last one has ended everywhere.
    EXPECT_EQ(init(env, at).producer_epoch, who.producer_epoch + 1);
  });
}

TEST_F(TransactionalPartitions, are_ended_with_an_epoch_of_their_own_only_where_that_is_agreed_on) {
  with_transactions([&](Env& env) {
    const NodeId at = coordinator(env, "by-hand");
    const auto who = init(env, at);
    ASSERT_EQ(add(env, at, who, {"t"}).at("t"), ErrorCode::none);
    EXPECT_EQ(end(env, at, who, 5), ErrorCode::unsupported_version);
    EXPECT_EQ(end(env, at, who, 4), ErrorCode::none);
  });
}

TEST_F(TransactionalPartitions, say_what_was_not_begun_in_an_error_that_the_producer_knows) {
  with_transactions(
      [&](Env& env) {
        const auto who = init(env, coordinator(env, "by-hand"));
        auto request = transactional(who.producer_id, 0, who.producer_epoch);
        EXPECT_EQ(produced(env, leader(), request, 10).error_code, ErrorCode::invalid_txn_state);
        EXPECT_EQ(produced(env, leader(), request, 11).error_code,
                  ErrorCode::transaction_abortable);
      },
      true);
}

// What stands in the way is the transaction's: the group's coordinator is the one to ask again.
TEST_F(TransactionalPartitions, of_offsets_that_were_not_verified_it_is_said_why) {
  with_transactions(
      [&](Env& env) {
        const NodeId asked = coordinator(env, "by-hand");
        std::string group = "g";
        while (coordinator_of(env, 0, group) == asked) group += "g";
        const NodeId here = coordinator_of(env, 0, group);
        const NodeId third(6 - asked.value - here.value);
        create(env, {placed("u", {third})});
        const auto who = init(env, asked);
        EXPECT_EQ(commit_offset(env, here, who, group, 3), ErrorCode::invalid_txn_state);
        EXPECT_EQ(commit_offset(env, here, who, group, 4), ErrorCode::transaction_abortable);

        ASSERT_EQ(add(env, asked, who, {"u"}).at("u"), ErrorCode::none);
        cluster_->world().crash(machine(third));
        while (in_sync_for("by-hand") > 2) env.sleep(1s);
        ASSERT_EQ(end(env, asked, who), ErrorCode::none);  // Its marker cannot be written.
        EXPECT_EQ(commit_offset(env, here, who, group, 3), ErrorCode::concurrent_transactions);

        cluster_->world().pause(machine(asked));
        EXPECT_EQ(commit_offset(env, here, who, group, 3), ErrorCode::coordinator_load_in_progress);
      },
      true);
}

TEST_F(TransactionalPartitions, transactional_batches_come_with_a_transactional_id) {
  with_transactions([&](Env& env) {
    auto request = transactional(7, 0);
    request.transactional_id.reset();
    EXPECT_EQ(produce(env, leader(), request), ErrorCode::transactional_id_authorization_failed);
  });
}

}  // namespace
}  // namespace brokersim::scenarios
