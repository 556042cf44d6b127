// What server-side assignors promise: everything is given once, to who wants it; evenly and with as
// few changes as that takes; of each topic a part without gaps.
#include "core/group/server_assignors.h"

#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::group {
namespace {

constexpr Uuid a_topic{1};
constexpr Uuid b_topic{2};
constexpr Uuid c_topic{3};

std::size_t size_of(const PartitionSet& set) {
  return std::accumulate(set.begin(), set.end(), std::size_t{0},
                         [](std::size_t sum, const auto& one) { return sum + one.second.size(); });
}

TEST(RangeAssignor, gives_partitions_of_one_number_to_one_member) {
  const Assignees members{{"m1", {.topics = {a_topic, b_topic}}},
                          {"m2", {.topics = {a_topic, b_topic}}}};
  const auto target = assign(ServerAssignor::range, members, {{a_topic, 3}, {b_topic, 3}});
  const PartitionSet first{{a_topic, {0, 1}}, {b_topic, {0, 1}}};
  const PartitionSet second{{a_topic, {2}}, {b_topic, {2}}};
  EXPECT_EQ(target, (TargetAssignment{{"m1", first}, {"m2", second}}));
}

TEST(RangeAssignor, knows_static_members_by_their_instances) {
  const Assignees members{{"m1", {.instance_id = "i2", .topics = {a_topic}}},
                          {"m2", {.instance_id = "i1", .topics = {a_topic}}}};
  const auto target = assign(ServerAssignor::range, members, {{a_topic, 2}});
  EXPECT_EQ(target.at("m2"), (PartitionSet{{a_topic, {0}}}));
  EXPECT_EQ(target.at("m1"), (PartitionSet{{a_topic, {1}}}));
}

TEST(UniformAssignor, lets_everybody_keep_what_is_not_too_much) {
  const Assignees members{{"m1", {.topics = {a_topic}, .present = {{a_topic, {0, 1, 2, 3}}}}},
                          {"m2", {.topics = {a_topic}}},
                          {"m3", {.topics = {a_topic}, .present = {{a_topic, {4}}}}}};
  const auto target = assign(ServerAssignor::uniform, members, {{a_topic, 6}});
  EXPECT_EQ(size_of(target.at("m1")), 2u);
  EXPECT_TRUE(includes({{a_topic, {0, 1, 2, 3}}}, target.at("m1")));
  EXPECT_TRUE(includes(target.at("m3"), {{a_topic, {4}}}));
}

// m1 can pass something on to m2 only, and m2 to m3.
TEST(UniformAssignor, evens_out_along_chains_of_members) {
  const Assignees members{{"m1", {.topics = {a_topic}, .present = {{a_topic, {0, 1}}}}},
                          {"m2", {.topics = {a_topic, b_topic}, .present = {{b_topic, {0}}}}},
                          {"m3", {.topics = {b_topic}}}};
  const auto target = assign(ServerAssignor::uniform, members, {{a_topic, 2}, {b_topic, 1}});
  for (const auto& [id, set] : target) EXPECT_EQ(size_of(set), 1u) << id;
}

struct AssignorCase {
  Assignees members;
  std::map<Uuid, std::int32_t> partitions;
};

AssignorCase any_case(bool is_alike) {
  AssignorCase one;
  for (const auto& topic : {a_topic, b_topic, c_topic}) {
    one.partitions[topic] = *rc::gen::inRange(0, 6);
  }
  const int count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    auto& member = one.members["m" + std::to_string(i)];
    for (const auto& topic : {a_topic, b_topic, c_topic}) {
      if (is_alike || *rc::gen::arbitrary<bool>()) member.topics.insert(topic);
    }
  }
  return one;
}

// What was assigned before, some of which may be gone or nobody's any more.
void keep_presently(AssignorCase& one, ServerAssignor assignor) {
  auto before = one;
  for (auto& [topic, count] : before.partitions) {
    count = std::max(0, count + *rc::gen::inRange(-2, 2));
  }
  auto present = assign(assignor, before.members, before.partitions);
  for (auto& [id, member] : one.members) member.present = present[id];
}

RC_GTEST_PROP(ServerAssignors, give_everything_once_to_somebody_who_wants_it, ()) {
  auto one = any_case(false);
  const auto assignor = *rc::gen::element(ServerAssignor::uniform, ServerAssignor::range);
  keep_presently(one, assignor);
  const auto target = assign(assignor, one.members, one.partitions);
  RC_ASSERT(target.size() == one.members.size());
  PartitionSet given;
  for (const auto& [id, set] : target) {
    RC_ASSERT(!have_common(given, set));
    add(given, set);
    for (const auto& [topic, partitions] : set) {
      RC_ASSERT(one.members.at(id).topics.contains(topic));
      RC_ASSERT(!partitions.empty());
    }
  }
  for (const auto& [topic, count] : one.partitions) {
    const bool is_wanted = std::any_of(
        one.members.begin(), one.members.end(),
        [&topic = topic](const auto& member) { return member.second.topics.contains(topic); });
    const auto size = given.contains(topic) ? given.at(topic).size() : 0;
    RC_ASSERT(size == (is_wanted ? static_cast<std::size_t>(count) : 0u));
  }
}

RC_GTEST_PROP(UniformAssignor, gives_members_that_want_the_same_as_much, ()) {
  auto one = any_case(true);
  keep_presently(one, ServerAssignor::uniform);
  std::size_t least = 1000, most = 0;
  for (const auto& [id, set] : assign(ServerAssignor::uniform, one.members, one.partitions)) {
    least = std::min(least, size_of(set));
    most = std::max(most, size_of(set));
  }
  RC_ASSERT(most - least <= 1u);
}

RC_GTEST_PROP(UniformAssignor, changes_nothing_without_need, ()) {
  auto one = any_case(false);
  const auto first = assign(ServerAssignor::uniform, one.members, one.partitions);
  for (auto& [id, member] : one.members) member.present = first.at(id);
  RC_ASSERT(assign(ServerAssignor::uniform, one.members, one.partitions) == first);
}

}  // namespace
}  // namespace brokersim::group
