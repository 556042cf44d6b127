// BS-G01, BS-G02, BS-G03, BS-G07 and BS-G08: what groups promise, broken and just not broken.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

class GroupHistory : public History {
 public:
  GroupHistory() {
    topic(1);
    add(-1, TopicCommitted{"__consumer_offsets", 2, 3, 1, false});
    partition(1, 0, {1, 2, 3});
    leads(0, 1);
    leads(1, 3);
  }
  // Who coordinates: of partition 0, in which the group's records are.
  void leads(std::int32_t partition, int node, const std::vector<int>& isr = {1, 2, 3}) {
    auto& epoch = epochs_[partition];
    PartitionCommitted body{{"__consumer_offsets", partition}, NodeId{node}, LeaderEpoch{epoch}};
    body.partition_epoch = PartitionEpoch{epoch++};
    body.metadata_offset = 1000 + ++offsets_;
    body.replicas = nodes({1, 2, 3});
    body.isr = nodes(isr);
    add(-1, body);
  }
  // One of groups, on all machines.
  void stores_record() {
    const auto record = batch(0, epochs_[0] - 1, 7);
    for (int node = 1; node <= 3; ++node) {
      add(node, BatchStored{{"__consumer_offsets", 0}, record});
    }
  }
  // What groups were is gone from the machine that alone was in sync.
  void lose_records() {
    const TopicPartition records{"__consumer_offsets", 0};
    for (int node = 1; node <= 3; ++node) add(node, BatchStored{records, batch(0, 0, 7)});
    leads(0, 1, {1});
    stopped(1, NodeStopped::How::power_loss);
    add(1, LogCut{records, 0, true});
    started(1, 1);
    leads(0, 1, {1});
    add(1, BatchStored{records, batch(0, 2, 8)});
  }
  void joined(std::int32_t generation) {
    add(1, JoinGroupAnswered{"client", "g", "m", generation, 0});
  }
  void synced(const std::string& member, std::int32_t generation, int error = 0) {
    add(1, SyncGroupAnswered{"client", "g", member, generation, error, {orders}});
  }
  void heard_of_member(int node, int error = 0) {
    add(node, HeartbeatAnswered{"client", "g", "m", 1, error});
  }
  // A moment between the events.
  std::int64_t now_ns() {
    wait(1ms);
    return now().ns();
  }
  void committed(int node, Offset offset, std::int32_t generation = 1, int error = 0,
                 std::int64_t asked = -1) {
    const auto at = asked < 0 ? now_ns() : asked;
    add(node, OffsetCommitAnswered{"client", "g", "m", generation, orders, offset, error, at});
  }
  void fetched(int node, Offset offset, std::int64_t asked = -1) {
    const auto at = asked < 0 ? now_ns() : asked;
    add(node, OffsetFetchAnswered{"client", "g", orders, offset, 0, at});
  }
  // A heartbeat of a member of a consumer group, and what it was told. `has` and `assigned`:
  // whether it has the partition, and whether it is to have it; nothing is said otherwise.
  struct Beat {
    std::string member;
    std::int32_t asked_epoch = 1;
    std::int32_t epoch = 1;
    std::optional<bool> has = {};
    std::optional<bool> assigned = {};
    int node = 1;
    std::int64_t asked = -1;
    int error = 0;
  };
  void beaten(const Beat& beat) {
    const std::vector<TopicPartition> all{orders}, none;
    const auto asked = beat.asked < 0 ? now_ns() : beat.asked;
    wait(1ms);
    add(beat.node,
        ConsumerGroupHeartbeatAnswered{.peer = "client",
                                       .group = "g",
                                       .member = beat.member,
                                       .asked_epoch = beat.asked_epoch,
                                       .epoch = beat.epoch,
                                       .error = beat.error,
                                       .has_said = beat.has.has_value(),
                                       .has = beat.has.value_or(false) ? all : none,
                                       .is_told = beat.assigned.has_value(),
                                       .assigned = beat.assigned.value_or(false) ? all : none,
                                       .asked_at_ns = asked});
  }
  void described(std::int32_t epoch, std::int32_t assignment_epoch, std::int32_t members) {
    add(1, ConsumerGroupDescribed{"g", members == 0 ? "Empty" : "Assigning", epoch,
                                  assignment_epoch, members});
  }
  Fired groups_fired() {
    Fired result;
    for (const auto& one : fired()) {
      if (one.rfind("BS-G", 0) == 0) result.push_back(one);
    }
    return result;
  }

 private:
  std::map<std::int32_t, int> epochs_;
  Offset offsets_ = 0;
};

// ---- BS-G01 ------------------------------------------------------------------------------------

TEST(PartitionOwnership, two_members_of_one_generation_are_not_given_one_partition) {
  GroupHistory h;
  h.synced("a", 1);
  h.synced("b", 1);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G01/two_owners"});
}

TEST(PartitionOwnership, is_by_generation_and_a_member_may_ask_again) {
  GroupHistory h;
  h.synced("a", 1);
  h.synced("a", 1);
  h.synced("b", 1, 27);
  h.synced("b", 2);
  h.synced("a", 1);  // What was sent long ago.
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(PartitionOwnership, a_classic_groups_generation_does_not_go_back) {
  GroupHistory h;
  h.synced("m", 5);
  h.joined(5);
  h.joined(6);
  EXPECT_EQ(h.groups_fired(), Fired{});
  h.joined(4);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G01/generation_went_back"});
}

TEST(PartitionOwnership, begins_anew_with_a_new_group_of_the_same_name) {
  GroupHistory h;
  h.synced("a", 1);
  h.joined(1);
  h.synced("b", 1);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(PartitionOwnership, nobody_is_given_what_another_consumer_goes_on_to_have) {
  GroupHistory h;
  h.beaten({.member = "a", .asked_epoch = 0, .has = false, .assigned = true});
  h.beaten({.member = "b", .asked_epoch = 0, .epoch = 2, .has = false, .assigned = true});
  h.beaten({.member = "a", .assigned = false});
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G01/two_holders"});
}

TEST(PartitionOwnership, passes_on_once_it_is_given_up) {
  GroupHistory h;
  h.beaten({.member = "a", .asked_epoch = 0, .has = false, .assigned = true});
  h.beaten({.member = "b", .asked_epoch = 0, .epoch = 2, .has = false, .assigned = false});
  h.beaten({.member = "a", .assigned = false});
  h.beaten({.member = "a", .epoch = 2, .has = false});
  h.beaten({.member = "b", .asked_epoch = 2, .epoch = 2, .assigned = true});
  h.beaten({.member = "a", .asked_epoch = 2, .epoch = 2});
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(PartitionOwnership, passes_on_from_who_is_fenced_leaves_or_begins_anew) {
  GroupHistory h;
  h.beaten({.member = "a", .asked_epoch = 0, .has = false, .assigned = true});
  h.beaten({.member = "b", .asked_epoch = 0, .epoch = 2, .has = false, .assigned = true});
  h.beaten({.member = "a", .error = 25});
  h.beaten({.member = "a", .asked_epoch = 0, .epoch = 3, .has = false, .assigned = false});
  h.beaten({.member = "b", .asked_epoch = -1, .epoch = -1});
  h.beaten({.member = "a", .asked_epoch = 3, .epoch = 4, .assigned = true});
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(PartitionOwnership, is_not_judged_by_late_news_nor_by_what_another_coordinator_says) {
  GroupHistory h;
  h.beaten({.member = "a", .asked_epoch = 0, .has = false, .assigned = true});
  const auto before = h.now_ns();
  h.beaten({.member = "b", .asked_epoch = 0, .epoch = 2, .has = false, .assigned = true});
  h.beaten({.member = "a", .asked = before});
  h.beaten({.member = "a", .node = 2});
  EXPECT_EQ(h.groups_fired(), Fired{});
}

// Answers wait until what they say is committed, and then go out in any order.
TEST(PartitionOwnership, is_not_judged_by_what_was_decided_earlier_and_is_told_later) {
  GroupHistory h;
  h.beaten({.member = "a", .asked_epoch = 0, .has = false, .assigned = true});
  const auto before = h.now_ns();
  h.beaten({.member = "b", .asked_epoch = 0, .epoch = 3, .has = false, .assigned = true});
  h.beaten({.member = "a", .epoch = 2, .assigned = true, .asked = before});
  h.beaten({.member = "b", .asked_epoch = 3, .epoch = 3, .has = true});
  EXPECT_EQ(h.groups_fired(), Fired{});
  h.beaten({.member = "c", .asked_epoch = 0, .epoch = 4, .has = false, .assigned = true});
  h.beaten({.member = "b", .asked_epoch = 3, .epoch = 3, .has = true});
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G01/two_holders"});
}

// Of a group that was deleted and made again.
TEST(PartitionOwnership, is_judged_by_an_earlier_epoch_that_was_asked_for_later) {
  GroupHistory h;
  h.beaten({.member = "a", .asked_epoch = 0, .epoch = 3, .has = false, .assigned = true});
  h.beaten({.member = "a", .asked_epoch = -1, .epoch = -1});
  h.beaten({.member = "b", .asked_epoch = 0, .epoch = 1, .has = false, .assigned = true});
  h.beaten({.member = "b", .asked_epoch = 1, .epoch = 1, .has = true});
  EXPECT_EQ(h.groups_fired(), Fired{});
  h.beaten({.member = "c", .asked_epoch = 0, .epoch = 2, .has = false, .assigned = true});
  h.beaten({.member = "b", .asked_epoch = 1, .epoch = 1, .has = true});
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G01/two_holders"});
}

TEST(PartitionOwnership, a_consumers_epoch_does_not_go_back) {
  GroupHistory h;
  h.beaten({.member = "a", .asked_epoch = 0, .epoch = 3});
  h.beaten({.member = "a", .asked_epoch = 3, .epoch = 2});
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G01/epoch_went_back"});
}

TEST(PartitionOwnership, classic_members_are_not_given_what_a_consumer_goes_on_to_have) {
  GroupHistory h;
  h.beaten({.member = "a", .asked_epoch = 0, .has = false, .assigned = true});
  h.synced("b", 2);
  h.beaten({.member = "a", .assigned = false});
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G01/two_holders"});
}

TEST(PartitionOwnership, passes_between_members_of_both_protocols_once_it_is_given_up) {
  GroupHistory h;
  h.synced("b", 1);
  h.beaten({.member = "a", .asked_epoch = 0, .epoch = 2, .has = false, .assigned = false});
  h.beaten({.member = "a", .asked_epoch = 2, .epoch = 2, .assigned = true});
  h.beaten({.member = "a", .asked_epoch = 2, .epoch = 3, .has = false, .assigned = false});
  h.synced("b", 3);
  h.beaten({.member = "a", .asked_epoch = 3, .epoch = 3, .has = false});
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(PartitionOwnership, of_generations_is_forgotten_when_epochs_begin_anew) {
  GroupHistory h;
  h.synced("b", 5);
  h.beaten({.member = "a", .asked_epoch = 0, .epoch = 1, .has = false, .assigned = false});
  h.synced("c", 5);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(PartitionOwnership, begins_anew_where_records_of_groups_are_lost_with_an_excuse) {
  for (const bool are_lost : {false, true}) {
    GroupHistory h;
    h.synced("a", 3);
    if (are_lost) h.lose_records();
    h.synced("b", 3);
    EXPECT_EQ(h.groups_fired(), are_lost ? Fired{} : Fired{"BS-G01/two_owners"});
  }
}

// ---- BS-G02 ------------------------------------------------------------------------------------

TEST(ZombieCommits, nobody_commits_for_a_generation_that_is_over) {
  GroupHistory h;
  h.synced("a", 1);
  h.synced("a", 2);
  h.committed(1, 5, 1);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G02/stale_generation"});
}

TEST(ZombieCommits, what_was_under_way_or_refused_or_of_no_generation_is_fine) {
  GroupHistory h;
  h.synced("a", 1);
  const auto before = h.now_ns();
  h.synced("a", 2);
  h.committed(1, 5, 1, 0, before);
  h.committed(1, 5, 1, 22);
  h.committed(1, 5, -1);
  h.committed(1, 5, 2);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(ZombieCommits, generations_begin_anew_where_records_of_groups_are_lost_with_an_excuse) {
  for (const bool are_lost : {false, true}) {
    GroupHistory h;
    h.synced("a", 3);
    if (are_lost) h.lose_records();
    h.committed(1, 5, 2);
    EXPECT_EQ(h.groups_fired(), are_lost ? Fired{} : Fired{"BS-G02/stale_generation"});
  }
}

TEST(ZombieCommits, no_consumer_commits_in_an_epoch_after_which_it_was_told_another) {
  GroupHistory h;
  h.beaten({.member = "m", .asked_epoch = 0, .epoch = 1});
  h.committed(1, 5, 1);
  EXPECT_EQ(h.groups_fired(), Fired{});
  h.beaten({.member = "m", .asked_epoch = 1, .epoch = 2});
  h.committed(1, 6, 1);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G02/stale_epoch"});
}

TEST(ZombieCommits, epochs_of_members_are_their_own_and_no_generations) {
  GroupHistory h;
  h.synced("m", 9);
  h.beaten({.member = "m", .asked_epoch = 0, .epoch = 1});
  h.beaten({.member = "other", .asked_epoch = 0, .epoch = 7});
  const auto before = h.now_ns();
  h.beaten({.member = "m", .asked_epoch = 1, .epoch = 2});
  h.committed(1, 5, 1, 0, before);
  h.committed(1, 6, 1, 113);
  h.committed(1, 7, 2);
  h.joined(1);
  h.synced("m", 1);
  h.committed(1, 8, 1);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(ZombieCommits, members_of_the_classic_protocol_among_consumers_have_generations_of_their_own) {
  GroupHistory h;
  h.beaten({.member = "a", .asked_epoch = 0, .epoch = 1});
  h.synced("m", 2);
  h.synced("other", 3);
  h.committed(1, 5, 2);
  EXPECT_EQ(h.groups_fired(), Fired{}) << "it has not joined again yet";
  h.synced("m", 4);
  h.committed(1, 6, 2);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G02/stale_epoch"});
}

// ---- BS-G07 ------------------------------------------------------------------------------------

TEST(AssignmentEpochs, are_the_groups_own_once_nobody_is_left) {
  GroupHistory h;
  h.described(3, 2, 1);
  h.described(3, 3, 0);
  EXPECT_EQ(h.groups_fired(), Fired{});
  h.described(3, 2, 0);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G07/empty_and_behind"});
}

TEST(AssignmentEpochs, are_never_ahead) {
  GroupHistory h;
  h.described(2, 3, 1);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G07/ahead"});
}

// ---- BS-G08 ------------------------------------------------------------------------------------

TEST(ReturningMembers, are_not_kept_out_by_what_they_were) {
  GroupHistory h;
  h.synced("i", 1);
  h.beaten({.member = "i", .asked_epoch = 0, .error = 111});
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G08/kept_out"});
}

TEST(ReturningMembers, may_be_kept_out_by_who_spoke_the_other_protocol_since) {
  GroupHistory h;
  h.synced("i", 1);
  h.beaten({.member = "i", .asked_epoch = 0, .epoch = 2});
  h.beaten({.member = "i", .asked_epoch = 0, .error = 111});
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(ReturningMembers, are_judged_whoever_else_stops) {
  for (const int stopped : {9, 8, 2}) {  // Another client, its own process, a broker.
    GroupHistory h;
    h.add(-1, BrokerCommitted{NodeId{2}, BrokerEpoch{5}, false, 2000});
    h.add(8, OwnershipChanged{"client", "g", "assigned", {orders}});
    h.synced("i", 1);
    h.add(stopped, NodeStopped{NodeStopped::How::crash});
    h.beaten({.member = "i", .asked_epoch = 0, .error = 111});
    EXPECT_EQ(h.groups_fired(), stopped == 9 ? Fired{"BS-G08/kept_out"} : Fired{}) << stopped;
  }
}

TEST(ReturningMembers, are_not_judged_where_an_answer_may_have_been_lost) {
  GroupHistory h;
  h.synced("i", 1);
  h.beaten({.member = "i", .asked_epoch = 0, .error = 15});
  h.beaten({.member = "i", .asked_epoch = 0, .error = 111});
  h.synced("i", 3);
  h.add(1, NodeStopped{NodeStopped::How::crash});
  h.beaten({.member = "i", .asked_epoch = 0, .error = 111});
  EXPECT_EQ(h.groups_fired(), Fired{});
}

// ---- BS-G03 ------------------------------------------------------------------------------------

TEST(CommittedOffsets, survive_their_coordinator) {
  GroupHistory h;
  h.committed(1, 5);
  h.leads(0, 2);
  h.fetched(2, 4);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G03/went_back"});
}

TEST(CommittedOffsets, do_not_vanish) {
  GroupHistory h;
  h.committed(1, 5);
  h.fetched(1, -1);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G03/went_back"});
}

TEST(CommittedOffsets, may_be_set_back_and_are_owed_only_to_who_asked_later) {
  GroupHistory h;
  const auto before = h.now_ns();
  h.committed(1, 5);
  h.fetched(1, 3, before);
  h.fetched(1, 6);           // Somebody's commit whose answer got lost.
  h.committed(1, 2, 1, 15);  // Perhaps.
  h.fetched(1, 2);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(CommittedOffsets, are_not_owed_by_who_was_deposed_nor_by_who_has_lost_the_records) {
  GroupHistory h;
  h.leads(0, 2);
  h.stores_record();
  h.committed(2, 5);
  h.fetched(1, 3);
  h.fetched(3, 3);
  h.add(2, LogCut{{"__consumer_offsets", 0}, 0, true});
  h.fetched(2, -1);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

TEST(CommittedOffsets, survive_what_a_loss_of_power_takes_elsewhere) {
  GroupHistory h;
  h.stores_record();
  h.committed(1, 5);
  h.add(3, LogCut{{"__consumer_offsets", 0}, 0, true});
  h.leads(0, 2);
  h.fetched(2, 4);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G03/went_back"});
}

TEST(CommittedOffsets, are_lost_with_the_log_where_somebody_without_it_is_elected) {
  GroupHistory h;
  h.add(-1, TopicCommitted{"__consumer_offsets", 2, 3, 1, true});
  h.leads(0, 1, {1});
  h.add(1, BatchStored{{"__consumer_offsets", 0}, History::batch(0, 1, 7)});
  h.committed(1, 5);
  h.leads(0, 2, {2});
  h.fetched(2, 4);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

// Its connection ended without an answer.
// offsets.retention.minutes is a week.
TEST(CommittedOffsets, are_kept_as_long_as_there_are_members_and_a_week) {
  GroupHistory h;
  h.committed(1, 5);
  h.wait(6 * 24h);
  h.heard_of_member(1);
  h.wait(6 * 24h);
  h.fetched(1, -1);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G03/went_back"});
}

TEST(CommittedOffsets, expire_when_there_was_no_member_for_a_week) {
  GroupHistory h;
  h.committed(1, 5);
  h.wait(6 * 24h);
  h.heard_of_member(1, 25);  // UNKNOWN_MEMBER_ID.
  h.heard_of_member(2);      // Who coordinates nothing.
  h.wait(24h);
  h.synced("m", 2);  // Somebody comes, and asks where to go on.
  h.fetched(1, -1);
  EXPECT_EQ(h.groups_fired(), Fired{});
}

// KIP-848: of consumers they go by the commit's time, once nobody is there who wants them.
TEST(CommittedOffsets, of_consumers_may_be_gone_once_nobody_was_in_the_group) {
  for (const bool was_empty : {false, true}) {
    GroupHistory h;
    const auto stored = [&](std::int32_t epoch) {
      h.add(1, GroupStateStored{.partition = {"__consumer_offsets", 0},
                                .group = "g",
                                .what = std::string(GroupStateStored::of_member),
                                .member = "m",
                                .epoch = epoch});
    };
    stored(1);
    h.committed(1, 5);
    for (int days = 0; days < 8; ++days) {
      h.wait(24h);
      h.heard_of_member(1);
    }
    if (was_empty) stored(GroupStateStored::gone);
    stored(2);
    h.fetched(1, -1);
    EXPECT_EQ(h.groups_fired(), was_empty ? Fired{} : Fired{"BS-G03/went_back"});
  }
}

// A coordinator that hears late of it deletes by the name.
TEST(CommittedOffsets, go_with_their_topic_and_may_go_with_the_one_before) {
  GroupHistory h;
  h.committed(1, 5);
  h.add(-1, TopicRemoved{"orders"});
  h.fetched(1, -1);
  h.topic(1);
  h.fetched(1, -1);
  h.committed(1, 3);
  h.fetched(1, -1);
  h.committed(1, 4);
  h.fetched(1, 2);
  EXPECT_EQ(h.groups_fired(), Fired{"BS-G03/went_back"});
}

TEST(CommittedOffsets, may_have_been_set_back_by_who_was_never_answered) {
  for (const bool was_told : {false, true}) {
    GroupHistory h;
    h.committed(1, 20);
    if (was_told) h.committed(1, 12, 1, -1);
    h.fetched(1, 12);
    EXPECT_EQ(h.groups_fired(), was_told ? Fired{} : Fired{"BS-G03/went_back"});
  }
}

}  // namespace
}  // namespace brokersim::properties
