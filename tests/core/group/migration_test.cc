// Groups that become groups of the other kind while somebody is in them (KIP-848): what has to be
// so, what is written, who is told what, and that nothing that was committed or given out is lost.
#include "tests/core/group/classics.h"

namespace brokersim::group {
namespace {

struct Migration : testing::Test {
  Coordinated c;
  TestClassic a{c}, b{c};
  TestConsumer m{c, "m"};
  Migration() { c.learn(topics_with(4)); }

  void begin_classic() { assign_as_leader(c, {{&a, orders({0, 1})}, {&b, orders({2, 3})}}); }
  void settle() {
    for (int round = 0; round < 3; ++round) {
      if (m.epoch > 0) m.settle();
      for (auto* classic : {&a, &b}) {
        if (!classic->id.empty()) classic->settle();
      }
    }
  }
  // A group of `a`, `b` and `m` in which all is settled.
  void begin_mixed() {
    begin_classic();
    m.take(m.join());
    settle();
  }
  std::set<std::int32_t> all_owned() const {
    std::set<std::int32_t> all;
    std::size_t count = 0;
    for (const auto* owned : {&a.owned, &b.owned, &m.owned}) {
      const auto found = owned->find(orders_id);
      if (found == owned->end()) continue;
      all.insert(found->second.begin(), found->second.end());
      count += found->second.size();
    }
    EXPECT_EQ(count, all.size()) << "a partition has two owners";
    return all;
  }
};

// ---- Up ----------------------------------------------------------------------------------------

TEST_F(Migration, goes_up_with_the_first_who_comes_by_the_protocol_of_consumers) {
  begin_classic();
  c.commit(7, a.id, a.generation);
  const auto generation = a.generation;
  ASSERT_EQ(m.take(m.join()), ErrorCode::none);
  EXPECT_EQ(c.kind(), "consumer Reconciling");
  EXPECT_EQ(m.epoch, generation + 1);
  EXPECT_TRUE(m.owned.empty()) << "all of it is with the others";
  EXPECT_EQ(c.described().members.size(), 3u);
  EXPECT_EQ(c.state(), "Dead") << "to who asks for a classic one";
  EXPECT_EQ(a.beat(), ErrorCode::rebalance_in_progress);
  settle();
  EXPECT_EQ(c.kind(), "consumer Stable");
  EXPECT_EQ(all_owned(), (std::set<std::int32_t>{0, 1, 2, 3}));
  EXPECT_FALSE(m.owned.empty());
  EXPECT_EQ(a.beat(), ErrorCode::none);
  EXPECT_EQ(c.fetch(), 7);
}

TEST_F(Migration, goes_up_in_one_batch_that_begins_with_the_end_of_the_classic_group) {
  begin_classic();
  const auto before = c.log.size();
  m.take(m.join());
  const auto first = decode_entry(c.log.at(before));
  ASSERT_TRUE(first);
  const auto* tombstone = std::get_if<GroupMetadataEntry>(&*first);
  ASSERT_NE(tombstone, nullptr);
  EXPECT_FALSE(tombstone->value);
  std::map<std::string, ConsumerGroupMemberMetadataValue> members;
  for (auto i = before; i < c.log.size(); ++i) {
    const auto entry = decode_entry(c.log[i]);
    const auto* member = std::get_if<ConsumerGroupMemberMetadataEntry>(&*entry);
    if (member) members[member->key.member_id] = *member->value;
  }
  EXPECT_FALSE(members.at("m").classic_member_metadata);
  const auto& classic = members.at(a.id).classic_member_metadata;
  ASSERT_TRUE(classic);
  EXPECT_EQ(classic->session_timeout_ms, a.session_ms);
  EXPECT_EQ(classic->supported_protocols.at(0).name, "cooperative-sticky");
  EXPECT_EQ(members.at(a.id).rebalance_timeout_ms, a.rebalance_ms);
  EXPECT_EQ(members.at(a.id).subscribed_topic_names, a.topics);
}

TEST_F(Migration, does_not_happen_if_it_cannot_be_written) {
  begin_classic();
  c.refuses = ErrorCode::not_enough_replicas;
  EXPECT_EQ(m.take(m.join()), ErrorCode::coordinator_not_available);
  c.refuses.reset();
  EXPECT_EQ(c.kind(), "classic Stable");
  EXPECT_EQ(a.beat(), ErrorCode::none);
  EXPECT_EQ(m.take(m.join()), ErrorCode::none);
}

TEST_F(Migration, goes_up_only_where_the_policy_says_so) {
  begin_classic();
  for (const auto policy : {MigrationPolicy::disabled, MigrationPolicy::downgrade}) {
    c.config.consumer_migration_policy = policy;
    EXPECT_EQ(m.take(m.join()), ErrorCode::group_id_not_found) << name_of(policy);
  }
  EXPECT_EQ(c.kind(), "classic Stable");
  c.config.consumer_migration_policy = MigrationPolicy::upgrade;
  EXPECT_EQ(m.take(m.join()), ErrorCode::none);
}

TEST_F(Migration, is_for_groups_whose_members_speak_as_consumers_do) {
  c.stable({{.type = "connect"}});
  EXPECT_EQ(m.take(m.join()), ErrorCode::group_id_not_found);
}

TEST_F(Migration, is_for_assignments_that_can_be_read) {
  const auto ids = c.stable({{}});
  EXPECT_EQ(m.take(m.join()), ErrorCode::group_id_not_found) << "'a0' is none";
  EXPECT_EQ(c.heartbeat(ids[0], c.stable_generation), ErrorCode::none);
}

TEST_F(Migration, is_for_groups_that_are_not_too_large) {
  begin_classic();
  c.config.consumer_max_size = 1;
  EXPECT_EQ(m.take(m.join()), ErrorCode::group_id_not_found);
  c.config.consumer_max_size = 2;
  EXPECT_EQ(m.take(m.join()), ErrorCode::group_max_size_reached);
  EXPECT_EQ(c.kind(), "classic Stable");
  EXPECT_EQ(a.beat(), ErrorCode::none);
}

TEST_F(Migration, tells_who_waits_in_the_classic_group_to_join_again) {
  begin_classic();
  const auto waiting = a.join();
  ASSERT_TRUE(c.is_parked(waiting));
  m.take(m.join());
  EXPECT_EQ(a.hear_joined(waiting), ErrorCode::rebalance_in_progress);
  settle();
  EXPECT_EQ(all_owned().size(), 4u);
}

TEST_F(Migration, forgets_who_was_not_answered_yet_until_it_comes_again) {
  begin_classic();
  TestClassic late(c);
  late.hear_joined(late.join());
  const auto waiting = late.join();
  m.take(m.join());
  EXPECT_EQ(c.joined(waiting).error_code, ErrorCode::rebalance_in_progress);
  EXPECT_EQ(c.described().members.size(), 3u);
  EXPECT_EQ(late.enter(), ErrorCode::none);
  EXPECT_EQ(c.described().members.size(), 4u);
}

// KIP-429: partition 1 is nobody's in the second generation, for `a` has yet to give it up.
TEST_F(Migration, gives_nobody_what_a_cooperative_member_may_still_have) {
  begin_classic();
  const auto had = a.owned;
  assign_as_leader(c, {{&a, orders({0})}, {&b, orders({2, 3})}});
  a.owned = had;
  m.take(m.join());
  b.settle();
  m.settle();
  EXPECT_FALSE(have_common(m.owned, orders({1})));
  EXPECT_FALSE(have_common(b.owned, orders({1})));
  a.owned = orders({0});
  settle();
  EXPECT_EQ(all_owned(), (std::set<std::int32_t>{0, 1, 2, 3}));
}

// A static member keeps its place in a rebalance that it misses, and joins again whatever it says
// that it has. Part of that is others' by then, of which only its heartbeat tells.
TEST_F(Migration, tells_a_static_member_that_missed_a_rebalance_by_its_heartbeat_alone) {
  TestClassic fixed(c, "i");
  fixed.rebalance_ms = a.rebalance_ms = 20'000;
  assign_as_leader(c, {{&fixed, orders({0, 1, 2, 3})}});
  a.hear_joined(a.join());
  const auto joining = a.join();
  EXPECT_EQ(fixed.beat(), ErrorCode::rebalance_in_progress);
  c.pass(20s);
  ASSERT_EQ(a.hear_joined(joining), ErrorCode::none);
  ASSERT_EQ(a.hear_synced(a.sync({{a.id, orders({0, 2})}, {fixed.id, orders({1, 3})}})),
            ErrorCode::none);
  m.take(m.join());
  EXPECT_EQ(fixed.beat(), ErrorCode::illegal_generation);
  EXPECT_EQ(fixed.hear_joined(fixed.join()), ErrorCode::none);
  EXPECT_EQ(fixed.generation, m.epoch);
  EXPECT_TRUE(have_common(fixed.owned, a.owned)) << "until it hears what it has";
  EXPECT_EQ(fixed.hear_synced(fixed.sync()), ErrorCode::none);
  EXPECT_FALSE(have_common(fixed.owned, a.owned));
}

TEST_F(Migration, is_remembered_by_the_next_coordinator) {
  begin_classic();
  m.take(m.join());
  const auto before = c.described();
  c.fail_over();
  EXPECT_EQ(c.described(), before);
  EXPECT_EQ(a.beat(), ErrorCode::rebalance_in_progress);
  settle();
  EXPECT_EQ(all_owned().size(), 4u);
}

// ---- Down --------------------------------------------------------------------------------------

TEST_F(Migration, goes_down_when_the_last_who_speaks_the_protocol_of_consumers_leaves) {
  begin_mixed();
  c.commit(7, "m", m.epoch);
  const auto epoch = c.described().group_epoch;
  ASSERT_EQ(m.take(m.leave()), ErrorCode::none);
  m.owned.clear();
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
  EXPECT_EQ(c.described().error_code, ErrorCode::group_id_not_found);
  EXPECT_EQ(a.generation, epoch);
  EXPECT_EQ(a.beat(), ErrorCode::rebalance_in_progress);
  assign_as_leader(c, {{&a, orders({0, 1})}, {&b, orders({2, 3})}});
  EXPECT_EQ(a.generation, epoch + 1);
  EXPECT_EQ(c.kind(), "classic Stable");
  EXPECT_EQ(c.fetch(), 7);
}

TEST_F(Migration, goes_down_when_the_session_of_the_last_is_over) {
  begin_mixed();
  for (int i = 0; i < 5; ++i) {
    c.pass(10s);
    a.beat();
    b.beat();
  }
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
  EXPECT_EQ(m.take(m.beat()), ErrorCode::group_id_not_found);
  EXPECT_EQ(m.take(m.join()), ErrorCode::none) << "and up again";
  EXPECT_EQ(c.kind(), "consumer Reconciling");
}

TEST_F(Migration, goes_down_when_the_last_is_put_out_by_an_administrator) {
  TestConsumer fixed(c, "f", "i");
  begin_classic();
  fixed.take(fixed.join());
  EXPECT_EQ(c.left(c.leave("", "i")), ErrorCode::none);
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
}

TEST_F(Migration, goes_down_when_a_static_member_comes_back_by_the_classic_protocol) {
  TestConsumer fixed(c, "f", "i");
  begin_classic();
  fixed.take(fixed.join());
  settle();
  TestClassic successor(c, "i");
  const auto joining = successor.join();
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
  EXPECT_TRUE(c.is_parked(joining)) << "as in any classic group";
  EXPECT_EQ(c.members(), 3u);
  const auto others = {a.join(), b.join()};
  EXPECT_EQ(successor.hear_joined(joining), ErrorCode::none);
  for (const auto other : others) EXPECT_EQ(c.joined(other).error_code, ErrorCode::none);
  EXPECT_EQ(fixed.take(fixed.beat()), ErrorCode::group_id_not_found);
}

TEST_F(Migration, down_to_a_group_that_is_deleted_at_once_leaves_nothing_to_join) {
  TestConsumer fixed(c, "f", "i");
  ASSERT_EQ(fixed.take(fixed.join()), ErrorCode::none);
  c.commits_at_once = false;
  TestClassic successor(c, "i");
  const auto joining = successor.join();
  const auto leaving = c.leave("", "i");
  const auto deleting = c.delete_group();
  ASSERT_TRUE(c.is_parked(joining));
  ASSERT_TRUE(c.is_parked(deleting));
  c.commit_log();
  EXPECT_EQ(c.left(leaving), ErrorCode::none);
  EXPECT_EQ(c.deleted(deleting), ErrorCode::none);
  EXPECT_EQ(c.joined(joining).error_code, ErrorCode::unknown_member_id);
}

TEST_F(Migration, goes_down_only_where_the_policy_says_so) {
  c.config.consumer_migration_policy = MigrationPolicy::upgrade;
  begin_mixed();
  m.leave();
  m.owned.clear();
  m.epoch = 0;
  EXPECT_EQ(c.kind(), "consumer Assigning");
  settle();
  EXPECT_EQ(c.kind(), "consumer Stable") << "of members of the classic protocol";
  EXPECT_EQ(all_owned().size(), 4u);
  c.leave(a.id);
  c.leave(b.id);
  EXPECT_EQ(c.kind(), "consumer Empty");
}

TEST_F(Migration, goes_down_only_to_a_group_that_is_not_too_large) {
  begin_mixed();
  c.config.max_size = 1;
  m.leave();
  EXPECT_EQ(c.kind(), "consumer Assigning");
}

TEST_F(Migration, does_not_go_down_while_another_one_is_left) {
  TestConsumer other(c, "n");
  begin_mixed();
  other.take(other.join());
  m.leave();
  EXPECT_EQ(c.kind(), "consumer Assigning");
  other.leave();
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
}

TEST_F(Migration, leaves_an_empty_group_as_it_is) {
  m.take(m.join());
  m.leave();
  EXPECT_EQ(c.kind(), "consumer Empty");
}

TEST_F(Migration, down_does_not_happen_if_it_cannot_be_written) {
  begin_mixed();
  c.refuses = ErrorCode::not_enough_replicas;
  EXPECT_EQ(m.take(m.leave()), ErrorCode::coordinator_not_available);
  c.refuses.reset();
  EXPECT_EQ(c.kind(), "consumer Stable");
  EXPECT_EQ(m.take(m.leave()), ErrorCode::none);
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
}

// Its part has no owner in the record: without a rebalance nobody would ever read it.
TEST_F(Migration, down_is_followed_by_a_rebalance_though_the_coordinator_is_another_by_then) {
  begin_mixed();
  const auto generation = a.generation;
  m.leave();
  c.fail_over();
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
  EXPECT_EQ(c.heartbeat(a.id, generation), ErrorCode::rebalance_in_progress);
  assign_as_leader(c, {{&a, orders({0, 1})}, {&b, orders({2, 3})}});
  c.fail_over();
  EXPECT_EQ(c.kind(), "classic Stable");
}

TEST_F(Migration, down_is_told_to_nobody_before_it_is_committed) {
  begin_mixed();
  const auto generation = a.generation;
  c.commits_at_once = false;
  m.leave();
  const auto joined = a.join();
  const auto synced = b.sync();
  EXPECT_TRUE(c.is_parked(joined));
  EXPECT_TRUE(c.is_parked(synced));
  c.commits_at_once = true;
  c.commit_log();
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
  EXPECT_EQ(b.hear_synced(synced), ErrorCode::rebalance_in_progress);
  b.join();
  EXPECT_EQ(a.hear_joined(joined), ErrorCode::none);
  EXPECT_EQ(a.generation, generation + 1);
}

TEST_F(Migration, gives_nobody_what_was_being_given_up_when_it_went_down_and_up_again) {
  begin_mixed();
  const auto had = a.owned;
  TestConsumer other(c, "n");
  other.take(other.join());
  a.enter();      // It is told to give something up,
  a.owned = had;  // and has not done it yet.
  m.leave();
  other.leave();
  EXPECT_EQ(c.kind(), "classic PreparingRebalance");
  m.owned.clear();
  m.take(m.join());
  m.settle();
  b.settle();
  EXPECT_FALSE(have_common(m.owned, had));
  EXPECT_FALSE(have_common(b.owned, had));
}

TEST_F(Migration, tells_a_member_its_part_in_the_version_it_speaks) {
  a.speaks = 1;
  begin_classic();
  m.take(m.join());
  a.hear_joined(a.join());
  const auto& told = c.synced(a.sync()).assignment;
  ASSERT_GE(told.size(), 2u);
  EXPECT_EQ(told[1], 1);
  m.leave();
  const auto entry = decode_entry(c.log.back());
  const auto& value = std::get<GroupMetadataEntry>(*entry).value;
  ASSERT_TRUE(value);
  EXPECT_FALSE(value->leader);
  for (const auto& member : value->members) {
    EXPECT_EQ(member.assignment.at(1), member.member_id == a.id ? 1 : 3);
  }
}

}  // namespace
}  // namespace brokersim::group
