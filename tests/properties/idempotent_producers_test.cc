// BS-P01 fires on what is committed twice, with a gap, or in an epoch that went back; on a repeat
// that is answered otherwise; and on a record that is there under two numbers. Repeats that the
// leader recognizes, batches above what is committed, and what a loss took back are normal.
#include <limits>

#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {

namespace {

class Idempotent : public History {
 public:
  explicit Idempotent(const TrialConfig& config = {}) : History(config) {
    partition(1, 0, {1, 2, 3});
  }

  static BatchRef sequenced(Offset offset, std::int32_t sequence, int producer_epoch = 0,
                            int leader_epoch = 0, std::int64_t producer = 7) {
    auto ref = batch(offset, leader_epoch, 1000 + static_cast<std::uint64_t>(offset));
    ref.producer_id = producer;
    ref.producer_epoch = static_cast<std::int16_t>(producer_epoch);
    ref.base_sequence = sequence;
    return ref;
  }
  void committed(const BatchRef& ref) {
    for (int node = 1; node <= 3; ++node) add(node, BatchStored{orders, ref});
  }
  // At offsets from 0 on, in the order given: (epoch, sequence).
  void committed(const std::vector<std::pair<int, std::int32_t>>& numbers) {
    for (const auto& [epoch, sequence] : numbers) {
      committed(sequenced(end_++, sequence, epoch));
    }
  }
  // A transaction that may have begun anywhere.
  void ended(Offset offset) {
    auto marker = sequenced(offset, -1);
    marker.role = BatchRole::commit;
    committed(marker);
  }
  EventId answered(const BatchRef& ref, int acks = -1, int node = 1) {
    return add(node, ProduceAnswered{"producer-1", orders, acks, 0, ref});
  }
  EventId sent(std::uint64_t record) { return add(8, SendInvoked{1, "host", orders, record}); }

 private:
  Offset end_ = 0;
};

}  // namespace

TEST(IdempotentProducers, sequences_that_follow_each_other_are_normal) {
  Idempotent h;
  h.committed({{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {3, 0}});
  h.committed(Idempotent::sequenced(6, 0, 0, 0, 8));
  h.committed(History::batch(7, 0, 77));
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(IdempotentProducers, the_first_sequence_comes_after_the_last) {
  constexpr auto last = std::numeric_limits<std::int32_t>::max();
  Idempotent h;
  h.ended(0);
  h.committed(Idempotent::sequenced(1, last));
  h.committed(Idempotent::sequenced(2, 0));
  h.committed(Idempotent::sequenced(3, 1));
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(IdempotentProducers, a_sequence_that_is_committed_again_is_a_violation) {
  Idempotent h;
  h.committed({{0, 0}, {0, 1}, {0, 0}});
  EXPECT_EQ(h.fired(), Fired{"BS-P01/sequence_repeated"});
}

TEST(IdempotentProducers, a_gap_is_a_violation) {
  Idempotent h;
  h.committed({{0, 0}, {0, 2}});
  EXPECT_EQ(h.fired(), Fired{"BS-P01/sequence_skipped"});
}

TEST(IdempotentProducers, an_epoch_begins_at_zero_and_is_not_followed_by_an_earlier_one) {
  Idempotent late;
  late.committed({{0, 0}, {1, 1}});
  EXPECT_EQ(late.fired(), Fired{"BS-P01/epoch_begins_late"});
  Idempotent back;
  back.committed({{1, 0}, {0, 1}});
  EXPECT_EQ(back.fired(), Fired{"BS-P01/epoch_went_back"});
}

TEST(IdempotentProducers, the_first_batch_of_all_has_sequence_zero) {
  Idempotent h;
  h.committed({{0, 1}, {0, 2}});
  EXPECT_EQ(h.fired(), Fired{"BS-P01/begins_late"});
}

TEST(IdempotentProducers, who_is_told_so_begins_with_another_sequence_in_its_first_epoch) {
  constexpr std::int32_t told = 2147483640;
  for (const int epoch : {0, 1}) {
    for (const int more : {0, 1}) {
      Idempotent h({.first_sequences = {told}});
      h.committed({{epoch, told + more}});
      h.committed(Idempotent::sequenced(1, 0, 0, 0, 8));
      const bool is_fine = epoch == 0 && more == 0;
      EXPECT_EQ(h.fired(), is_fine ? Fired{} : Fired{"BS-P01/begins_late"});
    }
  }
}

TEST(IdempotentProducers, the_epoch_after_the_last_is_nobodys) {
  Idempotent kafkas;
  kafkas.committed({{32766, 0}});
  EXPECT_EQ(kafkas.fired(), Fired{});
  kafkas.committed({{32767, 0}});
  EXPECT_EQ(kafkas.fired(), Fired{"BS-P01/epoch_beyond_last"});
  Idempotent small({.last_producer_epoch = 1});
  small.committed({{0, 0}, {1, 0}});
  auto marker = Idempotent::sequenced(2, -1, 2, 0);
  marker.role = BatchRole::abort;
  small.committed(marker);
  EXPECT_EQ(small.fired(), Fired{}) << "fencing";
  small.committed(Idempotent::sequenced(3, 0, 2));
  EXPECT_EQ(small.fired(), Fired{"BS-P01/epoch_beyond_last"});
}

TEST(IdempotentProducers, behind_what_was_deleted_or_a_marker_the_first_batch_may_have_any) {
  Idempotent deleted;
  for (const int node : {1, 2, 3}) deleted.add(node, LogBegun{orders, 3, no_epoch});
  deleted.committed(Idempotent::sequenced(3, 5));
  // Nobody has told why it was deleted, which is reported, too.
  EXPECT_FALSE(has(deleted.fired(), "BS-P01/begins_late"));
  Idempotent ended;
  ended.ended(0);
  ended.committed(Idempotent::sequenced(1, 5));
  EXPECT_EQ(ended.fired(), Fired{});
}

TEST(IdempotentProducers, who_may_be_forgotten_and_ends_a_transaction_may_go_on_or_begin_anew) {
  for (const int sequence : {0, 1}) {
    Idempotent h;
    h.committed({{0, 0}});
    h.wait(25h);
    for (const Offset offset : {1, 2}) h.ended(offset);
    h.committed(Idempotent::sequenced(3, sequence));
    EXPECT_EQ(h.fired(), Fired{}) << sequence;
  }
}

TEST(IdempotentProducers, who_was_silent_for_a_day_may_be_forgotten) {
  Idempotent h;
  h.committed({{0, 0}});
  h.wait(24h);
  h.committed({{0, 0}});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(IdempotentProducers, what_one_replica_alone_holds_is_not_judged) {
  Idempotent h;
  h.committed({{0, 0}});
  h.add(1, BatchStored{orders, Idempotent::sequenced(1, 5)});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(IdempotentProducers, after_an_unclean_election_the_new_leaders_log_is_judged_from_its_start) {
  Idempotent h;
  h.topic(1, true);
  h.committed({{0, 0}});
  h.partition(1, 0, {1});
  h.add(1, BatchStored{orders, Idempotent::sequenced(1, 1)});
  h.stopped(1, NodeStopped::How::crash);
  h.partition(2, 1, {2});
  h.add(2, BatchStored{orders, Idempotent::sequenced(1, 1, 0, 1)});  // Sent again, and new here.
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(IdempotentProducers, a_repeat_is_answered_with_the_first_offset) {
  Idempotent h;
  h.committed({{0, 0}, {0, 1}});
  h.answered(Idempotent::sequenced(0, 0));
  h.answered(Idempotent::sequenced(0, 0));
  EXPECT_EQ(h.fired(), Fired{});
  h.answered(Idempotent::sequenced(1, 0));
  EXPECT_EQ(h.fired().back(), "BS-P01/repeat_answered_otherwise");
}

TEST(IdempotentProducers, a_record_that_was_sent_once_and_lies_there_twice_is_a_violation) {
  Idempotent h;
  h.sent(4711);
  h.committed({{0, 0}, {1, 0}});
  h.delivered(0, 4711);
  h.delivered(0, 4711, "consumer-2");
  EXPECT_EQ(h.fired(), Fired{});
  h.delivered(1, 4711);
  EXPECT_EQ(h.fired(), Fired{"BS-P01/record_stored_twice"});
}

// One of the two was read where another record lies now.
TEST(IdempotentProducers, a_record_that_was_lost_and_sent_again_lies_there_once) {
  Idempotent h;
  h.committed(Idempotent::sequenced(0, 0));
  h.partition(1, 0, {1});
  h.power_cycled(1, 0);
  h.partition(1, 1, {1});
  h.add(1, BatchStored{orders, Idempotent::sequenced(0, 0, 0, 1, 8)});
  h.add(1, BatchStored{orders, Idempotent::sequenced(1, 0, 0, 1, 7)});
  h.sent(55);
  h.delivered(0, 55);
  h.delivered(1, 55);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(IdempotentProducers, a_record_that_the_application_sent_twice_may_lie_there_twice) {
  Idempotent h;
  h.sent(4711);
  h.sent(4711);
  h.committed({{0, 0}, {0, 1}});
  h.delivered(0, 4711);
  h.delivered(1, 4711);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(IdempotentProducers, without_idempotence_a_record_may_be_stored_twice) {
  Idempotent h;
  h.sent(4711);
  h.committed(History::batch(0, 0, 100));
  h.committed(History::batch(1, 0, 100));
  h.delivered(0, 4711);
  h.delivered(1, 4711);
  EXPECT_EQ(h.fired(), Fired{});
}

}  // namespace brokersim::properties
