// How Metadata responses of brokers that know more or less add up.
#include "core/client/cluster_view.h"

#include <gtest/gtest.h>

namespace brokersim::client {
namespace {

using api::ErrorCode;

const TopicPartition orders{"orders", 0};

api::MetadataResponse response(std::int32_t leader, std::int32_t epoch, std::uint8_t topic_id = 1) {
  api::MetadataResponse out{.controller_id = NodeId(2)};
  for (int id = 1; id <= 2; ++id) {
    out.brokers.push_back({.node_id = NodeId(id), .host = "b", .port = 9000 + id});
  }
  out.topics.push_back({.name = "orders", .topic_id = {topic_id}});
  out.topics[0].partitions.push_back({.partition_index = 0,
                                      .leader_id = NodeId(leader),
                                      .leader_epoch = LeaderEpoch(epoch),
                                      .isr_nodes = {NodeId(leader)}});
  return out;
}

TEST(ClusterView, knows_brokers_controller_and_leaders) {
  ClusterView view;
  EXPECT_EQ(view.partition_count("orders"), 0);
  view.apply(response(1, 5));
  EXPECT_EQ(view.leader_of(orders), NodeId(1));
  EXPECT_EQ(view.address_of(NodeId(2)), (Address{"b", 9002}));
  EXPECT_EQ(view.controller(), NodeId(2));
  EXPECT_EQ(view.partition_count("orders"), 1);
}

TEST(ClusterView, does_not_go_back_to_an_older_leader_epoch) {
  ClusterView view;
  view.apply(response(1, 5));
  view.apply(response(2, 4));
  EXPECT_EQ(view.leader_of(orders), NodeId(1));
  view.apply(response(2, 6));
  EXPECT_EQ(view.leader_of(orders), NodeId(2));
}

TEST(ClusterView, says_whether_a_response_was_news) {
  ClusterView view;
  EXPECT_TRUE(view.apply(response(1, 5)));
  EXPECT_FALSE(view.apply(response(1, 5)));
  EXPECT_FALSE(view.apply(response(2, 4)));
  EXPECT_TRUE(view.apply(response(2, 6)));
  auto fewer = response(2, 6);
  fewer.brokers.pop_back();
  EXPECT_TRUE(view.apply(fewer));
}

TEST(ClusterView, begins_anew_with_another_topic_of_the_same_name) {
  ClusterView view;
  view.apply(response(1, 5));
  view.apply(response(2, 0, 9));
  EXPECT_EQ(view.leader_of(orders), NodeId(2));
}

TEST(ClusterView, a_broker_that_does_not_know_the_topic_yet_takes_nothing_away) {
  ClusterView view;
  view.apply(response(1, 5));
  auto lagging = response(1, 5);
  lagging.topics[0].error_code = ErrorCode::unknown_topic_or_partition;
  lagging.topics[0].partitions.clear();
  view.apply(lagging);
  EXPECT_EQ(view.leader_of(orders), NodeId(1));
  EXPECT_EQ(view.find("orders")->error, ErrorCode::unknown_topic_or_partition);
}

TEST(ClusterView, a_leader_without_address_is_no_leader) {
  ClusterView view;
  view.apply(response(7, 5));
  EXPECT_FALSE(view.leader_of(orders));
  view.apply(response(-1, 6));
  EXPECT_FALSE(view.leader_of(orders));
}

TEST(ClusterView, believes_that_there_is_no_such_topic_when_two_say_so_one_after_the_other) {
  ClusterView view;
  EXPECT_FALSE(view.may_be_absent("orders"));  // Nobody has been asked.
  auto none = response(1, 5);
  none.topics[0] = {.error_code = ErrorCode::unknown_topic_or_partition, .name = "orders"};
  for (int time = 0; time < 2; ++time) {
    view.apply(response(1, 5));
    EXPECT_FALSE(view.may_be_absent("orders"));
    view.apply(none);
    EXPECT_TRUE(view.may_be_absent("orders"));
    EXPECT_FALSE(view.is_absent("orders"));
  }
  EXPECT_FALSE(view.apply(none)) << "it is no news";
  EXPECT_TRUE(view.is_absent("orders"));
  EXPECT_EQ(view.leader_of(orders), NodeId(1));  // What was known may still be true.
  view.apply(response(1, 5));
  EXPECT_FALSE(view.may_be_absent("orders"));
}

TEST(ClusterView, a_hint_counts_only_if_it_is_newer) {
  ClusterView view;
  view.apply(response(1, 5));
  view.learn_leader(orders, NodeId(2), LeaderEpoch(5));
  EXPECT_EQ(view.leader_of(orders), NodeId(1));
  view.learn_leader(orders, NodeId(2), LeaderEpoch(6));
  EXPECT_EQ(view.leader_of(orders), NodeId(2));
  view.learn_leader({"other", 0}, NodeId(2), LeaderEpoch(6));
  EXPECT_FALSE(view.leader_of({"other", 0}));
}

TEST(ClusterView, of_a_leader_that_is_only_known_to_be_there_nobody_takes_the_place_but_itself) {
  ClusterView view;
  view.apply(response(1, 5));
  view.learn_leader(orders, no_node, LeaderEpoch(6));
  EXPECT_FALSE(view.leader_of(orders));
  view.apply(response(1, 5));
  EXPECT_FALSE(view.leader_of(orders));
  view.apply(response(2, 6));
  EXPECT_EQ(view.leader_of(orders), NodeId(2));
}

}  // namespace
}  // namespace brokersim::client
