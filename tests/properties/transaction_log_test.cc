// BS-T07, BS-T08 and BS-T09 fire on what coordinators of transactions write, do and answer: states
// that do not follow each other, markers and decisions that disagree, and answers that the log does
// not know; and BS-T06 on what they never finish. What is not committed, was lost, or is of a
// deleted topic is not held against them.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

const TopicPartition states{"__transaction_state", 0};
const TopicPartition parcels{"parcels", 0};
using Partitions = std::vector<TopicPartition>;

// What one record says.
struct Said {
  std::string state;
  std::int64_t producer = 7;
  int epoch = 0;
  Partitions partitions = {};
  int version = 2;
  std::int64_t next_producer = -1;
  std::string id = "host-01";
};

// Broker 1 leads, and coordinates.
class CoordinatorHistory : public History {
 public:
  explicit CoordinatorHistory(const TrialConfig& config = {}) : History(config) {
    partition(1, 0, {1, 2, 3});
    led(1, 0, {1, 2, 3});
  }

  void led(int leader, int epoch, const std::vector<int>& isr) {
    PartitionCommitted body{states, NodeId{leader}, LeaderEpoch{epoch}};
    body.partition_epoch = PartitionEpoch{++changes_};
    body.metadata_offset = next_metadata_offset();
    body.replicas = nodes({1, 2, 3});
    body.isr = nodes(isr);
    add(-1, body);
    epoch_ = epoch;
  }

  EventId wrote_alone(const Said& said) {
    const Offset offset = end_++;
    const BatchRef ref{offset, offset, LeaderEpoch{epoch_}, 500 + static_cast<std::uint64_t>(end_)};
    last_ = ref;
    add(1, BatchStored{states, ref});
    return add(
        1, TransactionStateStored{.partition = states,
                                  .offset = offset,
                                  .leader_epoch = LeaderEpoch{epoch_},
                                  .transactional_id = said.id,
                                  .state = said.state,
                                  .producer_id = said.producer,
                                  .producer_epoch = static_cast<std::int16_t>(said.epoch),
                                  .next_producer_id = said.next_producer,
                                  .transaction_version = static_cast<std::int16_t>(said.version),
                                  .partitions = said.partitions});
  }
  void replicate_last() {
    for (const int node : {2, 3}) add(node, BatchStored{states, last_});
  }
  EventId wrote(const Said& said) {
    const EventId event = wrote_alone(said);
    replicate_last();
    return event;
  }
  void wrote_all(const std::vector<Said>& all) {
    for (const Said& each : all) wrote(each);
  }

  EventId marked_alone(BatchRole role, int epoch, std::int64_t producer = 7) {
    const Offset offset = marker_end_++;
    marker_ = {offset, offset, LeaderEpoch{0}, 900 + static_cast<std::uint64_t>(offset), role};
    marker_.producer_id = producer;
    marker_.producer_epoch = static_cast<std::int16_t>(epoch);
    return add(1, BatchStored{orders, marker_});
  }
  void marked(BatchRole role, int epoch, std::int64_t producer = 7) {
    marked_alone(role, epoch, producer);
    for (const int node : {2, 3}) add(node, BatchStored{orders, marker_});
  }

  EventId begun(std::int64_t producer, int epoch) {
    return add(1, InitProducerIdAnswered{.peer = "host",
                                         .transactional_id = "host-01",
                                         .producer_id = producer,
                                         .producer_epoch = static_cast<std::int16_t>(epoch),
                                         .asked_at_ns = now().ns() + 1});
  }
  EventId ended(int epoch, bool is_commit, std::int64_t producer = 7) {
    return add(1, EndTxnAnswered{.peer = "host",
                                 .transactional_id = "host-01",
                                 .producer_id = producer,
                                 .producer_epoch = static_cast<std::int16_t>(epoch),
                                 .is_commit = is_commit,
                                 .asked_at_ns = now().ns() + 1});
  }

 private:
  Offset end_ = 0;
  Offset marker_end_ = 0;
  int epoch_ = 0;
  int changes_ = -1;
  BatchRef last_;
  BatchRef marker_;
};

Fired fired_by(const std::vector<Said>& all) {
  CoordinatorHistory h;
  h.wrote_all(all);
  return h.fired();
}

// ---- BS-T07 ------------------------------------------------------------------------------------

TEST(TransactionStates, that_follow_each_other_are_normal) {
  CoordinatorHistory h;
  h.wrote_all({{"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}, {"PrepareCommit", 7, 1, {orders}}});
  h.marked(BatchRole::commit, 1);
  h.wrote_all({{"CompleteCommit", 7, 1},
               {"Ongoing", 7, 1, {orders}},
               {"Ongoing", 7, 1, {orders, parcels}},
               {"PrepareAbort", 7, 2, {orders, parcels}}});
  h.marked(BatchRole::abort, 2);
  h.wrote_all({{"CompleteAbort", 7, 2},
               {"PrepareAbort", 7, 3},  // Of nothing.
               {"CompleteAbort", 7, 3},
               {"Empty", 7, 4},
               {"Dead", -1, -1},
               {"Empty", 8, 0}});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(TransactionStates, of_transactions_without_an_epoch_of_their_own_keep_it) {
  EXPECT_EQ(fired_by({{"Empty", 7, 0},
                      {"Ongoing", 7, 0, {parcels}, 1},
                      {"PrepareCommit", 7, 0, {parcels}, 1},
                      {"CompleteCommit", 7, 0, {}, 1},
                      {"Ongoing", 7, 0, {parcels}, 1},
                      {"PrepareAbort", 7, 1, {parcels}, 1},  // Fenced.
                      {"CompleteAbort", 7, 1, {}, 1}}),
            Fired{});
}

TEST(TransactionStates, that_are_not_next_are_violations) {
  const Fired illegal{"BS-T07/illegal_transition"};
  EXPECT_EQ(fired_by({{"Ongoing", 7, 0, {parcels}}}), illegal);
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, {"PrepareCommit", 7, 1}}), illegal);
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, {"PrepareAbort", 7, 1, {}, 1}}), illegal);
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, {"CompleteAbort", 7, 0}}), illegal);
  const std::vector<Said> ongoing{{"Empty", 7, 0}, {"Ongoing", 7, 0, {parcels}}};
  const auto then = [&](std::vector<Said> more) {
    auto all = ongoing;
    all.insert(all.end(), more.begin(), more.end());
    return fired_by(all);
  };
  EXPECT_EQ(then({{"Empty", 7, 1}}), illegal);
  EXPECT_EQ(then({{"Dead", -1, -1}}), illegal);
  EXPECT_EQ(then({{"CompleteCommit", 7, 0}}), illegal);
  EXPECT_EQ(then({{"PrepareCommit", 7, 1, {parcels}}, {"CompleteAbort", 7, 1}}), illegal);
  EXPECT_EQ(then({{"PrepareCommit", 7, 1, {parcels}}, {"Ongoing", 7, 1, {parcels}}}), illegal);
}

TEST(TransactionStates, may_be_written_again_as_they_were) {
  EXPECT_EQ(fired_by({{"Empty", 7, 0},
                      {"Ongoing", 7, 0, {parcels}},
                      {"PrepareCommit", 7, 1, {parcels}},
                      {"PrepareCommit", 7, 1, {parcels}},
                      {"CompleteCommit", 7, 1},
                      {"CompleteCommit", 7, 1}}),
            Fired{});
}

TEST(TransactionStates, raise_epochs_by_one_where_a_producer_begins_or_a_transaction_ends) {
  EXPECT_EQ(fired_by({{"Empty", 7, 3}, {"Empty", 7, 2}}), Fired{"BS-T07/epoch_went_back"});
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, {"Empty", 7, 2}}), Fired{"BS-T07/epoch_jumped"});
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, {"Ongoing", 7, 1, {parcels}}}),
            Fired{"BS-T07/epoch_jumped"});
  const Said ongoing{"Ongoing", 7, 0, {parcels}};
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, ongoing, {"PrepareAbort", 7, 2, {parcels}}}),
            Fired{"BS-T07/epoch_jumped"});
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, ongoing, {"PrepareCommit", 7, 0, {parcels}}}),
            Fired{"BS-T07/epoch_kept"});
}

TEST(TransactionStates, give_an_id_another_producer_once_its_epochs_are_used_up) {
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, {"Empty", 8, 0}}), Fired{"BS-T07/producer_changed"});
  EXPECT_EQ(fired_by({{"Empty", 7, 32766}, {"Empty", 8, 0}}), Fired{});
  EXPECT_EQ(fired_by({{"Empty", 7, 32766}, {"Empty", 8, 1}}), Fired{"BS-T07/producer_changed"});
  for (const std::int64_t announced : {8, 9}) {
    const auto fired = fired_by({{"Empty", 7, 32766},
                                 {"Ongoing", 7, 32766, {parcels}},
                                 {"PrepareCommit", 7, 32767, {parcels}, 2, announced},
                                 {"CompleteCommit", 8, 0}});
    EXPECT_EQ(fired, announced == 8 ? Fired{} : Fired{"BS-T07/producer_changed"});
  }
}

TEST(TransactionStates, of_which_epochs_end_sooner_have_no_more) {
  const auto fired = [](std::int16_t last_epoch, const std::vector<Said>& all) {
    CoordinatorHistory h({.last_producer_epoch = last_epoch});
    h.wrote_all(all);
    return h.fired();
  };
  const std::vector<Said> rotated{{"Empty", 7, 1},
                                  {"Ongoing", 7, 1, {parcels}},
                                  {"PrepareCommit", 7, 2, {parcels}, 2, 8},
                                  {"CompleteCommit", 8, 0}};
  EXPECT_EQ(fired(1, rotated), Fired{});
  EXPECT_EQ(fired(3, rotated), Fired{"BS-T07/producer_changed"});
  EXPECT_EQ(fired(1, {{"Empty", 7, 1}, {"Empty", 7, 2}}), Fired{});
  EXPECT_EQ(fired(1, {{"Empty", 7, 2}, {"Empty", 7, 3}}), Fired{"BS-T07/epoch_beyond_last"});
}

TEST(TransactionStates, of_two_ids_have_two_producers) {
  Said other{"Empty", 7, 0};
  other.id = "host-02";
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, other}), Fired{"BS-T07/producer_shared"});
}

TEST(TransactionStates, keep_the_partitions_of_a_transaction) {
  const Said begun{"Ongoing", 7, 0, {parcels, {"parcels", 1}}};
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, begun, {"Ongoing", 7, 0, {parcels}}}),
            Fired{"BS-T07/partition_left"});
  EXPECT_EQ(fired_by({{"Empty", 7, 0}, begun, {"PrepareCommit", 7, 1, {parcels}}}),
            Fired{"BS-T07/partitions_changed"});
}

TEST(TransactionStates, that_are_not_committed_are_not_judged) {
  CoordinatorHistory h;
  h.wrote({"Empty", 7, 0});
  h.wrote_alone({"CompleteCommit", 7, 0});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(TransactionStates, name_the_two_records) {
  CoordinatorHistory h;
  const EventId first = h.wrote({"Empty", 7, 3});
  const EventId second = h.wrote({"Empty", 7, 2});
  const auto violations = h.verdict().violations;
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].facts, (std::array{first, second}));
}

// ---- BS-T08 ------------------------------------------------------------------------------------

// A transaction in `orders` that is to be committed.
class DecidedHistory : public CoordinatorHistory {
 public:
  explicit DecidedHistory(bool is_replicated = true) {
    wrote_all({{"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}});
    wrote_alone({"PrepareCommit", 7, 1, {orders}});
    if (is_replicated) replicate_last();
  }
};

TEST(TransactionMarkers, are_those_that_were_decided_on) {
  for (const int epoch : {0, 1, 2}) {
    DecidedHistory h;
    h.marked(BatchRole::commit, epoch);
    EXPECT_EQ(has(h.fired(), "BS-T08/marker_without_decision"), epoch != 1) << epoch;
  }
  DecidedHistory aborted;
  aborted.marked(BatchRole::abort, 1);
  EXPECT_EQ(aborted.fired(), Fired{"BS-T08/marker_without_decision"});
  DecidedHistory other;
  other.marked(BatchRole::commit, 1, 8);
  EXPECT_EQ(other.fired(), Fired{"BS-T08/marker_without_decision"});
}

TEST(TransactionMarkers, are_of_the_partitions_that_were_decided_on) {
  CoordinatorHistory h;
  h.wrote_all({{"Empty", 7, 0}, {"Ongoing", 7, 0, {parcels}}, {"PrepareCommit", 7, 1, {parcels}}});
  h.marked(BatchRole::commit, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-T08/marker_without_decision"});
}

TEST(TransactionMarkers, are_not_written_before_the_decision_is_committed) {
  DecidedHistory h(false);
  h.marked(BatchRole::commit, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-T08/marker_before_decision"});
}

TEST(TransactionMarkers, are_not_judged_where_nobody_leads_or_no_coordinator_was_seen) {
  DecidedHistory h(false);
  h.led(-1, 1, {1, 2, 3});
  h.marked(BatchRole::commit, 1);
  EXPECT_FALSE(has(h.fired(), "BS-T08/marker_before_decision"));
  CoordinatorHistory unseen;
  unseen.marked(BatchRole::commit, 1);
  EXPECT_EQ(unseen.fired(), Fired{});
}

TEST(TransactionMarkers, are_committed_before_their_transaction_is_complete) {
  DecidedHistory without;
  without.wrote({"CompleteCommit", 7, 1});
  EXPECT_EQ(without.fired(), Fired{"BS-T08/completed_without_marker"});
  DecidedHistory alone;
  alone.marked_alone(BatchRole::commit, 1);
  alone.wrote({"CompleteCommit", 7, 1});
  EXPECT_EQ(alone.fired(), Fired{"BS-T08/completed_without_marker"});
  DecidedHistory with;
  with.marked(BatchRole::commit, 1);
  with.wrote({"CompleteCommit", 7, 1});
  EXPECT_EQ(with.fired(), Fired{});
}

TEST(TransactionMarkers, of_deleted_topics_are_not_waited_for) {
  DecidedHistory h;
  h.add(-1, TopicRemoved{"orders"});
  h.wrote({"CompleteCommit", 7, 1});
  EXPECT_FALSE(has(h.fired(), "BS-T08/completed_without_marker"));
}

// Below level 2 of transaction.version both have one epoch.
TEST(TransactionMarkers, of_the_transaction_before_do_not_count) {
  const Said ongoing{"Ongoing", 7, 0, {orders}, 1};
  const Said decided{"PrepareCommit", 7, 0, {orders}, 1};
  const Said complete{"CompleteCommit", 7, 0, {}, 1};
  CoordinatorHistory h;
  h.wrote_all({{"Empty", 7, 0}, ongoing, decided});
  h.marked(BatchRole::commit, 0);
  h.wrote_all({complete, ongoing, decided, complete});
  EXPECT_EQ(h.fired(), Fired{"BS-T08/completed_without_marker"});
}

// ---- BS-T09 ------------------------------------------------------------------------------------

TEST(TransactionAnswers, are_what_the_log_says) {
  CoordinatorHistory h;
  h.wrote({"Empty", 7, 0});
  h.begun(7, 0);
  h.wrote_all({{"Ongoing", 7, 0, {orders}}, {"PrepareCommit", 7, 1, {orders}}});
  h.ended(0, true);
  h.marked(BatchRole::commit, 1);
  h.wrote({"CompleteCommit", 7, 1});
  h.ended(0, true);  // Asked again.
  h.begun(7, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(TransactionAnswers, to_begin_come_with_a_committed_record) {
  CoordinatorHistory other;
  other.wrote({"Empty", 7, 0});
  other.begun(7, 1);
  EXPECT_EQ(other.fired(), Fired{"BS-T09/begun_without_record"});
  CoordinatorHistory alone;
  alone.wrote({"Empty", 7, 0});
  alone.wrote_alone({"Empty", 7, 1});
  alone.begun(7, 1);
  EXPECT_EQ(alone.fired(), Fired{"BS-T09/begun_without_record"});
}

TEST(TransactionAnswers, to_begin_come_when_the_transaction_before_is_complete) {
  CoordinatorHistory h;
  h.wrote_all({{"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}, {"PrepareAbort", 7, 1, {orders}}});
  h.begun(7, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-T09/begun_before_the_end"});
}

TEST(TransactionAnswers, to_end_come_with_a_committed_decision) {
  const std::vector<Said> ongoing{{"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}};
  CoordinatorHistory undecided;
  undecided.wrote_all(ongoing);
  undecided.ended(0, true);
  EXPECT_EQ(undecided.fired(), Fired{"BS-T09/ended_without_record"});
  for (const bool is_commit : {false, true}) {
    CoordinatorHistory h;
    h.wrote_all(ongoing);
    h.wrote({"PrepareAbort", 7, 1, {orders}});
    h.ended(0, is_commit);
    EXPECT_EQ(h.fired(), is_commit ? Fired{"BS-T09/ended_without_record"} : Fired{});
  }
}

TEST(TransactionAnswers, are_not_judged_where_nobody_leads_or_no_log_was_seen) {
  CoordinatorHistory headless;
  headless.wrote({"Empty", 7, 0});
  headless.led(-1, 1, {1, 2, 3});
  headless.begun(7, 5);
  EXPECT_FALSE(has(headless.fired(), "BS-T09/begun_without_record"));
  CoordinatorHistory unseen;
  unseen.begun(7, 5);
  EXPECT_EQ(unseen.fired(), Fired{});
}

// ---- BS-T06 ------------------------------------------------------------------------------------

Fired left_after(const std::vector<Said>& all, Duration time) {
  CoordinatorHistory h;
  h.wrote_all(all);
  h.add(-1, FaultsLifted{});
  h.wait(time);
  return h.fired();
}

TEST(UnfinishedTransactions, are_those_that_are_decided_and_never_complete) {
  const std::vector<Said> decided{
      {"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}, {"PrepareCommit", 7, 1, {orders}}};
  EXPECT_TRUE(has(left_after(decided, 61s), "BS-T06/never_complete"));
  EXPECT_FALSE(has(left_after(decided, 50s), "BS-T06/never_complete"));  // There was time left.
  auto complete = decided;
  complete.push_back({"CompleteCommit", 7, 1});
  EXPECT_FALSE(has(left_after(complete, 61s), "BS-T06/never_complete"));
}

TEST(UnfinishedTransactions, may_be_those_that_were_decided_just_now) {
  CoordinatorHistory h;
  h.wrote_all({{"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}});
  h.add(-1, FaultsLifted{});
  h.wait(60s);
  h.wrote({"PrepareAbort", 7, 1, {orders}});
  h.wait(10s);
  EXPECT_FALSE(has(h.fired(), "BS-T06/never_complete"));
  h.wait(10s);
  EXPECT_TRUE(has(h.fired(), "BS-T06/never_complete"));
}

TEST(UnfinishedTransactions, wait_for_partitions_that_nobody_leads) {
  CoordinatorHistory h;
  h.partition(-1, 1, {1, 2, 3});
  h.wrote_all({{"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}, {"PrepareCommit", 7, 1, {orders}}});
  h.add(-1, FaultsLifted{});
  h.wait(61s);
  EXPECT_FALSE(has(h.fired(), "BS-T06/never_complete"));
}

// Nothing was written in it: no partition tells.
TEST(UnfinishedTransactions, are_those_that_go_on_beyond_their_timeout) {
  const std::vector<Said> ongoing{{"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}};
  EXPECT_FALSE(has(left_after(ongoing, 70s), "BS-T06/never_decided"));
  EXPECT_TRUE(has(left_after(ongoing, 76s), "BS-T06/never_decided"));
  EXPECT_FALSE(has(left_after({{"Empty", 7, 0}}, 76s), "BS-T06/never_decided"));
}

TEST(UnfinishedTransactions, are_not_looked_for_in_a_log_that_nobody_leads) {
  CoordinatorHistory h;
  h.wrote_all({{"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}, {"PrepareCommit", 7, 1, {orders}}});
  h.led(-1, 1, {1, 2, 3});
  h.add(-1, FaultsLifted{});
  h.wait(90s);
  EXPECT_FALSE(has(h.fired(), "BS-T06/never_complete"));
}

// A batch may be committed before its records are told one by one.
TEST(UnfinishedTransactions, are_known_where_one_replica_is_in_sync_alone) {
  CoordinatorHistory h;
  h.led(1, 0, {1});
  for (const Said& said : std::vector<Said>{
           {"Empty", 7, 0}, {"Ongoing", 7, 0, {orders}}, {"PrepareCommit", 7, 1, {orders}}}) {
    h.wrote_alone(said);
  }
  h.add(-1, FaultsLifted{});
  h.wait(61s);
  EXPECT_TRUE(has(h.fired(), "BS-T06/never_complete"));
}

}  // namespace
}  // namespace brokersim::properties
