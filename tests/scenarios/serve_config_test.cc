// What is served, from options and from a properties file; and what is said of wrong ones.
#include "scenarios/serve_config.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "scenarios/kafka_settings.h"

namespace brokersim::scenarios {
namespace {

std::string error_of(const ServeOptions& options) {
  const auto nodes = served_nodes(options);
  return nodes ? "" : nodes.error();
}

TEST(ServeConfig, a_whole_cluster_shares_its_quorum_and_its_cluster_id) {
  const auto nodes = served_nodes({.brokers = 2, .controllers = 3, .data = "no-such-folder"});
  ASSERT_TRUE(nodes.has_value()) << nodes.error();
  ASSERT_EQ(nodes->size(), 5u);
  for (const auto& node : *nodes) {
    EXPECT_EQ(node.config.voters.size(), 3u);
    EXPECT_EQ(node.config.cluster_id, nodes->front().config.cluster_id);
    EXPECT_EQ(node.config.is_controller, !node.config.is_broker);
  }
  EXPECT_EQ(nodes->front().config.listener.port, 10092);
  EXPECT_EQ(bootstrap_servers(*nodes), "127.0.0.1:9092,127.0.0.1:9093");
  EXPECT_TRUE(hosts_entries(*nodes).empty());
}

TEST(ServeConfig, a_cluster_goes_on_with_the_id_that_any_of_its_nodes_kept) {
  const std::string data = testing::TempDir() + "brokersim-kept-id";
  std::filesystem::create_directories(data + "/node-102");
  std::ofstream(data + "/node-102/meta.properties") << "version=1\ncluster.id=kept\nnode.id=102\n";
  EXPECT_EQ(served_nodes({.data = data})->front().config.cluster_id, "kept");
}

TEST(ServeConfig, names_give_each_broker_an_address_of_its_own_and_one_port) {
  const auto nodes = served_nodes({.data = "no-such-folder", .names = {"kafka1", "kafka2"}});
  ASSERT_TRUE(nodes.has_value()) << nodes.error();
  EXPECT_EQ(bootstrap_servers(*nodes), "kafka1:9092,kafka2:9092");
  EXPECT_EQ(hosts_entries(*nodes),
            (std::vector<std::string>{"127.0.0.1 kafka1", "127.0.0.2 kafka2"}));
}

TEST(ServeConfig, brokers_stand_in_the_racks_in_turn) {
  ServeOptions options{.brokers = 3, .controllers = 1, .data = "no-such-folder"};
  const auto racks = [&options] {
    const auto nodes = served_nodes(options);
    EXPECT_TRUE(nodes.has_value()) << nodes.error();
    std::vector<std::string> all;
    if (!nodes) return all;
    for (const auto& node : *nodes) all.push_back(node.config.rack);
    return all;
  };
  using Racks = std::vector<std::string>;
  EXPECT_EQ(racks(), (Racks{"", "", "", ""}));
  options.settings = {"broker.rack=a, b"};
  EXPECT_EQ(racks(), (Racks{"", "a", "b", "a"})) << "a controller leads nothing of clients'";
  EXPECT_TRUE(notes_on(options).empty());
  options.settings = {"broker.rack=a,b", "broker.rack=c"};
  EXPECT_EQ(racks(), (Racks{"", "c", "c", "c"}));
  options.settings = {"broker.rack=a,b", "broker.rack="};
  EXPECT_EQ(racks(), (Racks{"", "", "", ""}));
  options.names = {"kafka1", "kafka2"};
  options.settings = {"broker.rack=a,b"};
  EXPECT_EQ(racks(), (Racks{"", "a", "b"}));
  for (const char* value : {"a,,b", "a,b,", "a,b,c"}) {
    options.settings = {fmt::format("broker.rack={}", value)};
    EXPECT_EQ(error_of(options),
              fmt::format("--set: broker.rack is '{}', but must be a name, or names with commas "
                          "between, which brokers have in turn: 2 at most",
                          value));
  }
  options.settings = {"broker.rak=a"};
  EXPECT_EQ(error_of(options),
            "--set: there is no setting 'broker.rak'; did you mean 'broker.rack'?");
}

// KIP-392: who has a rack, and a selector, sends consumers to replicas near them.
TEST(ServeConfig, one_broker_stands_where_its_file_or_its_command_line_says) {
  const std::string file = testing::TempDir() + "brokersim-rack.properties";
  const std::string selector = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
  std::ofstream(file) << "broker.rack=a,b\nreplica.selector.class=" << selector << "\n";
  ServeOptions options{
      .node_id = 2, .quorum = "1@127.0.0.1:9093", .cluster_id = "cluster", .config_file = file};
  const auto nodes = served_nodes(options);
  ASSERT_TRUE(nodes.has_value()) << nodes.error();
  EXPECT_EQ(nodes->front().config.rack, "a,b") << "which is one name, as in Kafka";
  EXPECT_EQ(nodes->front().config.replica_selector_class, selector);
  EXPECT_TRUE(notes_on(options).empty());
  options.settings = {"broker.rack=c"};
  EXPECT_EQ(served_nodes(options)->front().config.rack, "c");
  options.node_id = 1;
  options.roles = "controller";
  EXPECT_EQ(served_nodes(options)->front().config.rack, "");
}

TEST(ServeConfig, one_node_takes_its_place_in_the_quorum_it_is_told) {
  ServeOptions options{.node_id = 2,
                       .roles = "broker,controller",
                       .quorum = "2@127.0.0.2:9093,1@127.0.0.1:9093",
                       .cluster_id = "cluster"};
  const auto nodes = served_nodes(options);
  ASSERT_TRUE(nodes.has_value()) << nodes.error();
  ASSERT_EQ(nodes->size(), 1u);
  const auto& node = nodes->front();
  EXPECT_TRUE(node.config.is_broker && node.config.is_controller);
  EXPECT_EQ(node.config.listener, (Address{"127.0.0.2", 9093}));
  EXPECT_EQ(node.config.voters.front().id, NodeId(1));
  options.roles = "broker";
  EXPECT_EQ(error_of(options), "--quorum: node 2 is in it, but its --roles are 'broker'");
  options.quorum = "2@127.0.0.2";
  EXPECT_EQ(error_of(options), "--quorum: '2@127.0.0.2' is no ID@HOST:PORT");
  options.roles = "brokers";
  options.quorum = "1@127.0.0.1:9093";
  EXPECT_EQ(error_of(options), "--roles: 'brokers' is neither broker nor controller");
}

TEST(ServeConfig, a_controller_is_where_the_quorum_says_by_name_or_in_brackets_too) {
  ServeOptions options{.node_id = 1, .roles = "broker,controller", .cluster_id = "cluster"};
  options.quorum = "1@localhost:9093,2@[::1]:9094,3@::1:9095";
  const auto nodes = served_nodes(options);
  ASSERT_TRUE(nodes.has_value()) << nodes.error();
  const auto& node = nodes->front();
  EXPECT_EQ(node.config.listener, (Address{"localhost", 9093}));
  EXPECT_EQ(node.bound(), (Address{"localhost", 9093}));
  EXPECT_EQ(node.config.voters[1].address, (Address{"::1", 9094}));
  EXPECT_EQ(node.config.voters[2].address, (Address{"::1", 9095}));
  options.host = "0.0.0.0";
  EXPECT_EQ(served_nodes(options)->front().bound(), (Address{"0.0.0.0", 9093}));
  options.settings = {"advertised.listeners=PLAINTEXT://kafka.example:19093"};
  EXPECT_EQ(served_nodes(options)->front().config.listener, (Address{"kafka.example", 19093}));
  EXPECT_EQ(served_nodes(options)->front().bound(), (Address{"0.0.0.0", 9093}));
  for (const char* quorum : {"1@[]:9093", "1@host", "1@host:0", "-1@host:1", "1:9093", "1@:9093"}) {
    options.quorum = quorum;
    EXPECT_EQ(error_of(options), fmt::format("--quorum: '{}' is no ID@HOST:PORT", quorum));
  }
  options.quorum = "1@0.0.0.0:9093";
  EXPECT_EQ(error_of(options),
            "--quorum: nobody can connect to '1@0.0.0.0:9093': name an address that the others "
            "reach; with --host 0.0.0.0 its node listens on all");
  options.quorum = "1@a:1,1@b:1";
  EXPECT_EQ(error_of(options), "--quorum: node 1 is in it twice");
}

// As Kafka, which refuses it, too.
TEST(ServeConfig, clients_are_not_told_to_connect_to_all_addresses) {
  ServeOptions options{.brokers = 2, .data = "no-such-folder", .host = "0.0.0.0"};
  EXPECT_EQ(error_of(options),
            "clients cannot be told to connect to 0.0.0.0: name what they reach with --set "
            "advertised.listeners=PLAINTEXT://HOST:9092");
  options.settings = {"advertised.listeners=PLAINTEXT://kafka.example:19092"};
  const auto nodes = served_nodes(options);
  ASSERT_TRUE(nodes.has_value()) << nodes.error();
  EXPECT_EQ(bootstrap_servers(*nodes), "kafka.example:19092,kafka.example:19093");
  EXPECT_EQ(nodes->back().bound(), (Address{"0.0.0.0", 9093}));
  EXPECT_EQ(nodes->front().config.listener, (Address{"127.0.0.1", 10092}));
  EXPECT_EQ(nodes->front().bound(), (Address{"0.0.0.0", 10092}));
  EXPECT_TRUE(hosts_entries(*nodes).empty());
  EXPECT_TRUE(notes_on(options).empty());
  options.host = "::1";
  options.settings.clear();
  EXPECT_EQ(bootstrap_servers(*served_nodes(options)), "[::1]:9092,[::1]:9093");
  options.settings = {"advertised.listeners=SSL://kafka.example:19092"};
  EXPECT_EQ(error_of(options),
            "--set: advertised.listeners is 'SSL://kafka.example:19092', but must be "
            "PLAINTEXT://HOST:PORT");
  options.settings = {"advertised.listeners=PLAINTEXT://kafka.example:65535"};
  EXPECT_EQ(error_of(options),
            "--port: the nodes need the 1003 ports from 9092 on, and 65535 is the last");
  options.names = {"a", "b"};
  EXPECT_EQ(error_of(options),
            "--names says what clients are told, and so does --set advertised.listeners: leave out "
            "one of them");
}

TEST(ServeConfig, settings_of_the_command_line_stand_over_the_files) {
  const std::string file = testing::TempDir() + "brokersim-server.properties";
  std::ofstream(file) << "# a comment\n\nnum.partitions = 4\nmin.insync.replicas=2\n";
  ServeOptions options{.config_file = file, .settings = {"num.partitions=8"}};
  const auto nodes = served_nodes(options);
  ASSERT_TRUE(nodes.has_value()) << nodes.error();
  EXPECT_EQ(nodes->front().config.num_partitions, 8);
  EXPECT_EQ(nodes->front().config.topic_defaults.at("min.insync.replicas"), "2");
  EXPECT_TRUE(notes_on(options).empty());
  // Kafka's precedence is that of names, wherever they stand.
  std::ofstream(file) << "log.retention.ms=1000\nlog.roll.hours=2\n";
  options.settings = {"log.retention.hours=1"};
  EXPECT_EQ(served_nodes(options)->front().config.topic_defaults,
            (controller::Image::Configs{{"retention.ms", "1000"}, {"segment.ms", "7200000"}}));
  EXPECT_TRUE(notes_on(options).empty());
  options.settings = {"max.connections.per.ip.overrides=localhost:1"};
  EXPECT_EQ(error_of(options),
            "max.connections.per.ip.overrides: 'localhost' is no address in digits");
  options.settings = {"max.connections.per.ip.overrides=127.0.0.1:1,::1:2"};
  EXPECT_EQ(error_of(options), "");
  std::ofstream(file) << "\nnum.partitions=many\n";
  EXPECT_EQ(error_of(options), file +
                                   ":2: num.partitions is 'many', but must be a whole number "
                                   "from 1 to 2147483647");
  std::ofstream(file) << "num.partitions=\\u00zz\n";
  EXPECT_EQ(error_of(options), file + ":1: \\u wants four hexadecimal digits");
  options.config_file = "no-such-file";
  EXPECT_EQ(error_of(options), "no-such-file: cannot be read");
}

// A file may have been written for Kafka: what it says that means nothing here is said once.
TEST(ServeConfig, a_new_cluster_has_the_features_of_kafkas_unless_it_is_told_others) {
  ServeOptions options{.data = "no-such-folder"};
  EXPECT_EQ(served_nodes(options)->front().config.features, controller::default_levels());
  options.settings = {"transaction.version=0", "eligible.leader.replicas.version=1"};
  EXPECT_EQ(served_nodes(options)->front().config.features,
            (controller::FeatureLevels{{"eligible.leader.replicas.version", 1},
                                       {"group.version", 1},
                                       {"transaction.version", 0}}));
  options.settings = {"metadata.version=24"};
  EXPECT_EQ(served_nodes(options).error(),
            "--set: metadata.version is '24', but must be a level from 25 to 25");
}

TEST(ServeConfig, what_a_file_says_without_effect_is_noted) {
  const std::string file = testing::TempDir() + "brokersim-notes.properties";
  std::ofstream(file)
      << "num.partition=4\nlog.dirs=/tmp\nmin.insync.replicas=2\n"
         "num.io.threads=8\nlog.cleaner.threads=2\nsomething.else.entirely=1\nlog.dirs=/other\n";
  ServeOptions options{.config_file = file, .settings = {"ssl.protocol=TLSv1.3"}};
  const auto nodes = served_nodes(options);
  ASSERT_TRUE(nodes.has_value()) << nodes.error();
  EXPECT_EQ(nodes->front().config.topic_defaults.at("min.insync.replicas"), "2");
  EXPECT_EQ(notes_on(options),
            (std::vector<std::string>{
                file + ":1: there is no setting 'num.partition'; did you mean 'num.partitions'?",
                file + ":6: there is no setting 'something.else.entirely'",
                "settings of Kafka's without effect here: log.cleaner.threads, log.dirs, "
                "num.io.threads, ssl.protocol"}));
  options.settings = {"num.partition=4"};  // What is typed is meant.
  EXPECT_EQ(error_of(options),
            "--set: there is no setting 'num.partition'; did you mean 'num.partitions'?");
}

TEST(ServeConfig, the_settings_without_effect_are_those_that_are_documented) {
  std::stringstream document;
  document << std::ifstream(BROKERSIM_SOURCE_DIR "/docs/serve.md").rdbuf();
  const auto text = document.str();
  const auto list = text.substr(text.find("## Settings of Kafka's without effect"));
  for (const auto name : kafka_settings()) {
    const bool is_listed = list.find(fmt::format("`{}`", name)) != std::string::npos;
    EXPECT_NE(is_listed, acts_when_served(name)) << name;
  }
  for (const auto& [name, value] : broker::settings_of({})) {
    EXPECT_TRUE(is_kafka_setting(name)) << name;
  }
}

}  // namespace
}  // namespace brokersim::scenarios
