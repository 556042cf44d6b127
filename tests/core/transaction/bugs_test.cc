// The rules that were once wrong: what happens where each is switched back.
#include "tests/core/transaction/coordinated.h"

namespace brokersim::transaction {
namespace {

TEST(TransactionBugs, a_timeout_that_leaves_the_epoch_lets_half_a_transaction_be_committed) {
  Coordinated c({.timeouts_fence = false});  // KAFKA-6119
  const auto producer = c.producer(c.init({}, 1'000));
  c.add(producer, {p0});
  c.pass(30s);
  c.mark_all();
  EXPECT_EQ(c.error(c.add(producer, {p1})), ErrorCode::none);
  EXPECT_EQ(c.error(c.end(producer, true)), ErrorCode::none);
  EXPECT_EQ(c.shard->unmarked().at(0).partitions, std::set<TopicPartition>{p1});
}

TEST(TransactionBugs, an_epoch_that_was_never_given_out_ends_a_transaction) {
  Coordinated c({.ends_with_present_epoch_only = false});  // KAFKA-9600
  const auto producer = c.begin_with({p0});
  EXPECT_EQ(c.error(c.end({producer.id, 9}, true)), ErrorCode::none);
}

TEST(TransactionBugs, an_answer_of_the_transaction_before_completes_this_one) {
  Coordinated c({.markers_name_their_transaction = false});  // KAFKA-9777
  const auto producer = c.begin_with({p0});
  c.end(producer, true);
  const auto first = c.shard->unmarked().at(0).round;
  c.mark(first, p0);
  c.add(producer, {p0});
  c.end(producer, false);
  c.mark(first, p0);
  EXPECT_EQ(c.state(), "CompleteAbort") << "without a marker in the log";
}

TEST(TransactionBugs, a_completion_that_is_not_tried_again_leaves_the_id_prepared_for_ever) {
  Coordinated c({.retries_completion = false});  // KAFKA-16352
  const auto producer = c.begin_with({p0});
  c.end(producer, true);
  c.refuses = ErrorCode::not_enough_replicas;
  c.mark_all();
  c.refuses.reset();
  c.pass(24h);
  EXPECT_EQ(c.state(), "PrepareCommit");
  EXPECT_EQ(c.error(c.init()), ErrorCode::concurrent_transactions);
}

TEST(TransactionBugs, failed_fences_use_up_the_epochs) {
  Coordinated c({.failed_fence_takes_no_epoch = false});  // KAFKA-9666
  const auto producer = c.begin_with({p0});
  c.refuses = ErrorCode::not_enough_replicas;
  for (int i = 0; i < 5; ++i) c.init();
  c.refuses.reset();
  c.init();
  EXPECT_EQ(c.shard->unmarked().at(0).producer, (ProducerAndEpoch{producer.id, 6}));
}

TEST(TransactionBugs, fencing_the_last_epoch_twice_makes_it_negative) {
  Coordinated c({.fences_raise_epoch_once = false});  // KAFKA-19367
  c.level = 2;
  auto producer = c.begin_with({p0});
  producer = c.producer(c.end(producer, true, 2));
  c.mark_all();
  EXPECT_EQ(c.error(c.add(producer, {p0})), ErrorCode::none);
  c.init();
  EXPECT_EQ(c.shard->unmarked().at(0).producer.epoch, producer.epoch + 2);
}

TEST(TransactionBugs, what_is_not_persisted_of_a_rotation_is_not_known_to_the_next_coordinator) {
  Coordinated c({.persists_other_producer_ids = false});  // KAFKA-20310
  c.level = 2;
  const auto first = c.begin();
  c.exhaust(first, State::ongoing);
  const auto next = c.producer(c.end({first.id, last_epoch_of_producers}, true, 2));
  c.fail_over();
  c.mark_all();
  EXPECT_EQ(c.error(c.add(next, {p0})), ErrorCode::invalid_producer_id_mapping);
}

TEST(TransactionBugs, a_partition_in_the_transaction_is_refused_while_another_is_added) {
  Coordinated c({.verifies_beside_pending = false});  // KAFKA-14904
  const auto producer = c.begin_with({p0});
  c.commits_at_once = false;
  c.add(producer, {p1});
  EXPECT_EQ(c.verify(producer, p0), ErrorCode::concurrent_transactions);
}

TEST(TransactionBugs, partitions_that_were_answered_too_early_are_unknown_to_the_next_coordinator) {
  Coordinated c({.adds_once_committed = false});  // Redpanda's #6018
  const auto producer = c.begin();
  c.commits_at_once = false;
  const auto before = c.log.size();
  EXPECT_EQ(c.error(c.add(producer, {p0})), ErrorCode::none);
  c.log.resize(before);
  c.fail_over();
  EXPECT_EQ(c.state(), "Empty");
}

TEST(TransactionBugs, a_producer_begins_while_the_markers_of_the_one_before_are_due) {
  Coordinated c({.begins_after_abort = false});  // Redpanda's #3232
  c.begin_with({p0});
  EXPECT_EQ(c.error(c.init()), ErrorCode::none);
  EXPECT_EQ(c.shard->unmarked().size(), 1u);
}

}  // namespace
}  // namespace brokersim::transaction
