// Static members (KIP-345): they restart without a rebalance, and only one of them is the real one.
#include "tests/core/group/coordinated.h"

namespace brokersim::group {
namespace {

const Joining instance_1{.instance = "i1"};
const Joining instance_2{.instance = "i2"};

TEST(StaticMembers, are_taken_in_without_a_detour) {
  Coordinated c;
  const auto request = c.join(instance_1);
  EXPECT_TRUE(c.is_parked(request));
  EXPECT_EQ(c.members(), 1u);
}

TEST(StaticMembers, restart_into_the_same_generation_with_the_same_assignment) {
  Coordinated c;
  const auto ids = c.stable({instance_1, instance_2});
  const auto again = c.joined(c.join(instance_2));
  EXPECT_EQ(again.error_code, ErrorCode::none);
  EXPECT_EQ(again.generation_id, c.stable_generation);
  EXPECT_NE(again.member_id, ids[1]);
  EXPECT_EQ(c.state(), "Stable");
  EXPECT_EQ(c.synced(c.sync(again.member_id, c.stable_generation, {}, "i2")).assignment,
            bytes_of("a1"));
}

TEST(StaticMembers, fence_their_predecessors) {
  Coordinated c;
  const auto ids = c.stable({instance_1, instance_2});
  c.join(instance_2);
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation, "i2"), ErrorCode::fenced_instance_id);
  EXPECT_EQ(c.synced(c.sync(ids[1], c.stable_generation, {}, "i2")).error_code,
            ErrorCode::fenced_instance_id);
  EXPECT_EQ(c.left(c.leave(ids[1], "i2")), ErrorCode::fenced_instance_id);
  auto old = instance_2;
  old.member = ids[1];
  EXPECT_EQ(c.joined(c.join(old)).error_code, ErrorCode::fenced_instance_id);
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation, "i3"), ErrorCode::unknown_member_id);
}

TEST(StaticMembers, a_parked_predecessor_is_told_at_once) {
  Coordinated c;
  const auto waiting = c.join(instance_1);
  const auto successor = c.join(instance_1);
  EXPECT_EQ(c.joined(waiting).error_code, ErrorCode::fenced_instance_id);
  EXPECT_TRUE(c.is_parked(successor));
  EXPECT_EQ(c.members(), 1u);
}

TEST(StaticMembers, a_restarted_leader_does_not_assign_again) {
  Coordinated c;
  c.stable({instance_1, instance_2});
  const auto newest = c.joined(c.join(instance_1));
  EXPECT_TRUE(newest.skip_assignment);
  EXPECT_EQ(newest.leader, newest.member_id);
  EXPECT_EQ(newest.members.size(), 2u);
  auto older = instance_1;
  older.version = 8;
  const auto told = c.joined(c.join(older));
  EXPECT_FALSE(told.skip_assignment);
  EXPECT_EQ(told.leader, newest.member_id);  // Which it is not, so that it does not feel meant.
  EXPECT_NE(told.member_id, newest.member_id);
  EXPECT_TRUE(told.members.empty());
}

TEST(StaticMembers, a_new_id_is_persisted_before_it_is_answered) {
  Coordinated c;
  const auto ids = c.stable({instance_1, instance_2});
  c.commits_at_once = false;
  const auto restarted = c.join(instance_2);
  EXPECT_TRUE(c.is_parked(restarted));
  c.commit_log();
  const auto id = c.joined(restarted).member_id;
  c.fail_over();
  EXPECT_EQ(c.heartbeat(id, c.stable_generation, "i2"), ErrorCode::none);
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation, "i2"), ErrorCode::fenced_instance_id);
}

TEST(StaticMembers, a_new_id_that_cannot_be_persisted_leaves_the_old_one_in_place) {
  Coordinated c;
  const auto ids = c.stable({instance_1, instance_2});
  c.refuses = ErrorCode::not_enough_replicas;
  EXPECT_EQ(c.joined(c.join(instance_2)).error_code, ErrorCode::coordinator_not_available);
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation, "i2"), ErrorCode::none);
  EXPECT_EQ(c.synced(c.sync(ids[1], c.stable_generation, {}, "i2")).assignment, bytes_of("a1"));
}

TEST(StaticMembers, a_restart_that_changes_the_protocol_is_a_rebalance) {
  Coordinated c;
  auto one = instance_1;
  one.protocols = {"range", "sticky"};
  c.stable({one});
  auto other = instance_1;
  other.protocols = {"sticky", "range"};
  const auto request = c.join(other);
  EXPECT_EQ(c.joined(request).generation_id, c.stable_generation + 1);
  EXPECT_EQ(c.joined(request).protocol_name, "sticky");
}

TEST(StaticMembers, a_restart_before_the_assignment_is_a_rebalance) {
  Coordinated c;
  const auto a = c.join(instance_1);
  c.join(instance_2);
  c.pass(9s);
  EXPECT_EQ(c.joined(a).generation_id, 1);
  EXPECT_TRUE(c.is_parked(c.join(instance_2)));
  EXPECT_EQ(c.state(), "PreparingRebalance");
}

TEST(StaticMembers, keep_their_place_while_a_rebalance_passes_without_them) {
  Coordinated c;
  auto away = instance_2;
  away.session_ms = 1'800'000;
  const auto ids = c.stable({instance_1, away});
  auto back = instance_1;
  back.member = ids[0];
  back.metadata = "other";
  const auto request = c.join(back);
  c.pass(60s);
  EXPECT_EQ(c.joined(request).members.size(), 2u);
}

// Nothing may be due at once again and again while nobody comes.
TEST(StaticMembers, are_waited_for_from_one_moment_to_a_later_one_if_they_give_no_time) {
  Coordinated c;
  const auto ids = c.stable({{.instance = "i1", .rebalance_ms = 0}, {}});
  c.leave(ids[1]);
  (void)c.shard->tick(c.now);
  EXPECT_EQ(c.state(), "PreparingRebalance");
  EXPECT_GT(c.shard->next_deadline(), c.now.at);
}

TEST(StaticMembers, were_put_out_by_a_rebalance_that_passed_without_them_once) {
  GroupRules rules;
  rules.waits_for_static_members = false;  // KAFKA-8220
  Coordinated c({}, {}, rules);
  auto away = instance_2;
  away.session_ms = 1'800'000;
  const auto ids = c.stable({instance_1, away});
  auto back = instance_1;
  back.member = ids[0];
  back.metadata = "other";
  const auto request = c.join(back);
  c.pass(60s);
  EXPECT_EQ(c.joined(request).members.size(), 1u);
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation, "i2"), ErrorCode::unknown_member_id);
}

TEST(StaticMembers, were_two_processes_by_one_id_once) {
  GroupRules rules;
  rules.replaces_static_members_always = false;  // KAFKA-8500
  Coordinated c({}, {}, rules);
  const auto first = c.join(instance_1);
  c.pass(9s);
  const auto one = c.joined(first);
  const auto other = c.joined(c.join(instance_1));
  EXPECT_EQ(other.member_id, one.member_id);
  EXPECT_EQ(other.generation_id, one.generation_id);
}

TEST(StaticMembers, can_be_removed_by_their_instance_alone) {
  Coordinated c;
  c.stable({instance_1, instance_2});
  EXPECT_EQ(c.left(c.leave("", "i3")), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.left(c.leave("", "i2")), ErrorCode::none);
  EXPECT_EQ(c.members(), 1u);
}

}  // namespace
}  // namespace brokersim::group
