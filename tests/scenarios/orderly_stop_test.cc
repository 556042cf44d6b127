// What a broker leaves behind that ends in order: word that all it had is durable, and only if it
// is (KIP-966: on that word it stays eligible to lead).
#include <gtest/gtest.h>

#include "core/log/checkpoint.h"
#include "tests/scenarios/by_hand.h"

namespace brokersim::scenarios {
namespace {

class OrderlyStop : public ByHand {
 protected:
  sim::Machine& machine(NodeId node) { return *cluster_->world().find(node); }
  bool says_so(NodeId node) { return machine(node).disk().exists(log::clean_shutdown_file); }
  void stop(Env& env, NodeId node) {
    cluster_->world().stop(machine(node));
    for (int i = 0; i < 200 && machine(node).is_up(); ++i) env.sleep(100ms);
    ASSERT_FALSE(machine(node).is_up());
  }
};

// Nobody can be asked for leave, and the leader goes on leading while it stops.
TEST_F(OrderlyStop, makes_durable_what_came_in_while_it_made_everything_durable) {
  with_cluster([&](Env& env) {
    const NodeId leading = leader();
    ASSERT_EQ(produce(env, leading, produce_of("t", 0, -1, batch_of("one"))), api::ErrorCode::none);
    for (int id = 101; id <= 103; ++id) cluster_->world().crash(machine(NodeId(id)));
    machine(leading).disk().add({.kind = sim::DiskFault::Kind::slow, .extra = 300ms});
    cluster_->world().stop(machine(leading));
    int taken = 0;
    for (int i = 0; i < 400 && machine(leading).is_up(); ++i) {
      const auto answer =
          ask(env, leading, produce_of("t", 0, 1, batch_of("more")), produce_version);
      if (!answer) break;
      ++taken;
    }
    EXPECT_GT(taken, 0);
    for (int i = 0; i < 200 && machine(leading).is_up(); ++i) env.sleep(100ms);
    ASSERT_TRUE(says_so(leading));
    const auto& disk = machine(leading).disk();
    for (const auto& path : disk.all_files()) {
      if (!path.ends_with(".log") || !path.starts_with("t-0/")) continue;
      EXPECT_EQ(disk.durable_size(path), disk.size_of(path)) << path;
    }
  });
}

TEST_F(OrderlyStop, says_nothing_of_logs_that_could_not_be_made_durable) {
  with_cluster([&](Env& env) {
    ASSERT_EQ(produce(env, leader(), produce_of("t", 0, -1, batch_of("one"))),
              api::ErrorCode::none);
    const NodeId first = follower();
    stop(env, first);
    EXPECT_TRUE(says_so(first));
    const NodeId second = leader();
    machine(second).disk().add({.kind = sim::DiskFault::Kind::sync_fails, .times = 1});
    stop(env, second);
    EXPECT_FALSE(says_so(second));
  });
}

// As long as nobody leads the quorum nobody can let a broker go, which takes longer than a session.
TEST_F(OrderlyStop, waits_for_leave_longer_than_a_session_lasts) {
  with_cluster([&](Env& env) {
    const NodeId leading = leader();
    for (const NodeId id : {NodeId(102), NodeId(103)}) cluster_->world().pause(machine(id));
    cluster_->world().stop(machine(leading));
    env.sleep(15s);
    EXPECT_TRUE(machine(leading).is_up());
    for (const NodeId id : {NodeId(102), NodeId(103)}) cluster_->world().resume(machine(id));
    for (int i = 0; i < 300 && machine(leading).is_up(); ++i) env.sleep(100ms);
    EXPECT_FALSE(machine(leading).is_up());
    EXPECT_TRUE(says_so(leading));
    EXPECT_NE(leader(), leading);
  });
}

// What it had when it ended in order it still has, so its word still counts.
TEST_F(OrderlyStop, leaves_its_word_where_it_is_if_a_start_comes_to_nothing) {
  const auto script = [&](Env& env) {
    const NodeId gone = follower();
    stop(env, gone);
    const auto word = [&] {
      return machine(gone).disk().content_of(log::clean_shutdown_file).flat();
    };
    const auto before = word();
    for (int id = 101; id <= 103; ++id) cluster_->world().crash(machine(NodeId(id)));
    cluster_->world().restart(machine(gone));
    env.sleep(4s);
    EXPECT_TRUE(machine(gone).is_up());
    EXPECT_FALSE(says_so(gone));
    for (int i = 0; i < 200 && machine(gone).is_up(); ++i) env.sleep(100ms);
    ASSERT_FALSE(machine(gone).is_up());
    EXPECT_TRUE(has_noted("it could not register with the controllers within 5000 ms"));
    ASSERT_TRUE(says_so(gone));
    EXPECT_EQ(word(), before);
    // A supervisor starts it again.
    for (int id = 101; id <= 103; ++id) cluster_->world().restart(machine(NodeId(id)));
    for (int i = 0; i < 300 && state().isr.size() < 3; ++i) env.sleep(100ms);
    EXPECT_EQ(state().isr.size(), 3u);
  };
  with_cluster(script, {{"initial.broker.registration.timeout.ms", "5000"}});
}

// Nor would leave be of any use: what its disk does not take it cannot leave in order.
TEST_F(OrderlyStop, waits_for_no_leave_once_the_disk_has_failed) {
  with_cluster([&](Env& env) {
    const NodeId leading = leader();
    for (const NodeId id : {NodeId(102), NodeId(103)}) cluster_->world().pause(machine(id));
    cluster_->world().stop(machine(leading));
    env.sleep(2s);
    ASSERT_TRUE(machine(leading).is_up());
    machine(leading).disk().add({.kind = sim::DiskFault::Kind::append_fails});
    (void)ask(env, leading, produce_of("t", 0, 1, batch_of("one")), produce_version);
    for (int i = 0; i < 50 && machine(leading).is_up(); ++i) env.sleep(100ms);
    EXPECT_FALSE(machine(leading).is_up());
    EXPECT_FALSE(says_so(leading));
    for (const NodeId id : {NodeId(102), NodeId(103)}) cluster_->world().resume(machine(id));
  });
}

}  // namespace
}  // namespace brokersim::scenarios
