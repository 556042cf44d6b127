// Joining, syncing, staying alive and leaving: each rule of the classic protocol.
#include "tests/core/group/coordinated.h"

namespace brokersim::group {
namespace {

// ---- Joining -----------------------------------------------------------------------------------

TEST(Joining, a_new_member_is_given_an_id_and_belongs_only_once_it_comes_back_with_it) {
  Coordinated c;
  const auto first = c.joined(c.join({}));
  EXPECT_EQ(first.error_code, ErrorCode::member_id_required);
  EXPECT_EQ(first.member_id, "c-00000000-0000-0000-0000-000000000001");
  EXPECT_EQ(c.members(), 0u);
  c.join({.member = first.member_id});
  EXPECT_EQ(c.members(), 1u);
}

TEST(Joining, before_version_4_a_member_is_taken_in_at_once) {
  Coordinated c;
  const auto request = c.join({.version = 3});
  EXPECT_TRUE(c.is_parked(request));
  EXPECT_EQ(c.members(), 1u);
}

TEST(Joining, an_id_that_nobody_came_back_with_expires_with_its_session) {
  Coordinated c;
  const auto id = c.joined(c.join({})).member_id;
  c.pass(10s);
  EXPECT_EQ(c.joined(c.join({.member = id})).error_code, ErrorCode::unknown_member_id);
}

TEST(Joining, who_never_came_back_with_its_id_was_waited_for_once) {
  const auto state_with = [](const GroupRules& rules) {
    Coordinated c({}, {}, rules);
    const auto ids = c.stable({{.session_ms = 1'800'000}});
    c.join({});
    c.pass(11s);
    c.join({.member = ids[0], .session_ms = 1'800'000});
    return c.state();
  };
  EXPECT_EQ(state_with({}), "CompletingRebalance");
  EXPECT_EQ(state_with({.forgets_who_never_came = false}), "PreparingRebalance");  // KAFKA-9232
}

TEST(Joining, is_refused_with) {
  Coordinated c({.max_size = 2});
  EXPECT_EQ(c.joined(c.join({.session_ms = 5'999})).error_code, ErrorCode::invalid_session_timeout);
  EXPECT_EQ(c.joined(c.join({.session_ms = 1'800'001})).error_code,
            ErrorCode::invalid_session_timeout);
  EXPECT_EQ(c.joined(c.join({.member = "ghost"})).error_code, ErrorCode::unknown_member_id);
  EXPECT_EQ(c.joined(c.join({.protocols = {}})).error_code, ErrorCode::inconsistent_group_protocol);
  EXPECT_EQ(c.joined(c.join({.type = ""})).error_code, ErrorCode::inconsistent_group_protocol);
  c.stable({{}, {}});
  EXPECT_EQ(c.joined(c.join({.member = "ghost"})).error_code, ErrorCode::group_max_size_reached);
  EXPECT_EQ(c.joined(c.join({})).error_code, ErrorCode::group_max_size_reached);
}

// Its client gives up: a rebalance that waited for it would wait for its session.
TEST(Joining, who_comes_back_to_a_full_group_with_its_new_id_is_waited_for_no_longer) {
  Coordinated c({.max_size = 2});
  const auto ids = c.stable({{}});
  const auto second = c.joined(c.join({})).member_id;
  const auto third = c.joined(c.join({})).member_id;
  const auto joining = c.join({.member = second});
  const auto rejoining = c.join({.member = ids[0]});
  EXPECT_TRUE(c.is_parked(rejoining)) << "the third may yet come";
  EXPECT_EQ(c.joined(c.join({.member = third})).error_code, ErrorCode::group_max_size_reached);
  EXPECT_EQ(c.joined(joining).error_code, ErrorCode::none);
  EXPECT_EQ(c.joined(rejoining).error_code, ErrorCode::none);
}

TEST(Joining, needs_a_protocol_that_every_member_speaks) {
  Coordinated c;
  c.stable({{.protocols = {"range", "sticky"}}, {.protocols = {"sticky", "range"}}});
  EXPECT_EQ(c.joined(c.join({.protocols = {"roundrobin"}})).error_code,
            ErrorCode::inconsistent_group_protocol);
  EXPECT_EQ(c.joined(c.join({.protocols = {"range"}, .type = "connect"})).error_code,
            ErrorCode::inconsistent_group_protocol);
  EXPECT_EQ(c.joined(c.join({.protocols = {"sticky"}})).error_code, ErrorCode::member_id_required);
}

TEST(Joining, the_protocol_is_what_most_members_prefer) {
  Coordinated c;
  const auto a = c.enter({.protocols = {"range", "sticky"}}).second;
  const auto b = c.enter({.protocols = {"sticky", "range"}}).second;
  const auto d = c.enter({.protocols = {"sticky", "range", "roundrobin"}}).second;
  c.pass(9s);
  for (const auto request : {a, b, d}) EXPECT_EQ(c.joined(request).protocol_name, "sticky");
}

TEST(Joining, a_new_group_waits_for_more_members_and_longer_while_they_come) {
  Coordinated c;
  const auto first = c.enter().second;
  c.pass(2s);
  const auto second = c.enter().second;
  c.pass(2s);  // 4 s after the first: the delay was extended once.
  EXPECT_TRUE(c.is_parked(first));
  c.pass(2s);
  EXPECT_EQ(c.joined(first).generation_id, 1);
  EXPECT_EQ(c.joined(second).generation_id, 1);
}

TEST(Joining, the_initial_delay_never_exceeds_the_rebalance_timeout) {
  Coordinated c;
  const auto first = c.enter({.rebalance_ms = 7'000}).second;
  for (int i = 0; i < 3; ++i) {
    c.pass(2s);
    c.enter({.rebalance_ms = 7'000});
  }
  EXPECT_TRUE(c.is_parked(first));
  c.pass(1s);
  EXPECT_FALSE(c.is_parked(first));
}

TEST(Joining, only_the_leader_is_told_who_the_members_are) {
  Coordinated c;
  const auto leader = c.enter();
  const auto follower = c.enter();
  c.pass(9s);
  EXPECT_EQ(c.joined(leader.second).leader, leader.first);
  EXPECT_EQ(c.joined(leader.second).members.size(), 2u);
  EXPECT_EQ(c.joined(follower.second).leader, leader.first);
  EXPECT_TRUE(c.joined(follower.second).members.empty());
}

TEST(Joining, who_asks_again_before_the_assignment_is_told_the_same_generation_again) {
  Coordinated c;
  const auto leader = c.enter();
  c.enter();
  c.pass(9s);
  const auto again = c.joined(c.join({.member = leader.first}));
  EXPECT_EQ(again.generation_id, 1);
  EXPECT_EQ(again.members.size(), 2u);
  EXPECT_EQ(c.state(), "CompletingRebalance");
  c.join({.member = leader.first, .metadata = "other"});
  EXPECT_EQ(c.state(), "PreparingRebalance");
}

TEST(Joining, in_a_stable_group_a_follower_that_wants_the_same_is_told_again) {
  Coordinated c;
  const auto ids = c.stable({{}, {}});
  const auto again = c.joined(c.join({.member = ids[1]}));
  EXPECT_EQ(again.generation_id, c.stable_generation);
  EXPECT_EQ(c.state(), "Stable");
}

TEST(Joining, in_a_stable_group_a_change_or_the_leader_begins_a_rebalance) {
  Coordinated c;
  const auto ids = c.stable({{}, {}});
  EXPECT_TRUE(c.is_parked(c.join({.member = ids[1], .metadata = "other"})));
  EXPECT_EQ(c.state(), "PreparingRebalance");
  Coordinated d;
  const auto others = d.stable({{}, {}});
  EXPECT_TRUE(d.is_parked(d.join({.member = others[0]})));
  EXPECT_EQ(d.state(), "PreparingRebalance");
}

TEST(Joining, a_second_request_of_a_member_answers_its_first) {
  Coordinated c;
  const auto [id, first] = c.enter();
  const auto second = c.join({.member = id});
  EXPECT_EQ(c.joined(first).error_code, ErrorCode::rebalance_in_progress);
  EXPECT_TRUE(c.is_parked(second));
}

// An id is longer than the name it is made of, and is kept and told as a text.
TEST(Joining, an_id_is_no_longer_than_a_text_may_be) {
  Coordinated c;
  const std::string longest(wire::longest_text, 'i');
  const auto ids = c.stable({{}, {.instance = longest, .version = 5}});
  EXPECT_EQ(ids[1].size(), wire::longest_text);
  EXPECT_EQ(c.state(), "Stable");
  c.fail_over();
  EXPECT_EQ(c.members(), 2u);
}

TEST(Joining, of_a_long_name_an_id_has_whole_characters) {
  const JoinContext context{.client_id =
                                std::string(wire::longest_text - 38, 'c') + "\u00e9\u00e9"};
  const auto id = context.member_id({});
  EXPECT_EQ(id.size(), wire::longest_text - 1);
  EXPECT_EQ(id.substr(wire::longest_text - 39, 2), "c-");
}

// ---- Rebalancing -------------------------------------------------------------------------------

TEST(Rebalancing, ends_as_soon_as_all_known_members_are_back) {
  Coordinated c;
  const auto ids = c.stable({{}, {}});
  const auto added = c.enter().second;
  const auto first = c.join({.member = ids[0]});
  EXPECT_TRUE(c.is_parked(first));
  const auto second = c.join({.member = ids[1]});
  for (const auto request : {added, first, second}) {
    EXPECT_EQ(c.joined(request).generation_id, c.stable_generation + 1);
  }
}

TEST(Rebalancing, waits_for_an_id_that_was_just_given_out) {
  Coordinated c;
  const auto ids = c.stable({{}});
  c.enter();  // Begins the rebalance.
  const auto pending = c.joined(c.join({})).member_id;
  const auto back = c.join({.member = ids[0]});
  EXPECT_TRUE(c.is_parked(back));
  c.leave(pending);
  EXPECT_FALSE(c.is_parked(back));
}

TEST(Rebalancing, who_does_not_come_back_in_time_is_out) {
  Coordinated c;
  const auto ids = c.stable({{.session_ms = 1'800'000}, {.session_ms = 1'800'000}});
  const auto back = c.join({.member = ids[0], .session_ms = 1'800'000});
  c.pass(60s);
  EXPECT_EQ(c.joined(back).generation_id, c.stable_generation + 1);
  EXPECT_EQ(c.joined(back).members.size(), 1u);
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation), ErrorCode::unknown_member_id);
}

TEST(Rebalancing, a_leader_that_does_not_come_back_is_succeeded) {
  Coordinated c;
  const auto ids = c.stable({{.session_ms = 1'800'000}, {.session_ms = 1'800'000}});
  const auto back = c.join({.member = ids[1], .metadata = "other", .session_ms = 1'800'000});
  c.pass(60s);
  EXPECT_EQ(c.joined(back).leader, ids[1]);
}

TEST(Rebalancing, a_new_member_that_waits_too_long_is_let_go) {
  Coordinated c;
  c.stable({{.session_ms = 1'800'000, .rebalance_ms = 1'000'000}});
  const auto added = c.enter({.rebalance_ms = 1'000'000}).second;
  c.pass(299s);
  EXPECT_TRUE(c.is_parked(added));
  c.pass(1s);
  EXPECT_EQ(c.joined(added).error_code, ErrorCode::unknown_member_id);
}

// ---- Syncing -----------------------------------------------------------------------------------

TEST(Syncing, members_get_what_the_leader_assigned_once_that_is_committed) {
  Coordinated c;
  c.commits_at_once = false;
  const auto leader = c.enter();
  const auto follower = c.enter();
  const auto forgotten = c.enter();
  c.pass(9s);
  const auto f = c.sync(follower.first, 1);
  const auto o = c.sync(forgotten.first, 1);
  const auto l = c.sync(leader.first, 1, {{leader.first, "one"}, {follower.first, "two"}});
  EXPECT_TRUE(c.is_parked(l));
  EXPECT_EQ(c.state(), "CompletingRebalance");
  c.commit_log();
  EXPECT_EQ(c.state(), "Stable");
  EXPECT_EQ(c.synced(l).assignment, bytes_of("one"));
  EXPECT_EQ(c.synced(f).assignment, bytes_of("two"));
  EXPECT_TRUE(c.synced(o).assignment.empty());
  EXPECT_EQ(c.synced(l).protocol_type, "consumer");
  EXPECT_EQ(c.synced(l).protocol_name, "range");
}

TEST(Syncing, is_refused_with) {
  Coordinated c;
  const auto [id, request] = c.enter();
  c.pass(9s);
  EXPECT_EQ(c.synced(c.sync("ghost", 1)).error_code, ErrorCode::unknown_member_id);
  EXPECT_EQ(c.synced(c.sync(id, 2)).error_code, ErrorCode::illegal_generation);
  api::SyncGroupRequest other;
  other.group_id = "g";
  other.generation_id = 1;
  other.member_id = id;
  other.protocol_name = "sticky";
  const auto out = c.shard->sync(c.now, {99}, other);
  EXPECT_EQ(std::get<api::SyncGroupResponse>(out.answers.at(0).response).error_code,
            ErrorCode::inconsistent_group_protocol);
}

TEST(Syncing, during_a_rebalance_is_told_of_it) {
  Coordinated c;
  const auto ids = c.stable({{}, {}});
  c.enter();
  EXPECT_EQ(c.synced(c.sync(ids[0], c.stable_generation)).error_code,
            ErrorCode::rebalance_in_progress);
}

TEST(Syncing, a_new_rebalance_ends_what_waits_for_an_assignment) {
  Coordinated c;
  const auto leader = c.enter();
  const auto follower = c.enter();
  c.pass(9s);
  const auto waiting = c.sync(follower.first, 1);
  c.join({.member = leader.first, .metadata = "other"});
  EXPECT_EQ(c.synced(waiting).error_code, ErrorCode::rebalance_in_progress);
}

TEST(Syncing, in_a_stable_group_returns_the_assignment_again) {
  Coordinated c;
  const auto ids = c.stable({{}, {}});
  EXPECT_EQ(c.synced(c.sync(ids[1], c.stable_generation)).assignment, bytes_of("a1"));
}

TEST(Syncing, an_assignment_that_cannot_be_persisted_is_nobodys) {
  Coordinated c;
  const auto [id, request] = c.enter();
  c.pass(9s);
  c.refuses = ErrorCode::not_enough_replicas;
  const auto sync = c.sync(id, 1, {{id, "one"}});
  EXPECT_EQ(c.synced(sync).error_code, ErrorCode::coordinator_not_available);
  EXPECT_EQ(c.state(), "PreparingRebalance");
}

TEST(Syncing, an_assignment_committed_after_the_next_rebalance_began_changes_nothing) {
  Coordinated c;
  const auto [id, request] = c.enter();
  c.pass(9s);
  c.commits_at_once = false;
  const auto sync = c.sync(id, 1, {{id, "one"}});
  c.enter();  // Somebody else comes.
  EXPECT_EQ(c.synced(sync).error_code, ErrorCode::rebalance_in_progress);
  c.commit_log();
  EXPECT_EQ(c.state(), "PreparingRebalance");
}

// It has the same name and may have come to the same generation.
TEST(Syncing, what_a_deleted_group_had_written_is_nothing_to_its_successor) {
  for (const bool is_late : {false, true}) {
    Coordinated c({.initial_rebalance_delay = 0s});
    const auto of_version_3 = [&] {
      const auto request = c.join({.version = 3});
      c.pass(0s);
      return c.joined(request);
    };
    const auto before = of_version_3();
    c.commits_at_once = false;
    c.sync(before.member_id, before.generation_id, {{before.member_id, "one"}});
    c.leave(before.member_id);
    c.delete_group();
    const auto after = of_version_3();
    EXPECT_EQ(after.generation_id, before.generation_id);
    if (is_late) {
      c.pass(5s);
    } else {
      c.commit_log();
    }
    EXPECT_EQ(c.state(), "CompletingRebalance");
    EXPECT_EQ(c.members(), 1u);
  }
}

TEST(Syncing, who_joined_and_never_asks_for_its_part_is_out) {
  Coordinated c;
  const auto leader = c.enter({.session_ms = 1'800'000});
  const auto silent = c.enter({.session_ms = 1'800'000});
  c.pass(9s);
  c.sync(leader.first, 1, {{leader.first, "one"}});
  c.pass(56s);  // The generation began three seconds before.
  EXPECT_EQ(c.heartbeat(silent.first, 1), ErrorCode::none);
  c.pass(1s);
  EXPECT_EQ(c.heartbeat(silent.first, 1), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.heartbeat(leader.first, 1), ErrorCode::rebalance_in_progress);
}

TEST(Syncing, a_group_once_waited_for_ever_for_whoever_lives_and_never_asks) {  // GRP-08
  Coordinated c({}, {}, {.puts_out_who_never_asks = false});                    // KAFKA-12890
  const auto leader = c.enter({.session_ms = 1'800'000});
  const auto follower = c.enter({.session_ms = 1'800'000});
  c.pass(9s);
  c.sync(follower.first, 1);
  for (int i = 0; i < 24; ++i) {
    c.pass(1'000s);
    EXPECT_EQ(c.heartbeat(leader.first, 1), ErrorCode::none);
  }
  EXPECT_EQ(c.state(), "CompletingRebalance");
}

// ---- Living and leaving ------------------------------------------------------------------------

TEST(Heartbeats, are_answered_by_the_state_of_the_group) {
  Coordinated c;
  EXPECT_EQ(c.heartbeat("ghost", 1), ErrorCode::unknown_member_id);
  const auto ids = c.stable({{}, {}});
  EXPECT_EQ(c.heartbeat(ids[0], c.stable_generation), ErrorCode::none);
  EXPECT_EQ(c.heartbeat(ids[0], c.stable_generation - 1), ErrorCode::illegal_generation);
  EXPECT_EQ(c.heartbeat("ghost", c.stable_generation), ErrorCode::unknown_member_id);
  c.join({.member = ids[0]});
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation), ErrorCode::rebalance_in_progress);
}

TEST(Heartbeats, keep_a_member_and_their_absence_ends_it) {
  Coordinated c;
  const auto ids = c.stable({{}, {}});
  for (int i = 0; i < 5; ++i) {
    c.pass(9s);
    EXPECT_EQ(c.heartbeat(ids[0], c.stable_generation),
              i < 1 ? ErrorCode::none : ErrorCode::rebalance_in_progress);
  }
  EXPECT_EQ(c.members(), 1u);
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation), ErrorCode::unknown_member_id);
}

TEST(Heartbeats, of_who_is_made_to_wait_are_not_expected) {
  Coordinated c;
  const auto ids = c.stable({{}, {.session_ms = 1'800'000}});
  const auto waiting = c.join({.member = ids[0]});
  c.pass(30s);  // Three of its sessions.
  EXPECT_TRUE(c.is_parked(waiting));
  c.join({.member = ids[1], .session_ms = 1'800'000});
  EXPECT_EQ(c.joined(waiting).error_code, ErrorCode::none);
  c.pass(11s);
  EXPECT_EQ(c.heartbeat(ids[0], c.stable_generation + 1), ErrorCode::unknown_member_id);
}

TEST(Leaving, begins_a_rebalance_and_the_last_one_empties_the_group) {
  Coordinated c;
  const auto ids = c.stable({{}, {}});
  EXPECT_EQ(c.left(c.leave("ghost")), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.left(c.leave(ids[0])), ErrorCode::none);
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation), ErrorCode::rebalance_in_progress);
  c.commits_at_once = false;
  const auto last = c.leave(ids[1]);
  EXPECT_TRUE(c.is_parked(last));  // Until it is persisted.
  c.commit_log();
  EXPECT_EQ(c.left(last), ErrorCode::none);
  EXPECT_EQ(c.state(), "Empty");
}

TEST(Leaving, ends_what_the_member_still_waits_for) {
  Coordinated c;
  c.enter();
  const auto [id, joining] = c.enter();
  c.leave(id);
  EXPECT_EQ(c.joined(joining).error_code, ErrorCode::unknown_member_id);
}

TEST(Leaving, an_id_that_was_only_given_out_disturbs_nobody) {
  Coordinated c;
  c.stable({{}});
  const auto pending = c.joined(c.join({})).member_id;
  EXPECT_EQ(c.left(c.leave(pending)), ErrorCode::none);
  EXPECT_EQ(c.state(), "Stable");
}

}  // namespace
}  // namespace brokersim::group
