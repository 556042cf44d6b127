// BS-P02: what one producer sends lies in the order of its sends, as far as that is promised.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

// "one" keeps its order, "two" does not.
struct Sends : History {
  Sends() : History({.ordered_producers = {"one"}}) {
    partition(1, 0, {1, 2, 3});
    for (const char* client : {"one", "two"})
      for (std::int64_t op = 1; op < 7; ++op) sends(op, client);
  }

  void sends(std::int64_t op, const std::string& client) {
    add(9, SendInvoked{op, client, orders, static_cast<std::uint64_t>(op)});
  }

  void stored_by_producer(Offset offset, std::int16_t epoch, std::int32_t sequence) {
    auto written = batch(offset, 0, 100 + static_cast<std::uint64_t>(offset));
    written.producer_id = 7;
    written.producer_epoch = epoch;
    written.base_sequence = sequence;
    for (const int node : {1, 2, 3}) add(node, BatchStored{orders, written});
  }
  EventId acknowledged(std::int64_t op, Offset offset, const std::string& client = "one",
                       int acks = -1) {
    return add(9, SendEnded{op, client, orders, Outcome::ok, 0, acks, offset});
  }
};

TEST(SendOrder, rising_offsets_are_normal_whatever_is_told_first) {
  Sends h;
  h.acknowledged(3, 12);
  h.acknowledged(1, 10);
  h.acknowledged(2, 11);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(SendOrder, a_record_before_the_one_sent_before_it_is_a_violation) {
  Sends h;
  const auto first = h.acknowledged(1, 11);
  const auto second = h.acknowledged(2, 10);
  const auto violations = h.verdict().violations;
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].fingerprint(), "BS-P02/out_of_order");
  EXPECT_EQ(violations[0].facts, (std::array{first, second}));
}

TEST(SendOrder, and_so_is_one_that_is_told_of_before_both_its_neighbours) {
  Sends h;
  h.acknowledged(2, 10);
  h.acknowledged(3, 12);
  h.acknowledged(1, 11);
  EXPECT_EQ(h.fired(), Fired{"BS-P02/out_of_order"});
}

TEST(SendOrder, is_not_promised_by_every_producer_nor_with_any_acks) {
  Sends h;
  h.acknowledged(1, 11, "two");
  h.acknowledged(2, 10, "two");
  h.acknowledged(3, 9, "one", 1);
  h.acknowledged(4, 8, "one", 1);
  h.acknowledged(5, 7);
  h.add(9, SendEnded{6, "one", orders, Outcome::unknown, 7, -1, 3});
  EXPECT_EQ(h.fired(), Fired{});
}

// What lay at offset 1 is lost, and so is what was told of it; the order of the others counts on.
TEST(SendOrder, of_what_was_lost_is_not_judged_and_of_the_rest_is) {
  for (const bool was_lost : {true, false}) {
    Sends h;
    h.topic(1);
    for (const Offset offset : {0, 1}) {
      h.replicated(1, offset, 0, 100 + static_cast<std::uint64_t>(offset));
    }
    h.acknowledged(1, was_lost ? 1 : 0);
    h.partition(1, 0, {1});
    h.power_cycled(1, 1);
    h.partition(1, 1, {1});
    h.stored(1, 1, 1, 201);
    h.stored(1, 2, 1, 202);
    const auto answered = [&h](std::int64_t op, Offset offset) {
      auto there = History::batch(offset, 1, 200 + static_cast<std::uint64_t>(offset));
      h.add(1, ProduceAnswered{"one", orders, -1, 0, there, h.now().ns()});
      h.acknowledged(op, offset);
    };
    answered(2, was_lost ? 1 : 2);
    if (!was_lost) answered(3, 1);
    EXPECT_EQ(has(h.fired(), "BS-P02/out_of_order"), !was_lost);
  }
}

TEST(SendOrder, is_promised_within_an_epoch_of_the_producer) {
  Sends h;
  h.stored_by_producer(0, 1, 0);
  h.stored_by_producer(1, 1, 1);
  h.stored_by_producer(2, 2, 0);
  h.acknowledged(1, 2);
  h.acknowledged(2, 1);
  EXPECT_EQ(h.fired(), Fired{});
  h.acknowledged(3, 0);
  EXPECT_TRUE(has(h.fired(), "BS-P02/out_of_order"));
}

// Its last replica loses what it had.
void loses_decisions(History& h) {
  const TopicPartition decisions{"__transaction_state", 0};
  h.add(-1, TopicCommitted{decisions.topic, 1, 1, 1, false});
  for (const int epoch : {0, 1}) {
    PartitionCommitted state{decisions, NodeId{2}, LeaderEpoch{epoch}};
    state.partition_epoch = PartitionEpoch{epoch};
    state.replicas = state.isr = History::nodes({2});
    h.add(-1, state);
    h.add(2, BatchStored{decisions, History::batch(0, epoch, 300)});
    if (epoch == 1) break;
    h.stopped(2, NodeStopped::How::power_loss);
    h.add(2, LogCut{decisions, 0, true});
    h.started(2, 1);
  }
}

// What is new has the epoch and the sequence of what was there, and is taken for that.
TEST(SendOrder, of_transactions_holds_while_their_coordinator_remembers) {
  for (const bool forgets : {false, true}) {
    Sends h;
    auto written = History::batch(0, 0, 100);
    written.role = BatchRole::transactional;
    for (const int node : {1, 2, 3}) h.add(node, BatchStored{orders, written});
    h.acknowledged(1, 0);
    if (forgets) loses_decisions(h);
    h.acknowledged(2, 0);
    EXPECT_EQ(has(h.fired(), "BS-P02/out_of_order"), !forgets);
  }
}

}  // namespace
}  // namespace brokersim::properties
