// How voters change (KIP-853), rule by rule, on a single node whose peers are played by the test:
// who is a voter is told by directory, too, a change is in force once it is appended, and there is
// one at a time.
#include <gtest/gtest.h>

#include "tests/core/raft/lone_node.h"

namespace brokersim::raft {
namespace {

using api::ErrorCode;

constexpr NodeId d{4};

Uuid disk(NodeId of, std::uint8_t number = 1) {
  return Uuid{static_cast<std::uint8_t>(of.value), number};
}
ReplicaKey key(NodeId of, std::uint8_t number = 1) { return {of, disk(of, number)}; }
Voter voter(NodeId of) { return {key(of), {{"CONTROLLER", "host", 9093}}, {}}; }

VoterSet set_of(const std::vector<NodeId>& ids) {
  std::vector<Voter> all;
  for (const NodeId id : ids) all.push_back(voter(id));
  return VoterSet(std::move(all));
}

RaftConfig config_of(NodeId self, QuorumRules rules = {}) {
  RaftConfig config;
  config.self = self;
  config.directory = disk(self);
  config.may_become_voter = true;
  config.bootstrap = {b};
  config.rules = rules;
  return config;
}

// Node a, formatted with voters a, b, c.
struct Member : Node {
  explicit Member(QuorumRules rules = {}, const std::vector<NodeId>& voters = {a, b, c})
      : Node(config_of(a, rules), set_of(voters)) {}

  // Leads, and has committed a record of its epoch with b.
  Member& leading() {
    elected();
    (void)raft->flushed(raft->epoch(), log.end_offset());
    fetched(b, log.end_offset());
    return *this;
  }
  Answer<FetchAnswer> fetched(NodeId from, Offset offset, std::uint8_t disk_number = 1) {
    auto answer = raft->on_fetch(
        now, {raft->epoch(), from, offset, offset == 0 ? epoch(0) : log.at(offset - 1).epoch,
              disk(from, disk_number)});
    carry_out(answer.output);
    return answer;
  }
  // As its owner does: whatever is allowed is appended at once.
  ErrorCode change(const Expected<VoterSet, VoterRefusal>& changed) {
    if (!changed) return changed.error().error;
    log.entries.push_back({raft->epoch(), 0, false, *changed});
    last = carry_out(raft->voters_changed(now));
    return ErrorCode::none;
  }
  ErrorCode add(NodeId id) { return change(raft->with_voter(now, voter(id))); }
  ErrorCode remove(NodeId id) { return change(raft->without_voter(key(id))); }
  Output flushed() { return carry_out(raft->flushed(raft->epoch(), log.end_offset())); }
  Output all_fetched_by(NodeId id) { return fetched(id, log.end_offset()).output; }

  Output last;
};

// ---- Whose vote it is --------------------------------------------------------------------------

TEST(Directories, tell_a_voter_from_who_has_its_id_on_another_disk) {
  Node same(config_of(a), set_of({a, b, c}));
  EXPECT_TRUE(same.raft->is_voter());
  auto replaced = config_of(a);
  replaced.directory = disk(a, 2);
  Node other(replaced, set_of({a, b, c}));
  EXPECT_FALSE(other.raft->is_voter());
  other.start();
  EXPECT_EQ(other.raft->next_deadline(), never);  // It never stands.
}

TEST(Directories, a_vote_asked_of_another_disk_is_not_given) {
  Member node;
  node.start();
  const auto asked = [&](Uuid voter_directory) {
    VoteRequest request{epoch(1), b, a, epoch(0), 0, false, disk(b), voter_directory};
    return node.raft->on_vote(node.now, request).response.error;
  };
  EXPECT_EQ(asked(disk(a, 2)), ErrorCode::invalid_voter_key);
  EXPECT_EQ(node.raft->epoch(), epoch(0));
  EXPECT_EQ(asked(no_uuid), ErrorCode::none);  // By version 0, which cannot tell.
  EXPECT_EQ(asked(disk(a)), ErrorCode::none);
}

TEST(Directories, one_vote_is_for_one_disk_and_remembered_so) {
  Member node;
  node.start();
  const auto granted = [&](std::uint8_t number) {
    VoteRequest request{epoch(1), b, a, epoch(0), 0, false, disk(b, number), disk(a)};
    const auto answer = node.raft->on_vote(node.now, request);
    node.carry_out(answer.output);
    return answer.response.vote_granted;
  };
  EXPECT_TRUE(granted(1));
  EXPECT_EQ(node.stored, (QuorumState{no_node, epoch(1), b, disk(b, 1)}));
  EXPECT_FALSE(granted(2));
  EXPECT_TRUE(granted(1));
}

// By version 0 of Vote, and then by a later one.
TEST(Directories, a_vote_for_who_told_none_is_for_the_node) {
  Member node;
  node.start();
  EXPECT_TRUE(node.asked_by(b, 1, 0, 0).vote_granted);
  const VoteRequest again{epoch(1), b, a, epoch(0), 0, false, disk(b), disk(a)};
  EXPECT_TRUE(node.raft->on_vote(node.now, again).response.vote_granted);
  EXPECT_EQ(node.stored, (QuorumState{no_node, epoch(1), b, no_uuid}));
}

TEST(Directories, votes_are_asked_of_voters_by_theirs) {
  Member node;
  node.start();
  node.time_passes();
  const auto request = std::get<VoteRequest>(node.raft->request_for(b).value());
  EXPECT_EQ(request.voter(), key(b));
  EXPECT_EQ(request.candidate(), key(a));
}

TEST(Directories, a_leader_announces_itself_to_its_voters_only) {
  Node node(config_of(a), set_of({a, b, c}));
  node.start();
  const auto told = [&](Uuid directory) {
    return node.raft->on_begin_quorum_epoch(node.now, {epoch(1), b, a, directory}).response.error;
  };
  EXPECT_EQ(told(disk(a, 2)), ErrorCode::invalid_voter_key);
  EXPECT_EQ(told(disk(a)), ErrorCode::none);
}

TEST(Directories, what_another_disk_has_is_on_no_voter) {
  Member node;
  node.elected();
  (void)node.raft->flushed(epoch(1), 1);
  EXPECT_FALSE(node.fetched(b, 1, 2).output.high_watermark);
  EXPECT_EQ(std::get<Leader>(node.raft->role()).observers.size(), 1u);
  EXPECT_EQ(node.fetched(b, 1).output.high_watermark, 1);
}

TEST(Directories, a_vote_for_oneself_on_another_disk_is_no_candidacy) {
  const auto starts_as = [](std::uint8_t number) {
    Node node(config_of(a), set_of({a, b, c}), {no_node, epoch(4), a, disk(a, number)});
    node.start();
    return node.raft->role_name();
  };
  EXPECT_EQ(starts_as(1), "candidate");
  EXPECT_EQ(starts_as(2), "unattached");
}

// ---- Fixed voters ------------------------------------------------------------------------------

// Node a of voters that are configured by their ids (kraft.version 0), on one disk or another.
struct FixedVoter : Node {
  explicit FixedVoter(std::uint8_t number, QuorumState at_start = {}) {
    RaftConfig config;
    config.self = a;
    config.directory = disk(a, number);
    begin(std::move(config), at_start);
    start();
  }
  // By version 2 of Vote, which has directories; that of a voter is known to nobody.
  bool votes_for(NodeId candidate, std::uint8_t number = 1) {
    const VoteRequest request{epoch(1), candidate, a, epoch(0), 0, false, disk(candidate, number),
                              no_uuid};
    const auto answer = raft->on_vote(now, request);
    carry_out(answer.output);
    return answer.response.vote_granted;
  }
};

// As Kafka's: nobody can tell that the disk is another one. Voters that are known by their disks
// refuse (Directories.a_vote_asked_of_another_disk_is_not_given).
TEST(FixedVoters, on_another_disk_vote_again_in_the_same_epoch) {
  FixedVoter node(1);
  EXPECT_TRUE(node.votes_for(b));
  EXPECT_FALSE(node.votes_for(c));
  FixedVoter restarted(1, node.stored);
  EXPECT_FALSE(restarted.votes_for(c));
  FixedVoter on_another_disk(2);
  EXPECT_TRUE(on_another_disk.votes_for(c));
}

TEST(FixedVoters, remember_whose_disk_they_voted_for_until_they_restart) {
  FixedVoter node(1);
  EXPECT_TRUE(node.votes_for(b));
  EXPECT_FALSE(node.votes_for(b, 2));
  const auto file = encode_quorum_state(node.stored, node.log.voters());
  FixedVoter restarted(1, *decode_quorum_state(file));
  EXPECT_FALSE(restarted.votes_for(c));
  EXPECT_TRUE(restarted.votes_for(b, 2));
}

TEST(FixedVoters, hold_what_they_fetched_whatever_disk_it_is_on) {
  FixedVoter node(1);
  node.elected();
  (void)node.raft->flushed(epoch(1), 1);
  const auto fetched = node.raft->on_fetch(node.now, {epoch(1), b, 1, epoch(1), disk(b, 2)});
  EXPECT_EQ(fetched.output.high_watermark, 1);
}

TEST(FixedVoters, on_another_disk_stand_for_election) {
  EXPECT_TRUE(FixedVoter(2).raft->is_voter());
  EXPECT_NE(FixedVoter(2).raft->next_deadline(), never);
}

// ---- When voters may change --------------------------------------------------------------------

TEST(VoterChanges, are_the_leaders) {
  Member node;
  node.start();
  EXPECT_EQ(node.remove(c), ErrorCode::not_leader_or_follower);
}

TEST(VoterChanges, wait_for_a_record_of_the_leaders_own_epoch) {
  Member node;
  node.elected();
  EXPECT_EQ(node.remove(c), ErrorCode::request_timed_out);
  node.flushed();
  node.all_fetched_by(b);
  EXPECT_EQ(node.remove(c), ErrorCode::none);
}

TEST(VoterChanges, without_that_rule_are_made_at_once) {
  Member node({.changes_voters_after_own_commit_only = false});
  node.elected();
  EXPECT_EQ(node.remove(c), ErrorCode::none);
}

TEST(VoterChanges, come_one_at_a_time) {
  Member node;
  node.leading();
  EXPECT_EQ(node.remove(c), ErrorCode::none);
  EXPECT_EQ(node.remove(b), ErrorCode::request_timed_out);
  node.flushed();
  node.all_fetched_by(b);
  EXPECT_EQ(node.remove(b), ErrorCode::none);
}

TEST(VoterChanges, are_not_for_configured_voters) {
  Node node;
  node.elected();
  (void)node.raft->flushed(epoch(1), 1);
  node.fetched_by(b, 1, epoch(1));
  EXPECT_EQ(node.raft->without_voter({c, no_uuid}).error().error, ErrorCode::unsupported_version);
}

// ---- Raising kraft.version ---------------------------------------------------------------------

// A leader of configured voters a, b and c, with a record of its epoch committed.
struct Configured : Node {
  Configured() {
    begin(config_of(a), {});
    elected();
    commit();
  }
  void commit() {
    const Offset end = log.end_offset();
    (void)raft->flushed(epoch(1), end);
    carry_out(raft->on_fetch(now, {epoch(1), b, end, epoch(1), disk(b)}).output);
  }
  ErrorCode raise_to(std::int16_t version) {
    const auto raised = raft->raised_to(version, voter(a));
    return raised ? ErrorCode::none : raised.error().error;
  }
};

TEST(KRaftVersion, is_raised_once_all_voters_have_said_what_they_are) {
  Configured node;
  EXPECT_EQ(node.raise_to(1), ErrorCode::invalid_update_version);
  EXPECT_EQ(node.raft->describe_voter(voter(b)), ErrorCode::none);
  EXPECT_EQ(node.raise_to(1), ErrorCode::invalid_update_version);
  auto old = voter(c);
  old.versions = {0, 0};
  EXPECT_EQ(node.raft->describe_voter(old), ErrorCode::none);
  EXPECT_EQ(node.raise_to(1), ErrorCode::invalid_update_version);
  EXPECT_EQ(node.raft->describe_voter(voter(c)), ErrorCode::none);
  const auto raised = node.raft->raised_to(1, voter(a));
  ASSERT_TRUE(raised);
  ASSERT_TRUE(raised->has_value());
  EXPECT_EQ(**raised, VoterSet({voter(a), voter(b), voter(c)}));

  node.log.entries.push_back({epoch(1), 1, false, **raised});
  (void)node.raft->voters_changed(node.now);
  EXPECT_EQ(node.raft->voters(), **raised);
  EXPECT_FALSE(node.raft->raised_to(1, voter(a))->has_value()) << "it is there already";
  EXPECT_EQ(node.raise_to(0), ErrorCode::invalid_update_version);
  EXPECT_EQ(node.raft->without_voter(voter(c).key).error().error, ErrorCode::request_timed_out)
      << "not before that is committed";
  node.commit();
  EXPECT_TRUE(node.raft->without_voter(voter(c).key));
}

TEST(KRaftVersion, is_the_leaders_to_raise_and_one_of_those_there_are) {
  Node other;
  other.start();
  EXPECT_EQ(other.raft->raised_to(1, voter(a)).error().error, ErrorCode::not_leader_or_follower);
  EXPECT_EQ(other.raft->describe_voter(voter(b)), ErrorCode::not_leader_or_follower);
  Configured node;
  EXPECT_EQ(node.raise_to(0), ErrorCode::none);
  EXPECT_EQ(node.raise_to(2), ErrorCode::invalid_update_version);
  EXPECT_EQ(node.raise_to(-1), ErrorCode::invalid_update_version);
  EXPECT_EQ(node.raft->describe_voter(voter(d)), ErrorCode::voter_not_found);
  auto without_disk = voter(b);
  without_disk.key.directory = no_uuid;
  EXPECT_EQ(node.raft->describe_voter(without_disk), ErrorCode::invalid_request);
}

TEST(KRaftVersion, is_0_again_if_the_record_is_cut_off) {
  Node node;
  node.following(b, 1);
  node.log.entries.push_back({epoch(1), 0});
  node.log.entries.push_back({epoch(1), 1, false, VoterSet({voter(a), voter(b), voter(c)})});
  EXPECT_FALSE(node.log.voters().is_fixed());
  node.log.truncate(1);
  EXPECT_TRUE(node.log.voters().is_fixed());
}

// ---- Adding, removing, updating ----------------------------------------------------------------

TEST(VoterChanges, add_who_is_new_and_has_caught_up) {
  Member node;
  node.leading();
  EXPECT_EQ(node.add(c), ErrorCode::duplicate_voter);
  EXPECT_EQ(node.add(d), ErrorCode::request_timed_out);  // Nobody has heard of it.
  node.fetched(d, 0);
  EXPECT_EQ(node.add(d), ErrorCode::request_timed_out);  // It lags.
  node.all_fetched_by(d);
  auto old = voter(d);
  old.versions = {0, 0};
  EXPECT_EQ(node.raft->with_voter(node.now, old).error().error, ErrorCode::invalid_request);
  EXPECT_EQ(node.add(d), ErrorCode::none);
  EXPECT_TRUE(node.raft->voters().contains(key(d)));
}

TEST(VoterChanges, remove_the_very_voter) {
  Member node;
  node.leading();
  EXPECT_EQ(node.change(node.raft->without_voter(key(c, 2))), ErrorCode::voter_not_found);
  EXPECT_EQ(node.remove(d), ErrorCode::voter_not_found);
  EXPECT_EQ(node.remove(c), ErrorCode::none);
}

TEST(VoterChanges, tell_where_a_voter_is) {
  Member node;
  node.leading();
  auto moved = voter(c);
  moved.endpoints = {{"OTHER", "host", 1}};
  EXPECT_EQ(node.change(node.raft->with_updated_voter(moved)), ErrorCode::invalid_request);
  moved.endpoints = {{"CONTROLLER", "elsewhere", 1}};
  EXPECT_EQ(node.change(node.raft->with_updated_voter(voter(d))), ErrorCode::voter_not_found);
  EXPECT_EQ(node.change(node.raft->with_updated_voter(moved)), ErrorCode::none);
  EXPECT_EQ(node.raft->voters().find(c)->quorum_endpoint()->host, "elsewhere");
}

// ---- What a change means -----------------------------------------------------------------------

TEST(NewVoters, count_as_soon_as_they_are_appended) {
  Member node;
  node.leading();
  node.all_fetched_by(d);
  ASSERT_EQ(node.add(d), ErrorCode::none);
  node.flushed();
  EXPECT_FALSE(node.all_fetched_by(b).high_watermark);  // Two of four are no majority.
  EXPECT_EQ(node.all_fetched_by(d).high_watermark, node.log.end_offset());
}

TEST(NewVoters, have_synced_what_they_fetched_before) {
  auto config = config_of(d);
  Node observer(config, set_of({a, b, c}));
  observer.following(a, 1);
  FetchResponse response;
  response.batches = {{0, 1, epoch(1)}};
  EXPECT_TRUE(observer.fetch_answered(response).flush);
}

TEST(NewVoters, stand_for_election_once_their_log_says_so) {
  Node node(config_of(d), set_of({a, b, c}));
  node.following(a, 1);
  node.time_passes();
  EXPECT_EQ(node.raft->role_name(), "unattached");
  (void)node.raft->on_begin_quorum_epoch(node.now, {epoch(1), a, d});
  node.log.entries.push_back({epoch(1), 0, false, set_of({a, b, c, d})});
  node.time_passes();
  EXPECT_EQ(node.raft->role_name(), "prospective");
}

TEST(RemovedVoters, stand_no_more) {
  const auto role_after_timeout = [](QuorumRules rules) {
    Member node(rules);
    node.following(b, 1);
    node.log.entries.push_back({epoch(1), 0, false, set_of({b, c})});
    node.time_passes();
    return node.raft->role_name();
  };
  EXPECT_EQ(role_after_timeout({}), "unattached");
  EXPECT_EQ(role_after_timeout({.only_voters_stand = false}), "prospective");
}

// KAFKA-17067
TEST(RemovedVoters, that_voted_for_themselves_do_not_go_on_after_a_restart) {
  const auto role_after_restart = [](QuorumRules rules) {
    Node node(config_of(a, rules), set_of({b, c}), {no_node, epoch(4), a, disk(a)});
    node.start();
    return node.raft->role_name();
  };
  EXPECT_EQ(role_after_restart({}), "unattached");
  EXPECT_EQ(role_after_restart({.only_voters_stand = false}), "candidate");
}

TEST(RemovedVoters, are_voters_again_if_the_record_is_cut_off) {
  Member node;
  node.following(b, 1);
  node.log.entries.push_back({epoch(1), 0, false, set_of({b, c})});
  EXPECT_FALSE(node.raft->is_voter());
  node.log.truncate(0);
  EXPECT_TRUE(node.raft->is_voter());
}

// KAFKA-16530: with a counted, b alone would do.
TEST(RemovedLeaders, have_no_part_in_the_majority_that_commits_it) {
  const auto commits_with_one = [](QuorumRules rules) {
    Member node(rules);
    node.leading();
    EXPECT_EQ(node.remove(a), ErrorCode::none);
    node.flushed();
    return node.all_fetched_by(b).high_watermark.has_value();
  };
  EXPECT_FALSE(commits_with_one({}));
  EXPECT_TRUE(commits_with_one({.leader_counts_as_voter_only = false}));
}

// KAFKA-16531: two voters are left, and both have to fetch.
TEST(RemovedLeaders, are_in_touch_with_a_majority_of_the_others_only) {
  const auto lasts = [](QuorumRules rules) {
    Member node(rules);
    node.leading();
    const Instant before = node.now;
    EXPECT_EQ(node.remove(a), ErrorCode::none);
    node.now = node.now + 1s;
    node.fetched(b, 1);
    return node.raft->next_deadline() - before;
  };
  EXPECT_EQ(lasts({}), Duration(3s));
  EXPECT_EQ(lasts({.leader_counts_as_voter_only = false}), Duration(4s));
}

TEST(RemovedLeaders, lead_on_until_it_is_committed_and_resign_then) {
  Member node;
  node.leading();
  ASSERT_EQ(node.remove(a), ErrorCode::none);
  EXPECT_TRUE(node.raft->is_leader());
  node.all_fetched_by(b);
  EXPECT_EQ(node.all_fetched_by(c).high_watermark, node.log.end_offset());
  EXPECT_TRUE(node.raft->is_leader());
  EXPECT_LE(node.raft->next_deadline(), node.now);
  node.carry_out(node.raft->tick(node.now));
  EXPECT_EQ(node.raft->role_name(), "resigned");
  const auto request = std::get<EndQuorumEpochRequest>(*node.raft->request_for(b));
  EXPECT_EQ(request.preferred_successors, (std::vector{key(b), key(c)}));
}

// It led the epoch: it must not vote in it again, and has nothing to wait for but a later one.
TEST(RemovedLeaders, ask_who_leads_until_somebody_does) {
  Member node;
  node.leading();
  ASSERT_EQ(node.remove(a), ErrorCode::none);
  node.all_fetched_by(b);
  node.all_fetched_by(c);
  node.carry_out(node.raft->tick(node.now));
  EXPECT_EQ(node.raft->next_deadline(), never);
  for (const NodeId peer : {b, c}) {
    const auto request = std::get<EndQuorumEpochRequest>(*node.raft->request_for(peer));
    (void)node.raft->on_end_quorum_epoch_response(node.now, peer, request,
                                                  {ErrorCode::none, {no_node, epoch(1)}});
  }
  const NodeId asked = node.raft->request_for(b) ? b : c;
  const auto request = std::get<FetchRequest>(*node.raft->request_for(asked));
  FetchResponse response;
  response.error = ErrorCode::not_leader_or_follower;
  response.current = {c, epoch(2)};
  (void)node.raft->on_fetch_response(node.now, asked, request, response);
  EXPECT_EQ(node.raft->role_name(), "follower");
  EXPECT_EQ(node.raft->current(), (LeaderAndEpoch{c, epoch(2)}));
}

// ---- Leaders that are no voters as far as is known ---------------------------------------------

TEST(Strangers, are_followed_where_voters_may_have_changed) {
  Member node;
  node.following(NodeId(9), 1);
  EXPECT_EQ(node.raft->current(), (LeaderAndEpoch{NodeId(9), epoch(1)}));
  EXPECT_TRUE(node.raft->request_for(NodeId(9)));
}

TEST(Strangers, are_not_followed_where_voters_are_configured) {
  Node node;
  node.start();
  EXPECT_EQ(node.raft->on_begin_quorum_epoch(node.now, {epoch(1), NodeId(9), a}).response.error,
            ErrorCode::invalid_request);
}

TEST(Newcomers, that_know_no_voters_begin_with_the_bootstrap_servers) {
  MemoryLog log;
  auto config = config_of(d);
  config.random = [](std::string_view, std::uint64_t number) { return number; };
  Raft raft(config, log, {});
  (void)raft.start(Instant{1s});
  EXPECT_TRUE(std::holds_alternative<FetchRequest>(raft.request_for(b).value()));
  EXPECT_FALSE(raft.request_for(c));
}

}  // namespace
}  // namespace brokersim::raft
