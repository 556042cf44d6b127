// A consumer group among members that come, go, fall silent and miss answers, whose requests may
// arrive again long after, over a log that commits late, refuses, and outlives its coordinator,
// while topics grow and the group is deleted when nobody is left. Whatever happens: of those whom
// the group would go on to take for members no two have one partition (G1), epochs only grow (G4),
// the next coordinator remembers the same (G8), an empty group has nothing left to assign
// (KAFKA-20442), and once all is well everything is somebody's (G5).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/group/consumers.h"

namespace brokersim::group {
namespace {

class ConsumerWorld {
 public:
  ConsumerWorld() {
    c_.learn(topics_with(partitions_));
    for (const char* id : {"m1", "m2", "m3"}) members_.push_back({TestConsumer(c_, id), {}, {}});
    members_.push_back({TestConsumer(c_, "s1", "i"), {}, {}});
    for (auto& member : members_) member.consumer.rebalance_ms = 30'000;
  }

  void step() {
    auto& member = members_[*rc::gen::inRange<std::size_t>(0, members_.size())];
    switch (*rc::gen::inRange(0, 17)) {
      case 0:
      case 1:
      case 2: return send(member, member.consumer.epoch == 0 ? Way::joins : Way::says_nothing);
      case 3:
      case 4:
      case 5: return send(member, Way::says_what_it_has);
      case 6: return send(member, Way::says_everything);
      case 7: return hear(member);
      case 8: return leave(member);
      case 9: return c_.pass(*rc::gen::inRange(1, 20'000) * 1ms);
      case 10: c_.commits_at_once = !c_.commits_at_once; return c_.commit_log();
      case 11:
        c_.refuses = c_.refuses ? std::nullopt : std::optional(ErrorCode::not_enough_replicas);
        return;
      case 12: return deliver_late();
      case 13: return c_.learn(topics_with(++partitions_));
      case 14:
      case 15: return (void)c_.delete_group();
      default: return fail_over();
    }
  }

  void look() {
    const auto group = c_.described();
    RC_ASSERT(group.error_code != ErrorCode::none || group.group_epoch >= epoch_);
    epoch_ = group.group_epoch;
    if (group.group_state == "Empty") RC_ASSERT(group.assignment_epoch == group.group_epoch);
    PartitionSet owned;
    for (const auto& one : group.members) {
      RC_ASSERT(one.member_epoch <= group.group_epoch);
      const auto member = std::find_if(members_.begin(), members_.end(), [&one](const auto& each) {
        return each.consumer.id == one.member_id;
      });
      // Who has an epoch that is over is fenced, unless it has only what it was given.
      const bool counts = member != members_.end() && member->consumer.epoch == one.member_epoch;
      if (!counts) continue;
      RC_ASSERT(!have_common(owned, member->has));
      add(owned, member->has);
    }
  }

  void settle() {
    c_.refuses.reset();
    c_.commits_at_once = true;
    c_.commit_log();
    c_.pass(60s);  // Who was counted in and does not know it is out.
    for (auto& member : members_) come_back(member);
    for (int round = 0; round < 6; ++round) {
      for (auto& member : members_) send(member, Way::says_what_it_has);
      for (auto& member : members_) hear(member);
      look();
    }
    RC_ASSERT(c_.described().group_state == "Stable");
    PartitionSet owned;
    for (const auto& member : members_) add(owned, member.has);
    RC_ASSERT(owned.at(orders_id).size() == static_cast<std::size_t>(partitions_));
    for (const auto request : c_.requests) RC_ASSERT(!c_.is_parked(request));
  }

 private:
  struct Member {
    TestConsumer consumer;  // What it was told.
    PartitionSet has;       // What it has not given up.
    std::vector<RequestId> asked;
  };
  enum class Way { joins, says_nothing, says_what_it_has, says_everything };

  // Before it says what it has it gives up what it was told to.
  void send(Member& member, Way way) {
    auto& consumer = member.consumer;
    if (consumer.epoch == 0) way = Way::joins;
    if (way == Way::joins) member.has.clear();
    if (way == Way::says_what_it_has) member.has = common(member.has, consumer.owned);
    auto asked = way == Way::joins || way == Way::says_everything ? consumer.full_request()
                                                                  : consumer.request();
    if (way == Way::joins) asked.topic_partitions.emplace();
    if (way == Way::says_what_it_has || way == Way::says_everything) {
      asked.topic_partitions = listed<TestConsumer::Request::TopicPartitions>(member.has);
    }
    // One at a time: what was asked before is given up.
    sent_.push_back(asked);
    member.asked.clear();
    member.asked.push_back(c_.beat(asked));
    if (*rc::gen::inRange(0, 4) > 0) hear(member);
  }

  // On a connection that its sender has given up: nobody hears the answer.
  void deliver_late() {
    if (!sent_.empty()) c_.beat(*rc::gen::elementOf(sent_));
  }

  // Unless it got lost. What it is told to have it has from now on.
  void hear(Member& member) {
    if (member.asked.empty() || c_.is_parked(member.asked.back())) return;
    const auto request = member.asked.back();
    member.asked.clear();
    const auto error = member.consumer.take(request);
    if (error == ErrorCode::none) return add(member.has, member.consumer.owned);
    const bool is_out = error == ErrorCode::unknown_member_id ||
                        error == ErrorCode::fenced_member_epoch ||
                        error == ErrorCode::group_id_not_found;
    if (is_out) give_up_everything(member);
  }

  void give_up_everything(Member& member) {
    member.has.clear();
    member.consumer.owned.clear();
    member.consumer.epoch = 0;
    member.asked.clear();
  }

  void leave(Member& member) {
    const bool is_away = member.consumer.instance && *rc::gen::arbitrary<bool>();
    if (member.consumer.epoch > 0) {
      member.consumer.leave(is_away ? epoch_of_static_leave : epoch_of_leaving);
    }
    give_up_everything(member);
    if (member.consumer.instance) member.consumer.id = "s" + std::to_string(++lives_);
  }

  void come_back(Member& member) {
    give_up_everything(member);
    member.asked.push_back(member.consumer.join());
    hear(member);
  }

  void fail_over() {
    c_.commit_log();
    const auto before = c_.described();
    c_.fail_over();
    RC_ASSERT(c_.described() == before);
  }

  Coordinated c_;
  std::int32_t partitions_ = 3;
  std::vector<Member> members_;
  std::int32_t epoch_ = 0;
  int lives_ = 1;
  std::vector<TestConsumer::Request> sent_;
};

RC_GTEST_PROP(ConsumerModel, partitions_have_one_owner_and_all_get_there, ()) {
  ConsumerWorld world;
  const int steps = *rc::gen::inRange(1, 120);
  for (int i = 0; i < steps; ++i) {
    world.step();
    world.look();
  }
  world.settle();
}

}  // namespace
}  // namespace brokersim::group
