// Majorities against their plain meaning, and the quorum-state file: what is written is read, and
// no text breaks the reader.
#include "core/raft/quorum.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/raft/quorum_state.h"

namespace brokersim::raft {
namespace {

RC_GTEST_PROP(Majority, reaches_the_largest_value_that_more_than_half_have, ()) {
  const auto values = *rc::gen::nonEmpty<std::vector<int>>();
  const auto have = [&](int value) {
    return 2 * std::count_if(values.begin(), values.end(), [=](int v) { return v >= value; }) >
           static_cast<std::ptrdiff_t>(values.size());
  };
  const int reached = majority_reaches(values);
  RC_ASSERT(have(reached));
  for (const int value : values) {
    if (value > reached) RC_ASSERT(!have(value));
  }
}

RC_GTEST_PROP(Votes, are_won_or_lost_as_soon_as_that_is_certain, ()) {
  const int n = *rc::gen::inRange(1, 8);
  std::vector<NodeId> voters;
  for (int i = 0; i < n; ++i) voters.push_back(NodeId(i));
  VoteTally tally(voters);
  int granted = 0;
  int rejected = 0;
  for (int i = 0; i < n; ++i) {
    RC_ASSERT(tally.is_won() == (2 * granted > n));
    RC_ASSERT(tally.is_lost() == (2 * (n - rejected) <= n));
    const bool grants = *rc::gen::arbitrary<bool>();
    (grants ? granted : rejected) += 1;
    tally.record(NodeId(i), grants);
    tally.record(NodeId(i), !grants);  // Too late to change it.
    tally.record(NodeId(n + i), true);
  }
  RC_ASSERT(tally.is_won() != tally.is_lost());
}

VoterHistory fixed(const std::vector<NodeId>& ids) { return VoterHistory(VoterSet::of_ids(ids)); }

constexpr Uuid some_directory{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255};

TEST(QuorumStateFile, of_voters_that_can_change_has_the_directory_of_who_was_voted_for) {
  const QuorumState state{no_node, LeaderEpoch(7), NodeId(3), some_directory};
  const std::string_view text = R"({"leaderId":-1,"leaderEpoch":7,"votedId":3,)"
                                R"("votedDirectoryId":"AAECAwQFBgcICQoLDA0O_w","data_version":1})";
  EXPECT_EQ(encode_quorum_state(state, VoterHistory()), text);
  const auto decoded = decode_quorum_state(text);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, state);
  EXPECT_FALSE(decode_quorum_state(R"({"leaderId":-1,"leaderEpoch":7,"votedId":3,)"
                                   R"("votedDirectoryId":"3","data_version":1})"));
}

TEST(QuorumStateFile, is_as_kafka_writes_it) {
  const QuorumState state{NodeId(2), LeaderEpoch(5), NodeId(-1)};
  EXPECT_EQ(encode_quorum_state(state, fixed({NodeId(1), NodeId(2)})),
            R"({"clusterId":"","leaderId":2,"leaderEpoch":5,"votedId":-1,"appliedOffset":0,)"
            R"("currentVoters":[{"voterId":1},{"voterId":2}],"data_version":0})");
}

TEST(QuorumStateFile, of_version_1_is_understood) {
  const auto state =
      decode_quorum_state(R"({"leaderId":-1,"leaderEpoch":7,"votedId":3,)"
                          R"("votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1})");
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(*state, (QuorumState{no_node, LeaderEpoch(7), NodeId(3)}));
}

TEST(QuorumStateFile, with_numbers_out_of_range_is_refused) {
  for (const char* epoch : {"-1", "2147483648", "18446744073709551617", "1.5", "null", "\"1\""}) {
    const auto text =
        fmt::format(R"({{"leaderId":1,"leaderEpoch":{},"votedId":-1,"data_version":0}})", epoch);
    EXPECT_FALSE(decode_quorum_state(text).has_value()) << epoch;
  }
}

RC_GTEST_PROP(QuorumStateFile, survives_any_damage, ()) {
  const auto id = rc::gen::inRange(-1, 1 << 30);
  const QuorumState state{NodeId(*id), LeaderEpoch(*rc::gen::inRange(0, 1 << 30)), NodeId(*id)};
  auto text = encode_quorum_state(state, fixed({NodeId(1)}));
  const auto decoded = decode_quorum_state(text);
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == state);
  text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
  (void)decode_quorum_state(text);
  text.resize(*rc::gen::inRange<std::size_t>(0, text.size()));
  RC_ASSERT(!decode_quorum_state(text).has_value());
}

}  // namespace
}  // namespace brokersim::raft
