// BS-G09 and BS-G10 fire on what group coordinators answer and write: answers that the log does not
// know, epochs and generations that go back, and partitions that two members have, whoever
// coordinates. What is not committed, was lost, or is of a deleted topic is not held against them.
// BS-G02 learns from the same records whether a group has one generation or many epochs.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

const TopicPartition records_of_groups{"__consumer_offsets", 0};
using PartitionList = std::vector<TopicPartition>;

// What one record says.
struct SaidOfGroup {
  std::string what = "member";
  std::int32_t epoch = 1;
  std::string member = "m";
  PartitionList assigned = {};
  PartitionList pending = {};
  std::string group = "g";
};

SaidOfGroup group_epoch(std::int32_t epoch) {
  return {.what = "epoch", .epoch = epoch, .member = ""};
}
SaidOfGroup generation(std::int32_t number, PartitionList assigned = {}) {
  return {.what = "generation", .epoch = number, .assigned = std::move(assigned)};
}

// Broker 1 leads, and coordinates, until another one does.
class GroupLogHistory : public History {
 public:
  GroupLogHistory() {
    partition(1, 0, {1, 2, 3});
    led(1, 0, {1, 2, 3});
  }

  void led(int leader, int epoch, const std::vector<int>& isr) {
    PartitionCommitted body{records_of_groups, NodeId{leader}, LeaderEpoch{epoch}};
    body.partition_epoch = PartitionEpoch{++changes_};
    body.metadata_offset = next_metadata_offset();
    body.replicas = nodes({1, 2, 3});
    body.isr = nodes(isr);
    add(-1, body);
    leader_ = leader;
    epoch_ = epoch;
  }

  // One batch.
  void wrote_alone(const std::vector<SaidOfGroup>& all) {
    last_ = {end_, end_ + static_cast<Offset>(all.size()) - 1, LeaderEpoch{epoch_},
             500 + static_cast<std::uint64_t>(end_)};
    add(leader_, BatchStored{records_of_groups, last_});
    for (const SaidOfGroup& said : all) {
      add(leader_, GroupStateStored{.partition = records_of_groups,
                                    .offset = end_++,
                                    .leader_epoch = LeaderEpoch{epoch_},
                                    .group = said.group,
                                    .what = said.what,
                                    .member = said.member,
                                    .epoch = said.epoch,
                                    .assigned = said.assigned,
                                    .pending = said.pending});
    }
  }
  void replicate_last() {
    for (int node = 1; node <= 3; ++node) {
      if (node != leader_) add(node, BatchStored{records_of_groups, last_});
    }
  }
  void wrote(const std::vector<SaidOfGroup>& all) {
    wrote_alone(all);
    replicate_last();
  }

  void beat(std::int32_t epoch, const PartitionList& assigned = {}, int error = 0) {
    add(leader_, ConsumerGroupHeartbeatAnswered{.peer = "client",
                                                .group = "g",
                                                .member = "m",
                                                .asked_epoch = epoch,
                                                .epoch = epoch,
                                                .error = error,
                                                .is_told = !assigned.empty(),
                                                .assigned = assigned,
                                                .asked_at_ns = now().ns()});
  }
  void synced(std::int32_t number, const PartitionList& assigned, const std::string& member = "m") {
    add(leader_, SyncGroupAnswered{"client", "g", member, number, 0, assigned});
  }
  void joined(std::int32_t number) {
    add(leader_, JoinGroupAnswered{"client", "g", "m", number, 0});
  }
  // By "m", long after everything else.
  void committed(std::int32_t number) {
    wait(2ms);
    const auto asked_at = now();
    add(leader_, OffsetCommitAnswered{"client", "g", "m", number, orders, 5, 0, asked_at.ns()});
  }

 private:
  Offset end_ = 0;
  int leader_ = 1;
  int epoch_ = 0;
  int changes_ = -1;
  BatchRef last_;
};

// ---- BS-G09 ------------------------------------------------------------------------------------

TEST(GroupAnswers, that_the_log_knows_are_normal) {
  GroupLogHistory consumers;
  consumers.wrote({group_epoch(1), {.epoch = 1, .assigned = {orders}}});
  consumers.beat(1, {orders});
  consumers.beat(1);
  consumers.led(2, 1, {1, 2, 3});
  consumers.beat(1, {orders});
  EXPECT_EQ(consumers.fired(), Fired{});
  GroupLogHistory classic;
  classic.wrote({generation(3, {orders})});
  classic.synced(3, {orders});
  EXPECT_EQ(classic.fired(), Fired{});
}

TEST(GroupAnswers, come_when_what_they_say_is_committed) {
  for (const bool is_committed : {false, true}) {
    GroupLogHistory h;
    h.wrote_alone({group_epoch(1), {.epoch = 1, .assigned = {orders}}});
    if (is_committed) h.replicate_last();
    h.beat(1, {orders});
    EXPECT_EQ(h.fired(), is_committed ? Fired{} : Fired{"BS-G09/epoch_without_record"});
  }
  for (const bool is_committed : {false, true}) {
    GroupLogHistory h;
    h.wrote_alone({generation(3, {orders})});
    if (is_committed) h.replicate_last();
    h.synced(3, {orders});
    EXPECT_EQ(h.fired(), is_committed ? Fired{} : Fired{"BS-G09/epoch_without_record"});
  }
}

TEST(GroupAnswers, say_no_more_than_the_log_does) {
  GroupLogHistory epoch;
  epoch.wrote({group_epoch(1), {.epoch = 1}});
  epoch.beat(2);
  EXPECT_EQ(epoch.fired(), Fired{"BS-G09/epoch_without_record"});
  GroupLogHistory assignment;
  assignment.wrote({group_epoch(1), {.epoch = 1}});
  assignment.beat(1, {orders});
  EXPECT_EQ(assignment.fired(), Fired{"BS-G09/assignment_without_record"});
  GroupLogHistory others;
  others.wrote({group_epoch(1), {.epoch = 1, .member = "other", .assigned = {orders}}});
  others.beat(1, {orders});
  EXPECT_EQ(others.fired(), Fired{"BS-G09/epoch_without_record"});
}

// The other coordinator never had the record, and gives the partition away.
TEST(GroupAnswers, that_the_next_coordinator_does_not_find_are_not_forgotten) {
  GroupLogHistory h;
  h.wrote({group_epoch(1), {.epoch = 1}});
  h.wrote_alone({{.epoch = 1, .assigned = {orders}}});
  h.beat(1, {orders});
  h.led(2, 1, {2, 3});
  EXPECT_TRUE(has(h.fired(), "BS-G09/assignment_without_record"));
}

// They are told of one by one.
TEST(GroupAnswers, rest_on_all_records_of_a_batch_that_one_replica_alone_commits) {
  GroupLogHistory h;
  h.led(1, 0, {1});
  h.wrote_alone({group_epoch(1), {.epoch = 1, .assigned = {orders}}});
  h.beat(1, {orders});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(GroupAnswers, are_not_judged_of_who_leaves_or_is_refused) {
  GroupLogHistory h;
  h.wrote({group_epoch(1), {.epoch = 1}});
  h.beat(-1);
  h.beat(5, {}, 110);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(GroupAnswers, are_not_judged_where_nobody_leads_or_no_log_was_seen) {
  GroupLogHistory headless;
  headless.wrote({group_epoch(1), {.epoch = 1}});
  headless.led(-1, 1, {1, 2, 3});
  headless.beat(7);
  EXPECT_FALSE(has(headless.fired(), "BS-G09/epoch_without_record"));
  GroupLogHistory unseen;
  unseen.beat(7);
  EXPECT_EQ(unseen.fired(), Fired{});
}

// ---- BS-G10 ------------------------------------------------------------------------------------

TEST(GroupStates, do_not_go_back) {
  GroupLogHistory epochs;
  epochs.wrote({group_epoch(2)});
  epochs.led(2, 1, {1, 2, 3});
  epochs.wrote({group_epoch(2), group_epoch(3)});
  EXPECT_EQ(epochs.fired(), Fired{});
  epochs.wrote({group_epoch(2)});
  EXPECT_EQ(epochs.fired(), Fired{"BS-G10/epoch_went_back"});
  GroupLogHistory generations;
  generations.wrote({generation(4)});
  generations.wrote({generation(3)});
  EXPECT_EQ(generations.fired(), Fired{"BS-G10/generation_went_back"});
}

TEST(GroupStates, begin_anew_where_the_group_does) {
  GroupLogHistory deleted;
  deleted.wrote({group_epoch(4), group_epoch(GroupStateStored::gone), group_epoch(1)});
  EXPECT_EQ(deleted.fired(), Fired{});
  GroupLogHistory converted;
  converted.wrote({generation(4), generation(GroupStateStored::gone), group_epoch(4)});
  converted.wrote({group_epoch(GroupStateStored::gone), generation(1)});
  EXPECT_EQ(converted.fired(), Fired{});
}

TEST(GroupStates, that_are_not_committed_are_nobodys) {
  GroupLogHistory h;
  h.wrote({group_epoch(4)});
  h.wrote_alone({group_epoch(3)});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(GroupStates, give_a_partition_to_one_member) {
  for (const bool is_given_up : {false, true}) {
    GroupLogHistory h;
    h.wrote({{.member = "a", .assigned = {orders}}});
    h.wrote({{.member = "a", .pending = {orders}}});
    if (is_given_up) h.wrote({{.member = "a"}});
    h.led(2, 1, {1, 2, 3});
    h.wrote({{.member = "b", .assigned = {orders}}});
    EXPECT_EQ(h.fired(), is_given_up ? Fired{} : Fired{"BS-G10/two_owners"});
  }
}

TEST(GroupStates, give_away_what_those_had_who_are_gone) {
  GroupLogHistory h;
  h.wrote({{.member = "a", .assigned = {orders}}});
  h.wrote(
      {{.epoch = GroupStateStored::gone, .member = "a"}, {.member = "b", .assigned = {orders}}});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(GroupStates, are_not_compared_between_groups_or_of_deleted_topics) {
  GroupLogHistory groups;
  groups.wrote({{.assigned = {orders}}, {.member = "b", .assigned = {orders}, .group = "other"}});
  EXPECT_EQ(groups.fired(), Fired{});
  GroupLogHistory deleted;
  deleted.add(-1, TopicRemoved{"orders", no_uuid});
  deleted.wrote({{.member = "a", .assigned = {orders}}, {.member = "b", .assigned = {orders}}});
  EXPECT_EQ(deleted.fired(), Fired{});
}

// ---- BS-G02 ------------------------------------------------------------------------------------

// Of "m" and "other": a generation, or an epoch and what each is in.
std::vector<SaidOfGroup> classic_of_two(std::int32_t number) {
  return {generation(number), {.what = "generation", .epoch = number, .member = "other"}};
}
std::vector<SaidOfGroup> consumers_of_two(std::int32_t number) {
  return {generation(GroupStateStored::gone),
          group_epoch(number),
          {.epoch = number},
          {.epoch = number, .member = "other"},
          group_epoch(number + 1),
          {.epoch = number + 1, .member = "other"}};
}

// Whoever made the group one of consumers is gone before it is told.
TEST(ZombieCommits, are_none_of_a_group_that_its_log_says_is_of_consumers) {
  for (const bool are_consumers : {false, true}) {
    GroupLogHistory h;
    h.wrote(classic_of_two(1));
    h.synced(1, {});
    h.synced(1, {}, "other");
    h.wrote(are_consumers ? consumers_of_two(1) : classic_of_two(2));
    h.led(2, 1, {1, 2, 3});
    h.synced(2, {}, "other");
    h.committed(1);
    EXPECT_EQ(h.fired(), are_consumers ? Fired{} : Fired{"BS-G02/stale_generation"});
  }
}

TEST(ZombieCommits, of_consumers_are_those_in_an_earlier_epoch_of_their_own) {
  GroupLogHistory h;
  h.wrote(consumers_of_two(1));
  h.synced(2, {}, "other");
  h.wrote({{.epoch = 2}});
  h.synced(2, {});
  h.committed(2);
  EXPECT_EQ(h.fired(), Fired{});
  h.committed(1);
  EXPECT_EQ(h.fired(), Fired{"BS-G02/stale_epoch"});
}

TEST(ZombieCommits, of_consumers_may_be_of_the_generations_of_before) {
  GroupLogHistory h;
  h.wrote(classic_of_two(3));
  h.synced(3, {});
  h.wrote(consumers_of_two(3));
  h.committed(2);
  EXPECT_EQ(h.fired(), Fired{"BS-G02/stale_epoch"});
}

// A member that has to give something up joins again in the epoch that it is in.
TEST(ZombieCommits, of_consumers_are_not_those_of_who_joins_again_in_epoch_1) {
  GroupLogHistory h;
  h.wrote(consumers_of_two(1));
  h.beat(1);
  h.joined(1);
  h.synced(1, {});
  h.synced(2, {}, "other");
  h.committed(1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(ZombieCommits, are_of_one_generation_for_all_again_once_that_is_committed) {
  for (const bool is_committed : {false, true}) {
    GroupLogHistory h;
    h.wrote(consumers_of_two(2));
    h.beat(2);
    h.wrote_alone({group_epoch(GroupStateStored::gone),
                   generation(3),
                   {.what = "generation", .epoch = 3, .member = "other"}});
    if (is_committed) h.replicate_last();
    if (!is_committed) h.led(2, 1, {2, 3});
    h.synced(3, {}, "other");
    h.committed(2);
    EXPECT_EQ(h.fired(), is_committed ? Fired{"BS-G02/stale_generation"} : Fired{});
  }
}

// In the same log epochs rise: what is earlier is of a group that was deleted and is there again.
TEST(ZombieCommits, are_none_where_the_group_began_anew) {
  for (const bool are_consumers : {false, true}) {
    GroupLogHistory h;
    h.wrote(classic_of_two(7));
    h.synced(7, {});
    h.wrote({generation(GroupStateStored::gone)});
    h.wrote(are_consumers ? consumers_of_two(1) : classic_of_two(2));
    h.committed(2);
    EXPECT_EQ(h.fired(), Fired{});
  }
}

}  // namespace
}  // namespace brokersim::properties
