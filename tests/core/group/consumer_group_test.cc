// Consumer groups as their members see them: who is let in, who gets what and when, who is fenced,
// and what of it is in the log.
#include "tests/core/group/consumers.h"

namespace brokersim::group {
namespace {

struct ConsumersOfOrders : testing::Test {
  Coordinated c;
  ConsumersOfOrders() { c.learn(topics_with(4)); }

  std::string group_state() const { return c.described().group_state; }
};

// ---- Joining -----------------------------------------------------------------------------------

TEST_F(ConsumersOfOrders, the_first_is_given_everything) {
  TestConsumer m(c, "m");
  const auto answer = c.beaten(m.join());
  EXPECT_EQ(answer.error_code, ErrorCode::none);
  EXPECT_EQ(answer.member_id, "m");
  EXPECT_EQ(answer.member_epoch, 1);
  EXPECT_EQ(answer.heartbeat_interval_ms, 5000);
  ASSERT_TRUE(answer.assignment);
  EXPECT_EQ(set_of(answer.assignment->topic_partitions), orders({0, 1, 2, 3}));
  EXPECT_EQ(group_state(), "Stable");
  EXPECT_EQ(c.described().assignor_name, "uniform");
}

TEST_F(ConsumersOfOrders, before_version_1_are_given_ids) {
  TestConsumer m(c, "");
  EXPECT_EQ(c.beaten(c.beat(m.full_request(), 0)).member_id, "fresh-1");
  EXPECT_EQ(c.beaten(c.beat(m.full_request(), 1)).error_code, ErrorCode::invalid_request);
}

TEST_F(ConsumersOfOrders, a_second_is_given_what_the_first_has_given_up) {
  TestConsumer first(c, "m1"), second(c, "m2");
  first.take(first.join());
  second.take(second.join());
  EXPECT_EQ(second.epoch, 2);
  EXPECT_TRUE(second.owned.empty());
  EXPECT_EQ(group_state(), "Reconciling");
  EXPECT_EQ(first.take(first.beat()), ErrorCode::none);
  EXPECT_EQ(first.epoch, 1);
  EXPECT_EQ(first.owned.at(orders_id).size(), 2u);
  second.take(second.beat());
  EXPECT_TRUE(second.owned.empty()) << "the first has not said yet that it gave up";
  first.take(first.acknowledge());
  EXPECT_EQ(first.epoch, 2);
  second.take(second.beat());
  EXPECT_EQ(second.owned.at(orders_id).size(), 2u);
  EXPECT_FALSE(have_common(first.owned, second.owned));
  EXPECT_EQ(group_state(), "Stable");
}

TEST_F(ConsumersOfOrders, is_told_only_what_has_changed) {
  TestConsumer m(c, "m");
  m.take(m.join());
  EXPECT_FALSE(c.beaten(m.beat()).assignment);
  EXPECT_TRUE(c.beaten(c.beat(m.full_request())).assignment);
}

TEST_F(ConsumersOfOrders, are_refused_with) {
  const auto error_of = [&](auto change, std::int16_t version = 1) {
    TestConsumer m(c, "m");
    auto asked = m.full_request();
    change(asked);
    return c.beaten(c.beat(asked, version)).error_code;
  };
  const auto invalid = ErrorCode::invalid_request;
  EXPECT_EQ(error_of([](auto& a) { a.instance_id = ""; }), invalid);
  EXPECT_EQ(error_of([](auto& a) { a.rack_id = ""; }), invalid);
  EXPECT_EQ(error_of([](auto& a) { a.rebalance_timeout_ms = -1; }), invalid);
  EXPECT_EQ(error_of([](auto& a) { a.topic_partitions.reset(); }), invalid);
  EXPECT_EQ(error_of([](auto& a) {
              a.topic_partitions->push_back({.topic_id = orders_id, .partitions = {0}});
            }),
            invalid);
  EXPECT_EQ(error_of([](auto& a) { a.subscribed_topic_names.reset(); }), invalid);
  EXPECT_EQ(error_of([](auto& a) { a.member_epoch = -3; }), invalid);
  EXPECT_EQ(error_of([](auto& a) { a.member_epoch = epoch_of_static_leave; }), invalid);
  EXPECT_EQ(error_of([](auto& a) { a.server_assignor = "sticky"; }),
            ErrorCode::unsupported_assignor);
  EXPECT_EQ(error_of([](auto& a) { a.subscribed_topic_regex = "(a"; }),
            ErrorCode::invalid_regular_expression);
  EXPECT_EQ(error_of([](auto& a) { a.member_epoch = 1; }), ErrorCode::group_id_not_found);
  EXPECT_EQ(c.described().error_code, ErrorCode::group_id_not_found) << "nothing came of it";
}

TEST_F(ConsumersOfOrders, are_so_many_and_no_more) {
  c.config.consumer_max_size = 1;
  TestConsumer first(c, "m1"), second(c, "m2");
  first.take(first.join());
  EXPECT_EQ(second.take(second.join()), ErrorCode::group_max_size_reached);
  second.epoch = 5;  // It was a member once.
  EXPECT_EQ(c.beaten(second.beat()).error_code, ErrorCode::group_max_size_reached);
  EXPECT_EQ(first.take(first.join()), ErrorCode::none) << "it is in";
  EXPECT_EQ(first.take(first.leave()), ErrorCode::none);
  EXPECT_EQ(second.take(second.join()), ErrorCode::none);
}

TEST_F(ConsumersOfOrders, are_assigned_as_most_of_them_ask_for) {
  TestConsumer first(c, "m1"), second(c, "m2"), third(c, "m3");
  first.assignor = second.assignor = "range";
  third.assignor = "uniform";
  for (auto* m : {&first, &second, &third}) m->take(m->join());
  EXPECT_EQ(c.described().assignor_name, "range");
}

// ---- Subscriptions -----------------------------------------------------------------------------

TEST_F(ConsumersOfOrders, are_given_new_partitions_as_soon_as_somebody_comes_by) {
  TestConsumer m(c, "m");
  m.take(m.join());
  c.learn(topics_with(5));
  m.take(m.beat());
  EXPECT_EQ(m.owned, orders({0, 1, 2, 3, 4}));
  EXPECT_EQ(m.epoch, 2);
}

TEST_F(ConsumersOfOrders, of_topics_that_are_no_concern_of_theirs_do_not_hear) {
  TestConsumer m(c, "m");
  m.take(m.join());
  const auto log = c.log.size();
  c.learn(topics_with(4, 2));
  m.take(m.beat());
  EXPECT_EQ(m.epoch, 1);
  EXPECT_EQ(c.log.size(), log);
}

TEST_F(ConsumersOfOrders, may_want_whatever_matches) {
  c.learn(topics_with(1, 1));
  TestConsumer m(c, "m");
  m.topics.clear();
  m.regex = "o?rders|e.*s";
  m.take(m.join());
  EXPECT_EQ(m.owned, (PartitionSet{{orders_id, {0}}}));
  c.learn({{"orders", {orders_id, 1}}, {"orders-of-more", {Uuid{3}, 1}}, {"eels", {items_id, 1}}});
  m.take(m.acknowledge());
  EXPECT_EQ(m.owned, (PartitionSet{{orders_id, {0}}, {items_id, {0}}}));
  auto none = m.request();
  none.subscribed_topic_regex = "";
  none.topic_partitions.emplace();
  m.take(c.beat(none));
  EXPECT_TRUE(m.owned.empty());
}

TEST_F(ConsumersOfOrders, change_their_minds) {
  c.learn(topics_with(2, 2));
  TestConsumer m(c, "m");
  m.take(m.join());
  auto other = m.request();
  other.subscribed_topic_names = {"items"};
  m.take(c.beat(other));
  EXPECT_TRUE(m.owned.empty()) << "what it had it has to give up first";
  m.take(m.acknowledge());
  EXPECT_EQ(m.owned, (PartitionSet{{items_id, {0, 1}}}));
}

// ---- Epochs ------------------------------------------------------------------------------------

TEST_F(ConsumersOfOrders, from_the_future_or_the_past_are_fenced) {
  TestConsumer m(c, "m");
  m.take(m.join());
  m.epoch = 7;
  EXPECT_EQ(m.take(m.beat()), ErrorCode::fenced_member_epoch);
  m.epoch = -1;
  TestConsumer stranger(c, "ghost");
  stranger.epoch = 1;
  EXPECT_EQ(stranger.take(stranger.beat()), ErrorCode::unknown_member_id);
}

// The answer that gave the second its share got lost, and it asks again with the epoch before.
TEST_F(ConsumersOfOrders, whose_answer_got_lost_go_on) {
  TestConsumer m(c, "m");
  m.take(m.join());
  c.learn(topics_with(5));
  m.beat();
  EXPECT_EQ(m.take(m.beat()), ErrorCode::fenced_member_epoch) << "it does not say what it has";
  m.owned = orders({0, 1, 2, 3});
  EXPECT_EQ(m.take(c.beat(m.full_request())), ErrorCode::none);
  EXPECT_EQ(m.owned, orders({0, 1, 2, 3, 4}));
}

TEST_F(ConsumersOfOrders, who_have_what_is_no_longer_theirs_are_fenced_with_the_epoch_before) {
  TestConsumer first(c, "m1"), second(c, "m2");
  first.take(first.join());
  second.take(second.join());
  first.take(first.beat());
  first.acknowledge();  // Its answer gets lost.
  first.owned = orders({0, 1, 2, 3});
  EXPECT_EQ(first.take(c.beat(first.full_request())), ErrorCode::fenced_member_epoch);
}

TEST(PreviousEpochs, were_accepted_from_zombies_once) {
  GroupRules rules;
  rules.previous_epoch = GroupRules::PreviousEpoch::accepted;
  Coordinated c({}, {}, rules);
  c.learn(topics_with(4));
  TestConsumer first(c, "m1"), second(c, "m2");
  first.take(first.join());
  second.take(second.join());
  first.take(first.beat());
  first.acknowledge();
  first.owned = orders({0, 1, 2, 3});
  EXPECT_EQ(c.beaten(c.beat(first.full_request())).error_code, ErrorCode::none);
}

TEST(PreviousEpochs, were_refused_after_lost_answers_once) {
  GroupRules rules;
  rules.previous_epoch = GroupRules::PreviousEpoch::refused;
  Coordinated c({}, {}, rules);
  c.learn(topics_with(4));
  TestConsumer m(c, "m");
  m.take(m.join());
  c.learn(topics_with(5));
  m.beat();
  EXPECT_EQ(m.take(c.beat(m.full_request())), ErrorCode::fenced_member_epoch);
}

// ---- Leaving and time --------------------------------------------------------------------------

TEST_F(ConsumersOfOrders, who_leave_make_room_at_once) {
  TestConsumer first(c, "m1"), second(c, "m2");
  first.take(first.join());
  second.take(second.join());
  EXPECT_EQ(c.beaten(first.leave()).member_epoch, epoch_of_leaving);
  second.take(second.beat());
  EXPECT_EQ(second.owned, orders({0, 1, 2, 3}));
  EXPECT_EQ(first.take(first.beat()), ErrorCode::unknown_member_id);
}

TEST_F(ConsumersOfOrders, the_last_leaves_nothing_to_be_assigned) {
  TestConsumer m(c, "m");
  m.take(m.join());
  m.leave();
  EXPECT_EQ(group_state(), "Empty");
  EXPECT_EQ(c.described().group_epoch, 2);
  EXPECT_EQ(c.described().assignment_epoch, 2);
}

TEST(LastConsumers, left_an_assignment_to_be_made_once) {
  GroupRules rules;
  rules.assigns_to_nobody_left = false;
  Coordinated c({}, {}, rules);
  c.learn(topics_with(4));
  TestConsumer m(c, "m");
  m.take(m.join());
  m.leave();
  const auto described = c.shard->describe_consumers("g");
  EXPECT_LT(described.assignment_epoch, described.group_epoch);
}

TEST_F(ConsumersOfOrders, who_are_silent_are_out_when_their_session_ends) {
  TestConsumer first(c, "m1"), second(c, "m2");
  first.take(first.join());
  second.take(second.join());
  c.pass(40s);
  second.take(second.beat());
  c.pass(10s);
  EXPECT_EQ(c.described().members.size(), 1u);
  EXPECT_EQ(first.take(first.beat()), ErrorCode::unknown_member_id);
  second.take(second.beat());
  EXPECT_EQ(second.owned, orders({0, 1, 2, 3}));
}

// The resource GROUP of KIP-848: from the next heartbeat on.
TEST_F(ConsumersOfOrders, have_the_session_and_the_heartbeat_of_their_group) {
  TestConsumer m(c, "m");
  m.take(m.join());
  c.config.of_groups["g"] = {.session_timeout = 50s, .heartbeat_interval = 7s};
  c.config.of_groups["h"] = {.session_timeout = 1s, .heartbeat_interval = 1s};
  EXPECT_EQ(c.beaten(m.beat()).heartbeat_interval_ms, 7000);
  c.pass(49s);
  EXPECT_EQ(c.described().members.size(), 1u);
  c.pass(2s);
  EXPECT_TRUE(c.described().members.empty());
}

TEST_F(ConsumersOfOrders, who_give_nothing_up_are_out_after_their_rebalance_timeout) {
  TestConsumer first(c, "m1"), second(c, "m2");
  first.rebalance_ms = 20'000;
  first.take(first.join());
  second.take(second.join());
  first.take(first.beat());
  for (int i = 0; i < 3; ++i) {
    c.pass(8s);
    first.take(first.beat());
    second.take(second.beat());
  }
  EXPECT_EQ(c.described().members.size(), 1u);
  EXPECT_EQ(second.owned, orders({0, 1, 2, 3}));
}

TEST_F(ConsumersOfOrders, are_taken_out_later_if_that_cannot_be_written) {
  TestConsumer m(c, "m");
  m.take(m.join());
  c.refuses = ErrorCode::not_enough_replicas;
  c.pass(60s);
  EXPECT_EQ(c.described().members.size(), 1u);
  c.refuses.reset();
  c.pass(1s);
  EXPECT_EQ(group_state(), "Empty");
}

// ---- Static members ----------------------------------------------------------------------------

TEST_F(ConsumersOfOrders, static_ones_come_back_to_what_they_had) {
  TestConsumer first(c, "m1", "i"), other(c, "m2");
  first.take(first.join());
  other.take(other.join());
  first.settle();
  other.settle();
  first.settle();
  const auto epoch = c.described().group_epoch;
  EXPECT_EQ(c.beaten(first.leave(epoch_of_static_leave)).member_epoch, epoch_of_static_leave);
  other.take(other.beat());
  TestConsumer again(c, "m3", "i");
  EXPECT_EQ(again.take(again.join()), ErrorCode::none);
  EXPECT_EQ(again.owned, first.owned);
  EXPECT_EQ(c.described().group_epoch, epoch) << "nobody else has to hear of it";
  EXPECT_EQ(c.described().members.size(), 2u);
  EXPECT_EQ(first.take(first.beat()), ErrorCode::fenced_instance_id);
}

TEST_F(ConsumersOfOrders, static_ones_may_ask_again_to_come_back_whose_answer_was_lost) {
  TestConsumer m(c, "m1", "i");
  m.take(m.join());
  const auto had = m.owned;
  m.leave(epoch_of_static_leave);
  m.join();  // Nobody hears the answer.
  EXPECT_EQ(m.take(m.join()), ErrorCode::none);
  EXPECT_EQ(m.owned, had);
}

TEST_F(ConsumersOfOrders, static_ones_that_have_not_left_are_not_replaced) {
  TestConsumer first(c, "m1", "i"), second(c, "m2", "i");
  first.take(first.join());
  EXPECT_EQ(second.take(second.join()), ErrorCode::unreleased_instance_id);
  c.pass(46s);
  EXPECT_EQ(second.take(second.join()), ErrorCode::none);
}

TEST_F(ConsumersOfOrders, static_ones_that_do_not_come_back_are_out_when_their_session_ends) {
  TestConsumer first(c, "m1", "i");
  first.take(first.join());
  first.leave(epoch_of_static_leave);
  EXPECT_EQ(c.described().members.size(), 1u);
  c.pass(46s);
  EXPECT_EQ(group_state(), "Empty");
}

TEST_F(ConsumersOfOrders, static_ones_with_an_unknown_instance_are_unknown) {
  TestConsumer m(c, "m", "i");
  m.take(m.join());
  TestConsumer other(c, "m", "j");
  other.epoch = 1;
  EXPECT_EQ(other.take(other.beat()), ErrorCode::unknown_member_id);
  EXPECT_EQ(other.take(other.leave()), ErrorCode::unknown_member_id);
}

// ---- The log -----------------------------------------------------------------------------------

TEST_F(ConsumersOfOrders, are_told_what_is_committed_and_nothing_else) {
  TestConsumer m(c, "m");
  c.commits_at_once = false;
  const auto join = m.join();
  const auto again = m.join();
  EXPECT_TRUE(c.is_parked(join));
  EXPECT_TRUE(c.is_parked(again)) << "it repeats what is not committed yet";
  c.commit_log();
  EXPECT_EQ(c.beaten(join).member_epoch, 1);
  EXPECT_EQ(c.beaten(again).member_epoch, 1);
}

// What it was given is in the log, but the answer that was to say so came too late. Who says only
// what has changed is not told it again: after any error a member says everything.
TEST_F(ConsumersOfOrders, who_were_not_told_what_they_were_given_ask_for_everything) {
  TestConsumer first(c, "m1"), second(c, "m2");
  first.take(first.join());
  second.take(second.join());
  first.take(first.leave());
  c.commits_at_once = false;
  const auto late = second.acknowledge();
  c.pass(c.config.offset_commit_timeout);
  EXPECT_EQ(second.take(late), ErrorCode::coordinator_not_available);
  c.commits_at_once = true;
  c.commit_log();
  auto changes = second.request();
  changes.topic_partitions.emplace();
  EXPECT_EQ(c.beaten(c.beat(changes)).member_epoch, 3) << "it may have the epoch before";
  EXPECT_FALSE(c.beaten(c.beat(changes)).assignment);
  second.settle();
  EXPECT_EQ(second.owned, orders({0, 1, 2, 3}));
}

TEST_F(ConsumersOfOrders, who_cannot_be_written_down_are_not_in) {
  TestConsumer m(c, "m");
  c.refuses = ErrorCode::not_enough_replicas;
  EXPECT_EQ(c.beaten(m.join()).error_code, ErrorCode::coordinator_not_available);
  EXPECT_EQ(c.described().error_code, ErrorCode::group_id_not_found);
  EXPECT_TRUE(c.log.empty());
}

TEST_F(ConsumersOfOrders, go_on_with_another_coordinator) {
  TestConsumer first(c, "m1", "i"), second(c, "m2");
  first.take(first.join());
  second.take(second.join());
  first.take(first.beat());
  const auto before = c.described();
  c.fail_over();
  EXPECT_EQ(c.described(), before);
  first.take(first.acknowledge());
  second.take(second.beat());
  EXPECT_EQ(group_state(), "Stable");
  c.fail_over();
  c.pass(46s);
  EXPECT_EQ(group_state(), "Empty") << "sessions begin anew, and end";
}

// Of what the log says of the member's assignment only the first and the last are left, as where
// compaction overtakes who reads it.
void leave_first_and_last_of(Coordinated& c, const std::string& member) {
  std::vector<std::size_t> of_member;
  for (std::size_t i = 0; i < c.log.size(); ++i) {
    const auto entry = decode_entry(c.log[i]);
    const auto* one =
        entry ? std::get_if<ConsumerGroupCurrentMemberAssignmentEntry>(&*entry) : nullptr;
    if (one && one->key.member_id == member) of_member.push_back(i);
  }
  for (std::size_t i = of_member.size() - 1; --i > 0;) {
    const auto at = static_cast<std::ptrdiff_t>(of_member[i]);
    c.log.erase(c.log.begin() + at);
    c.entries.erase(c.entries.begin() + at);
  }
}

bool can_load(const Coordinated& c, const GroupRules& rules) {
  Shard shard(c.config, {}, rules);
  for (std::size_t i = 0; i < c.log.size(); ++i) {
    if (!shard.replay(static_cast<Offset>(i), c.log[i])) return false;
  }
  return true;
}

TEST_F(ConsumersOfOrders, go_on_though_the_log_does_not_say_any_more_who_gave_up_what) {
  TestConsumer first(c, "m1"), second(c, "m2");
  first.settle();
  second.take(second.join());
  first.settle();
  second.settle();
  c.learn(topics_with(6));
  second.settle();
  first.settle();
  const auto before = c.described();
  leave_first_and_last_of(c, "m1");
  c.fail_over();
  EXPECT_EQ(c.described(), before);
  GroupRules rules;
  rules.loads_compacted_logs = false;  // KAFKA-19862
  EXPECT_TRUE(can_load(c, {}));
  EXPECT_FALSE(can_load(c, rules));
}

TEST_F(ConsumersOfOrders, tell_how_their_group_is_doing) {
  TestConsumer first(c, "m1"), second(c, "m2");
  first.take(first.join());
  second.take(second.join());
  first.take(first.beat());
  first.take(first.acknowledge());
  second.take(second.beat());
  std::vector<std::string> told;
  for (const auto& state : c.states)
    told.push_back(state.state + " " + std::to_string(state.generation));
  EXPECT_EQ(told, (std::vector<std::string>{"Stable 1", "Reconciling 2", "Stable 2"}));
}

}  // namespace
}  // namespace brokersim::group
