// The rules of KIP-595 and KIP-996, one by one, on a single node whose peers are played by the
// test.
#include <gtest/gtest.h>

#include "tests/core/raft/lone_node.h"

namespace brokersim::raft {
namespace {

using api::ErrorCode;

// ---- Elections ---------------------------------------------------------------------------------

TEST(Elections, begin_with_a_pre_vote_in_the_same_epoch_that_is_not_persisted) {
  Node node;
  node.start();
  EXPECT_FALSE(node.time_passes().persist);
  EXPECT_EQ(node.raft->role_name(), "prospective");
  EXPECT_TRUE(std::get<VoteRequest>(*node.raft->request_for(b)).pre_vote);
  const auto out = node.vote_arrives(b, true);
  EXPECT_EQ(out.persist, (QuorumState{no_node, epoch(1), a}));
  EXPECT_EQ(node.raft->role_name(), "candidate");
}

TEST(Elections, without_pre_vote_begin_with_an_epoch_that_disturbs) {
  Node node({}, {.has_pre_vote = false});
  node.start();
  EXPECT_EQ(node.time_passes().persist, (QuorumState{no_node, epoch(1), a}));
  EXPECT_EQ(node.raft->role_name(), "candidate");
}

// Nothing is divided by it.
TEST(Elections, without_back_off_are_tried_again_at_once) {
  Node node({}, {}, a, {a, b, c}, 0s);
  node.start();
  node.time_passes();
  node.vote_arrives(b, true);
  node.vote_arrives(b, false);
  node.vote_arrives(c, false);
  EXPECT_EQ(node.raft->next_deadline(), node.now);
}

TEST(Elections, are_won_by_a_majority_and_announced_until_acknowledged) {
  Node node;
  node.elected();
  EXPECT_TRUE(node.raft->is_leader());
  EXPECT_EQ(node.stored, (QuorumState{a, epoch(1), a}));
  const auto request = std::get<BeginQuorumEpochRequest>(*node.raft->request_for(c));
  (void)node.raft->on_begin_quorum_epoch_response(node.now, c, request,
                                                  {ErrorCode::broker_not_available, {}});
  EXPECT_TRUE(node.raft->request_for(c));
  (void)node.raft->on_begin_quorum_epoch_response(node.now, c, request,
                                                  {ErrorCode::none, {a, epoch(1)}});
  EXPECT_FALSE(node.raft->request_for(c));
}

TEST(Elections, lost_are_tried_again_after_a_back_off_in_a_later_epoch) {
  Node node;
  node.start();
  node.time_passes();
  node.vote_arrives(b, true);
  node.vote_arrives(b, false);
  node.vote_arrives(c, false);
  EXPECT_FALSE(node.raft->request_for(b));
  EXPECT_LE(node.raft->next_deadline(), node.now + 100ms);
  node.time_passes();
  EXPECT_EQ(node.raft->role_name(), "prospective");
}

TEST(Elections, of_a_single_voter_are_won_at_once) {
  Node node({}, {}, a, {a});
  node.start();
  EXPECT_TRUE(node.raft->is_leader());
  EXPECT_EQ(node.started.became_leader, 0);
  EXPECT_EQ(node.raft->next_deadline(), never);
  EXPECT_EQ(node.raft->flushed(epoch(1), 1).high_watermark, 1);
}

TEST(Elections, are_not_for_observers) {
  Node node({}, {}, NodeId(9));
  node.start();
  EXPECT_EQ(node.raft->next_deadline(), never);
  int asked = 0;
  for (const NodeId voter : {a, b, c}) asked += node.raft->request_for(voter).has_value();
  EXPECT_EQ(asked, 1);
}

TEST(Restart, of_a_leader_leaves_it_resigned_in_its_epoch) {
  Node node({a, epoch(4), a});
  node.start();
  EXPECT_EQ(node.raft->role_name(), "resigned");
  node.time_passes();
  EXPECT_EQ(node.raft->current(), (LeaderAndEpoch{no_node, epoch(5)}));
}

TEST(Restart, of_a_candidate_goes_on_asking_for_the_same_epoch) {
  Node node({no_node, epoch(4), a});
  node.start();
  EXPECT_EQ(node.raft->role_name(), "candidate");
  EXPECT_EQ(node.raft->epoch(), epoch(4));
}

TEST(Restart, of_a_follower_follows_the_leader_it_knew) {
  Node node({b, epoch(4), c});
  node.start();
  EXPECT_EQ(node.raft->role_name(), "follower");
  EXPECT_EQ(node.raft->current(), (LeaderAndEpoch{b, epoch(4)}));
}

TEST(Restart, believes_the_log_where_the_stored_state_is_older) {
  Node node({no_node, epoch(1), b});
  node.append(epoch(3));
  node.start();
  EXPECT_EQ(node.stored, (QuorumState{no_node, epoch(3), no_node}));
}

// ---- Votes -------------------------------------------------------------------------------------

TEST(Votes, are_given_once_per_epoch_and_persisted_with_the_answer) {
  Node node;
  node.start();
  EXPECT_TRUE(node.asked_by(b, 1, 0, 0).vote_granted);
  EXPECT_EQ(node.stored, (QuorumState{no_node, epoch(1), b}));
  EXPECT_FALSE(node.asked_by(c, 1, 0, 0).vote_granted);
  EXPECT_TRUE(node.asked_by(b, 1, 0, 0).vote_granted);
  EXPECT_TRUE(node.asked_by(c, 2, 0, 0).vote_granted);
}

TEST(Votes, are_remembered_across_a_restart) {
  Node node({no_node, epoch(1), b});
  node.start();
  EXPECT_FALSE(node.asked_by(c, 1, 0, 0).vote_granted);
}

TEST(Votes, go_only_to_logs_that_are_not_behind) {
  Node node;
  node.append(epoch(1));
  node.append(epoch(3));
  node.start();
  EXPECT_FALSE(node.asked_by(b, 4, 2, 9).vote_granted);
  EXPECT_FALSE(node.asked_by(b, 5, 3, 1).vote_granted);
  EXPECT_TRUE(node.asked_by(b, 6, 3, 2).vote_granted);
  EXPECT_TRUE(node.asked_by(c, 7, 4, 1).vote_granted);
}

TEST(Votes, asked_in_nonsense_are_refused_without_effect) {
  Node node;
  node.start();
  EXPECT_EQ(node.asked_by(b, 2, 2, 5).error, ErrorCode::invalid_request);
  EXPECT_EQ(node.asked_by(b, 2, -1, 5).error, ErrorCode::invalid_request);
  EXPECT_EQ(node.asked_by(b, 2, 1, -5).error, ErrorCode::invalid_request);
  EXPECT_EQ(node.asked_by(b, -1, 0, 0).error, ErrorCode::fenced_leader_epoch);
  const auto answer = node.raft->on_vote(node.now, {epoch(2), b, c, epoch(1), 0, false});
  EXPECT_EQ(answer.response.error, ErrorCode::invalid_voter_key);
  EXPECT_EQ(node.raft->epoch(), epoch(0));
}

TEST(Votes, go_to_nobody_where_a_leader_is_known) {
  Node node;
  node.following(b, 3);
  EXPECT_FALSE(node.asked_by(c, 3, 0, 0).vote_granted);
  EXPECT_TRUE(node.asked_by(c, 4, 0, 0).vote_granted);
}

// Voters may know of each other in different order: a vote goes to whoever is up to date.
TEST(Votes, go_also_to_candidates_that_are_no_voters) {
  Node node;
  node.start();
  EXPECT_TRUE(node.asked_by(NodeId(9), 1, 0, 0).vote_granted);
  EXPECT_EQ(node.stored, (QuorumState{no_node, epoch(1), NodeId(9)}));
}

TEST(Votes, are_given_by_observers_too_who_stand_for_nothing_afterwards) {
  Node node({}, {}, NodeId(9));
  node.start();
  const auto answer = node.raft->on_vote(node.now, {epoch(1), b, NodeId(9), epoch(0), 0});
  EXPECT_TRUE(answer.response.vote_granted);
  EXPECT_EQ(answer.output.persist, (QuorumState{no_node, epoch(1), b}));
  EXPECT_EQ(node.raft->next_deadline(), never);
}

TEST(PreVotes, are_refused_while_a_leader_is_in_touch) {
  Node node;
  node.following(b, 3);
  EXPECT_TRUE(node.asked_by(c, 3, 0, 0, true).vote_granted);
  (void)node.fetch_answered({});
  EXPECT_FALSE(node.asked_by(c, 3, 0, 0, true).vote_granted);
  node.time_passes();
  EXPECT_EQ(node.raft->role_name(), "prospective");
  EXPECT_TRUE(node.asked_by(c, 3, 0, 0, true).vote_granted);
  EXPECT_EQ(node.raft->epoch(), epoch(3));
}

TEST(PreVotes, lost_leave_the_node_with_its_leader_and_its_vote) {
  Node node({no_node, epoch(3), c});
  node.following(b, 3);
  node.time_passes();
  node.vote_arrives(b, false);
  node.vote_arrives(c, false);
  EXPECT_EQ(node.raft->role_name(), "follower");
  EXPECT_EQ(node.stored, (QuorumState{b, epoch(3), c}));
}

TEST(PreVotes, keep_the_vote_of_the_epoch_in_which_they_are_asked) {
  const auto votes_again = [](QuorumRules rules) {
    Node node({no_node, epoch(3), c}, rules);
    node.start();
    node.time_passes();
    EXPECT_EQ(node.raft->role_name(), "prospective");
    return node.asked_by(b, 3, 0, 0).vote_granted;
  };
  EXPECT_FALSE(votes_again({}));
  EXPECT_TRUE(votes_again({.keeps_vote_through_pre_vote = false}));
}

// ---- Leaders come and go -----------------------------------------------------------------------

TEST(Leaders, are_followed_only_one_per_epoch) {
  Node node;
  node.following(b, 3);
  const auto of_c = [&](int of) {
    return node.raft->on_begin_quorum_epoch(node.now, {epoch(of), c, a}).response.error;
  };
  EXPECT_EQ(of_c(3), ErrorCode::invalid_request);
  EXPECT_EQ(of_c(2), ErrorCode::fenced_leader_epoch);
  EXPECT_EQ(of_c(4), ErrorCode::none);
  EXPECT_EQ(node.raft->current(), (LeaderAndEpoch{c, epoch(4)}));
}

TEST(Leaders, that_end_are_succeeded_by_the_longest_log_first) {
  const auto delay_with = [](std::vector<ReplicaKey> successors) {
    Node node;
    node.following(b, 3);
    (void)node.raft->on_end_quorum_epoch(node.now, {epoch(3), b, std::move(successors)});
    return node.raft->next_deadline() - node.now;
  };
  EXPECT_EQ(delay_with({{a}, {c}}), Duration(0));
  EXPECT_EQ(delay_with({{c}, {a}}), Duration(500ms));
}

TEST(Leaders, resign_when_no_majority_fetches) {
  Node node;
  node.elected();
  const Instant elected_at = node.now;
  EXPECT_EQ(node.raft->next_deadline(), elected_at + 3s);
  node.now = elected_at + 2s;
  node.fetched_by(c, 0, epoch(0));
  EXPECT_EQ(node.raft->next_deadline(), elected_at + 5s);
  node.fetched_by(NodeId(9), 0, epoch(0));
  node.time_passes();
  EXPECT_EQ(node.raft->role_name(), "resigned");
  const auto request = std::get<EndQuorumEpochRequest>(*node.raft->request_for(b));
  EXPECT_EQ(request.preferred_successors, (std::vector<ReplicaKey>{{c}, {b}}));
}

TEST(Leaders, without_check_quorum_lead_on_for_ever) {
  Node node({}, {.has_check_quorum = false});
  EXPECT_EQ(node.elected().raft->next_deadline(), never);
}

// What a leader appended and did not wait for, its next fetch or candidacy names as its own.
TEST(Leaders, sync_what_they_appended_before_they_are_anything_else) {
  const auto output_of_end = [](Offset flushed, auto end) {
    Node node;
    node.elected();
    node.append(epoch(1));
    (void)node.raft->flushed(epoch(1), flushed);
    return end(node);
  };
  const auto resigned = [](Node& node) { return node.raft->resign(node.now, "a test"); };
  const auto told_of_another = [](Node& node) {
    return node.raft->on_begin_quorum_epoch(node.now, {epoch(2), b, a}).output;
  };
  const auto asked_for_a_vote = [](Node& node) {
    return node.raft->on_vote(node.now, {epoch(2), b, a, epoch(1), 9}).output;
  };
  EXPECT_TRUE(output_of_end(1, resigned).flush);
  EXPECT_TRUE(output_of_end(1, told_of_another).flush);
  EXPECT_TRUE(output_of_end(1, asked_for_a_vote).flush);
  EXPECT_FALSE(output_of_end(2, asked_for_a_vote).flush);
}

// ---- The high watermark ------------------------------------------------------------------------

TEST(HighWatermark, needs_a_record_of_the_leaders_own_epoch_on_a_majority) {
  Node node;
  node.append(epoch(0));
  node.append(epoch(0));
  node.elected();  // LeaderChange at offset 2.
  (void)node.raft->flushed(epoch(1), 3);
  EXPECT_FALSE(node.fetched_by(b, 2, epoch(0)).output.high_watermark);
  EXPECT_EQ(node.fetched_by(b, 2, epoch(0)).response.response.high_watermark, -1);
  EXPECT_EQ(node.fetched_by(b, 3, epoch(1)).output.high_watermark, 3);
}

TEST(HighWatermark, without_that_rule_covers_what_another_leader_may_replace) {
  Node node({}, {.commits_beyond_epoch_start_only = false});
  node.append(epoch(0));
  node.elected();
  (void)node.raft->flushed(epoch(1), 2);
  EXPECT_EQ(node.fetched_by(b, 1, epoch(0)).output.high_watermark, 1);
}

TEST(HighWatermark, counts_the_leader_only_as_far_as_it_is_synced) {
  Node node;
  node.elected();
  EXPECT_FALSE(node.fetched_by(b, 1, epoch(1)).output.high_watermark);
  EXPECT_FALSE(node.raft->flushed(epoch(0), 1).high_watermark);
  EXPECT_EQ(node.raft->flushed(epoch(1), 1).high_watermark, 1);
}

TEST(HighWatermark, does_not_go_back_with_a_voter_that_lost_its_log) {
  Node node;
  node.elected();
  (void)node.raft->flushed(epoch(1), 1);
  node.fetched_by(b, 1, epoch(1));
  EXPECT_EQ(node.raft->high_watermark(), 1);
  EXPECT_EQ(node.fetched_by(b, 0, epoch(0)).response.response.error, ErrorCode::none);
  EXPECT_EQ(node.raft->high_watermark(), 1);
}

TEST(HighWatermark, once_ended_the_leader_with_a_voter_that_lost_its_log) {
  Node node({}, {.serves_logs_that_went_back = false});  // KAFKA-12181
  node.elected();
  EXPECT_FALSE(node.fetched_by(b, 1, epoch(1)).output.fatal);
  EXPECT_TRUE(node.fetched_by(b, 0, epoch(0)).output.fatal);
}

TEST(HighWatermark, of_a_follower_stays_within_its_log) {
  Node node;
  node.following(b, 3);
  FetchResponse response;
  response.high_watermark = 10;
  response.batches = {{0, 4, epoch(1)}};
  const auto out = node.fetch_answered(response);
  EXPECT_EQ(out.append_batches, 1u);
  EXPECT_TRUE(out.flush);
  EXPECT_EQ(out.high_watermark, 4);
}

// ---- Fetching ----------------------------------------------------------------------------------

TEST(Fetch, is_answered_according_to_its_epoch) {
  Node node;
  node.elected();
  const auto error_of = [&](LeaderEpoch of, Offset offset, LeaderEpoch last) {
    return node.raft->on_fetch(node.now, {of, b, offset, last}).response.response.error;
  };
  EXPECT_EQ(error_of(epoch(0), 0, epoch(0)), ErrorCode::fenced_leader_epoch);
  EXPECT_EQ(error_of(epoch(2), 0, epoch(0)), ErrorCode::unknown_leader_epoch);
  EXPECT_EQ(error_of(epoch(1), -1, epoch(0)), ErrorCode::invalid_request);
  EXPECT_EQ(error_of(epoch(1), 0, epoch(2)), ErrorCode::invalid_request);
  EXPECT_EQ(error_of(epoch(1), 0, epoch(0)), ErrorCode::none);
  Node other;
  other.start();
  EXPECT_EQ(other.raft->on_fetch(other.now, {epoch(0), b, 0, epoch(0)}).response.response.error,
            ErrorCode::not_leader_or_follower);
}

TEST(Fetch, tells_where_logs_part) {
  Node node({no_node, epoch(4), no_node});
  for (const int of : {1, 1, 3}) node.append(epoch(of));
  node.elected();  // Epochs 1 1 3 5.
  const auto parting = [&](Offset offset, int last) {
    return node.fetched_by(b, offset, epoch(last)).response.response.diverging_epoch;
  };
  EXPECT_EQ(parting(2, 1), std::nullopt);
  EXPECT_EQ(parting(3, 1), (EpochEnd{epoch(1), 2}));
  EXPECT_EQ(parting(3, 2), (EpochEnd{epoch(1), 2}));
  EXPECT_EQ(parting(9, 5), (EpochEnd{epoch(5), 4}));
}

TEST(Fetch, may_wait_until_there_are_records_or_a_new_high_watermark) {
  Node node;
  node.elected();
  EXPECT_FALSE(node.fetched_by(b, 0, epoch(0)).response.may_wait);
  EXPECT_TRUE(node.fetched_by(b, 1, epoch(1)).response.may_wait);
  (void)node.raft->flushed(epoch(1), 1);
  const FetchRequest waiting{epoch(1), b, 1, epoch(1)};
  EXPECT_FALSE(node.raft->answer_fetch(waiting).may_wait);
  EXPECT_TRUE(node.raft->answer_fetch(waiting).may_wait);
}

TEST(Fetch, response_truncates_to_where_the_logs_part) {
  Node node;
  for (const int of : {1, 1, 2, 2}) node.append(epoch(of));
  node.following(b, 3);
  FetchResponse response;
  response.diverging_epoch = EpochEnd{epoch(1), 9};
  EXPECT_EQ(node.fetch_answered(response).truncate_to, 2);
}

TEST(Fetch, response_that_takes_back_what_is_committed_stops_the_node) {
  Node node;
  node.append(epoch(1));
  node.following(b, 3);
  FetchResponse response;
  response.high_watermark = 1;
  (void)node.fetch_answered(response);
  response.diverging_epoch = EpochEnd{epoch(0), 0};
  const auto out = node.fetch_answered(response);
  EXPECT_TRUE(out.fatal);
  EXPECT_FALSE(out.truncate_to);
}

TEST(Fetch, response_is_appended_only_as_far_as_it_continues_the_log_in_known_epochs) {
  Node node;
  node.append(epoch(2));
  node.following(b, 3);
  const auto appended = [&](std::vector<BatchSpan> batches) {
    FetchResponse response;
    response.batches = std::move(batches);
    return node.fetch_answered(response).append_batches;
  };
  EXPECT_EQ(appended({{1, 2, epoch(2)}, {2, 4, epoch(3)}}), 2u);
  EXPECT_EQ(appended({{1, 2, epoch(3)}, {2, 3, epoch(4)}}), 1u);  // KAFKA-18723
  EXPECT_EQ(appended({{1, 2, epoch(3)}, {3, 4, epoch(3)}}), 1u);
  EXPECT_EQ(appended({{0, 1, epoch(2)}}), 0u);
  EXPECT_EQ(appended({{1, 2, epoch(1)}}), 0u);
  EXPECT_EQ(appended({{1, 1, epoch(3)}}), 0u);
}

TEST(Fetch, response_to_an_earlier_question_is_ignored) {
  Node node;
  node.following(b, 3);
  const auto request = std::get<FetchRequest>(*node.raft->request_for(b));
  node.append(epoch(3));
  FetchResponse response;
  response.current = node.raft->current();
  response.batches = {{0, 1, epoch(3)}};
  EXPECT_EQ(node.raft->on_fetch_response(node.now, b, request, response).append_batches, 0u);
}

// ---- Snapshots ---------------------------------------------------------------------------------

constexpr SnapshotId snapshot(Offset end, int of) { return {end, epoch(of)}; }

// A leader of epoch 6 whose log begins at a snapshot of epoch 3: offsets 10 11 12 of 3 3 5, and 13.
Node& leading_from_snapshot(Node& node) {
  node.log.begin = snapshot(10, 3);
  node.log.snapshots[snapshot(10, 3)].resize(10);
  for (const int of : {3, 3, 5}) node.append(epoch(of));
  return node.elected();
}

TEST(Snapshots, are_sent_to_whom_the_log_cannot_serve) {
  Node node({no_node, epoch(5), no_node});
  leading_from_snapshot(node);
  const auto sent_to = [&](Offset offset, int last) {
    return node.fetched_by(b, offset, epoch(last)).response.response.snapshot_id;
  };
  EXPECT_EQ(sent_to(0, 0), snapshot(10, 3));
  EXPECT_EQ(sent_to(9, 3), snapshot(10, 3));
  EXPECT_EQ(sent_to(10, 2), snapshot(10, 3));
  EXPECT_EQ(sent_to(10, 4), snapshot(10, 3));
  EXPECT_EQ(sent_to(12, 2), snapshot(10, 3));
  EXPECT_EQ(sent_to(10, 3), std::nullopt);
  EXPECT_EQ(sent_to(11, 3), std::nullopt);
  EXPECT_EQ(sent_to(13, 4), std::nullopt);  // It diverges.
}

TEST(Snapshots, are_sent_sooner_than_the_whole_log_to_who_has_nothing) {
  Node node;
  node.append(epoch(0));
  node.elected();
  EXPECT_FALSE(node.fetched_by(b, 0, epoch(0)).response.response.snapshot_id);
  node.log.snapshots[snapshot(1, 0)].resize(1);
  EXPECT_EQ(node.fetched_by(b, 0, epoch(0)).response.response.snapshot_id, snapshot(1, 0));
  EXPECT_FALSE(node.fetched_by(b, 1, epoch(0)).response.response.snapshot_id);
}

TEST(Snapshots, make_up_for_what_was_committed_before_a_restart) {
  Node node;
  node.log.begin = snapshot(10, 3);
  node.log.snapshots[snapshot(10, 3)].resize(10);
  node.log.snapshots[snapshot(11, 3)].resize(11);
  node.append(epoch(3));
  Node restarted;
  restarted.log = node.log;
  RaftConfig config = node.raft->config();
  EXPECT_EQ(Raft(config, restarted.log, {}).high_watermark(), 11);
}

TEST(FetchSnapshot, is_answered_according_to_epoch_name_and_position) {
  Node node({no_node, epoch(5), no_node});
  leading_from_snapshot(node);
  const auto error_of = [&](int of, SnapshotId id, std::int64_t position) {
    return node.raft->on_fetch_snapshot(node.now, {epoch(of), b, id, position}).response.error;
  };
  EXPECT_EQ(error_of(5, snapshot(10, 3), 0), ErrorCode::fenced_leader_epoch);
  EXPECT_EQ(error_of(7, snapshot(10, 3), 0), ErrorCode::unknown_leader_epoch);
  EXPECT_EQ(error_of(6, snapshot(11, 3), 0), ErrorCode::snapshot_not_found);
  EXPECT_EQ(error_of(6, snapshot(10, 2), 0), ErrorCode::snapshot_not_found);
  EXPECT_EQ(error_of(6, snapshot(10, 3), -1), ErrorCode::position_out_of_range);
  EXPECT_EQ(error_of(6, snapshot(10, 3), 10), ErrorCode::position_out_of_range);
  EXPECT_EQ(error_of(6, snapshot(10, 3), 9), ErrorCode::none);
  Node other;
  other.start();
  EXPECT_EQ(other.raft->on_fetch_snapshot(other.now, {epoch(0), b, {}, 0}).response.error,
            ErrorCode::not_leader_or_follower);
}

TEST(FetchSnapshot, keeps_the_leader_in_touch_with_its_quorum) {
  Node node({no_node, epoch(5), no_node});
  leading_from_snapshot(node);
  const Instant before = node.raft->next_deadline();
  node.now = node.now + 1s;
  (void)node.raft->on_fetch_snapshot(node.now, {epoch(6), b, snapshot(10, 3), 0});
  EXPECT_EQ(node.raft->next_deadline(), before + 1s);
}

// Node a follows b, which has told it to take the snapshot 10-2.
struct Downloading : Node {
  Downloading() {
    append(epoch(1));
    following(b, 3);
    FetchResponse response;
    response.snapshot_id = snapshot(10, 2);
    begun = fetch_answered(response);
  }
  FetchSnapshotRequest request() {
    return std::get<FetchSnapshotRequest>(raft->request_for(b).value());
  }
  Output chunk_arrives(std::int64_t position, std::int64_t length,
                       ErrorCode error = ErrorCode::none) {
    return raft->on_fetch_snapshot_response(
        now, b, request(), {error, raft->current(), request().snapshot_id, 7, position, length});
  }
  Output begun;
};

TEST(Downloads, go_on_chunk_by_chunk_until_all_of_the_snapshot_is_there) {
  Downloading node;
  EXPECT_EQ(node.request(), (FetchSnapshotRequest{epoch(3), a, snapshot(10, 2), 0}));
  const auto first = node.chunk_arrives(0, 4);
  ASSERT_TRUE(first.snapshot_chunk);
  EXPECT_FALSE(first.snapshot_chunk->is_last);
  EXPECT_EQ(node.request().position, 4);
  const auto last = node.chunk_arrives(4, 3);
  ASSERT_TRUE(last.snapshot_chunk);
  EXPECT_EQ(last.snapshot_chunk->position, 4);
  EXPECT_TRUE(last.snapshot_chunk->is_last);
  EXPECT_FALSE(node.raft->request_for(b));
}

TEST(Downloads, replace_the_log_and_what_they_hold_is_committed) {
  Downloading node;
  node.chunk_arrives(0, 7);
  node.log.entries.clear();
  node.log.begin = snapshot(10, 2);
  EXPECT_EQ(node.raft->snapshot_installed().high_watermark, 10);
  const auto next = std::get<FetchRequest>(*node.raft->request_for(b));
  EXPECT_EQ(next.fetch_offset, 10);
  EXPECT_EQ(next.last_fetched_epoch, epoch(2));
}

TEST(Downloads, that_are_refused_leave_the_log_and_begin_again) {
  Downloading node;
  node.chunk_arrives(0, 7);
  node.raft->snapshot_refused();
  EXPECT_EQ(std::get<FetchRequest>(*node.raft->request_for(b)).fetch_offset, 1);
  EXPECT_EQ(node.raft->high_watermark(), 0);
}

TEST(Downloads, of_a_snapshot_that_is_gone_are_given_up) {
  for (const auto error : {ErrorCode::snapshot_not_found, ErrorCode::position_out_of_range}) {
    Downloading node;
    EXPECT_FALSE(node.chunk_arrives(0, 0, error).snapshot_chunk);
    EXPECT_TRUE(std::holds_alternative<FetchRequest>(*node.raft->request_for(b)));
  }
}

TEST(Downloads, survive_an_error_that_says_nothing_of_the_snapshot) {
  Downloading node;
  node.chunk_arrives(0, 4);
  EXPECT_FALSE(node.chunk_arrives(4, 0, ErrorCode::broker_not_available).snapshot_chunk);
  EXPECT_EQ(node.request().position, 4);
}

TEST(Downloads, ignore_bytes_that_are_not_the_next_ones) {
  for (const auto& [position, length] : {std::pair{1, 3}, {0, 0}, {0, 8}}) {
    Downloading node;
    EXPECT_FALSE(node.chunk_arrives(position, length).snapshot_chunk) << position;
  }
}

TEST(Downloads, end_with_the_epoch_of_their_leader) {
  Downloading node;
  node.chunk_arrives(0, 4);
  (void)node.raft->on_begin_quorum_epoch(node.now, {epoch(4), c, a});
  EXPECT_FALSE(node.raft->request_for(b));
  EXPECT_EQ(std::get<FetchRequest>(*node.raft->request_for(c)).fetch_offset, 1);
}

TEST(Downloads, keep_the_follower_from_standing_for_election) {
  Downloading node;
  node.now = node.now + 1s;
  node.chunk_arrives(0, 4);
  EXPECT_EQ(node.raft->next_deadline(), node.now + 2s);
}

TEST(Downloads, of_less_than_is_committed_stop_the_node) {
  Node node;
  for (int i = 0; i < 3; ++i) node.append(epoch(1));
  node.following(b, 3);
  FetchResponse response;
  response.high_watermark = 3;
  (void)node.fetch_answered(response);
  response.snapshot_id = snapshot(2, 1);
  EXPECT_TRUE(node.fetch_answered(response).fatal);
}

TEST(OwnSnapshots, are_of_what_is_committed_and_named_by_its_last_record) {
  Node node;
  for (const int of : {1, 1, 2}) node.append(epoch(of));
  node.following(b, 3);
  FetchResponse response;
  response.high_watermark = 2;
  (void)node.fetch_answered(response);
  const auto may_take = [&](Offset end, int of) {
    return node.raft->objection_to_snapshot(snapshot(end, of)).empty();
  };
  EXPECT_TRUE(may_take(2, 1));
  EXPECT_FALSE(may_take(3, 2));
  EXPECT_FALSE(may_take(2, 2));
  EXPECT_FALSE(may_take(2, 0));
  EXPECT_FALSE(may_take(0, 0));
  node.log.snapshots[snapshot(2, 1)].resize(2);
  EXPECT_FALSE(may_take(2, 1));
  EXPECT_FALSE(may_take(1, 1));
}

// KAFKA-17713: followers go on behind a snapshot by whole batches.
TEST(OwnSnapshots, end_between_two_batches) {
  Node node;
  for (int i = 0; i < 3; ++i) node.append(epoch(1));
  node.log.entries[1].continues_batch = true;
  node.following(b, 3);
  FetchResponse response;
  response.high_watermark = 3;
  (void)node.fetch_answered(response);
  EXPECT_EQ(node.raft->objection_to_snapshot(snapshot(1, 1)), "it ends inside a batch");
  EXPECT_EQ(node.raft->objection_to_snapshot(snapshot(2, 1)), "");
}

}  // namespace
}  // namespace brokersim::raft
