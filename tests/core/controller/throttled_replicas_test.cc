// Lists of throttled replicas as topics are configured with them (KIP-73): what Kafka takes for
// one.
#include "core/controller/throttled_replicas.h"

#include <gtest/gtest.h>

namespace brokersim::controller {
namespace {

TEST(ThrottledReplicas, are_pairs_of_partition_and_broker) {
  const auto some = ThrottledReplicas::parse("0:1, 0:2 ,12:101");
  ASSERT_TRUE(some);
  EXPECT_TRUE(some->has(0, NodeId(1)));
  EXPECT_TRUE(some->has(0, NodeId(2)));
  EXPECT_TRUE(some->has(12, NodeId(101)));
  EXPECT_FALSE(some->has(1, NodeId(1)));
  EXPECT_FALSE(some->has(12, NodeId(1)));
  EXPECT_FALSE(some->empty());
}

TEST(ThrottledReplicas, are_all_of_a_topic_or_none) {
  for (const auto* all : {"*", " * "}) {
    const auto parsed = ThrottledReplicas::parse(all);
    ASSERT_TRUE(parsed) << all;
    EXPECT_TRUE(parsed->has(7, NodeId(8)));
    EXPECT_FALSE(parsed->empty());
  }
  for (const auto* none : {"", " ", ",", ", "}) {
    const auto parsed = ThrottledReplicas::parse(none);
    ASSERT_TRUE(parsed) << none;
    EXPECT_TRUE(parsed->empty()) << none;
  }
}

TEST(ThrottledReplicas, are_nothing_else) {
  for (const auto* text : {"0", "0:", ":1", "0:1:2", "-1:1", "0:-1", "0:one", "0 1", "none",
                           "*,0:1", "0:1,*", "**", "0:1,,1:2", ",0:1", "0:2147483648", "0: 1"}) {
    EXPECT_FALSE(ThrottledReplicas::parse(text)) << text;
  }
  EXPECT_TRUE(ThrottledReplicas::parse("0:1,"));
}

}  // namespace
}  // namespace brokersim::controller
