// What members with the assignor "sticky" say of the share they had: in Kafka's bytes.
#include "core/client/sticky_user_data.h"

#include <gtest/gtest.h>

namespace brokersim::client {
namespace {

TEST(StickyUserData, is_written_as_partitions_by_topic_and_their_generation) {
  EXPECT_EQ(wire::check_description<StickyUserData>(), "");
  StickyUserData data;
  data.previous_assignment.push_back({.topic = "t", .partitions = {0, 2}});
  data.generation = 7;
  Bytes expected{0, 0, 0, 1, 0, 1, 't', 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 7};
  EXPECT_EQ(wire::encode(data, 1), expected);
  expected.resize(expected.size() - 4);
  EXPECT_EQ(wire::encode(data, 0), expected);
}

}  // namespace
}  // namespace brokersim::client
