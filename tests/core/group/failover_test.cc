// What another coordinator makes of the log: the same groups, members and offsets.
#include "tests/core/group/coordinated.h"

namespace brokersim::group {
namespace {

TEST(Failover, members_and_their_assignments_go_on_as_if_nothing_had_happened) {
  Coordinated c;
  const auto ids = c.stable({{}, {.instance = "i"}});
  const auto before = c.shard->describe("g");
  c.fail_over();
  EXPECT_EQ(c.shard->describe("g"), before);
  EXPECT_EQ(c.heartbeat(ids[0], c.stable_generation), ErrorCode::none);
  EXPECT_EQ(c.heartbeat(ids[1], c.stable_generation, "i"), ErrorCode::none);
  EXPECT_EQ(c.synced(c.sync(ids[0], c.stable_generation)).assignment, bytes_of("a0"));
}

TEST(Failover, sessions_begin_anew) {
  Coordinated c;
  const auto ids = c.stable({{}});
  c.pass(9s);
  c.fail_over();
  c.pass(9s);
  EXPECT_EQ(c.heartbeat(ids[0], c.stable_generation), ErrorCode::none);
  c.pass(10s);
  EXPECT_EQ(c.heartbeat(ids[0], c.stable_generation), ErrorCode::unknown_member_id);
}

TEST(Failover, ends_all_that_waits_with_not_coordinator) {
  Coordinated c;
  const auto ids = c.stable({{}});
  c.commits_at_once = false;
  const auto joining = c.enter().second;
  const auto committing = c.commit(3, ids[0], c.stable_generation);
  c.fail_over();
  EXPECT_EQ(c.joined(joining).error_code, ErrorCode::not_coordinator);
  EXPECT_EQ(c.committed(committing), ErrorCode::not_coordinator);
  for (const auto request : c.requests) EXPECT_FALSE(c.is_parked(request));
}

TEST(Failover, offsets_and_tombstones_are_remembered_in_the_order_of_the_log) {
  Coordinated c;
  c.commit(3, "", -1, "orders");
  c.commit(4, "", -1, "orders");
  c.commit(5, "", -1, "gone");
  c.delete_offsets("gone");
  c.fail_over();
  EXPECT_EQ(c.fetch("orders"), 4);
  EXPECT_EQ(c.fetch("gone"), -1);
  c.delete_group();
  c.fail_over();
  EXPECT_EQ(c.fetch("orders"), -1);
  EXPECT_EQ(c.state(), "Dead");
}

TEST(Failover, an_empty_group_knows_since_when_it_is_empty) {
  Coordinated c;
  const auto ids = c.stable({{}});
  c.commit(3, ids[0], c.stable_generation);
  c.leave(ids[0]);
  c.pass(4 * 24h);
  c.fail_over();
  c.pass(4 * 24h);
  EXPECT_EQ(c.fetch(), -1);
}

TEST(Failover, a_group_that_has_grown_beyond_the_limit_rebalances) {
  Coordinated c;
  c.stable({{}, {}, {}});
  c.config.max_size = 2;
  c.fail_over();
  EXPECT_EQ(c.state(), "PreparingRebalance");
}

TEST(Failover, records_that_nobody_knows_yet_are_no_obstacle) {
  Coordinated c;
  EXPECT_TRUE(c.shard->replay(0, {.key = Bytes{0, 3, 0, 1, 'g'}}));
  EXPECT_FALSE(c.shard->replay(1, {.key = Bytes{0, 1, 0, 9, 'g'}}));
  EXPECT_FALSE(c.shard->replay(2, {}));
}

}  // namespace
}  // namespace brokersim::group
