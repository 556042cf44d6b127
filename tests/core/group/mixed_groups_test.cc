// Members that speak the classic protocol in a consumer group (KIP-848): how they come, what they
// are told, how long they are waited for, how they go, and what they may commit.
#include "tests/core/group/classics.h"

namespace brokersim::group {
namespace {

struct MixedGroups : testing::Test {
  Coordinated c;
  TestConsumer m{c, "m"};
  TestClassic a{c};
  MixedGroups() {
    c.learn(topics_with(4));
    m.take(m.join());
  }

  void settle() {
    for (int round = 0; round < 3; ++round) {
      m.settle();
      a.settle();
    }
  }
  void keep_alive(Duration time) {
    for (Duration passed{}; passed < time; passed += 5s) {
      c.pass(5s);
      m.take(m.acknowledge());
    }
  }
};

// ---- Coming ------------------------------------------------------------------------------------

TEST_F(MixedGroups, are_joined_with_an_id_that_the_coordinator_gives) {
  const auto first = c.joined(a.join());
  EXPECT_EQ(first.error_code, ErrorCode::member_id_required);
  EXPECT_FALSE(first.member_id.empty());
  EXPECT_EQ(c.described().members.size(), 1u) << "who does not come back was never there";
  a.id = first.member_id;
  const auto joined = c.joined(a.join());
  EXPECT_EQ(joined.error_code, ErrorCode::none);
  EXPECT_EQ(joined.member_id, a.id);
  EXPECT_EQ(joined.generation_id, 2);
  EXPECT_EQ(joined.protocol_type, "consumer");
  EXPECT_EQ(joined.protocol_name, "cooperative-sticky");
  EXPECT_TRUE(joined.leader.empty()) << "the coordinator assigns";
  EXPECT_TRUE(joined.members.empty());
}

TEST_F(MixedGroups, are_joined_at_once_before_version_4_and_by_static_members) {
  a.version = 3;
  EXPECT_EQ(a.hear_joined(a.join()), ErrorCode::none);
  TestClassic fixed(c, "i");
  EXPECT_EQ(fixed.hear_joined(fixed.join()), ErrorCode::none);
  EXPECT_EQ(c.described().members.size(), 3u);
}

TEST_F(MixedGroups, are_shared_among_members_of_both_protocols) {
  EXPECT_EQ(a.enter(), ErrorCode::none);
  EXPECT_TRUE(a.owned.empty()) << "the other has to give up first";
  EXPECT_EQ(a.beat(), ErrorCode::none) << "until then joining again would not help";
  m.take(m.beat());
  m.take(m.acknowledge());
  EXPECT_EQ(a.beat(), ErrorCode::rebalance_in_progress);
  EXPECT_EQ(a.enter(), ErrorCode::none);
  EXPECT_EQ(a.owned.at(orders_id).size(), 2u);
  EXPECT_FALSE(have_common(a.owned, m.owned));
  EXPECT_EQ(a.beat(), ErrorCode::none);
  EXPECT_EQ(c.described().group_state, "Stable");
}

TEST_F(MixedGroups, are_described_with_the_protocol_that_each_member_speaks) {
  using Described = api::ConsumerGroupDescribeResponse;
  ASSERT_EQ(a.enter(), ErrorCode::none);
  const auto group = c.described();
  std::map<std::string, std::int8_t> spoken;
  for (const auto& member : group.members) spoken[member.member_id] = member.member_type;
  EXPECT_EQ(spoken, (std::map<std::string, std::int8_t>{{a.id, Described::classic_member},
                                                        {"m", Described::consumer_member}}));
}

TEST_F(MixedGroups, are_given_up_to_by_classic_members_in_two_steps) {
  a.enter();
  settle();
  TestConsumer n(c, "n"), o(c, "o");
  n.take(n.join());
  o.take(o.join());
  const auto had = a.owned;
  EXPECT_EQ(a.beat(), ErrorCode::rebalance_in_progress);
  EXPECT_EQ(a.enter(), ErrorCode::none);
  EXPECT_LT(a.owned.at(orders_id).size(), had.at(orders_id).size());
  EXPECT_EQ(a.beat(), ErrorCode::rebalance_in_progress) << "it has to say that it gave up";
  EXPECT_EQ(a.enter(), ErrorCode::none);
  EXPECT_EQ(a.beat(), ErrorCode::none);
}

TEST_F(MixedGroups, are_joined_by_eager_members_that_gave_up_all_before) {
  a.is_eager = true;
  a.enter();
  settle();
  EXPECT_EQ(a.owned.at(orders_id).size(), 2u);
  TestConsumer n(c, "n");
  n.take(n.join());
  EXPECT_EQ(a.enter(), ErrorCode::none);
  EXPECT_EQ(a.beat(), ErrorCode::none) << "one step is enough";
}

TEST_F(MixedGroups, have_one_protocol_that_all_classic_members_speak) {
  a.protocols = {"range", "sticky"};
  ASSERT_EQ(a.enter(), ErrorCode::none);
  TestClassic b(c);
  b.protocols = {"cooperative-sticky"};
  EXPECT_EQ(b.enter(), ErrorCode::inconsistent_group_protocol);
  b.protocols = {"sticky"};
  EXPECT_EQ(b.enter(), ErrorCode::none);
  EXPECT_EQ(c.joined(c.join({.protocols = {"sticky"}, .type = "connect"})).error_code,
            ErrorCode::inconsistent_group_protocol);
}

TEST_F(MixedGroups, are_joined_by_who_can_be_understood) {
  api::JoinGroupRequest asked;
  asked.group_id = "g";
  asked.session_timeout_ms = 10'000;
  asked.protocol_type = "consumer";
  asked.protocols.push_back({"range", bytes_of("?")});
  EXPECT_EQ(c.joined(c.join(asked, 3)).error_code, ErrorCode::unknown_server_error);
  asked.protocols.clear();
  EXPECT_EQ(c.joined(c.join(asked, 3)).error_code, ErrorCode::inconsistent_group_protocol);
  EXPECT_EQ(c.described().members.size(), 1u);
}

TEST_F(MixedGroups, are_full_for_members_of_either_protocol) {
  c.config.consumer_max_size = 1;
  EXPECT_EQ(a.enter(), ErrorCode::group_max_size_reached);
}

// It would be taken for a new one that has nothing, and go on with what is others' by now.
TEST_F(MixedGroups, do_not_take_back_who_still_has_something_of_theirs) {
  a.enter();
  settle();
  keep_alive(40s);
  EXPECT_EQ(a.beat(), ErrorCode::unknown_member_id);
  EXPECT_EQ(a.hear_joined(a.join()), ErrorCode::unknown_member_id);
  a.owned.clear();
  EXPECT_EQ(a.hear_joined(a.join()), ErrorCode::none);
}

// ---- Staying -----------------------------------------------------------------------------------

TEST_F(MixedGroups, tell_their_parts_to_members_of_the_present_generation) {
  a.enter();
  const auto synced = [&](auto change) {
    api::SyncGroupRequest asked;
    asked.group_id = "g";
    asked.generation_id = a.generation;
    asked.member_id = a.id;
    change(asked);
    return c.synced(c.sync(asked)).error_code;
  };
  EXPECT_EQ(synced([](auto&) {}), ErrorCode::none);
  EXPECT_EQ(synced([](auto& s) { --s.generation_id; }), ErrorCode::illegal_generation);
  EXPECT_EQ(synced([](auto& s) { s.member_id = "ghost"; }), ErrorCode::unknown_member_id);
  EXPECT_EQ(synced([](auto& s) { s.member_id = "m"; }), ErrorCode::unknown_member_id);
  EXPECT_EQ(synced([](auto& s) { s.group_instance_id = "i"; }), ErrorCode::unknown_member_id);
  EXPECT_EQ(synced([](auto& s) { s.protocol_type = "connect"; }),
            ErrorCode::inconsistent_group_protocol);
  EXPECT_EQ(synced([](auto& s) { s.protocol_name = "range"; }),
            ErrorCode::inconsistent_group_protocol);
  TestConsumer n(c, "n");
  n.take(n.join());
  EXPECT_EQ(synced([](auto&) {}), ErrorCode::rebalance_in_progress);
}

TEST_F(MixedGroups, tell_of_what_is_committed_only) {
  c.commits_at_once = false;
  a.version = 3;
  const auto joining = a.join();
  EXPECT_TRUE(c.is_parked(joining));
  c.commit_log();
  EXPECT_EQ(a.hear_joined(joining), ErrorCode::none);
}

TEST_F(MixedGroups, know_who_is_alive_in_which_generation) {
  a.enter();
  EXPECT_EQ(c.heartbeat(a.id, a.generation - 1), ErrorCode::illegal_generation);
  EXPECT_EQ(c.heartbeat("ghost", a.generation), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.heartbeat("m", m.epoch), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.heartbeat(a.id, a.generation, "i"), ErrorCode::unknown_member_id);
}

TEST_F(MixedGroups, miss_classic_members_when_their_own_session_is_over) {
  a.enter();
  keep_alive(25s);
  EXPECT_NE(a.beat(), ErrorCode::unknown_member_id);
  keep_alive(25s);
  EXPECT_NE(a.beat(), ErrorCode::unknown_member_id);
  keep_alive(35s);
  EXPECT_EQ(a.beat(), ErrorCode::unknown_member_id);
}

TEST_F(MixedGroups, go_on_without_who_is_told_to_join_again_and_does_not) {
  a.enter();
  settle();
  TestConsumer n(c, "n");
  n.take(n.join());
  for (int i = 0; i < 11; ++i) {
    EXPECT_EQ(a.beat(), ErrorCode::rebalance_in_progress);
    keep_alive(5s);
  }
  keep_alive(10s);
  EXPECT_EQ(a.beat(), ErrorCode::unknown_member_id);
}

TEST_F(MixedGroups, go_on_without_who_joins_and_does_not_ask_for_its_part) {
  a.hear_joined(a.join());
  a.hear_joined(a.join());
  for (int i = 0; i < 11; ++i) {
    EXPECT_NE(a.beat(), ErrorCode::unknown_member_id);
    keep_alive(5s);
  }
  keep_alive(10s);
  EXPECT_EQ(a.beat(), ErrorCode::unknown_member_id);
}

TEST_F(MixedGroups, give_loaded_members_a_full_session_of_their_own) {
  a.enter();
  settle();
  c.pass(20s);
  c.fail_over();
  c.pass(25s);
  EXPECT_EQ(a.beat(), ErrorCode::none);
}

// ---- Static members ----------------------------------------------------------------------------

TEST_F(MixedGroups, have_static_members_that_come_back_by_the_classic_protocol) {
  TestClassic fixed(c, "i");
  fixed.enter();
  for (int i = 0; i < 3; ++i) {
    m.settle();
    fixed.settle();
  }
  TestClassic successor(c, "i");
  ASSERT_EQ(successor.enter(), ErrorCode::none);
  EXPECT_NE(successor.id, fixed.id);
  EXPECT_EQ(successor.owned, fixed.owned) << "nobody else hears of it";
  EXPECT_EQ(m.take(m.beat()), ErrorCode::none);
  EXPECT_EQ(fixed.beat(), ErrorCode::fenced_instance_id);
  EXPECT_EQ(fixed.hear_joined(fixed.join()), ErrorCode::fenced_instance_id);
  EXPECT_EQ(c.described().members.size(), 2u);
}

TEST_F(MixedGroups, have_static_members_that_come_back_by_the_other_protocol) {
  TestClassic fixed(c, "i");
  fixed.enter();
  for (int i = 0; i < 3; ++i) {
    m.settle();
    fixed.settle();
  }
  TestConsumer successor(c, "s", "i");
  EXPECT_EQ(successor.take(successor.join()), ErrorCode::none);
  EXPECT_EQ(successor.owned, fixed.owned);
  EXPECT_EQ(fixed.beat(), ErrorCode::fenced_instance_id);
  TestClassic again(c, "i");
  EXPECT_EQ(again.enter(), ErrorCode::none) << "and back";
  EXPECT_EQ(again.owned, fixed.owned);
  EXPECT_EQ(successor.take(successor.beat()), ErrorCode::fenced_instance_id);
}

TEST(MixedGroupsOnce, classic_static_members_kept_their_successors_out) {
  Coordinated c({}, {}, {.takes_over_from_classic_members = false});
  c.learn(topics_with(4));
  TestConsumer m(c, "m");
  m.take(m.join());
  TestClassic fixed(c, "i");
  fixed.enter();
  TestConsumer successor(c, "s", "i");
  EXPECT_EQ(successor.take(successor.join()), ErrorCode::unreleased_instance_id);
}

// ---- Going -------------------------------------------------------------------------------------

TEST_F(MixedGroups, are_left_by_members_of_either_protocol_by_id_or_instance) {
  TestClassic fixed(c, "i");
  fixed.enter();
  a.enter();
  EXPECT_EQ(c.left(c.leave("ghost")), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.left(c.leave("", "j")), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.left(c.leave(a.id, "i")), ErrorCode::fenced_instance_id);
  EXPECT_EQ(c.left(c.leave(a.id)), ErrorCode::none);
  EXPECT_EQ(c.left(c.leave("", "i")), ErrorCode::none);
  EXPECT_EQ(c.described().members.size(), 1u);
  EXPECT_EQ(c.described().group_state, "Assigning");
  m.settle();
  EXPECT_EQ(m.owned, orders({0, 1, 2, 3}));
  EXPECT_EQ(c.left(c.leave("m")), ErrorCode::none);
  EXPECT_EQ(c.described().group_state, "Empty");
}

// ---- Offsets -----------------------------------------------------------------------------------

TEST_F(MixedGroups, take_offsets_of_the_present_generation) {
  a.enter();
  settle();
  EXPECT_EQ(c.committed(c.commit(3, a.id, a.generation)), ErrorCode::none);
  EXPECT_EQ(c.committed(c.commit(4, a.id, a.generation - 1)), ErrorCode::illegal_generation);
  EXPECT_EQ(c.committed(c.commit(4, "m", m.epoch - 1)), ErrorCode::stale_member_epoch);
  EXPECT_EQ(c.committed(c.commit(4, "ghost", a.generation)), ErrorCode::unknown_member_id);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, a.id, a.generation)), ErrorCode::none);
  EXPECT_EQ(c.pending(c.commit_pending(5, 7, a.id, a.generation - 1)),
            ErrorCode::illegal_generation);
  EXPECT_EQ(c.fetch(), 3);
}

TEST_F(MixedGroups, take_offsets_of_classic_members_in_any_version) {
  a.enter();
  api::OffsetCommitRequest asked;
  asked.group_id = "g";
  asked.member_id = a.id;
  asked.generation_id_or_member_epoch = a.generation;
  asked.topics.push_back({.name = "orders", .partitions = {{.committed_offset = 1}}});
  const auto out = c.shard->commit_offsets(c.now, {99}, asked, 8);
  EXPECT_TRUE(out.answers.empty()) << "it is being written";
  EXPECT_EQ(out.writes.size(), 1u);
}

}  // namespace
}  // namespace brokersim::group
