// A cluster that cannot be reached says so and ends. It listens on a loopback address that nobody
// else uses.
#include "sim/live/live_cluster.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "sim/live/live_network.h"

namespace brokersim::live {
namespace {

const Address lonely{"127.98.67.43", 19092};

ServedNode lonely_node() {
  const std::string folder = testing::TempDir() + "brokersim-lonely";
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
  const std::string why =
      "cannot listen on 127.98.67.43:19092: the port is taken: name another --port or --host";
  EXPECT_EQ(ended.error(), "node 1: " + why);
  EXPECT_EQ(notes, std::vector<std::string>{"node 1 stops: " + why});
}

TEST(LiveCluster, a_port_that_is_taken_before_is_said_before_anything_starts) {
  Reactor other;
  const auto taken = listen_on(other, lonely);
  ASSERT_TRUE(taken.has_value());
  const auto cluster =
      LiveCluster::open({lonely_node()}, {.on_event = [](const Event&) {}, .on_ready = [] {}});
  ASSERT_FALSE(cluster.has_value());
  EXPECT_EQ(cluster.error(),
            "node 1 cannot listen on 127.98.67.43:19092: the port is taken: name another --port or "
            "--host");
}

}  // namespace
}  // namespace brokersim::live
