// Which replica a consumer is sent to: in its rack, with the record it wants next, else the leader.
// As a table, and for any candidates.
#include "core/partition/read_replica.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

// In any order of their ids; most stand together, and have most of the log.
std::vector<ReadCandidate> any_candidates() {
  std::vector<ReadCandidate> candidates;
  const int count = *rc::gen::element(1, 3, 4, 5, 6);
  const int first = *rc::gen::element(0, 1, 2, 3, 4, 5, 6);
  for (int i = 0; i < count; ++i) {
    auto& candidate = candidates.emplace_back();
    candidate.replica = NodeId((first + 3 * i) % 7);
    candidate.rack = *rc::gen::element<std::string>("a", "a", "a", "b", "");
    candidate.end_offset = *rc::gen::element<Offset>(-1, 1, 2, 2, 3, 3);
    candidate.start_offset = *rc::gen::element<Offset>(-1, -1, -1, 0, 1, 2);
  }
  return candidates;
}

// What the rule says of whoever is named, however it was found.
RC_GTEST_PROP(NearestReplica, is_near_has_the_record_and_is_second_to_none_that_is_and_has, ()) {
  auto candidates = any_candidates();
  auto& leader = candidates[*rc::gen::inRange<std::size_t>(0, candidates.size())];
  leader.rack = *rc::gen::element<std::string>("a", "b", "b", "b");
  const auto rack = *rc::gen::element<std::string>("a", "a", "a", "a", "b", "c");
  const Offset wanted = *rc::gen::element<Offset>(0, 1, 2, 3);
  const auto serves = [&](const ReadCandidate& candidate) {
    return candidate.rack == rack && candidate.start_offset <= wanted &&
           wanted <= candidate.end_offset;
  };
  const NodeId found = nearest_replica(candidates, leader.replica, rack, wanted);
  const auto servers = std::count_if(candidates.begin(), candidates.end(), serves);
  RC_CLASSIFY(leader.rack == rack, "the leader is near");
  RC_CLASSIFY(leader.rack != rack && servers == 1, "one serves");
  RC_CLASSIFY(leader.rack != rack && servers > 1, "several serve");
  if (leader.rack == rack || servers == 0) {
    RC_ASSERT(found == leader.replica);
    return;
  }
  const auto named = std::find_if(candidates.begin(), candidates.end(),
                                  [=](const auto& one) { return one.replica == found; });
  RC_ASSERT(named != candidates.end());
  RC_ASSERT(serves(*named));
  for (auto other = candidates.begin(); other != candidates.end(); ++other) {
    if (!serves(*other)) continue;
    RC_ASSERT(other->end_offset <= named->end_offset);
    if (other < named) RC_ASSERT(other->end_offset < named->end_offset);
  }
}

}  // namespace
}  // namespace brokersim::partition
