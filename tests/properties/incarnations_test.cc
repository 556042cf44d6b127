// Topics that had one name one after the other are judged each by itself: what was deleted with the
// first nobody owes, what the second acknowledged is owed as ever, and nobody mixes them up.
#include "properties/incarnations.h"

#include <gtest/gtest.h>

#include "properties/topic_names.h"
#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

constexpr Uuid first_id{1};
constexpr Uuid second_id{2};

class TwoTopics : public History {
 public:
  TwoTopics() { made(first_id, 1); }
  void made(const Uuid& id, int leader) {
    add(-1, TopicCommitted{"orders", 1, 3, 2, false, id});
    partition(leader, 0, {1, 2, 3});
  }
  void removed(const Uuid& id) { add(-1, TopicRemoved{"orders", id}); }
  void named(int node, const Uuid& id) { add(node, LogNamed{orders, id}); }
  void acknowledged(int leader, Offset offset, std::int64_t number) {
    const auto digest = static_cast<std::uint64_t>(number);
    add(8, SendInvoked{++ops_, "producer-1", orders, digest});
    replicated(leader, offset, 0, digest);
    acked(leader, offset, 0, digest);
    add(8, SendEnded{ops_, "producer-1", orders, Outcome::ok, 0, -1, offset});
  }
  void read(int leader, Offset offset, std::int64_t number, Offset high_watermark) {
    const auto digest = static_cast<std::uint64_t>(number);
    fetched(leader, -1, offset, high_watermark, {batch(offset, 0, digest)});
    delivered(offset, digest);
  }
  // From one topic to the next, on all machines.
  void made_again() {
    removed(first_id);
    for (int node = 1; node <= 3; ++node) cut(node, 0);
    made(second_id, 2);
    for (int node = 1; node <= 3; ++node) named(node, second_id);
  }

 private:
  std::int64_t ops_ = 0;
};

TEST(Incarnations, what_was_deleted_with_its_topic_is_not_missing_in_the_next) {
  TwoTopics h;
  h.acknowledged(1, 0, 7);
  h.acknowledged(1, 1, 8);
  h.read(1, 0, 7, 2);
  h.made_again();
  h.acknowledged(2, 0, 9);
  h.read(2, 0, 9, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Incarnations, what_goes_before_its_topic_was_deleted_is_lost) {
  TwoTopics h;
  h.acknowledged(1, 0, 7);
  h.cut(1, 0);
  h.removed(first_id);
  EXPECT_TRUE(has(h.fired(), "BS-D01/lost_by_truncation"));
}

TEST(Incarnations, what_the_next_topic_has_acknowledged_is_owed_as_ever) {
  TwoTopics h;
  h.acknowledged(1, 0, 7);
  h.made_again();
  h.acknowledged(2, 0, 9);
  h.cut(2, 0);
  const auto verdict = h.verdict();
  ASSERT_FALSE(verdict.violations.empty());
  EXPECT_EQ(verdict.violations[0].fingerprint(), "BS-D01/lost_by_truncation");
  EXPECT_EQ(verdict.violations[0].partition, orders);  // As the run's events call it.
  EXPECT_NE(verdict.violations[0].message.find("orders#2-0"), std::string::npos);
}

// A broker that was away, and has not heard of anything yet.
TEST(Incarnations, what_a_stale_log_holds_is_nothing_of_the_next_topic) {
  TwoTopics h;
  h.acknowledged(1, 0, 7);
  h.removed(first_id);
  h.made(second_id, 2);
  for (const int node : {2, 3}) h.named(node, second_id);
  h.stored(1, 1, 0, 8);
  h.read(1, 0, 7, 1);
  h.acked(1, 1, 0, 8);
  const auto* partition = h.ledger().find_present(orders);
  ASSERT_NE(partition, nullptr);
  EXPECT_EQ(partition->name.topic, "orders#2");
  EXPECT_EQ(partition->log_of(NodeId{1}), nullptr);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Incarnations, a_loss_of_power_may_bring_back_the_log_before) {
  TwoTopics h;
  h.acknowledged(1, 0, 7);
  h.made_again();
  h.acknowledged(2, 0, 9);
  h.stopped(3, NodeStopped::How::power_loss);
  h.cut(3, 0, true);
  h.named(3, first_id);
  h.stored(3, 0, 0, 7);
  h.started(3, 1);
  EXPECT_EQ(h.ledger().find_present(orders)->log_of(NodeId{3})->end_offset(), 0);
  EXPECT_EQ(h.fired(), Fired{});
}

// What it asked for before the log was begun anew may have been read from the one before.
TEST(Incarnations, an_answer_is_of_the_log_that_it_was_read_from) {
  TwoTopics h;
  h.acknowledged(1, 0, 7);
  const auto asked_at = h.now().ns();
  h.made_again();
  h.acknowledged(2, 0, 9);
  const auto late = [&](Offset high_watermark, std::vector<BatchRef> batches) {
    h.add(2, FetchAnswered{"consumer-1", no_node, orders, 0, 0, high_watermark, std::move(batches),
                           -1, asked_at});
  };
  late(1, {History::batch(0, 0, 7)});
  h.delivered(0, 7);
  late(5, {});  // Of which one, nobody can tell.
  h.read(2, 0, 9, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Incarnations, a_consumer_may_go_on_in_the_next_topic_from_wherever_it_was) {
  TwoTopics h;
  for (Offset offset = 0; offset < 2; ++offset) h.acknowledged(1, offset, 10 + offset);
  for (Offset offset = 0; offset < 2; ++offset) h.read(1, offset, 10 + offset, 2);
  h.made_again();
  for (Offset offset = 0; offset < 5; ++offset) h.acknowledged(2, offset, 20 + offset);
  h.read(2, 2, 22, 5);
  EXPECT_EQ(h.fired(), Fired{});
  TwoTopics skips;
  skips.made_again();
  for (Offset offset = 0; offset < 3; ++offset) skips.acknowledged(2, offset, 20 + offset);
  skips.read(2, 0, 20, 3);
  skips.read(2, 2, 22, 3);
  EXPECT_EQ(skips.fired(), Fired{"BS-O02/record_skipped"});
}

// By the topic's name a producer goes on counting.
TEST(Incarnations, a_producer_goes_on_with_its_sequences) {
  TwoTopics h;
  h.made_again();
  BatchRef batch = History::batch(0, 0, 9);
  batch.producer_id = 5;
  batch.producer_epoch = 0;
  batch.base_sequence = 57;
  for (const int node : {2, 1, 3}) h.add(node, BatchStored{orders, batch});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Incarnations, a_topic_that_is_gone_has_nothing_to_converge) {
  TwoTopics h;
  h.acknowledged(1, 0, 7);
  h.stopped(1, NodeStopped::How::crash);  // Its leader.
  h.removed(first_id);
  h.add(-1, FaultsLifted{});
  h.wait(61s);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Incarnations, of_names_that_had_one_topic_nothing_is_another) {
  Ledger ledger;
  Incarnations incarnations(ledger);
  const Event made{EventId{1}, {}, no_node, {}, TopicCommitted{"orders", 1, 3, 1, false, first_id}};
  const Event changed{
      EventId{2}, {}, no_node, {}, TopicCommitted{"orders", 1, 3, 2, false, first_id}};
  const Event stored{EventId{3}, {}, NodeId{1}, {}, BatchStored{orders, History::batch(0, 0, 7)}};
  for (const Event* event : {&made, &changed, &stored}) {
    const auto named = incarnations.named(*event);
    ASSERT_EQ(named.size(), 1U);
    EXPECT_EQ(named.data(), event);
  }
}

TEST(Incarnations, have_names_that_no_topic_has) {
  EXPECT_EQ(name_of_topic("orders", 0), "orders");
  EXPECT_EQ(name_of_topic("orders", 2), "orders#3");
  EXPECT_EQ(name_in_kafka("orders#3"), "orders");
  EXPECT_FALSE(was_made_again("orders"));
  EXPECT_TRUE(was_made_again("orders#3"));
}

}  // namespace
}  // namespace brokersim::properties
