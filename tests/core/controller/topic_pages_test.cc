// Paging through partitions: following the cursor shows each once and in order, whatever the limit.
#include "core/controller/topic_pages.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/controller/new_partitions.h"
#include "tests/core/controller/cluster.h"

namespace brokersim::controller {
namespace {

using Request = api::DescribeTopicPartitionsRequest;

constexpr std::int32_t many = 2000;

void add_topic(Cluster& c, const std::string& name, std::int32_t partitions) {
  api::CreateTopicsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = name;
  topic.num_partitions = partitions;
  topic.replication_factor = 1;
  c.keep(c.controller.create_topics(request, c.log.size()));
}

Request asking(std::vector<std::string> names) {
  Request request;
  for (auto& name : names) request.topics.push_back({.name = std::move(name)});
  return request;
}

TEST(TopicPages, tell_what_there_is_not_only_of_topics_that_were_named) {
  Cluster c(2);
  add_topic(c, "a", 1);
  const auto page = page_of_partitions(c.controller.image(), asking({"none", "a", "b/d"}), many);
  ASSERT_EQ(page.topics.size(), 3U);
  EXPECT_EQ(page.topics[0].error_code, ErrorCode::none);
  EXPECT_EQ(page.topics[0].topic_id, c.controller.image().find_topic("a")->id);
  EXPECT_EQ(page.topics[1].error_code, ErrorCode::invalid_topic_exception);
  EXPECT_EQ(page.topics[2].error_code, ErrorCode::unknown_topic_or_partition);
  EXPECT_EQ(page_of_partitions(c.controller.image(), {}, many).topics.size(), 1U);
}

TEST(TopicPages, tell_of_partitions_without_leader_and_of_replicas_that_are_away) {
  Cluster c(2);
  c.create("a", {1});
  c.fence(1);
  const auto page = page_of_partitions(c.controller.image(), {}, many);
  const auto& partition = page.topics[0].partitions[0];
  EXPECT_EQ(partition.error_code, ErrorCode::leader_not_available);
  EXPECT_EQ(partition.leader_id, no_node);
  EXPECT_EQ(partition.offline_replicas, nodes({1}));
}

TEST(TopicPages, do_not_begin_at_a_cursor_that_points_nowhere) {
  Cluster c(1);
  add_topic(c, "a", 1);
  auto request = asking({"a"});
  request.cursor = {.topic_name = "b", .partition_index = 0};
  EXPECT_EQ(page_of_partitions(c.controller.image(), request, many).topics[0].error_code,
            ErrorCode::invalid_request);
  request.cursor = {.topic_name = "a", .partition_index = -1};
  EXPECT_EQ(page_of_partitions(c.controller.image(), request, many).topics[0].error_code,
            ErrorCode::invalid_request);
}

RC_GTEST_PROP(TopicPages, one_after_the_other_show_each_partition_once_in_order, ()) {
  Cluster c(1);
  const auto sizes = *rc::gen::container<std::vector<std::int32_t>>(3, rc::gen::inRange(1, 6));
  std::vector<std::pair<std::string, std::int32_t>> expected;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    add_topic(c, name, sizes[i]);
    for (std::int32_t p = 0; p < sizes[i]; ++p) expected.emplace_back(name, p);
  }
  Request request;
  if (*rc::gen::arbitrary<bool>()) request = asking({"c", "a", "b"});
  request.response_partition_limit = *rc::gen::inRange(-1, 20);
  const auto limit = std::max(1, request.response_partition_limit);
  std::vector<std::pair<std::string, std::int32_t>> shown;
  while (true) {
    const auto page = page_of_partitions(c.controller.image(), request, many);
    std::int32_t on_page = 0;
    for (const auto& topic : page.topics) {
      for (const auto& partition : topic.partitions) {
        shown.emplace_back(*topic.name, partition.partition_index);
        ++on_page;
      }
    }
    RC_ASSERT(on_page <= limit);
    RC_ASSERT(shown.size() <= expected.size());
    if (!page.next_cursor) break;
    RC_ASSERT(on_page == limit);
    request.cursor = {.topic_name = page.next_cursor->topic_name,
                      .partition_index = page.next_cursor->partition_index};
  }
  RC_ASSERT(shown == expected);
}

}  // namespace
}  // namespace brokersim::controller
