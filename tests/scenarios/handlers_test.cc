// What the nodes of a running cluster answer, request by request: error codes, silence, and when
// the connection ends.
#include "core/api/consumer_protocol.h"
#include "tests/scenarios/by_hand.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;

class Handlers : public ByHand {
 protected:
  // Of the topic's one partition, as from version 13 on: by the topic's id.
  api::FetchRequest fetch_of(api::FetchRequest::FetchPartition asked = {}) {
    api::FetchRequest request{.max_wait_ms = 1};
    asked.partition_max_bytes = 1 << 20;
    request.topics.push_back({.topic_id = topic_id(), .partitions = {asked}});
    return request;
  }
  // KIP-951: the error, with who leads and where that is.
  template <class Data, class NodeEndpoint>
  void expect_sent_to_leader(ErrorCode error, const Data& data,
                             const std::vector<NodeEndpoint>& endpoints) {
    EXPECT_EQ(data.error_code, error);
    EXPECT_EQ(data.current_leader.leader_id, leader());
    EXPECT_EQ(data.current_leader.leader_epoch, state().leader_epoch);
    ASSERT_EQ(endpoints.size(), 1u);
    EXPECT_EQ(endpoints[0].node_id, leader());
    EXPECT_EQ(endpoints[0].host, fmt::format("broker-{}", leader()));
    EXPECT_EQ(endpoints[0].port, 9092);
    EXPECT_EQ(endpoints[0].rack, cluster_->metadata().find_broker(leader())->rack);
  }
};

// A response must not hold what its version lacks, whatever it says.
template <class Request>
void expect_answers_in_every_version(const Request& request,
                                     const std::function<bool(const Request&, std::int16_t)>& ask) {
  const auto versions = Request::description.versions;
  for (std::int16_t version = versions.first; version <= versions.last; ++version) {
    EXPECT_TRUE(ask(request, version)) << Request::description.key << " v" << version;
  }
}

TEST_F(Handlers, every_version_is_answered_by_who_leads_and_by_who_does_not) {
  with_cluster([&](Env& env) {
    for (const NodeId node : {leader(), follower()}) {
      const auto check = [&](auto request) {
        using Request = decltype(request);
        expect_answers_in_every_version<Request>(
            request, [&](const Request& asked, std::int16_t version) {
              return ask(env, node, asked, version).has_value();
            });
      };
      check(produce_of("t", 0, 1, batch_of("a")));
      api::FetchRequest fetch{.max_wait_ms = 1, .min_bytes = 0};
      fetch.topics.push_back({.topic = "t", .topic_id = topic_id()});
      fetch.topics[0].partitions.push_back({.fetch_offset = 0, .partition_max_bytes = 1 << 20});
      check(fetch);
      api::ListOffsetsRequest offsets{.replica_id = no_node};
      offsets.topics.push_back({.name = "t"});
      offsets.topics[0].partitions.push_back({.timestamp = client::latest_timestamp});
      check(offsets);
      api::MetadataRequest metadata;
      metadata.topics.emplace().push_back({.name = "t"});
      check(metadata);
      api::OffsetForLeaderEpochRequest epochs;
      epochs.topics.push_back({.topic = "t"});
      epochs.topics[0].partitions.push_back({.leader_epoch = state().leader_epoch});
      check(epochs);
      check(api::ElectLeadersRequest{});
      check(api::CreateTopicsRequest{});
      check(api::DescribeClusterRequest{});
    }
  });
}

TEST_F(Handlers, produce_says_where_and_whether_it_appended) {
  with_cluster([&](Env& env) {
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, 1, batch_of("b"))), ErrorCode::none);
    const auto answer = ask(env, leader(), produce_of("t", 0, 2, batch_of("c")), produce_version);
    EXPECT_EQ(answer->responses[0].partition_responses[0].base_offset, 2);
    EXPECT_EQ(list_offset(env, leader(), client::latest_timestamp).offset, 3);
    EXPECT_EQ(list_offset(env, leader(), client::earliest_timestamp).offset, 0);
  });
}

TEST_F(Handlers, produce_refuses_what_it_cannot_append) {
  with_cluster([&](Env& env) {
    EXPECT_EQ(produce(env, leader(), produce_of("t", 1, 1, batch_of("a"))),
              ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(produce(env, leader(), produce_of("nowhere", 0, 1, batch_of("a"))),
              ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(produce(env, follower(), produce_of("t", 0, 1, batch_of("a"))),
              ErrorCode::not_leader_or_follower);
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -2, batch_of("a"))),
              ErrorCode::invalid_required_acks);
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, 1, batch_of("a", true))),
              ErrorCode::corrupt_message);
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, 1, batch_of(std::string(2 << 20, 'x')))),
              ErrorCode::message_too_large);
    // That there is a second batch is enough: what comes after it is nobody's to take apart.
    auto several = batch_of("a");
    several.bytes.append(batch_of("b").bytes);
    several.bytes.append(Slice(Bytes(100, 0xff)));
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, 1, several)), ErrorCode::invalid_record);
    EXPECT_EQ(list_offset(env, leader(), client::latest_timestamp).offset, 0);
  });
}

// KIP-951.
TEST_F(Handlers, who_produces_elsewhere_is_told_who_leads_and_where_that_is_once) {
  made_of_.racks = 2;
  with_cluster([&](Env& env) {
    auto request = produce_of("t", 0, 1, batch_of("a"));
    request.topic_data[0].partition_data.push_back({.index = 0, .records = batch_of("b")});
    const auto answer = ask(env, follower(), request, 10);
    ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
    for (const auto& data : answer->responses[0].partition_responses) {
      expect_sent_to_leader(ErrorCode::not_leader_or_follower, data, answer->node_endpoints);
    }
    const auto before = ask(env, follower(), request, 9);
    ASSERT_TRUE(before.has_value()) << name_of(before.error());
    EXPECT_FALSE(before->responses[0].partition_responses[0].current_leader.leader_id.is_set());
    const auto done = ask(env, leader(), produce_of("t", 0, 1, batch_of("a")), 10);
    ASSERT_TRUE(done.has_value()) << name_of(done.error());
    EXPECT_TRUE(done->node_endpoints.empty());
  });
}

// KIP-951; the fourth broker has no replica that could know of a leader.
TEST_F(Handlers, who_fetches_elsewhere_is_told_who_leads_and_where_that_is) {
  made_of_.brokers = 4;
  made_of_.racks = 2;
  with_cluster([&](Env& env) {
    const auto replicas = state().replicas;
    NodeId outsider(1);
    while (std::find(replicas.begin(), replicas.end(), outsider) != replicas.end()) {
      outsider = NodeId(outsider.value + 1);
    }
    const auto beside = replicas[0] == leader() ? replicas[1] : replicas[0];
    for (const NodeId asked : {beside, outsider}) {
      const auto answer = ask(env, asked, fetch_of(), 16);
      ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
      expect_sent_to_leader(ErrorCode::not_leader_or_follower, answer->responses[0].partitions[0],
                            answer->node_endpoints);
    }
    auto of_follower = fetch_of();
    of_follower.replica_state = {.replica_id = outsider};
    const auto answer = ask(env, beside, of_follower, 17);
    ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
    EXPECT_EQ(answer->responses[0].partitions[0].error_code, ErrorCode::not_leader_or_follower);
    EXPECT_TRUE(answer->node_endpoints.empty()) << "it has the metadata";
  });
}

// The record is there, but less than what its followers wait for.
TEST_F(Handlers, followers_wait_for_replica_fetch_min_bytes_and_acks_of_all_for_them) {
  with_cluster(
      [&](Env& env) {
        EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))),
                  ErrorCode::request_timed_out);
      },
      {{"replica.fetch.min.bytes", "1000000"}, {"replica.fetch.wait.max.ms", "20000"}});
}

// Clients see them advertised, and may believe it.
TEST_F(Handlers, produce_in_its_old_versions_is_answered_and_appends_nothing) {
  with_cluster([&](Env& env) {
    for (std::int16_t version = 0; version < 3; ++version) {
      const auto answer = ask(env, leader(), produce_of("t", 0, 1, batch_of("a")), version);
      ASSERT_TRUE(answer.has_value());
      EXPECT_EQ(answer->responses[0].partition_responses[0].error_code,
                ErrorCode::unsupported_version);
    }
    EXPECT_EQ(list_offset(env, leader(), client::latest_timestamp).offset, 0);
  });
}

TEST_F(Handlers, an_isr_below_the_minimum_refuses_acks_all_and_nothing_else) {
  with_cluster(
      [&](Env& env) {
        cluster_->world().crash(*cluster_->world().find(follower()));
        while (state().isr.size() == 3) env.sleep(100ms);
        env.sleep(1s);
        EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))),
                  ErrorCode::not_enough_replicas);
        EXPECT_EQ(produce(env, leader(), produce_of("t", 0, 1, batch_of("a"))), ErrorCode::none);
      },
      {{"min.insync.replicas", "3"}});
}

// acks=0: the next answer on the connection belongs to the next request.
TEST_F(Handlers, produce_without_acks_is_appended_and_not_answered) {
  with_cluster([&](Env& env) {
    const auto sent = to(leader()).send(env, produce_of("t", 0, 0, batch_of("quiet")),
                                        produce_version, env.now() + 1s);
    EXPECT_TRUE(sent.has_value());
    const auto answer =
        ask(env, leader(), produce_of("t", 0, 1, batch_of("loud")), produce_version);
    ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
    EXPECT_EQ(answer->responses[0].partition_responses[0].base_offset, 1);
  });
}

// There is no answer to carry the error; without its connection the client asks for metadata anew.
TEST_F(Handlers, produce_without_acks_that_fails_ends_the_connection) {
  with_cluster([&](Env& env) {
    const auto at = follower();
    const auto sent =
        to(at).send(env, produce_of("t", 0, 0, batch_of("lost")), produce_version, env.now() + 1s);
    EXPECT_TRUE(sent.has_value());
    const auto answer = ask(env, at, produce_of("t", 0, 1, batch_of("next")), produce_version);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), wire::CallError::disconnected);
    EXPECT_TRUE(has_noted("NOT_LEADER_OR_FOLLOWER"));
  });
}

TEST_F(Handlers, fetch_gives_what_is_committed_and_refuses_the_rest) {
  with_cluster([&](Env& env) {
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    const auto epoch = state().leader_epoch;
    const auto data = fetch(env, leader(), {.partition = 0, .fetch_offset = 0});
    EXPECT_EQ(data.error_code, ErrorCode::none);
    EXPECT_EQ(data.high_watermark, 1);
    EXPECT_GT(data.records->bytes.size(), 0u);
    EXPECT_EQ(fetch(env, leader(), {.fetch_offset = 2}).error_code, ErrorCode::offset_out_of_range);
    EXPECT_EQ(
        fetch(env, leader(), {.current_leader_epoch = LeaderEpoch(epoch.value + 1)}).error_code,
        ErrorCode::unknown_leader_epoch);
    EXPECT_EQ(fetch(env, follower(), {.fetch_offset = 0}).error_code,
              ErrorCode::not_leader_or_follower);
    EXPECT_EQ(fetch(env, leader(), {.fetch_offset = 0}, "nowhere").error_code,
              ErrorCode::unknown_topic_or_partition);
  });
}

// librdkafka takes null for a length below 0, and never sees the error.
TEST_F(Handlers, fetch_that_is_refused_has_empty_records_not_null_ones) {
  with_cluster([&](Env& env) {
    for (const auto& data :
         {fetch(env, leader(), {.fetch_offset = 1000}), fetch(env, follower(), {.fetch_offset = 0}),
          fetch(env, leader(), {.fetch_offset = 0}, "nowhere")}) {
      EXPECT_NE(data.error_code, ErrorCode::none);
      ASSERT_TRUE(data.records.has_value()) << name_of(data.error_code);
      EXPECT_TRUE(data.records->bytes.empty());
    }
  });
}

TEST_F(Handlers, fetch_at_the_end_waits_for_the_next_record_or_its_time) {
  with_cluster([&](Env& env) {
    const Instant begun = env.now();
    const auto nothing = fetch(env, leader(), {.fetch_offset = 0});
    EXPECT_EQ(nothing.error_code, ErrorCode::none);
    EXPECT_EQ(nothing.records->bytes.size(), 0u);
    EXPECT_GE(env.now() - begun, 100ms);
  });
}

TEST_F(Handlers, a_leader_epoch_of_the_past_is_fenced) {
  with_cluster([&](Env& env) {
    const auto old_leader = leader();
    const auto old_epoch = state().leader_epoch;
    cluster_->world().crash(*cluster_->world().find(old_leader));
    while (leader() == old_leader || !leader().is_set()) env.sleep(100ms);
    env.sleep(1s);
    EXPECT_EQ(fetch(env, leader(), {.current_leader_epoch = old_epoch}).error_code,
              ErrorCode::fenced_leader_epoch);
    const auto answer = ask(env, leader(), fetch_of({.current_leader_epoch = old_epoch}), 16);
    ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
    expect_sent_to_leader(ErrorCode::fenced_leader_epoch, answer->responses[0].partitions[0],
                          answer->node_endpoints);
  });
}

TEST_F(Handlers, any_leader_epoch_was_as_good_as_the_present_one_once) {
  bugs_ = {"REP-04"};  // KAFKA-7395
  with_cluster([&](Env& env) {
    const auto epoch = state().leader_epoch.next();
    EXPECT_EQ(fetch(env, leader(), {.current_leader_epoch = epoch}).error_code, ErrorCode::none);
  });
}

TEST_F(Handlers, a_restarted_broker_knows_all_topics_when_it_first_answers) {
  with_cluster([&](Env& env) {
    auto& machine = *cluster_->world().find(follower());
    ASSERT_TRUE(cluster_->world().crash(machine));
    ASSERT_TRUE(cluster_->world().restart(machine));
    const auto answer = first_metadata(env, follower(), "t");
    EXPECT_EQ(answer.brokers.size(), 3u);
    EXPECT_EQ(answer.topics[0].error_code, ErrorCode::none);
  });
}

// What the fuzzer of connections found: the answer had no name, and could not be written.
TEST_F(Handlers, metadata_by_id_is_refused_in_versions_that_cannot_answer_it) {
  with_cluster([&](Env& env) {
    api::MetadataRequest request;
    request.topics.emplace().push_back({.topic_id = topic_id(), .name = std::nullopt});
    request.topics->push_back({.name = "t"});
    for (const auto version : std::array<std::int16_t, 2>{10, 11}) {
      const auto answer = ask(env, leader(), request, version);
      ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
      ASSERT_EQ(answer->topics.size(), 2u);
      for (const auto& topic : answer->topics) {
        EXPECT_EQ(topic.error_code, ErrorCode::invalid_request);
      }
      EXPECT_EQ(answer->topics[0].name, "");
      EXPECT_EQ(answer->topics[1].name, "t");
    }
    EXPECT_EQ(ask(env, leader(), request, 12)->topics[0].name, "t");
  });
}

// An error's text repeats what was asked, and together they may be longer than 32767 bytes.
TEST_F(Handlers, an_answer_that_cannot_be_written_does_not_end_a_node) {
  with_cluster([&](Env& env) {
    const std::string longest(0x7fff, 'x');
    api::DescribeConfigsRequest configs;
    configs.resources.push_back({.resource_type = 4, .resource_name = longest});
    EXPECT_FALSE(ask(env, leader(), configs, 3).has_value());
    EXPECT_TRUE(has_noted("a text that is too long"));
    EXPECT_FALSE(ask(env, leader(), configs, 4).has_value());  // Flexible, and yet too long.
    api::CreateTopicsRequest topics{.timeout_ms = 1000};
    topics.topics.push_back({.name = longest, .num_partitions = 1, .replication_factor = 1});
    const auto answer = ask(env, leader(), topics, 2);  // From the controller, through an Envelope.
    ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
    EXPECT_EQ(answer->topics[0].error_code, ErrorCode::unknown_server_error);
  });
}

// Coordinators keep what they are told in records whose lengths are classic: none may die of it.
TEST_F(Handlers, a_text_that_is_too_long_is_refused_in_flexible_versions_too) {
  with_cluster([&](Env& env) {
    // Both kinds of coordinators have somewhere to write.
    for (const std::int8_t kind : {std::int8_t{0}, std::int8_t{1}}) {
      const api::FindCoordinatorRequest request{.key_type = kind, .coordinator_keys = {"a"}};
      EXPECT_TRUE(ask(env, NodeId(1), request, 4).has_value());
    }
    env.sleep(5s);
    const std::string too_long(40'000, 'x');
    const api::InitProducerIdRequest init{.transactional_id = too_long,
                                          .transaction_timeout_ms = 1000};
    api::OffsetCommitRequest commit{.group_id = too_long};
    commit.topics.push_back({.name = "t", .partitions = {{.committed_offset = 1}}});
    for (const int id : {1, 2, 3}) {
      EXPECT_FALSE(ask(env, NodeId(id), init, 4).has_value());
      EXPECT_FALSE(ask(env, NodeId(id), commit, 8).has_value());
      EXPECT_EQ(metadata(env, NodeId(id), "t", false).topics[0].error_code, ErrorCode::none);
    }
    EXPECT_TRUE(has_noted("a text is too long"));
  });
}

TEST_F(Handlers, metadata_creates_a_topic_only_where_both_sides_allow_it) {
  with_cluster(
      [&](Env& env) {
        EXPECT_EQ(metadata(env, NodeId(1), "fresh", false).topics[0].error_code,
                  ErrorCode::unknown_topic_or_partition);
        EXPECT_EQ(metadata(env, NodeId(1), "fresh", true).topics[0].error_code,
                  ErrorCode::leader_not_available);
        env.sleep(2s);
        const auto known = metadata(env, NodeId(2), "fresh", false);
        EXPECT_EQ(known.topics[0].error_code, ErrorCode::none);
        EXPECT_EQ(known.topics[0].partitions.size(), 2u);
        EXPECT_EQ(known.brokers.size(), 3u);
        EXPECT_EQ(metadata(env, NodeId(1), "bad/name", true).topics[0].error_code,
                  ErrorCode::invalid_topic_exception);
      },
      {{"auto.create.topics.enable", "true"}, {"num.partitions", "2"}});
}

TEST_F(Handlers, partitions_are_described_as_many_at_once_as_the_broker_says) {
  with_cluster(
      [&](Env& env) {
        EXPECT_EQ(metadata(env, NodeId(1), "fresh", true).topics[0].error_code,
                  ErrorCode::leader_not_available);
        env.sleep(2s);
        const auto page = ask(env, NodeId(1), api::DescribeTopicPartitionsRequest{}, 0);
        ASSERT_TRUE(page.has_value()) << name_of(page.error());
        ASSERT_EQ(page->topics.size(), 1u);
        EXPECT_EQ(page->topics[0].partitions.size(), 2u);
        EXPECT_TRUE(page->next_cursor.has_value());
      },
      {{"auto.create.topics.enable", "true"},
       {"num.partitions", "3"},
       {"max.request.partition.size.limit", "2"}});
}

// A request of a few bytes for each name would else be answered without end.
TEST_F(Handlers, what_is_named_several_times_is_described_once) {
  with_cluster([&](Env& env) {
    api::MetadataRequest topics;
    topics.topics.emplace().resize(3, {.name = "t"});
    EXPECT_EQ(ask(env, NodeId(1), topics, 9)->topics.size(), 1u);
    api::DescribeConfigsRequest configs;
    configs.resources.resize(3, {.resource_type = 2, .resource_name = "t"});
    EXPECT_EQ(ask(env, NodeId(1), configs, 4)->results.size(), 1u);
    api::DescribeProducersRequest producers;
    producers.topics.push_back({.name = "t", .partition_indexes = {0, 0, 0}});
    EXPECT_EQ(ask(env, leader(), producers, 0)->topics[0].partitions.size(), 1u);
  });
}

TEST_F(Handlers, metadata_creates_nothing_where_the_broker_forbids_it) {
  with_cluster([&](Env& env) {
    EXPECT_EQ(metadata(env, NodeId(1), "fresh", true).topics[0].error_code,
              ErrorCode::unknown_topic_or_partition);
  });
}

TEST_F(Handlers, what_needs_a_group_with_a_name_is_refused_without_one) {
  with_cluster([&](Env& env) {
    const auto refused = [&](const auto& request) {
      return ask(env, NodeId(1), request, 3)->error_code == ErrorCode::invalid_group_id;
    };
    EXPECT_TRUE(refused(api::JoinGroupRequest{.protocol_type = "consumer"}));
    EXPECT_TRUE(refused(api::SyncGroupRequest{}));
    EXPECT_TRUE(refused(api::HeartbeatRequest{}));
    EXPECT_TRUE(refused(api::LeaveGroupRequest{}));
    EXPECT_EQ(ask(env, NodeId(1), api::OffsetDeleteRequest{}, 0)->error_code,
              ErrorCode::invalid_group_id);
    api::TxnOffsetCommitRequest offsets{.transactional_id = "a", .producer_id = 1};
    offsets.topics.push_back({.name = "t", .partitions = {{.committed_offset = 1}}});
    EXPECT_EQ(ask(env, NodeId(1), offsets, 3)->topics.at(0).partitions.at(0).error_code,
              ErrorCode::invalid_group_id);
  });
}

// KIP-559
TEST_F(Handlers, who_syncs_says_by_which_protocol_once_the_request_can_say_so) {
  with_cluster([&](Env& env) {
    const auto error = [&](const auto& type, const auto& name, std::int16_t version) {
      api::SyncGroupRequest request{.group_id = "g", .member_id = "m"};
      request.protocol_type = type;
      request.protocol_name = name;
      return ask(env, NodeId(1), request, version)->error_code;
    };
    const std::optional<std::string> none;
    EXPECT_EQ(error(none, "range", 5), ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(error("consumer", none, 5), ErrorCode::inconsistent_group_protocol);
    EXPECT_NE(error("consumer", "range", 5), ErrorCode::inconsistent_group_protocol);
    EXPECT_NE(error(none, none, 4), ErrorCode::inconsistent_group_protocol);
  });
}

// KIP-848: in a group of the other kind it is told to join again, and goes on with heartbeats only.
TEST_F(Handlers, a_classic_member_has_its_rebalance_timeout_to_join_again_and_no_longer) {
  with_cluster([&](Env& env) {
    client::Admin admin({.bootstrap_servers = cluster_->brokers(), .client_id = "admin"});
    const auto raised = admin.update_features(env, {{"group.version", 1}}, env.now() + 10s);
    ASSERT_TRUE(raised.has_value());
    const NodeId coordinator = coordinator_of_group(env, "g");
    const api::ConsumerProtocolSubscription wants{.topics = {"t"}};
    api::JoinGroupRequest joining{.group_id = "g",
                                  .session_timeout_ms = 45'000,
                                  .rebalance_timeout_ms = 5000,
                                  .protocol_type = "consumer"};
    joining.protocols.push_back({.name = "range", .metadata = api::encode_versioned(wants, 1)});
    const auto joined = ask(env, coordinator, joining, 3);
    ASSERT_TRUE(joined.has_value());
    const api::ConsumerProtocolAssignment has{
        .assigned_partitions = {{.topic = "t", .partitions = {0}}}};
    api::SyncGroupRequest syncing{
        .group_id = "g", .generation_id = joined->generation_id, .member_id = joined->member_id};
    syncing.assignments.push_back({joined->member_id, api::encode_versioned(has, 1)});
    ASSERT_EQ(ask(env, coordinator, syncing, 3)->error_code, ErrorCode::none);

    api::ConsumerGroupHeartbeatRequest other{
        .group_id = "g", .member_id = "a", .rebalance_timeout_ms = 5000};
    other.subscribed_topic_names = {"t"};
    other.server_assignor = "range";  // Which gives it to who is first in order.
    other.topic_partitions.emplace();
    ASSERT_EQ(ask(env, coordinator, other, 0)->error_code, ErrorCode::none);

    const api::HeartbeatRequest beat{
        .group_id = "g", .generation_id = joined->generation_id, .member_id = joined->member_id};
    const Instant begun = env.now();
    auto error = ask(env, coordinator, beat, 3)->error_code;
    while (error == ErrorCode::rebalance_in_progress && env.now() - begun < 30s) {
      env.sleep(1s);
      error = ask(env, coordinator, beat, 3)->error_code;
    }
    EXPECT_EQ(error, ErrorCode::unknown_member_id);
    EXPECT_GE(env.now() - begun, 5s);
    EXPECT_LE(env.now() - begun, 7s);
  });
}

TEST_F(Handlers, a_heartbeat_of_another_registration_is_stale) {
  with_cluster([&](Env& env) {
    const auto* broker = cluster_->metadata().find_broker(NodeId(1));
    ASSERT_NE(broker, nullptr);
    const BrokerEpoch old(broker->epoch.value - 1);
    std::vector<ErrorCode> answers;
    for (int controller = 101; controller <= 103; ++controller) {
      const auto answer =
          ask(env, NodeId(controller),
              api::BrokerHeartbeatRequest{.broker_id = NodeId(1), .broker_epoch = old}, 1);
      ASSERT_TRUE(answer.has_value());
      answers.push_back(answer->error_code);
    }
    std::sort(answers.begin(), answers.end());
    EXPECT_EQ(answers, (std::vector{ErrorCode::not_controller, ErrorCode::not_controller,
                                    ErrorCode::stale_broker_epoch}));
  });
}

TEST_F(Handlers, only_the_leader_in_its_epoch_may_change_the_isr) {
  with_cluster([&](Env& env) {
    const auto& partition = state();
    const auto asked_by = [&](NodeId broker, LeaderEpoch epoch, PartitionEpoch partition_epoch) {
      api::AlterPartitionRequest request{
          .broker_id = broker, .broker_epoch = cluster_->metadata().find_broker(broker)->epoch};
      request.topics.push_back({.topic_id = topic_id()});
      auto& data = request.topics[0].partitions.emplace_back();
      data.leader_epoch = epoch;
      data.partition_epoch = partition_epoch;
      for (const NodeId id : partition.isr) {
        data.new_isr_with_epochs.push_back(
            {.broker_id = id, .broker_epoch = cluster_->metadata().find_broker(id)->epoch});
      }
      for (int controller = 101; controller <= 103; ++controller) {
        const auto answer = ask(env, NodeId(controller), request, 3);
        if (!answer || answer->error_code == ErrorCode::not_controller) continue;
        if (answer->error_code != ErrorCode::none) return answer->error_code;
        return answer->topics[0].partitions[0].error_code;
      }
      return ErrorCode::not_controller;
    };
    const auto epoch = partition.leader_epoch;
    const auto version = partition.partition_epoch;
    EXPECT_EQ(asked_by(leader(), LeaderEpoch(epoch.value - 1), version),
              ErrorCode::fenced_leader_epoch);
    EXPECT_EQ(asked_by(leader(), epoch, PartitionEpoch(version.value - 1)),
              ErrorCode::invalid_update_version);
    EXPECT_EQ(asked_by(follower(), epoch, version), ErrorCode::invalid_request);
    EXPECT_EQ(asked_by(leader(), epoch, version), ErrorCode::none);
  });
}

TEST_F(Handlers, what_is_no_request_ends_the_connection_and_is_noted) {
  with_cluster([&](Env& env) {
    auto stream = env.connect({"broker-1", 9092}, env.now() + 1s);
    ASSERT_TRUE(stream.has_value());
    const Bytes frame = {0, 0, 0, 10, 0x7f, 0x7f, 0, 0, 0, 0, 0, 1, 0xff, 0xff};
    ASSERT_TRUE((*stream)->write(env, Rope(frame), env.now() + 1s).has_value());
    std::uint8_t byte = 0;
    const auto read = (*stream)->read(env, {&byte, 1}, env.now() + 5s);
    EXPECT_EQ(read.value_or(0), 0u);
    EXPECT_TRUE(has_noted("is not served here"));
  });
}

}  // namespace
}  // namespace brokersim::scenarios
