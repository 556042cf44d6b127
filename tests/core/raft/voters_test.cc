// Sets of voters and their history in a log: a set changes by one voter at a time, and what is in
// force is what the log says, through appends, cuts, snapshots and deletion.
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/raft/quorum.h"
#include "core/raft/voter_history.h"
#include "core/raft/voter_set.h"

namespace brokersim::raft {
namespace {

Uuid directory(std::uint8_t number) { return Uuid{number}; }

Voter voter(int id, std::uint8_t disk = 1) {
  return {{NodeId(id), directory(disk)}, {{"CONTROLLER", "host", 9093}}, {}};
}

VoterSet voters(std::initializer_list<int> ids) {
  VoterSet set;
  for (const int id : ids) set = *set.with(voter(id));
  return set;
}

// ---- Replicas ----------------------------------------------------------------------------------

TEST(ReplicaKeys, are_the_same_if_node_and_directory_are) {
  const ReplicaKey replica{NodeId(1), directory(1)};
  EXPECT_TRUE(replica.matches(replica));
  EXPECT_FALSE(replica.matches({NodeId(1), directory(2)}));
  EXPECT_FALSE(replica.matches({NodeId(2), directory(1)}));
  EXPECT_FALSE(replica.matches({NodeId(1), no_uuid}));
}

TEST(ReplicaKeys, without_a_directory_mean_whichever_the_node_has) {
  const ReplicaKey node{NodeId(1), no_uuid};
  EXPECT_TRUE(node.matches({NodeId(1), directory(2)}));
  EXPECT_TRUE(node.matches(node));
  EXPECT_FALSE(node.matches({NodeId(2), directory(2)}));
}

// ---- Sets --------------------------------------------------------------------------------------

TEST(VoterSets, have_one_voter_of_each_id) {
  const auto three = voters({1, 2, 3});
  EXPECT_EQ(three.with(voter(3, 2)), std::nullopt);
  EXPECT_EQ(three.with(voter(4)), voters({1, 2, 3, 4}));
}

TEST(VoterSets, lose_the_very_replica_and_never_the_last) {
  const auto two = voters({1, 2});
  EXPECT_EQ(two.without({NodeId(2), directory(2)}), std::nullopt);
  EXPECT_EQ(two.without({NodeId(2), no_uuid}), std::nullopt);
  EXPECT_EQ(two.without({NodeId(3), directory(1)}), std::nullopt);
  EXPECT_EQ(two.without({NodeId(2), directory(1)}), voters({1}));
  EXPECT_EQ(voters({1}).without({NodeId(1), directory(1)}), std::nullopt);
}

TEST(VoterSets, are_described_anew_by_their_voters_only) {
  const auto two = voters({1, 2});
  auto moved = voter(2);
  moved.endpoints[0].port = 1;
  const auto updated = two.with_update(moved);
  ASSERT_TRUE(updated.has_value());
  EXPECT_EQ(updated->find(NodeId(2))->quorum_endpoint()->port, 1);
  EXPECT_EQ(two.with_update(voter(2, 9)), std::nullopt);
  EXPECT_EQ(two.with_update(voter(3)), std::nullopt);
}

TEST(VoterSets, of_ids_take_whatever_directory_the_voters_have) {
  const auto fixed = VoterSet::of_ids({NodeId(1), NodeId(2)});
  EXPECT_TRUE(fixed.contains(ReplicaKey{NodeId(1), directory(7)}));
  EXPECT_FALSE(fixed.contains(ReplicaKey{NodeId(3), directory(7)}));
  EXPECT_FALSE(voters({1, 2}).contains(ReplicaKey{NodeId(1), directory(7)}));
}

// Why a change is of one voter: what the one set has agreed on the other cannot contradict.
RC_GTEST_PROP(VoterSets, that_follow_each_other_have_no_majorities_apart, ()) {
  const auto size = *rc::gen::inRange(1, 7);
  VoterSet before;
  for (int id = 0; id < size; ++id) before = *before.with(voter(id));
  const auto changed = *rc::gen::arbitrary<bool>() ? before.with(voter(size))
                                                   : before.without({NodeId(0), directory(1)});
  const auto after = changed.value_or(before);
  const auto some = [](const VoterSet& set, std::uint32_t chosen) {
    std::vector<NodeId> members;
    for (const NodeId id : set.ids()) {
      if ((chosen >> id.value & 1) != 0) members.push_back(id);
    }
    return members;
  };
  const auto chosen = *rc::gen::inRange<std::uint32_t>(0, 1u << 8);
  const auto one = some(before, chosen);
  const auto other = some(after, ~chosen);
  RC_ASSERT(one.size() < majority_of(before.size()) || other.size() < majority_of(after.size()));
}

// Bytes by hand: version, one voter of id 7, its directory, one endpoint, versions 0 to 1.
TEST(VotersRecords, are_those_of_the_protocol) {
  VoterSet set;
  set = *set.with({{NodeId(7), directory(5)}, {{"C", "h", 9093}}, {0, 1}});
  const Bytes expected{0, 0, 2, 0, 0, 0, 7,   5, 0,   0,    0,    0, 0, 0, 0, 0, 0, 0, 0,
                       0, 0, 0, 0, 2, 2, 'C', 2, 'h', 0x23, 0x85, 0, 0, 0, 0, 1, 0, 0, 0};
  EXPECT_EQ(encode_voters(set), expected);
  EXPECT_EQ(*decode_voters(expected), set);
}

TEST(VotersRecords, that_name_nobody_are_refused) {
  EXPECT_FALSE(decode_voters(encode_voters(VoterSet())));
}

// ---- Histories ---------------------------------------------------------------------------------

TEST(VoterHistories, without_records_have_the_configured_voters) {
  const VoterHistory fixed(VoterSet::of_ids({NodeId(1)}));
  EXPECT_TRUE(fixed.is_fixed());
  EXPECT_EQ(fixed.latest().size(), 1u);
  EXPECT_EQ(fixed.latest_offset(), VoterHistory::before_the_log);
  EXPECT_FALSE(VoterHistory().is_fixed());
  EXPECT_TRUE(VoterHistory().latest().empty());
}

TEST(VoterHistories, go_by_the_latest_record_until_it_is_cut_off) {
  VoterHistory history;
  history.add(VoterHistory::before_the_log, voters({1}));
  history.add(4, voters({1, 2}));
  history.add(9, voters({1, 2, 3}));
  EXPECT_EQ(history.latest(), voters({1, 2, 3}));
  EXPECT_EQ(history.named_before(9), voters({1, 2}));
  EXPECT_EQ(history.named_before(10), voters({1, 2, 3}));
  history.cut_back_to(10);
  EXPECT_EQ(history.latest_offset(), 9);
  history.cut_back_to(9);
  EXPECT_EQ(history.latest_offset(), 4);
  history.cut_back_to(0);
  EXPECT_EQ(history.latest(), voters({1}));
}

// The model is a log of who is named at each offset, and a snapshot of what lies before its start.
struct LogModel {
  Offset start = 0;
  std::optional<VoterSet> at_start;
  std::vector<std::optional<VoterSet>> records;

  Offset end() const { return start + static_cast<Offset>(records.size()); }
  VoterSet before(Offset offset) const {
    VoterSet set = at_start.value_or(VoterSet());
    for (Offset at = start; at < offset; ++at) {
      set = records[static_cast<std::size_t>(at - start)].value_or(set);
    }
    return set;
  }
  void cut(Offset to) { records.resize(static_cast<std::size_t>(to - start)); }
  void drop(Offset to) {
    if (auto set = before(to); !set.empty()) at_start = set;
    records.erase(records.begin(), records.begin() + (to - start));
    start = to;
  }
};

RC_GTEST_PROP(VoterHistories, say_what_the_log_says_whatever_happens_to_it, ()) {
  VoterHistory history;
  LogModel log;
  int named = 0;
  const auto somewhere = [&] {
    return log.start + *rc::gen::inRange<Offset>(0, log.end() - log.start + 1);
  };
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
    switch (*rc::gen::inRange(0, 6)) {
      case 0: {
        const auto to = somewhere();
        history.cut_back_to(to);
        log.cut(to);
        break;
      }
      case 1: {
        const auto to = somewhere();
        history.begin_at(to);
        log.drop(to);
        break;
      }
      case 2: {  // Somebody else's snapshot.
        const auto to = log.end() + *rc::gen::inRange<Offset>(1, 5);
        const auto set = voters({++named});
        history.replace_by(to, set);
        log = {to, set, {}};
        break;
      }
      case 3:
        history.add(log.end(), voters({++named}));
        log.records.push_back(voters({named}));
        break;
      default: log.records.push_back(std::nullopt);
    }
    RC_ASSERT(history.latest() == log.before(log.end()));
    const auto at = somewhere();
    RC_ASSERT(history.named_before(at).value_or(VoterSet()) == log.before(at));
  }
}

}  // namespace
}  // namespace brokersim::raft
