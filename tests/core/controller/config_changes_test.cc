// Changing configurations: every refusal with its code, what becomes of what is granted, and that a
// resource changes as a whole or not at all.
#include "core/controller/config_changes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/controller/topic_config.h"
#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

using Incremental = api::IncrementalAlterConfigsRequest;
using Resource = Incremental::AlterConfigsResource;
using Change = Incremental::AlterableConfig;

constexpr std::int8_t topic_type = 2;
constexpr std::int8_t broker_type = 4;
constexpr std::int8_t group_type = 32;
constexpr std::int8_t set = 0, remove_it = 1, append = 2, subtract = 3;

Resource resource(std::int8_t type, std::string name, std::vector<Change> changes) {
  return {.resource_type = type, .resource_name = std::move(name), .configs = std::move(changes)};
}
Change change(std::string name, std::int8_t operation, wire::Nullable<std::string> value) {
  return {.name = std::move(name), .config_operation = operation, .value = std::move(value)};
}

ControllerConfig config() {
  ControllerConfig config;
  config.static_broker_configs = {"replica.lag.time.max.ms"};
  return config;
}

struct ConfigChanges : testing::Test {
  Cluster c{2, config()};
  void SetUp() override { c.create("t", {1, 2}); }

  Decision<api::IncrementalAlterConfigsResponse> alter(std::vector<Resource> resources,
                                                       bool validate_only = false) {
    return c.keep(c.controller.incremental_alter_configs(
        {.resources = std::move(resources), .validate_only = validate_only}));
  }
  ErrorCode error_of(Resource asked) {
    const auto decision = alter({std::move(asked)});
    const auto& answer = decision.response.responses.front();
    EXPECT_EQ(answer.error_message.has_value(), answer.error_code != ErrorCode::none);
    if (answer.error_code != ErrorCode::none) {
      EXPECT_TRUE(decision.records.empty());
    }
    return answer.error_code;
  }
  ErrorCode error_of_topic(Change asked) { return error_of(resource(topic_type, "t", {asked})); }
  ErrorCode error_of_broker(std::string name, Change asked) {
    return error_of(resource(broker_type, std::move(name), {asked}));
  }
  const Image::Configs& configs(ConfigResource::Type type, std::string name) const {
    return c.controller.image().configs({type, std::move(name)});
  }
  const Image::Configs& configs() const { return configs(ConfigResource::Type::topic, "t"); }
};

TEST_F(ConfigChanges, are_refused_for_what_is_no_resource) {
  const auto fine = change("segment.bytes", set, "2000");
  EXPECT_EQ(error_of(resource(topic_type, "nowhere", {fine})),
            ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(error_of(resource(topic_type, "", {fine})), ErrorCode::invalid_request);
  EXPECT_EQ(error_of(resource(topic_type, "a/b", {fine})), ErrorCode::invalid_topic_exception);
  EXPECT_EQ(error_of(resource(broker_type, "one", {})), ErrorCode::invalid_request);
  EXPECT_EQ(error_of(resource(broker_type, "-1", {})), ErrorCode::invalid_request);
  EXPECT_EQ(error_of(resource(broker_type, "9", {})), ErrorCode::broker_id_not_registered);
  EXPECT_EQ(error_of(resource(0, "t", {})), ErrorCode::invalid_request);
  EXPECT_EQ(error_of(resource(8, "1", {})), ErrorCode::invalid_request);
}

TEST_F(ConfigChanges, of_topics_are_refused_for_unknown_keys_and_values_that_do_not_fit) {
  EXPECT_EQ(error_of_topic(change("no.such.key", set, "1")), ErrorCode::invalid_config);
  EXPECT_EQ(error_of_topic(change("segment.bytes", set, "13")), ErrorCode::invalid_config);
  EXPECT_EQ(error_of_topic(change("log.segment.bytes", set, "2000")), ErrorCode::invalid_config);
  EXPECT_EQ(error_of_topic(change("segment.bytes", append, "1")), ErrorCode::invalid_config);
  EXPECT_EQ(error_of_topic(change("cleanup.policy", append, "keep")), ErrorCode::invalid_config);
  EXPECT_EQ(error_of_topic(change("segment.bytes", set, std::nullopt)), ErrorCode::invalid_request);
  EXPECT_EQ(error_of_topic(change("segment.bytes", 4, "2000")), ErrorCode::invalid_request);
  EXPECT_EQ(error_of_topic(change("segment.bytes", -1, "2000")), ErrorCode::invalid_request);
  EXPECT_EQ(error_of_topic(change("no.such.key", remove_it, std::nullopt)), ErrorCode::none);
  EXPECT_EQ(error_of_topic(change("compression.lz4.level", set, "18")), ErrorCode::invalid_config);
}

TEST_F(ConfigChanges, of_topics_are_refused_that_contradict_what_is_there) {
  EXPECT_EQ(error_of_topic(change("max.compaction.lag.ms", set, "5")), ErrorCode::none);
  EXPECT_EQ(error_of_topic(change("min.compaction.lag.ms", set, "6")), ErrorCode::invalid_config);
  EXPECT_EQ(error_of_topic(change("min.compaction.lag.ms", set, "5")), ErrorCode::none);
}

// Kafka never answers AlterConfigs that names a resource twice; ours refuses it.
TEST_F(ConfigChanges, of_what_is_named_twice_are_refused_without_harm_to_others) {
  const auto decision = alter({resource(topic_type, "t", {change("segment.bytes", set, "2000")}),
                               resource(broker_type, "", {change("log.segment.bytes", set, "99")}),
                               resource(topic_type, "t", {})});
  ASSERT_EQ(decision.response.responses.size(), 3U);
  EXPECT_EQ(decision.response.responses[0].error_code, ErrorCode::invalid_request);
  EXPECT_EQ(decision.response.responses[1].error_code, ErrorCode::none);
  EXPECT_EQ(decision.response.responses[2].error_code, ErrorCode::invalid_request);
  EXPECT_TRUE(configs().empty());
  EXPECT_EQ(error_of(resource(topic_type, "t",
                              {change("segment.bytes", set, "2000"),
                               change("segment.bytes", remove_it, std::nullopt)})),
            ErrorCode::invalid_request);
}

TEST_F(ConfigChanges, of_a_resource_come_all_or_not_at_all) {
  const auto good = change("segment.bytes", set, "2000");
  const auto bad = change("min.insync.replicas", set, "0");
  EXPECT_EQ(error_of(resource(topic_type, "t", {good, bad})), ErrorCode::invalid_config);
  EXPECT_TRUE(configs().empty());
}

TEST_F(ConfigChanges, set_remove_append_and_subtract) {
  EXPECT_EQ(error_of_topic(change("segment.bytes", set, "2000")), ErrorCode::none);
  EXPECT_EQ(error_of_topic(change("cleanup.policy", append, "compact")), ErrorCode::none);
  EXPECT_EQ(configs(),
            (Image::Configs{{"cleanup.policy", "delete,compact"}, {"segment.bytes", "2000"}}));
  EXPECT_EQ(error_of_topic(change("cleanup.policy", append, "compact,delete")), ErrorCode::none);
  EXPECT_EQ(error_of_topic(change("cleanup.policy", subtract, "delete")), ErrorCode::none);
  EXPECT_EQ(error_of_topic(change("segment.bytes", remove_it, std::nullopt)), ErrorCode::none);
  EXPECT_EQ(configs(), (Image::Configs{{"cleanup.policy", "compact"}}));
}

// What is appended is a text, and so is what comes of it.
TEST_F(ConfigChanges, make_no_list_longer_than_a_text_may_be) {
  const std::string key = "leader.replication.throttled.replicas";
  const auto some_from = [](int first) {  // 31,999 bytes.
    std::string list = fmt::format("{}:1", first);
    for (int i = 1; i < 4000; ++i) list += fmt::format(",{}:1", first + i);
    return list;
  };
  EXPECT_EQ(error_of_topic(change(key, set, some_from(10'000))), ErrorCode::none);
  EXPECT_EQ(error_of_topic(change(key, append, some_from(20'000))), ErrorCode::invalid_config);
  EXPECT_EQ(error_of_topic(change(key, append, "1:1")), ErrorCode::none);
  EXPECT_EQ(configs(), (Image::Configs{{key, some_from(10'000) + ",1:1"}}));
}

TEST_F(ConfigChanges, that_change_nothing_write_nothing_but_for_brokers) {
  const auto topic = resource(topic_type, "t", {change("segment.bytes", set, "2000")});
  EXPECT_EQ(alter({topic}).records.size(), 1U);
  EXPECT_EQ(alter({topic}).records.size(), 0U);
  const auto broker = resource(broker_type, "1", {change("log.segment.bytes", set, "2000")});
  EXPECT_EQ(alter({broker}).records.size(), 1U);
  EXPECT_EQ(alter({broker}).records.size(), 1U);
}

TEST_F(ConfigChanges, that_are_only_validated_do_not_happen) {
  const auto decision =
      alter({resource(topic_type, "t", {change("segment.bytes", set, "2000")})}, true);
  EXPECT_EQ(decision.response.responses[0].error_code, ErrorCode::none);
  EXPECT_TRUE(decision.records.empty());
  EXPECT_TRUE(configs().empty());
}

TEST_F(ConfigChanges, of_brokers_are_for_what_can_change_without_a_restart) {
  EXPECT_EQ(error_of_broker("1", change("log.segment.bytes", set, "2000")), ErrorCode::none);
  EXPECT_EQ(error_of_broker("", change("min.insync.replicas", set, "2")), ErrorCode::none);
  EXPECT_EQ(error_of_broker("", change("somebodys.plugin", set, "x")), ErrorCode::none);
  EXPECT_EQ(error_of_broker("", change("replica.lag.time.max.ms", set, "1")),
            ErrorCode::invalid_request);
  EXPECT_EQ(error_of_broker("1", change("log.segment.bytes", set, "few")),
            ErrorCode::invalid_request);
  EXPECT_EQ(error_of_broker("1", change("somebodys.plugin", append, "x")),
            ErrorCode::invalid_config);
  EXPECT_EQ(error_of_broker("", change("leader.replication.throttled.rate", set, "0")),
            ErrorCode::none);
  EXPECT_EQ(error_of_broker("1", change("follower.replication.throttled.rate", set, "-1")),
            ErrorCode::invalid_request);
}

// Those that Kafka lets change while brokers run, for one of them or for all.
TEST_F(ConfigChanges, of_brokers_include_settings_of_the_node_itself) {
  const std::pair<std::string, std::string> fine[] = {
      {"log.cleaner.backoff.ms", "0"},
      {"log.cleaner.dedupe.buffer.size", "1048577"},
      {"max.connections", "0"},
      {"max.connections.per.ip", "0"},
      {"max.connections.per.ip.overrides", "10.0.0.7:100,::1:2"},
      {"producer.id.expiration.ms", "1"},
      {"transaction.partition.verification.enable", "false"}};
  for (const auto& [name, value] : fine) {
    for (const char* broker : {"", "1"}) {
      EXPECT_EQ(error_of_broker(broker, change(name, set, value)), ErrorCode::none) << name;
    }
  }
  const std::pair<std::string, std::string> wrong[] = {
      {"log.cleaner.backoff.ms", "-1"},
      {"log.cleaner.dedupe.buffer.size", "1048576"},
      {"max.connections", "-1"},
      {"max.connections.per.ip.overrides", "10.0.0.7"},
      {"max.connections.per.ip.overrides", "10.0.0.7:-1"},
      {"producer.id.expiration.ms", "0"},
      {"transaction.partition.verification.enable", "perhaps"}};
  for (const auto& [name, value] : wrong) {
    EXPECT_EQ(error_of_broker("", change(name, set, value)), ErrorCode::invalid_request) << name;
  }
}

// KIP-848.
TEST_F(ConfigChanges, of_groups_are_within_what_the_node_allows) {
  const auto error = [&](std::string name, std::int8_t operation, const char* value) {
    return error_of(resource(group_type, "g", {change(std::move(name), operation, value)}));
  };
  const std::string session = "consumer.session.timeout.ms";
  const std::string heartbeat = "consumer.heartbeat.interval.ms";
  EXPECT_EQ(error(session, set, "50000"), ErrorCode::none);
  EXPECT_EQ(error(heartbeat, set, "6000"), ErrorCode::none);
  EXPECT_EQ(configs(ConfigResource::Type::group, "g"),
            (Image::Configs{{heartbeat, "6000"}, {session, "50000"}}));
  EXPECT_EQ(error(session, set, "44999"), ErrorCode::invalid_config);
  EXPECT_EQ(error(session, set, "60001"), ErrorCode::invalid_config);
  EXPECT_EQ(error(session, set, "long"), ErrorCode::invalid_config);
  EXPECT_EQ(error(session, append, "50000"), ErrorCode::invalid_config);
  EXPECT_EQ(error(heartbeat, set, "4999"), ErrorCode::invalid_config);
  EXPECT_EQ(error(heartbeat, set, "15001"), ErrorCode::invalid_config);
  EXPECT_EQ(error("share.session.timeout.ms", set, "50000"), ErrorCode::invalid_config);
  EXPECT_EQ(error_of(resource(group_type, "", {})), ErrorCode::invalid_request);
  EXPECT_EQ(error_of(resource(group_type, "g", {change(session, remove_it, std::nullopt)})),
            ErrorCode::none);
  EXPECT_EQ(configs(ConfigResource::Type::group, "g"), (Image::Configs{{heartbeat, "6000"}}));
}

TEST_F(ConfigChanges, of_groups_keep_a_session_longer_than_a_heartbeat) {
  auto terms = config();
  terms.group_terms.session_timeout_ms = {1'000, 45'000, 60'000};
  Cluster other{1, terms};
  const auto error = [&](std::string name, std::string value) {
    const auto asked = resource(group_type, "g", {change(std::move(name), set, std::move(value))});
    const auto decision =
        other.keep(other.controller.incremental_alter_configs({.resources = {asked}}));
    return decision.response.responses.front().error_code;
  };
  EXPECT_EQ(error("consumer.session.timeout.ms", "5000"), ErrorCode::invalid_config);
  EXPECT_EQ(error("consumer.session.timeout.ms", "5001"), ErrorCode::none);
  EXPECT_EQ(error("consumer.heartbeat.interval.ms", "6000"), ErrorCode::invalid_config);
}

TEST_F(ConfigChanges, of_brokers_are_in_force_for_topics_below_the_topics_own) {
  const auto bytes_at = [&](std::int32_t broker) {
    const TopicDefaults defaults{.node = NodeId{broker}};
    return TopicConfigs(c.controller.image(), "t", defaults).number("segment.bytes");
  };
  EXPECT_EQ(error_of_broker("", change("log.segment.bytes", set, "2000")), ErrorCode::none);
  EXPECT_EQ(error_of_broker("1", change("log.segment.bytes", set, "3000")), ErrorCode::none);
  EXPECT_EQ(bytes_at(1), 3000);
  EXPECT_EQ(bytes_at(2), 2000);
  EXPECT_EQ(error_of_topic(change("segment.bytes", set, "4000")), ErrorCode::none);
  EXPECT_EQ(bytes_at(1), 4000);
}

TEST_F(ConfigChanges, that_replace_leave_nothing_else) {
  EXPECT_EQ(error_of_topic(change("segment.bytes", set, "2000")), ErrorCode::none);
  api::AlterConfigsRequest request;
  auto& asked = request.resources.emplace_back();
  asked.resource_type = topic_type;
  asked.resource_name = "t";
  asked.configs.push_back({.name = "retention.ms", .value = "5"});
  auto decision = c.keep(c.controller.alter_configs(request));
  EXPECT_EQ(decision.response.responses[0].error_code, ErrorCode::none);
  EXPECT_EQ(configs(), (Image::Configs{{"retention.ms", "5"}}));
  request.resources[0].configs[0].value = std::nullopt;
  decision = c.keep(c.controller.alter_configs(request));
  EXPECT_EQ(decision.response.responses[0].error_code, ErrorCode::invalid_request);
  EXPECT_EQ(configs(), (Image::Configs{{"retention.ms", "5"}}));
}

// The model: a map, and for lists a list without doubles.
void apply_to_model(std::map<std::string, std::vector<std::string>>& model, const Change& change) {
  auto& words = model.try_emplace(change.name, std::vector<std::string>{"delete"}).first->second;
  const auto same = std::find(words.begin(), words.end(), change.value.value_or(""));
  switch (change.config_operation) {
    case set: words = {*change.value}; break;
    case remove_it: model.erase(change.name); break;
    case append:
      if (same == words.end()) words.push_back(*change.value);
      break;
    case subtract:
      if (same != words.end()) words.erase(same);
      break;
  }
}

RC_GTEST_PROP(ConfigChangesModel, lists_are_what_was_added_less_what_was_taken, ()) {
  Cluster c(1, config());
  c.create("t", {1});
  std::map<std::string, std::vector<std::string>> model;
  const auto steps = *rc::gen::container<std::vector<std::pair<std::int8_t, bool>>>(
      rc::gen::pair(rc::gen::inRange<std::int8_t>(0, 4), rc::gen::arbitrary<bool>()));
  for (const auto& [operation, is_compact] : steps) {
    const auto asked = change("cleanup.policy", operation, is_compact ? "compact" : "delete");
    auto expected = model;
    apply_to_model(expected, asked);
    const auto found = expected.find("cleanup.policy");
    const auto decision = c.keep(c.controller.incremental_alter_configs(
        {.resources = {resource(topic_type, "t", {asked})}}));
    RC_ASSERT(decision.response.responses[0].error_code == ErrorCode::none);
    model = expected;
    std::string text;
    if (found != expected.end()) {
      for (const auto& word : found->second) text += (text.empty() ? "" : ",") + word;
    }
    const auto& stored = c.controller.image().configs({ConfigResource::Type::topic, "t"});
    const auto value = stored.find("cleanup.policy");
    RC_ASSERT((value == stored.end()) == (found == expected.end()));
    RC_ASSERT((value == stored.end() ? std::string() : value->second) == text);
  }
}

}  // namespace
}  // namespace brokersim::controller
