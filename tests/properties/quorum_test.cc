// BS-Q02, BS-Q03 and BS-Q04: what a majority of the controllers committed, who leads without one,
// and who stands for election without being wanted.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

// Controllers 1, 2 and 3 have a vote.
class Quorum : public History {
 public:
  Quorum() : History({.quorum_voters = nodes({1, 2, 3}), .quorum_fetch_timeout = 2s}) {}

  EventId wrote(int node, Offset offset, int epoch, std::uint64_t digest) {
    return add(node, BatchStored{metadata_partition(), batch(offset, epoch, digest)});
  }
  EventId synced(int node, Offset end) { return add(node, LogSynced{metadata_partition(), end}); }
  // In memory and on disk.
  void has(int node, Offset offset, int epoch, std::uint64_t digest) {
    wrote(node, offset, epoch, digest);
    synced(node, offset + 1);
  }
  EventId leads(int node, int epoch) {
    return add(node, QuorumLeaderAnnounced{LeaderEpoch{epoch}});
  }
  EventId answers(int node, int to, Offset high_watermark, int error = 0) {
    return add(node, FetchAnswered{
                         "quorum", NodeId{to}, metadata_partition(), error, 0, high_watermark, {}});
  }
  EventId votes(int node, int candidate, int epoch, bool is_granted = true) {
    return add(node, VoteAnswered{NodeId{candidate}, LeaderEpoch{epoch}, is_granted});
  }
  EventId supports(int node, int candidate, int epoch, bool is_granted = true) {
    return add(node, PreVoteAnswered{NodeId{candidate}, LeaderEpoch{epoch}, is_granted});
  }
};

// 1 leads epoch 1, whose records at offsets 0 and 1 are on 1 and 2, and has shown that.
struct Committed : Quorum {
  Committed() {
    leads(1, 1);
    for (const Offset offset : {0, 1}) {
      has(1, offset, 1, 100 + static_cast<std::uint64_t>(offset));
      has(2, offset, 1, 100 + static_cast<std::uint64_t>(offset));
    }
    answers(1, 2, 2);
  }
};

// ---- BS-Q02 ------------------------------------------------------------------------------------

TEST(QuorumCommits, are_what_a_majority_has_synced_and_the_next_leader_has) {
  Committed h;
  h.leads(2, 2);
  h.has(2, 2, 2, 102);
  h.answers(2, 1, -1);
  h.has(1, 2, 2, 102);
  h.answers(2, 1, 3);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(QuorumCommits, of_a_later_leader_without_them_are_lost) {
  Committed h;
  h.leads(3, 2);
  EXPECT_EQ(h.fired(), Fired{"BS-Q02/leads_without"});
}

// It announces itself once more, to one that it has not reached yet.
TEST(QuorumCommits, may_be_more_than_the_leader_of_an_earlier_epoch_has) {
  Committed h;
  h.leads(2, 3);
  h.has(2, 2, 3, 102);
  h.has(3, 0, 1, 100);
  h.has(3, 1, 1, 101);
  h.has(3, 2, 3, 102);
  h.answers(2, 3, 3);
  h.leads(1, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(QuorumCommits, that_another_leader_shows_otherwise_are_a_violation) {
  Committed h;
  h.leads(3, 1);
  h.has(3, 0, 1, 100);
  h.has(3, 1, 1, 666);
  h.answers(3, 2, 2);
  EXPECT_TRUE(has(h.fired(), "BS-Q02/shown_otherwise"));
}

TEST(QuorumCommits, that_only_the_leader_has_synced_are_a_violation) {
  Quorum h;
  h.leads(1, 1);
  h.has(1, 0, 1, 100);
  h.wrote(2, 0, 1, 100);
  h.answers(1, 3, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-Q02/beyond_majority"});
}

// Whose record of epoch 1 two have now, under none of epoch 3 (Raft's figure 8).
struct NewLeader : Quorum {
  NewLeader() {
    leads(1, 1);
    has(1, 0, 1, 100);
    has(1, 1, 1, 101);
    leads(1, 3);
    has(1, 2, 3, 102);
    has(2, 0, 1, 100);
    has(2, 1, 1, 101);
  }
};

TEST(QuorumCommits, of_earlier_epochs_wait_for_a_record_of_the_leaders_own) {
  NewLeader early;
  early.answers(1, 2, 2);
  EXPECT_EQ(early.fired(), Fired{"BS-Q02/before_own_record"});

  NewLeader patient;
  patient.answers(1, 2, -1);
  patient.has(2, 2, 3, 102);
  patient.answers(1, 2, 3);
  EXPECT_EQ(patient.fired(), Fired{});
}

TEST(QuorumCommits, are_nothing_where_a_high_watermark_covers_nothing_or_a_fetch_is_refused) {
  NewLeader h;
  h.answers(1, 2, 0);
  h.answers(1, 2, 2, 74);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(QuorumCommits, count_as_held_where_a_snapshot_stands_for_them) {
  Committed h;
  h.add(3, SnapshotStored{2, LeaderEpoch{1}, ""});
  h.add(3, LogBegun{metadata_partition(), 2, LeaderEpoch{1}});
  h.leads(3, 2);
  h.has(3, 2, 2, 102);
  h.has(1, 2, 2, 102);
  h.answers(3, 1, 3);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(QuorumCommits, of_other_voters_are_agreed_on_by_a_majority_of_those) {
  Committed fine;
  fine.has(1, 2, 1, 102);
  fine.has(2, 2, 1, 102);
  fine.add(-1, VotersCommitted{History::nodes({1, 2}), 2});
  fine.answers(1, 2, 3);
  EXPECT_EQ(fine.fired(), Fired{});
  Committed early;  // 1 goes, and has counted itself.
  early.has(1, 2, 1, 102);
  early.has(2, 2, 1, 102);
  early.answers(1, 2, 3);
  for (const Offset offset : {0, 1, 2}) {
    early.has(3, offset, 1, 100 + static_cast<std::uint64_t>(offset));
  }
  early.add(-1, VotersCommitted{History::nodes({2, 3}), 2});
  EXPECT_EQ(early.fired(), Fired{"BS-Q02/voters_not_asked"});
}

// The voters are 2, 3 and 4 by now. 1 had a vote, and 3 and 4 have not synced so much.
TEST(QuorumCommits, count_those_who_vote_and_not_who_did) {
  for (const int other : {1, 4}) {
    Committed h;
    const auto store = [&h](int node, Offset offset) {
      h.has(node, offset, 1, 100 + static_cast<std::uint64_t>(offset));
    };
    for (const Offset offset : {0, 1}) {
      for (const int node : {3, 4}) store(node, offset);
    }
    h.add(-1, VotersCommitted{History::nodes({1, 2, 3}), 2});
    h.add(-1, VotersCommitted{History::nodes({1, 2, 3, 4}), 2});
    h.add(-1, VotersCommitted{History::nodes({2, 3, 4}), 2});
    h.leads(2, 2);
    h.has(2, 2, 2, 102);
    h.has(other, 2, 2, 102);
    h.answers(2, 1, 3);
    EXPECT_EQ(has(h.fired(), "BS-Q02/beyond_majority"), other == 1);
  }
}

// ---- BS-Q03 ------------------------------------------------------------------------------------

TEST(CheckQuorum, a_leader_that_only_brokers_fetch_from_for_long_is_a_violation) {
  Committed h;
  h.wait(8s);
  h.answers(1, 50, 2);
  EXPECT_EQ(h.fired(), Fired{});
  h.wait(1500ms);
  h.answers(1, 50, 2);
  EXPECT_EQ(h.fired(), Fired{"BS-Q03/leads_alone"});
}

TEST(CheckQuorum, one_other_of_three_is_enough_and_so_is_refusing_to_lead) {
  Committed h;
  for (int second = 0; second < 20; second += 4) {
    h.wait(4s);
    h.answers(1, 3, 2);
    h.answers(1, 50, 2);
  }
  h.wait(20s);
  h.answers(1, 50, -1, 6);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(CheckQuorum, who_was_just_voted_for_or_sends_a_snapshot_is_in_touch) {
  Committed h;
  h.wait(20s);
  h.supports(2, 1, 1);
  h.votes(2, 1, 2);
  h.answers(1, 50, -1);
  h.wait(8s);
  h.add(1, SnapshotAnswered{NodeId{2}, 2, 0, 0});
  h.wait(8s);
  h.answers(1, 50, -1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(CheckQuorum, time_in_which_a_leader_was_paused_does_not_count) {
  Committed h;
  h.add(1, NodePaused{});
  h.wait(30s);
  h.add(1, NodeResumed{});
  h.answers(1, 50, 2);
  EXPECT_EQ(h.fired(), Fired{});
  h.wait(9s);
  h.answers(1, 50, 2);
  EXPECT_EQ(h.fired(), Fired{"BS-Q03/leads_alone"});
}

TEST(CheckQuorum, the_only_voter_is_in_touch_with_itself) {
  History h({.quorum_voters = History::nodes({1})});
  h.wait(60s);
  h.add(1, FetchAnswered{"quorum", NodeId{50}, metadata_partition(), 0, 0, -1, {}});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(CheckQuorum, voters_that_can_be_fewer_need_fewer) {
  const auto fired_with = [](std::vector<int> voters) {
    History h({.quorum_voters = History::nodes({1, 2, 3, 4, 5})});
    h.add(-1, VotersCommitted{History::nodes(voters), 1});
    h.wait(60s);
    h.add(1, FetchAnswered{"quorum", NodeId{2}, metadata_partition(), 0, 0, -1, {}});
    return h.fired();
  };
  EXPECT_EQ(fired_with({1, 2, 3, 4, 5}), Fired{"BS-Q03/leads_alone"});
  EXPECT_EQ(fired_with({1, 2, 3, 4}), Fired{});  // One of them may be going already.
}

// ---- BS-Q04 ------------------------------------------------------------------------------------

TEST(PreVotes, who_stands_without_a_majority_for_it_is_a_violation) {
  Quorum h;
  h.supports(2, 3, 4, false);
  h.votes(2, 3, 5, false);
  EXPECT_EQ(h.fired(), Fired{"BS-Q04/stands_unasked"});
}

TEST(PreVotes, a_majority_counts_the_candidate_and_holds_over_a_restart) {
  Quorum h;
  h.supports(2, 3, 4);
  h.votes(2, 3, 5);
  h.stopped(3, NodeStopped::How::power_loss);
  h.started(3, 1);
  h.votes(1, 3, 5, false);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(PreVotes, are_for_one_candidate_and_the_next_epoch_only) {
  Quorum other;
  other.supports(2, 1, 4);
  other.votes(2, 3, 5);
  EXPECT_EQ(other.fired(), Fired{"BS-Q04/stands_unasked"});

  Quorum later;
  later.supports(2, 3, 4);
  later.votes(2, 3, 6);
  EXPECT_EQ(later.fired(), Fired{"BS-Q04/stands_unasked"});
}

TEST(PreVotes, are_not_judged_where_nobody_knows_who_votes) {
  History h;
  h.add(2, VoteAnswered{NodeId{3}, LeaderEpoch{5}, true});
  EXPECT_EQ(h.fired(), Fired{});
}

}  // namespace
}  // namespace brokersim::properties
