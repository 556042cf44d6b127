// Which replica a consumer is sent to: in its rack, with the record it wants next, else the leader.
#include "core/partition/read_replica.h"

#include <gtest/gtest.h>

#include "tests/core/partition/nodes.h"

namespace brokersim::partition {
namespace {

// Broker 1 leads in rack a.
const std::vector<ReadCandidate> everyone{{n1, "a", 10}, {n2, "b", 8}, {n3, "b", 9}};

TEST(NearestReplica, is_the_leader_in_its_own_rack_and_in_racks_where_nobody_is) {
  EXPECT_EQ(nearest_replica(everyone, n1, "a", 0), n1);
  EXPECT_EQ(nearest_replica(everyone, n1, "c", 0), n1);
  const std::vector<ReadCandidate> together{{n2, "a", 12}, {n1, "a", 10}};
  EXPECT_EQ(nearest_replica(together, n1, "a", 0), n1);
}

TEST(NearestReplica, is_who_has_most_in_the_consumers_rack_and_the_offset) {
  EXPECT_EQ(nearest_replica(everyone, n1, "b", 8), n3);
  EXPECT_EQ(nearest_replica(everyone, n1, "b", 9), n3);
  EXPECT_EQ(nearest_replica(everyone, n1, "b", 10), n1);
  const std::vector<ReadCandidate> alike{{n1, "a", 9}, {n3, "b", 9}, {n2, "b", 9}};
  EXPECT_EQ(nearest_replica(alike, n1, "b", 9), n3);
}

TEST(NearestReplica, has_told_where_its_log_ends) {
  EXPECT_EQ(nearest_replica({{n1, "a", 9}, {n2, "b", -1}}, n1, "b", 0), n1);
}

// Who has deleted it would say out of range, and the leader name the same one again.
TEST(NearestReplica, still_has_the_record) {
  for (const Offset start : {-1, 4, 5, 6}) {
    EXPECT_EQ(nearest_replica({{n1, "a", 9}, {n2, "b", 9, start}}, n1, "b", 5),
              start > 5 ? n1 : n2);
  }
}

}  // namespace
}  // namespace brokersim::partition
