// Assignors: known answers, and for any members and topics what each of them promises.
#include "core/client/assignors.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::client {
namespace {

using Counts = std::map<std::string, std::int32_t>;

std::set<TopicPartition> parts(const std::string& topic,
                               std::initializer_list<std::int32_t> which) {
  std::set<TopicPartition> result;
  for (const auto partition : which) result.insert({topic, partition});
  return result;
}

Subscription to(std::set<std::string> topics, std::vector<TopicPartition> owned = {},
                std::int32_t generation = 1) {
  return {.topics = std::move(topics), .owned = std::move(owned), .generation = generation};
}

TEST(RangeAssignor, gives_contiguous_parts_and_the_first_members_one_more) {
  const Subscriptions members{{"a", to({"t", "u"})}, {"b", to({"t", "u"})}, {"c", to({"t"})}};
  const auto result = assign(Assignor::range, members, {{"t", 5}, {"u", 3}});
  auto a = parts("t", {0, 1});
  a.merge(parts("u", {0, 1}));
  auto b = parts("t", {2, 3});
  b.merge(parts("u", {2}));
  EXPECT_EQ(result.at("a"), a);
  EXPECT_EQ(result.at("b"), b);
  EXPECT_EQ(result.at("c"), parts("t", {4}));
}

TEST(RoundRobinAssignor, deals_out_over_topics_and_passes_over_who_does_not_want_one) {
  const Subscriptions members{{"a", to({"t", "u"})}, {"b", to({"t", "u"})}};
  const auto result = assign(Assignor::roundrobin, members, {{"t", 3}, {"u", 3}});
  auto a = parts("t", {0, 2});
  a.merge(parts("u", {1}));
  EXPECT_EQ(result.at("a"), a);
  const Subscriptions picky{{"a", to({"t"})}, {"b", to({"t", "u"})}};
  EXPECT_EQ(assign(Assignor::roundrobin, picky, {{"u", 2}}).at("b"), parts("u", {0, 1}));
}

// Whatever ids they have by now.
TEST(Assignors, seat_static_members_by_their_instance_ahead_of_the_others) {
  Subscriptions members{{"a", to({"t"})}, {"b", to({"t"})}, {"c", to({"t"})}};
  members.at("b").instance_id = "two";
  members.at("c").instance_id = "one";
  for (const auto assignor : {Assignor::range, Assignor::roundrobin}) {
    const auto result = assign(assignor, members, {{"t", 3}});
    EXPECT_EQ(result.at("c"), parts("t", {0})) << name_of(assignor);
    EXPECT_EQ(result.at("b"), parts("t", {1})) << name_of(assignor);
    EXPECT_EQ(result.at("a"), parts("t", {2})) << name_of(assignor);
  }
}

TEST(StickyAssignor, moves_no_more_than_it_must_to_be_even) {
  const Subscriptions members{{"a", to({"t"}, {{"t", 0}, {"t", 1}, {"t", 2}, {"t", 3}})},
                              {"b", to({"t"})}};
  const auto result = assign(Assignor::sticky, members, {{"t", 4}});
  EXPECT_EQ(result.at("a"), parts("t", {0, 1}));
  EXPECT_EQ(result.at("b"), parts("t", {2, 3}));
}

TEST(StickyAssignor, believes_of_two_claims_the_one_of_the_later_generation) {
  const Subscriptions members{{"a", to({"t"}, {{"t", 0}, {"t", 1}}, 3)},
                              {"b", to({"t"}, {{"t", 0}}, 5)},
                              {"c", to({"t"}, {{"t", 1}}, 3)}};
  const auto result = assign(Assignor::sticky, members, {{"t", 3}});
  EXPECT_TRUE(result.at("b").contains({"t", 0}));
  for (const auto& [member, partitions] : result) EXPECT_EQ(partitions.size(), 1u) << member;
}

TEST(StickyAssignor, once_believed_a_claim_of_a_generation_that_is_over) {
  const Subscriptions members{{"a", to({"t"}, {{"t", 0}}, 5)}, {"b", to({"t"}, {{"t", 0}}, 3)}};
  const auto keeps = [&](const GroupRules& rules) {
    return assign(Assignor::sticky, members, {{"t", 2}}, rules).at("a").contains({"t", 0});
  };
  EXPECT_TRUE(keeps({}));
  EXPECT_FALSE(keeps({.believes_latest_claims = false}));  // KAFKA-12984
}

TEST(CooperativeAssignor, gives_to_nobody_what_somebody_still_has_to_let_go_of) {
  const Subscriptions members{{"a", to({"t"}, {{"t", 0}, {"t", 1}})}, {"b", to({"t"})}};
  const auto first = assign(Assignor::cooperative_sticky, members, {{"t", 2}});
  EXPECT_EQ(first.at("a"), parts("t", {0}));
  EXPECT_TRUE(first.at("b").empty());
  const Subscriptions later{{"a", to({"t"}, {{"t", 0}}, 2)}, {"b", to({"t"}, {}, 2)}};
  EXPECT_EQ(assign(Assignor::cooperative_sticky, later, {{"t", 2}}).at("b"), parts("t", {1}));
}

TEST(CooperativeAssignor, gives_to_nobody_what_is_held_by_who_no_longer_wants_it) {
  const Subscriptions members{{"a", to({"u"}, {{"t", 0}})}, {"b", to({"t"})}};
  const auto first = assign(Assignor::cooperative_sticky, members, {{"t", 1}, {"u", 1}});
  EXPECT_EQ(first.at("a"), parts("u", {0}));
  EXPECT_TRUE(first.at("b").empty());
  const Subscriptions later{{"a", to({"u"}, {{"u", 0}}, 2)}, {"b", to({"t"}, {}, 2)}};
  EXPECT_EQ(assign(Assignor::cooperative_sticky, later, {{"t", 1}, {"u", 1}}).at("b"),
            parts("t", {0}));
}

TEST(CooperativeAssignor, takes_from_all_of_them_what_several_claim) {
  const Subscriptions members{{"a", to({"t"}, {{"t", 0}, {"t", 1}})}, {"b", to({"t"}, {{"t", 0}})}};
  const auto first = assign(Assignor::cooperative_sticky, members, {{"t", 2}});
  EXPECT_EQ(first.at("a"), parts("t", {1}));
  EXPECT_TRUE(first.at("b").empty());
  const Subscriptions later{{"a", to({"t"}, {{"t", 1}}, 2)}, {"b", to({"t"}, {}, 2)}};
  EXPECT_EQ(assign(Assignor::cooperative_sticky, later, {{"t", 2}}).at("b"), parts("t", {0}));
}

rc::Gen<Subscriptions> any_members() {
  return rc::gen::exec([] {
    Subscriptions members;
    const int count = *rc::gen::inRange(1, 6);
    for (int i = 0; i < count; ++i) {
      Subscription one;
      one.topics =
          *rc::gen::elementOf(std::vector<std::set<std::string>>{{"t"}, {"u"}, {"t", "u"}, {}});
      one.generation = *rc::gen::inRange(1, 4);
      const int owned = *rc::gen::inRange(0, 5);
      for (int n = 0; n < owned; ++n) {
        one.owned.push_back({*rc::gen::element<std::string>("t", "u"), *rc::gen::inRange(0, 9)});
      }
      members[std::string(1, static_cast<char>('a' + i))] = one;
    }
    return members;
  });
}

RC_GTEST_PROP(Assignors, give_each_wanted_partition_to_exactly_one_that_wants_it, ()) {
  const auto members = *any_members();
  const Counts partitions{{"t", *rc::gen::inRange(0, 8)}, {"u", *rc::gen::inRange(0, 8)}};
  const auto assignor = *rc::gen::element(Assignor::range, Assignor::roundrobin, Assignor::sticky);
  std::map<TopicPartition, int> given;
  for (const auto& [member, all] : assign(assignor, members, partitions)) {
    for (const auto& partition : all) {
      RC_ASSERT(members.at(member).topics.contains(partition.topic));
      ++given[partition];
    }
  }
  for (const auto& [topic, count] : partitions) {
    bool is_wanted = false;
    for (const auto& [member, one] : members) is_wanted |= one.topics.contains(topic);
    for (std::int32_t i = 0; i < count; ++i) RC_ASSERT((given[{topic, i}] == (is_wanted ? 1 : 0)));
  }
}

// Whatever members claim at first. In each round what is let go of is given to others in the next.
RC_GTEST_PROP(Assignors, of_the_cooperative_kind_settle_and_leave_nothing_over, ()) {
  auto members = *any_members();
  const Counts partitions{{"t", *rc::gen::inRange(0, 8)}, {"u", *rc::gen::inRange(0, 8)}};
  for (int round = 1; round <= 8; ++round) {
    const auto result = assign(Assignor::cooperative_sticky, members, partitions);
    for (auto& [member, one] : members) {
      one.owned.assign(result.at(member).begin(), result.at(member).end());
      one.generation = 10 + round;
    }
  }
  const auto settled = assign(Assignor::cooperative_sticky, members, partitions);
  RC_ASSERT(settled == assign(Assignor::sticky, members, partitions));
  for (const auto& [member, one] : members) {
    RC_ASSERT((settled.at(member) == std::set(one.owned.begin(), one.owned.end())));
  }
}

}  // namespace
}  // namespace brokersim::client
