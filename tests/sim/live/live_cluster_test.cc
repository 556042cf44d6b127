// A cluster that cannot be reached says so and ends. It listens on a loopback address that no other
// process uses, not even another of these tests.
#include "sim/live/live_cluster.h"

#include <csignal>
#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "sim/live/live_network.h"

namespace brokersim::live {
namespace {

const int process = getpid();
const Address lonely{fmt::format("127.98.{}.{}", process / 250 % 250 + 1, process % 250 + 1),
                     19092};
const std::string why = fmt::format(
    "cannot listen on {}:19092: the port is taken: name another --port or --host", lonely.host);

ServedNode lonely_node() {
  const std::string folder = fmt::format("{}brokersim-lonely-{}", testing::TempDir(), process);
  std::filesystem::remove_all(folder);
  ServedNode node{.config = {}, .bind_host = lonely.host, .data_directory = folder};
  node.config.node_id = NodeId(1);
  node.config.cluster_id = new_cluster_id();
  node.config.is_broker = false;
  node.config.is_controller = true;
  node.config.listener = lonely;
  node.config.voters = {{NodeId(1), lonely}};
  return node;
}

TEST(LiveCluster, a_port_that_is_taken_after_it_was_tried_ends_the_node_with_one_sentence) {
  std::vector<std::string> notes;
  auto cluster = LiveCluster::open({lonely_node()}, {.on_event =
                                                         [&](const Event& event) {
                                                           const auto* note =
                                                               std::get_if<Note>(&event.body);
                                                           if (note) notes.push_back(note->text);
                                                         },
                                                     .on_ready = [] {}});
  ASSERT_TRUE(cluster.has_value()) << cluster.error();
  Reactor other;
  const auto taken = listen_on(other, lonely);
  ASSERT_TRUE(taken.has_value());

  const auto ended = (*cluster)->run();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error(), "node 1: " + why);
  EXPECT_EQ(notes, std::vector<std::string>{"node 1 stops: " + why});
}

// It is its own controller, which nobody reaches: there is nobody to hand over to, or to wait for.
TEST(LiveCluster, a_node_of_both_roles_without_its_port_does_not_wait_for_itself) {
  auto node = lonely_node();
  node.config.is_broker = true;
  auto cluster = LiveCluster::open({node}, {.on_event = [](const Event&) {}, .on_ready = [] {}});
  ASSERT_TRUE(cluster.has_value()) << cluster.error();
  Reactor other;
  const auto taken = listen_on(other, lonely);
  ASSERT_TRUE(taken.has_value());
  const Instant begun = other.now();
  EXPECT_FALSE((*cluster)->run().has_value());
  EXPECT_LT(other.now() - begun, node.config.broker_session_timeout / 2);
}

TEST(LiveCluster, a_node_that_cannot_go_on_is_told_of_once) {
  std::vector<std::string> failures;
  auto cluster = LiveCluster::open({lonely_node()},
                                   {.on_event = [](const Event&) {},
                                    .on_ready = [] {},
                                    .on_failure =
                                        [&](NodeId node, std::string_view told) {
                                          failures.push_back(fmt::format("{}: {}", node, told));
                                        }});
  ASSERT_TRUE(cluster.has_value()) << cluster.error();
  Reactor other;
  const auto taken = listen_on(other, lonely);
  ASSERT_TRUE(taken.has_value());
  EXPECT_FALSE((*cluster)->run().has_value());
  EXPECT_EQ(failures, std::vector<std::string>{"1: " + why});
}

TEST(LiveCluster, a_port_that_is_taken_before_is_said_before_anything_starts) {
  Reactor other;
  const auto taken = listen_on(other, lonely);
  ASSERT_TRUE(taken.has_value());
  const auto cluster =
      LiveCluster::open({lonely_node()}, {.on_event = [](const Event&) {}, .on_ready = [] {}});
  ASSERT_FALSE(cluster.has_value());
  EXPECT_EQ(cluster.error(), "node 1 " + why);
}

TEST(LiveCluster, an_address_that_cannot_be_is_said_with_its_remedy) {
  const auto error_of = [](const std::string& host) {
    auto node = lonely_node();
    node.bind_host = host;
    node.bind_port = static_cast<std::uint16_t>(24000 + process % 4000);
    const auto cluster =
        LiveCluster::open({node}, {.on_event = [](const Event&) {}, .on_ready = [] {}});
    return cluster ? "" : cluster.error();
  };
  EXPECT_EQ(error_of("no-such-host.invalid"),
            "node 1 cannot listen on no-such-host.invalid: nobody knows this name: add it to DNS "
            "or /etc/hosts, or name an address with --host");
  EXPECT_EQ(error_of("192.0.2.1"),
            fmt::format("node 1 cannot listen on 192.0.2.1:{}: this machine has no such address: "
                        "name another --port or --host",
                        24000 + process % 4000));
  EXPECT_EQ(error_of("localhost"), "");
}

ServedNode lonely_node_of_both_roles() {
  auto node = lonely_node();
  node.config.is_broker = true;
  return node;
}

TEST(LiveCluster, what_cannot_be_made_durable_at_the_end_is_a_failure) {
  const auto node = lonely_node_of_both_roles();
  // It cannot be opened for writing.
  const std::string in_the_way = node.data_directory + "/.kafka_cleanshutdown.tmp";
  std::vector<std::string> failures;
  const auto stop = [&] {
    std::filesystem::create_directory(in_the_way);
    kill(process, SIGTERM);
  };
  const auto keep = [&](NodeId, std::string_view told) { failures.emplace_back(told); };
  auto cluster = LiveCluster::open(
      {node}, {.on_event = [](const Event&) {}, .on_ready = stop, .on_failure = keep});
  ASSERT_TRUE(cluster.has_value()) << cluster.error();
  const auto ended = (*cluster)->run();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error(), "node 1: the clean shutdown marker cannot be written");
  EXPECT_EQ(failures, std::vector<std::string>{"the clean shutdown marker cannot be written"});
}

TEST(LiveCluster, one_that_is_stopped_while_it_starts_has_not_failed) {
  auto cluster = LiveCluster::open({lonely_node_of_both_roles()},
                                   {.on_event = [](const Event&) {}, .on_ready = [] {}});
  ASSERT_TRUE(cluster.has_value()) << cluster.error();
  kill(process, SIGTERM);
  const auto ended = (*cluster)->run();
  EXPECT_TRUE(ended.has_value()) << ended.error();
  sigset_t blocked;
  sigprocmask(SIG_BLOCK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 0);  // What is still to end can be ended.
}

// Its shell tells of it, and a moment later the kernel.
TEST(LiveCluster, a_terminal_that_goes_ends_in_order_however_often_that_is_told) {
  std::signal(SIGHUP, SIG_DFL);
  bool is_ready = false;
  const auto tell = [&] { kill(process, SIGHUP); };
  const auto tell_once_more = [&](const Event&) {
    if (is_ready) tell();
  };
  const auto tell_first = [&] {
    is_ready = true;
    tell();
  };
  auto cluster = LiveCluster::open({lonely_node_of_both_roles()},
                                   {.on_event = tell_once_more, .on_ready = tell_first});
  ASSERT_TRUE(cluster.has_value()) << cluster.error();
  EXPECT_TRUE((*cluster)->run().has_value());
  std::signal(SIGHUP, SIG_IGN);  // What nobody has read is forgotten.
  std::signal(SIGHUP, SIG_DFL);
}

}  // namespace
}  // namespace brokersim::live
