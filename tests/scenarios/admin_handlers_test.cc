// What the nodes of a running cluster answer to those who administer it, and that what they grant
// comes to be: configurations are in force, partitions grow and move, records go.
#include <gtest/gtest.h>

#include "tests/scenarios/by_hand.h"

namespace brokersim::scenarios {
namespace {

using api::ErrorCode;

constexpr std::int8_t topic_type = 2;
constexpr std::int8_t broker_type = 4;
constexpr std::int8_t logger_type = 8;
constexpr std::int8_t group_type = 32;
constexpr std::int8_t set_operation = 0;

class AdminByHand : public ByHand {
 protected:
  ErrorCode alter(Env& env, NodeId node, std::int8_t type, const std::string& resource,
                  const std::string& name, const std::string& value) {
    api::IncrementalAlterConfigsRequest request;
    auto& asked = request.resources.emplace_back();
    asked.resource_type = type;
    asked.resource_name = resource;
    asked.configs.push_back({.name = name, .config_operation = set_operation, .value = value});
    const auto answer = ask(env, node, request, 1);
    EXPECT_TRUE(answer.has_value());
    return answer->responses.at(0).error_code;
  }
  api::DescribeConfigsResponse::DescribeConfigsResult describe(
      Env& env, NodeId node, std::int8_t type, const std::string& resource,
      std::optional<std::string> key = std::nullopt) {
    api::DescribeConfigsRequest request{.include_synonyms = true, .include_documentation = true};
    auto& asked = request.resources.emplace_back();
    asked.resource_type = type;
    asked.resource_name = resource;
    if (key) asked.configuration_keys.emplace().push_back(*key);
    return ask(env, node, request, 4)->results.at(0);
  }
  // Waits until it holds; a cluster that never gets there fails the test by its time limit.
  void wait_until(Env& env, const std::function<bool()>& holds) {
    while (!holds()) env.sleep(50ms);
  }
};

TEST_F(AdminByHand, every_version_is_answered_by_every_broker) {
  with_cluster([&](Env& env) {
    const auto check = [&](NodeId node, auto request) {
      using Request = decltype(request);
      const auto versions = Request::description.versions;
      for (auto version = versions.first; version <= versions.last; ++version) {
        EXPECT_TRUE(ask(env, node, request, version).has_value())
            << Request::description.key << " v" << version;
      }
    };
    for (const NodeId node : {leader(), follower()}) {
      api::DescribeConfigsRequest describe;
      describe.resources.push_back({.resource_type = topic_type, .resource_name = "t"});
      describe.resources.push_back(
          {.resource_type = broker_type, .resource_name = fmt::format("{}", node)});
      check(node, describe);
      api::AlterConfigsRequest replace;
      replace.resources.push_back({.resource_type = topic_type, .resource_name = "t"});
      check(node, replace);
      api::IncrementalAlterConfigsRequest change;
      change.resources.push_back({.resource_type = topic_type, .resource_name = "t"});
      check(node, change);
      api::CreatePartitionsRequest grow{.timeout_ms = 1000};
      grow.topics.push_back({.name = "t", .count = 1});
      check(node, grow);
      check(node, api::DeleteTopicsRequest{.topic_names = {"nothing"}, .timeout_ms = 1000});
      api::DeleteRecordsRequest records{.timeout_ms = 1000};
      records.topics.push_back({.name = "t", .partitions = {{.partition_index = 0, .offset = 0}}});
      check(node, records);
      check(node, api::AlterPartitionReassignmentsRequest{});
      check(node, api::ListPartitionReassignmentsRequest{});
      check(node, api::DescribeLogDirsRequest{});
      check(node, api::DescribeTopicPartitionsRequest{});
      check(node, api::UnregisterBrokerRequest{.broker_id = NodeId(77)});
      api::DescribeQuorumRequest quorum;
      quorum.topics.push_back({.topic_name = "__cluster_metadata", .partitions = {{}}});
      check(node, quorum);
    }
    // Its fields depend on the version.
    for (std::int16_t version = 0; version <= 2; ++version) {
      EXPECT_TRUE(ask(env, leader(), api::UpdateFeaturesRequest{}, version).has_value()) << version;
    }
  });
}

TEST_F(AdminByHand, a_configuration_is_in_force_once_brokers_know_it) {
  with_cluster([&](Env& env) {
    const auto big = [&] { return produce_of("t", 0, 1, batch_of(std::string(2000, 'x'))); };
    EXPECT_EQ(produce(env, leader(), big()), ErrorCode::none);
    EXPECT_EQ(alter(env, follower(), topic_type, "t", "max.message.bytes", "1000"),
              ErrorCode::none);
    env.sleep(1s);
    EXPECT_EQ(produce(env, leader(), big()), ErrorCode::message_too_large);
    EXPECT_EQ(alter(env, follower(), topic_type, "t", "min.insync.replicas", "4"), ErrorCode::none);
    EXPECT_EQ(alter(env, follower(), topic_type, "t", "max.message.bytes", "9000"),
              ErrorCode::none);
    env.sleep(1s);
    EXPECT_EQ(produce(env, leader(), big()), ErrorCode::none);
  });
}

TEST_F(AdminByHand, brokers_have_defaults_of_their_own_and_of_the_cluster) {
  with_cluster([&](Env& env) {
    const auto big = [&] { return produce_of("t", 0, 1, batch_of(std::string(2000, 'x'))); };
    const auto at = leader();
    const auto name = fmt::format("{}", at);
    EXPECT_EQ(alter(env, follower(), broker_type, "", "message.max.bytes", "1000"),
              ErrorCode::none);
    env.sleep(1s);
    EXPECT_EQ(produce(env, at, big()), ErrorCode::message_too_large);
    EXPECT_EQ(alter(env, at, broker_type, name, "message.max.bytes", "9000"), ErrorCode::none);
    env.sleep(1s);
    EXPECT_EQ(produce(env, at, big()), ErrorCode::none);
    // Only the broker itself may be asked.
    EXPECT_EQ(alter(env, follower(), broker_type, name, "message.max.bytes", "9"),
              ErrorCode::invalid_request);
    // As in Kafka the finest unit only: nobody reads the others after the start.
    EXPECT_EQ(alter(env, at, broker_type, name, "log.retention.ms", "9"), ErrorCode::none);
    EXPECT_EQ(alter(env, at, broker_type, name, "log.retention.hours", "9"),
              ErrorCode::invalid_request);
    EXPECT_EQ(alter(env, at, broker_type, name, "replica.lag.time.max.ms", "9"),
              ErrorCode::invalid_request);
  });
}

// KIP-226: of what only a broker has, too.
TEST_F(AdminByHand, limits_of_connections_change_without_a_restart) {
  with_cluster([&](Env& env) {
    const NodeId at = leader();
    const std::string name = "max.connections.per.ip.overrides";
    const auto may_connect = [&] {
      wire::Channel another(address_of(at), "another");
      return another.call(env, api::ApiVersionsRequest{}, 0, env.now() + 2s).has_value();
    };
    EXPECT_TRUE(may_connect());
    EXPECT_EQ(alter(env, at, broker_type, "", name, "by-hand:1"), ErrorCode::none);
    env.sleep(1s);
    EXPECT_FALSE(may_connect());
    const auto shown = describe(env, at, broker_type, fmt::format("{}", at), name).configs.at(0);
    EXPECT_EQ(shown.value, "by-hand:1");
    EXPECT_EQ(shown.config_source, 3);
    EXPECT_FALSE(shown.read_only);
    EXPECT_EQ(alter(env, at, broker_type, fmt::format("{}", at), name, "by-hand:9"),
              ErrorCode::none);
    env.sleep(1s);
    EXPECT_TRUE(may_connect());
  });
}

// What it had no room for, and a pause that goes on, too.
TEST_F(AdminByHand, the_cleaner_takes_on_its_settings_at_once) {
  with_cluster(
      [&](Env& env) {
        const NodeId at = leader();
        const auto size = [&] {
          const auto dirs = ask(env, at, api::DescribeLogDirsRequest{}, 4);
          return dirs->results.at(0).topics.at(0).partitions.at(0).partition_size;
        };
        for (int i = 0; i < 20; ++i) {
          wire::BatchBuilder builder;
          builder.add({.key = Bytes{1}, .value = Bytes{2}});
          const wire::Records records{Slice(builder.finish().bytes().flat())};
          EXPECT_EQ(produce(env, at, produce_of("t", 0, -1, records)), ErrorCode::none);
        }
        const auto all = size();
        env.sleep(5s);
        EXPECT_EQ(alter(env, at, broker_type, "", "log.cleaner.backoff.ms", "3600000"),
                  ErrorCode::none);
        env.sleep(2s);
        EXPECT_EQ(alter(env, at, broker_type, "", "log.cleaner.dedupe.buffer.size", "2000000"),
                  ErrorCode::none);
        env.sleep(2s);
        EXPECT_EQ(size(), all);
        EXPECT_EQ(alter(env, at, broker_type, "", "log.cleaner.backoff.ms", "200"),
                  ErrorCode::none);
        wait_until(env, [&] { return size() < all; });
      },
      {{"log.cleaner.backoff.ms", "200"}, {"log.cleaner.dedupe.buffer.size", "0"}},
      {{"cleanup.policy", "compact"},
       {"min.cleanable.dirty.ratio", "0"},
       {"segment.bytes", "300"}});
}

TEST_F(AdminByHand, segments_roll_at_the_size_that_is_in_force) {
  with_cluster([&](Env& env) {
    const auto files = [&] {
      return ask(env, leader(), api::DescribeLogDirsRequest{}, 4)->results[0];
    };
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    const auto size = files().topics.at(0).partitions.at(0).partition_size;
    EXPECT_GT(size, 0);
    EXPECT_EQ(files().log_dir, "/tmp/kafka-logs");
    EXPECT_EQ(alter(env, leader(), topic_type, "t", "segment.bytes", "100"), ErrorCode::none);
    env.sleep(1s);
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    }
    // Deleting frees what lies in whole segments, and no more.
    api::DeleteRecordsRequest request{.timeout_ms = 5000};
    request.topics.push_back({.name = "t", .partitions = {{.partition_index = 0, .offset = 4}}});
    const auto deleted = ask(env, leader(), request, 2)->topics[0].partitions[0];
    EXPECT_EQ(deleted.error_code, ErrorCode::none);
    EXPECT_EQ(deleted.low_watermark, 4);
    EXPECT_EQ(files().topics.at(0).partitions.at(0).partition_size, size);
  });
}

TEST_F(AdminByHand, configurations_are_shown_with_all_their_sources) {
  with_cluster(
      [&](Env& env) {
        EXPECT_EQ(alter(env, leader(), topic_type, "t", "min.insync.replicas", "1"),
                  ErrorCode::none);
        EXPECT_EQ(alter(env, leader(), broker_type, "", "min.insync.replicas", "3"),
                  ErrorCode::none);
        env.sleep(1s);
        const auto shown = describe(env, leader(), topic_type, "t", "min.insync.replicas");
        ASSERT_EQ(shown.configs.size(), 1u);
        const auto& entry = shown.configs[0];
        EXPECT_EQ(entry.value, "1");
        EXPECT_EQ(entry.config_source, 1);
        EXPECT_EQ(entry.config_type, 3);
        EXPECT_FALSE(entry.read_only);
        EXPECT_FALSE(entry.is_sensitive);
        EXPECT_FALSE(entry.documentation.value_or("").empty());
        std::vector<std::pair<std::int8_t, std::string>> sources;
        for (const auto& synonym : entry.synonyms)
          sources.emplace_back(synonym.source, *synonym.value);
        EXPECT_EQ(sources, (std::vector<std::pair<std::int8_t, std::string>>{
                               {1, "1"}, {3, "3"}, {4, "2"}, {5, "1"}}));
        EXPECT_EQ(describe(env, leader(), broker_type, "").configs.size(), 1u);
        const auto broker = describe(env, leader(), broker_type, fmt::format("{}", leader()));
        const auto find = [&](std::string_view name) {
          for (const auto& config : broker.configs) {
            if (config.name == name) return config;
          }
          return api::DescribeConfigsResponse::DescribeConfigsResourceResult{};
        };
        EXPECT_EQ(find("min.insync.replicas").value, "3");
        EXPECT_FALSE(find("min.insync.replicas").read_only);
        EXPECT_TRUE(find("replica.lag.time.max.ms").read_only);
        EXPECT_EQ(find("log.segment.bytes").config_source, 5);
        EXPECT_EQ(find("node.id").value, fmt::format("{}", leader()));
      },
      {{"min.insync.replicas", "2"}});
}

// KIP-412: the levels of a broker's loggers are its own. Here there are none.
TEST_F(AdminByHand, loggers_have_nothing_that_could_be_set) {
  with_cluster([&](Env& env) {
    const auto self = fmt::format("{}", leader());
    EXPECT_EQ(describe(env, leader(), logger_type, self).error_code, ErrorCode::none);
    EXPECT_EQ(describe(env, leader(), logger_type, "").error_code, ErrorCode::invalid_request);
    EXPECT_EQ(describe(env, follower(), logger_type, self).error_code, ErrorCode::invalid_request);
    EXPECT_EQ(alter(env, leader(), logger_type, self, "kafka.log.Log", "DEBUG"),
              ErrorCode::invalid_config);
    EXPECT_EQ(alter(env, follower(), logger_type, self, "kafka.log.Log", "DEBUG"),
              ErrorCode::invalid_request);
  });
}

TEST_F(AdminByHand, consumer_groups_have_a_session_and_a_heartbeat_of_their_own) {
  with_cluster([&](Env& env) {
    const std::string session = "consumer.session.timeout.ms";
    EXPECT_EQ(describe(env, leader(), group_type, "g").configs.size(), 2u);
    EXPECT_EQ(describe(env, leader(), group_type, "g", session).configs.at(0).value, "45000");
    EXPECT_EQ(alter(env, follower(), group_type, "g", session, "50000"), ErrorCode::none);
    env.sleep(1s);
    const auto own = describe(env, leader(), group_type, "g", session);
    EXPECT_EQ(own.configs.at(0).value, "50000");
    EXPECT_EQ(own.configs.at(0).config_source, 8);
    EXPECT_EQ(describe(env, leader(), group_type, "h", session).configs.at(0).value, "45000");
    EXPECT_EQ(describe(env, leader(), group_type, "").error_code, ErrorCode::invalid_request);
    EXPECT_EQ(alter(env, leader(), group_type, "g", "consumer.session.timeout.ms", "9"),
              ErrorCode::invalid_config);
    EXPECT_EQ(alter(env, leader(), group_type, "", "consumer.session.timeout.ms", "9"),
              ErrorCode::invalid_request);
  });
}

// What is sent without compression comes back with what the broker was started with.
TEST_F(AdminByHand, what_a_broker_has_for_all_topics_holds_for_those_that_do_not_say_otherwise) {
  with_cluster(
      [&](Env& env) {
        EXPECT_EQ(produce(env, leader(), produce_of("t", 0, 1, batch_of(std::string(2000, 'x')))),
                  ErrorCode::none);
        const auto size = [&] {
          const auto dirs = ask(env, leader(), api::DescribeLogDirsRequest{}, 4);
          return dirs->results.at(0).topics.at(0).partitions.at(0).partition_size;
        };
        EXPECT_LT(size(), 1000);
        const auto shown = describe(env, leader(), topic_type, "t", "compression.type").configs;
        ASSERT_EQ(shown.size(), 1u);
        EXPECT_EQ(shown[0].value, "gzip");
        EXPECT_EQ(shown[0].config_source, 4);
        EXPECT_EQ(alter(env, leader(), topic_type, "t", "compression.type", "producer"),
                  ErrorCode::none);
        env.sleep(1s);
        EXPECT_EQ(produce(env, leader(), produce_of("t", 0, 1, batch_of(std::string(2000, 'x')))),
                  ErrorCode::none);
        EXPECT_GT(size(), 2000);
      },
      {{"compression.type", "gzip"}});
}

TEST_F(AdminByHand, a_disk_says_what_it_could_hold) {
  with_cluster([&](Env& env) {
    const auto space = [&] {
      return ask(env, leader(), api::DescribeLogDirsRequest{}, 4)->results.at(0);
    };
    const auto before = space();
    EXPECT_GT(before.usable_bytes, 0);
    EXPECT_LT(before.usable_bytes, before.total_bytes);
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    EXPECT_LT(space().usable_bytes, before.usable_bytes);
  });
}

// A client's mistake there would be taken for what the coordinators wrote.
TEST_F(AdminByHand, clients_do_not_write_to_internal_topics) {
  with_cluster([&](Env& env) {
    EXPECT_EQ(produce(env, leader(), produce_of("__consumer_offsets", 0, 1, batch_of("a"))),
              ErrorCode::invalid_topic_exception);
  });
}

TEST_F(AdminByHand, what_has_no_configuration_is_said_to_have_none) {
  with_cluster([&](Env& env) {
    EXPECT_EQ(describe(env, leader(), topic_type, "nowhere").error_code,
              ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(describe(env, leader(), topic_type, "a/b").error_code,
              ErrorCode::invalid_topic_exception);
    EXPECT_EQ(describe(env, leader(), broker_type, "one").error_code, ErrorCode::invalid_request);
    EXPECT_EQ(describe(env, leader(), broker_type, fmt::format("{}", follower())).error_code,
              ErrorCode::invalid_request);
    EXPECT_EQ(describe(env, leader(), 3, "1").error_code, ErrorCode::invalid_request);
    EXPECT_TRUE(describe(env, leader(), broker_type, "").configs.empty());
  });
}

TEST_F(AdminByHand, new_partitions_take_records) {
  with_cluster([&](Env& env) {
    api::CreatePartitionsRequest request{.timeout_ms = 5000};
    request.topics.push_back({.name = "t", .count = 3});
    EXPECT_EQ(ask(env, follower(), request, 3)->results[0].error_code, ErrorCode::none);
    env.sleep(1s);
    const auto added = cluster_->metadata().find_partition({"t", 2})->leader;
    EXPECT_EQ(produce(env, added, produce_of("t", 2, -1, batch_of("a"))), ErrorCode::none);
  });
}

TEST_F(AdminByHand, the_quorum_is_described_by_whoever_leads_it) {
  with_cluster([&](Env& env) {
    env.sleep(5s);
    api::DescribeQuorumRequest request;
    request.topics.push_back({.topic_name = "__cluster_metadata", .partitions = {{}, {}}});
    request.topics[0].partitions[1].partition_index = 1;
    const auto answer = ask(env, follower(), request, 2);
    ASSERT_TRUE(answer.has_value());
    const auto& quorum = answer->topics.at(0).partitions.at(0);
    EXPECT_EQ(quorum.error_code, ErrorCode::none);
    EXPECT_GE(quorum.leader_id, NodeId(101));
    EXPECT_EQ(quorum.current_voters.size(), 3u);
    EXPECT_EQ(quorum.observers.size(), 3u);
    EXPECT_EQ(answer->nodes.size(), 3u);
    for (const auto* replicas : {&quorum.current_voters, &quorum.observers}) {
      for (const auto& replica : *replicas) {
        EXPECT_GE(replica.log_end_offset, quorum.high_watermark - 10);
        EXPECT_GT(replica.last_fetch_timestamp, 0);
        EXPECT_GT(replica.last_caught_up_timestamp, 0);
        EXPECT_LE(replica.last_caught_up_timestamp, replica.last_fetch_timestamp);
      }
    }
    EXPECT_EQ(answer->topics.at(0).partitions.at(1).error_code,
              ErrorCode::unknown_topic_or_partition);
  });
}

TEST_F(AdminByHand, clusters_are_described_as_their_endpoints_know_them) {
  with_cluster([&](Env& env) {
    const auto described = [&](NodeId node, std::int8_t type) {
      return *ask(env, node,
                  api::DescribeClusterRequest{.include_cluster_authorized_operations = true,
                                              .endpoint_type = type},
                  1);
    };
    const auto brokers = described(leader(), 1);
    EXPECT_EQ(brokers.brokers.size(), 3u);
    EXPECT_NE(brokers.cluster_authorized_operations, std::numeric_limits<std::int32_t>::min());
    EXPECT_EQ(described(leader(), 2).error_code, ErrorCode::mismatched_endpoint_type);
    EXPECT_EQ(described(leader(), 3).error_code, ErrorCode::unsupported_endpoint_type);
    const auto controllers = described(NodeId(101), 2);
    ASSERT_EQ(controllers.brokers.size(), 3u);
    EXPECT_EQ(controllers.brokers[0].broker_id, NodeId(101));
    EXPECT_GE(controllers.controller_id, NodeId(101));
  });
}

// So that nobody waits for a controller that has just died, and is still in what they know.
TEST_F(AdminByHand, every_broker_names_itself_as_the_controller_to_ask) {
  with_cluster([&](Env& env) {
    for (const auto node : {NodeId(1), NodeId(2), NodeId(3)}) {
      EXPECT_EQ(ask(env, node, api::MetadataRequest{}, 12)->controller_id, node);
      EXPECT_EQ(ask(env, node, api::DescribeClusterRequest{}, 1)->controller_id, node);
    }
  });
}

TEST_F(AdminByHand, deleted_records_are_gone_on_all_replicas_and_stay_so) {
  with_cluster([&](Env& env) {
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    }
    const auto remove = [&](NodeId node, Offset offset, const std::string& topic = "t",
                            std::int32_t partition = 0) {
      api::DeleteRecordsRequest request{.timeout_ms = 5000};
      request.topics.push_back(
          {.name = topic, .partitions = {{.partition_index = partition, .offset = offset}}});
      return ask(env, node, request, 2)->topics[0].partitions[0];
    };
    EXPECT_EQ(remove(leader(), 6).error_code, ErrorCode::offset_out_of_range);
    EXPECT_EQ(remove(leader(), -2).error_code, ErrorCode::offset_out_of_range);
    EXPECT_EQ(remove(follower(), 3).error_code, ErrorCode::not_leader_or_follower);
    EXPECT_EQ(remove(leader(), 3, "nowhere").error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(remove(leader(), 3, "t", 7).error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(remove(leader(), 3, "__consumer_offsets").error_code,
              ErrorCode::invalid_topic_exception);
    const auto done = remove(leader(), 3);
    EXPECT_EQ(done.error_code, ErrorCode::none);
    EXPECT_EQ(done.low_watermark, 3);
    EXPECT_EQ(list_offset(env, leader(), client::earliest_timestamp).offset, 3);
    EXPECT_EQ(fetch(env, leader(), {.fetch_offset = 2}).error_code, ErrorCode::offset_out_of_range);
    // Whoever leads next begins there, too.
    const auto old_leader = leader();
    cluster_->world().crash(*cluster_->world().find(old_leader));
    wait_until(env, [&] { return leader().is_set() && leader() != old_leader; });
    env.sleep(1s);
    EXPECT_EQ(list_offset(env, leader(), client::earliest_timestamp).offset, 3);
    // The dead replica is not waited for, and learns of it when it is back.
    EXPECT_EQ(remove(leader(), -1).low_watermark, 5);
    cluster_->world().restart(*cluster_->world().find(old_leader));
    wait_until(env, [&] { return state().isr.size() == 3u; });
    first_metadata(env, old_leader, "t");
    env.sleep(1s);
    api::ElectLeadersRequest elect{.timeout_ms = 5000};
    elect.topic_partitions.emplace().push_back({.topic = "t", .partitions = {0}});
    EXPECT_TRUE(ask(env, follower(), elect, 2).has_value());
    env.sleep(1s);
    EXPECT_EQ(list_offset(env, leader(), client::earliest_timestamp).offset, 5);
  });
}

TEST_F(AdminByHand, where_a_log_begins_survives_the_loss_of_power_everywhere) {
  with_cluster([&](Env& env) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    }
    env.sleep(1s);
    api::DeleteRecordsRequest request{.timeout_ms = 5000};
    request.topics.push_back({.name = "t", .partitions = {{.partition_index = 0, .offset = 2}}});
    EXPECT_EQ(ask(env, leader(), request, 2)->topics[0].partitions[0].low_watermark, 2);
    for (int broker = 1; broker <= 3; ++broker) {
      cluster_->world().crash(*cluster_->world().find(NodeId(broker)));
    }
    for (int broker = 1; broker <= 3; ++broker) {
      cluster_->world().restart(*cluster_->world().find(NodeId(broker)));
    }
    wait_until(env, [&] { return leader().is_set() && state().isr.size() == 3u; });
    first_metadata(env, leader(), "t");
    EXPECT_EQ(list_offset(env, leader(), client::earliest_timestamp).offset, 2);
  });
}

// What checkpoints tell of a partition is not believed of another topic of the same name.
TEST_F(AdminByHand, a_topic_made_anew_begins_at_its_own_first_record) {
  with_cluster([&](Env& env) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    }
    env.sleep(1s);
    api::DeleteRecordsRequest request{.timeout_ms = 5000};
    request.topics.push_back({.name = "t", .partitions = {{.partition_index = 0, .offset = 2}}});
    EXPECT_EQ(ask(env, leader(), request, 2)->topics[0].partitions[0].low_watermark, 2);
    const auto old_id = topic_id();
    const api::DeleteTopicsRequest goes{.topic_names = {"t"}, .timeout_ms = 5000};
    EXPECT_EQ(ask(env, leader(), goes, 5)->responses[0].error_code, ErrorCode::none);
    client::Admin admin({.bootstrap_servers = cluster_->brokers(), .client_id = "again"});
    const client::NewTopic topic{.name = "t", .partitions = 1, .replication_factor = 3};
    ASSERT_TRUE(admin.create_topics(env, {topic}, env.now() + 60s).has_value());
    EXPECT_NE(topic_id(), old_id);
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("b"))), ErrorCode::none);
    env.sleep(1s);
    for (int broker = 1; broker <= 3; ++broker) {
      cluster_->world().crash(*cluster_->world().find(NodeId(broker)));
    }
    for (int broker = 1; broker <= 3; ++broker) {
      cluster_->world().restart(*cluster_->world().find(NodeId(broker)));
    }
    for (int broker = 1; broker <= 3; ++broker) first_metadata(env, NodeId(broker), "t");
    wait_until(env, [&] { return leader().is_set() && state().isr.size() == 3u; });
    EXPECT_EQ(list_offset(env, leader(), client::earliest_timestamp).offset, 0);
    EXPECT_EQ(list_offset(env, leader(), client::latest_timestamp).offset, 1);
  });
}

// KAFKA-6975
TEST_F(AdminByHand, a_replica_that_comes_new_copies_a_log_that_begins_inside_a_batch) {
  with_cluster([&](Env& env) {
    wire::BatchBuilder builder;
    for (int i = 0; i < 4; ++i) builder.add({.value = Bytes{1, 2, 3}});
    EXPECT_EQ(
        produce(env, leader(),
                produce_of("t", 0, -1, wire::Records{Slice(builder.finish().bytes().flat())})),
        ErrorCode::none);
    env.sleep(1s);
    api::DeleteRecordsRequest request{.timeout_ms = 5000};
    request.topics.push_back({.name = "t", .partitions = {{.partition_index = 0, .offset = 2}}});
    EXPECT_EQ(ask(env, leader(), request, 2)->topics[0].partitions[0].low_watermark, 2);
    const auto move_to = [&](std::vector<NodeId> replicas) {
      api::AlterPartitionReassignmentsRequest moves;
      moves.topics.push_back({.name = "t"});
      moves.topics[0].partitions.push_back({.partition_index = 0, .replicas = replicas});
      return ask(env, leader(), moves, 0)->responses[0].partitions[0].error_code;
    };
    const auto stays = leader();
    EXPECT_EQ(move_to({stays}), ErrorCode::none);
    wait_until(env, [&] { return state().replicas == std::vector{stays}; });
    EXPECT_EQ(move_to({stays, follower()}), ErrorCode::none);
    wait_until(env, [&] { return state().isr.size() == 2u; });
    EXPECT_EQ(list_offset(env, stays, client::earliest_timestamp).offset, 2);
  });
}

TEST_F(AdminByHand, records_of_what_is_compacted_are_not_deleted) {
  with_cluster(
      [&](Env& env) {
        api::DeleteRecordsRequest request{.timeout_ms = 5000};
        request.topics.push_back(
            {.name = "t", .partitions = {{.partition_index = 0, .offset = -1}}});
        EXPECT_EQ(ask(env, leader(), request, 2)->topics[0].partitions[0].error_code,
                  ErrorCode::policy_violation);
      },
      {}, {{"cleanup.policy", "compact"}});
}

TEST_F(AdminByHand, a_partition_moves_to_another_broker_with_all_its_records) {
  with_cluster([&](Env& env) {
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    }
    const auto move_to = [&](std::vector<NodeId> replicas) {
      api::AlterPartitionReassignmentsRequest request;
      request.topics.push_back({.name = "t"});
      request.topics[0].partitions.push_back({.partition_index = 0, .replicas = replicas});
      return ask(env, follower(), request, 0)->responses[0].partitions[0].error_code;
    };
    const auto has = [&](NodeId broker) {
      const auto dirs = ask(env, broker, api::DescribeLogDirsRequest{}, 4)->results[0];
      return std::any_of(dirs.topics.begin(), dirs.topics.end(),
                         [](const auto& topic) { return topic.name == "t"; });
    };
    const auto old_leader = leader();
    const auto stays = follower();
    EXPECT_EQ(move_to({stays}), ErrorCode::none);
    wait_until(env, [&] { return leader() == stays; });
    env.sleep(1s);
    EXPECT_EQ(state().replicas, std::vector{stays});
    EXPECT_FALSE(has(old_leader));
    EXPECT_EQ(list_offset(env, stays, client::latest_timestamp).offset, 5);

    EXPECT_EQ(move_to({old_leader}), ErrorCode::none);
    wait_until(env, [&] { return leader() == old_leader; });
    env.sleep(1s);
    EXPECT_FALSE(has(stays));
    EXPECT_EQ(state().isr, std::vector{old_leader});
    EXPECT_EQ(list_offset(env, old_leader, client::latest_timestamp).offset, 5);
    EXPECT_EQ(produce(env, old_leader, produce_of("t", 0, -1, batch_of("b"))), ErrorCode::none);
    EXPECT_TRUE(ask(env, stays, api::ListPartitionReassignmentsRequest{}, 0)->topics.empty());
  });
}

// Under a name of its own: the metadata may be what is wrong.
TEST_F(AdminByHand, a_replica_taken_from_a_broker_that_is_away_is_set_aside_when_it_is_back) {
  with_cluster([&](Env& env) {
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    const auto away = follower();
    cluster_->world().crash(*cluster_->world().find(away));
    api::AlterPartitionReassignmentsRequest request;
    request.topics.push_back({.name = "t"});
    request.topics[0].partitions.push_back(
        {.partition_index = 0, .replicas = std::vector{leader()}});
    EXPECT_EQ(ask(env, leader(), request, 0)->responses[0].partitions[0].error_code,
              ErrorCode::none);
    env.sleep(1s);
    cluster_->world().restart(*cluster_->world().find(away));
    first_metadata(env, away, "t");
    EXPECT_TRUE(ask(env, away, api::DescribeLogDirsRequest{}, 4)->results[0].topics.empty());
    EXPECT_TRUE(has_noted("t-0 is of no partition of this broker any more"));
    const auto files = cluster_->world().find(away)->disk().all_files();
    const auto is_kept = [](const std::string& path) {
      return path.starts_with("t-0.") && path.ends_with("-stray/00000000000000000000.log");
    };
    EXPECT_TRUE(std::any_of(files.begin(), files.end(), is_kept));
    const auto is_of_t0 = [](const std::string& path) { return path.starts_with("t-0/"); };
    EXPECT_TRUE(std::none_of(files.begin(), files.end(), is_of_t0));
  });
}

TEST_F(AdminByHand, our_own_admin_does_all_this_and_says_what_it_could_not_do) {
  with_cluster([&](Env& env) {
    client::Admin admin({.bootstrap_servers = cluster_->brokers(), .client_id = "admin"});
    const auto until = [&] { return env.now() + 10s; };
    EXPECT_TRUE(admin.create_partitions(env, "t", 2, until()).has_value());
    EXPECT_EQ(admin.create_partitions(env, "t", 2, until()).error(), ErrorCode::invalid_partitions);
    const client::Configured topic{client::Configured::Type::topic, "t"};
    EXPECT_TRUE(admin.alter_configs(env, topic, {{"segment.bytes", "2000"}}, until()));
    EXPECT_EQ(admin.alter_configs(env, topic, {{"segment.bytes", "few"}}, until()).error(),
              ErrorCode::invalid_config);
    const auto& configs =
        cluster_->metadata().configs({controller::ConfigResource::Type::topic, "t"});
    EXPECT_EQ(configs.find("segment.bytes")->second, "2000");
    EXPECT_TRUE(admin.alter_configs(env, topic, {{"segment.bytes", std::nullopt}}, until()));
    for (const std::string id : {"1", "2", "3", ""}) {  // Each by the broker itself.
      const client::Configured broker{client::Configured::Type::broker, id};
      EXPECT_TRUE(admin.alter_configs(env, broker, {{"log.segment.bytes", "3000"}}, until()));
    }
    EXPECT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("a"))), ErrorCode::none);
    EXPECT_EQ(admin.delete_records(env, t0, -1, until()).value_or(-1), 1);
    EXPECT_EQ(admin.delete_records(env, t0, 5, until()).error(), ErrorCode::offset_out_of_range);
    EXPECT_TRUE(admin.reassign(env, t0, std::vector{follower()}, until()).has_value());
    EXPECT_EQ(admin.reassign(env, t0, std::nullopt, until()).error(),
              ErrorCode::no_reassignment_in_progress);
  });
}

TEST_F(AdminByHand, our_own_admin_raises_and_lowers_features_and_unregisters_brokers) {
  with_cluster([&](Env& env) {
    client::Admin admin({.bootstrap_servers = cluster_->brokers(), .client_id = "admin"});
    // Whom the admin takes for the controller may be the one that is gone, for a session.
    const auto until = [&] { return env.now() + 30s; };
    const auto& features = cluster_->metadata().features();
    const std::map<std::string, std::int16_t> without{{"group.version", 0}};
    EXPECT_TRUE(admin.update_features(env, {{"group.version", 1}}, until()).has_value());
    EXPECT_EQ(features.at("group.version"), 1);
    EXPECT_EQ(admin.update_features(env, without, until()).error(),
              ErrorCode::invalid_update_version);
    EXPECT_TRUE(admin.update_features(env, without, until(), client::FeatureChange::safe_downgrade)
                    .has_value());
    EXPECT_FALSE(features.contains("group.version"));
    EXPECT_EQ(admin
                  .update_features(env, {{"group.version", 1}}, until(),
                                   client::FeatureChange::safe_downgrade)
                  .error(),
              ErrorCode::invalid_update_version);
    const NodeId gone = follower();
    cluster_->world().crash(*cluster_->world().find(gone));
    EXPECT_TRUE(admin.unregister_broker(env, gone, until()).has_value());
    EXPECT_EQ(cluster_->metadata().find_broker(gone), nullptr);
    EXPECT_EQ(admin.unregister_broker(env, gone, until()).error(),
              ErrorCode::broker_id_not_registered);
  });
}

TEST_F(AdminByHand, an_unregistered_broker_is_forgotten) {
  with_cluster([&](Env& env) {
    const auto gone = follower();
    cluster_->world().crash(*cluster_->world().find(gone));
    EXPECT_EQ(ask(env, leader(), api::UnregisterBrokerRequest{.broker_id = gone}, 0)->error_code,
              ErrorCode::none);
    EXPECT_EQ(ask(env, leader(), api::UnregisterBrokerRequest{.broker_id = gone}, 0)->error_code,
              ErrorCode::broker_id_not_registered);
    EXPECT_EQ(cluster_->metadata().find_broker(gone), nullptr);
  });
}

TEST_F(AdminByHand, a_broker_that_is_unregistered_while_it_runs_registers_anew) {
  with_cluster([&](Env& env) {
    const auto node = follower();
    const auto epoch_of = [&]() -> std::optional<BrokerEpoch> {
      const auto* broker = cluster_->metadata().find_broker(node);
      return broker == nullptr ? std::nullopt : std::optional(broker->epoch);
    };
    const auto before = epoch_of();
    EXPECT_EQ(ask(env, leader(), api::UnregisterBrokerRequest{.broker_id = node}, 0)->error_code,
              ErrorCode::none);
    env.sleep(10s);
    ASSERT_TRUE(epoch_of().has_value());
    EXPECT_GT(*epoch_of(), *before);
  });
}

TEST_F(AdminByHand, feature_levels_are_told_with_the_versions_of_apis) {
  with_cluster([&](Env& env) {
    const auto levels = [&] {
      return ask(env, leader(),
                 api::ApiVersionsRequest{.client_software_name = "by-hand",
                                         .client_software_version = "1"},
                 4);
    };
    std::vector<std::string> names;
    const auto told = levels();
    for (const auto& feature : told->supported_features) names.push_back(feature.name);
    EXPECT_EQ(names, (std::vector<std::string>{"eligible.leader.replicas.version", "group.version",
                                               "metadata.version", "transaction.version",
                                               "kraft.version"}));
    const auto first = levels();
    ASSERT_EQ(first->finalized_features.size(), 1u);
    EXPECT_EQ(first->finalized_features[0].name, "metadata.version");
    EXPECT_EQ(first->finalized_features[0].max_version_level, 25);
    api::UpdateFeaturesRequest request;
    request.feature_updates.push_back({.feature = "group.version", .max_version_level = 1});
    EXPECT_EQ(ask(env, leader(), request, 1)->error_code, ErrorCode::none);
    env.sleep(1s);
    const auto second = levels();
    ASSERT_EQ(second->finalized_features.size(), 2u);
    EXPECT_EQ(second->finalized_features[0].name, "group.version");
    EXPECT_EQ(second->finalized_features[0].max_version_level, 1);
    EXPECT_GT(second->finalized_features_epoch, first->finalized_features_epoch);
  });
}

// Nodes of both roles: which of them is the active controller is not the client's business.
TEST_F(AdminByHand, any_node_of_both_roles_answers_for_the_controller) {
  Plan plan;
  auto nodes = *node_configs(plan);
  std::erase_if(nodes, [](const auto& node) { return node.is_controller; });
  std::vector<broker::Voter> voters;
  for (const auto& node : nodes) voters.push_back({node.node_id, node.listener});
  for (auto& node : nodes) {
    node.is_controller = true;
    node.voters = voters;
  }
  cluster_.emplace(plan, nodes);
  cluster_->start_nodes();
  bool is_done = false;
  cluster_->start_client("by-hand", [&](Env& env) {
    first_metadata(env, NodeId(1), "t");
    for (int id = 1; id <= 3; ++id) {
      first_metadata(env, NodeId(id), "t");
      api::CreateTopicsRequest request{.timeout_ms = 20000};
      request.topics.push_back(
          {.name = fmt::format("t{}", id), .num_partitions = 1, .replication_factor = 1});
      const auto answer = to(NodeId(id)).call(env, request, 7, env.now() + 25s);
      ASSERT_TRUE(answer.has_value()) << name_of(answer.error());
      EXPECT_EQ(answer->topics[0].error_code, ErrorCode::none) << id;
    }
    is_done = true;
  });
  EXPECT_TRUE(cluster_->world().run_until([&] { return is_done; }, Instant{120s}));
}

}  // namespace
}  // namespace brokersim::scenarios
