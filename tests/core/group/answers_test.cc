// What a member of a consumer group is told, the next coordinator knows: an answer waits until what
// it rests on is committed (KIP-848).
#include "tests/core/group/consumers.h"

namespace brokersim::group {
namespace {

// What two members hold who are let in by two coordinators, of which the first could write nothing.
bool have_both_been_given_the_same(const GroupRules& rules) {
  Coordinated c({}, {}, rules);
  c.learn(topics_with(4));
  TestConsumer first(c, "m1");
  TestConsumer second(c, "m2");
  c.refuses = ErrorCode::not_leader_or_follower;
  first.take(first.join());
  c.refuses.reset();
  c.fail_over();
  second.take(second.join());
  EXPECT_EQ(second.owned, orders({0, 1, 2, 3}));
  return have_common(first.owned, second.owned);
}

TEST(AnswersToConsumers, come_once_what_they_rest_on_is_committed) {
  Coordinated c;
  c.learn(topics_with(4));
  c.commits_at_once = false;
  TestConsumer m(c, "m");
  const auto joining = m.join();
  EXPECT_TRUE(c.is_parked(joining));
  c.commit_log();
  EXPECT_EQ(m.take(joining), ErrorCode::none);
  EXPECT_EQ(m.owned, orders({0, 1, 2, 3}));
}

TEST(AnswersToConsumers, of_which_the_next_coordinator_knew_nothing_gave_a_partition_to_two_once) {
  EXPECT_FALSE(have_both_been_given_the_same({}));
  GroupRules rules;
  rules.answers_once_committed = false;
  EXPECT_TRUE(have_both_been_given_the_same(rules));
}

}  // namespace
}  // namespace brokersim::group
