// BS-P03 fires on a batch that its leader refuses for its producer's sake, though the leader's log
// has no reason; and not on what the log justified at any time since the batch was sent.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

constexpr int out_of_order = 45;
constexpr int invalid_epoch = 47;
constexpr int invalid_state = 48;
constexpr int unknown_producer = 59;

// Broker 1 leads.
class RefusingHistory : public History {
 public:
  explicit RefusingHistory(BatchRole role = BatchRole::data) : role_(role) {
    partition(1, 0, {1, 2, 3});
  }

  void took(int epoch, std::int32_t sequence, BatchRole role) {
    auto ref = numbered(end_, epoch, sequence);
    ref.role = role;
    ref.digest = 1000 + static_cast<std::uint64_t>(end_++);
    for (int node = 1; node <= 3; ++node) add(node, BatchStored{orders, ref});
  }
  void took(int epoch, std::int32_t sequence) { took(epoch, sequence, role_); }
  void took_all(int epoch, std::int32_t first, std::int32_t last) {
    for (auto sequence = first; sequence <= last; ++sequence) took(epoch, sequence);
  }
  void leads() { add(1, BecameLeader{orders, LeaderEpoch{0}, end_, end_}); }
  // The question is sent at the next instant.
  void asks() { asked_at_ns_ = now().ns() + 1; }
  EventId refused(int error, int epoch, std::int32_t sequence) {
    if (asked_at_ns_ == 0) asks();
    return add(1, ProduceAnswered{"producer-1", orders, -1, error, numbered(-1, epoch, sequence),
                                  std::exchange(asked_at_ns_, 0)});
  }
  void coordinator_wrote(int epoch, int leader_epoch = 0) {
    add(2, TransactionStateStored{.partition = {"__transaction_state", 0},
                                  .offset = epoch,
                                  .leader_epoch = LeaderEpoch{leader_epoch},
                                  .transactional_id = "host-01",
                                  .state = "Empty",
                                  .producer_id = 7,
                                  .producer_epoch = static_cast<std::int16_t>(epoch)});
  }

 private:
  BatchRef numbered(Offset offset, int epoch, std::int32_t sequence) const {
    BatchRef ref{offset, offset, LeaderEpoch{0}, 77, role_};
    ref.producer_id = 7;
    ref.producer_epoch = static_cast<std::int16_t>(epoch);
    ref.base_sequence = sequence;
    return ref;
  }

  const BatchRole role_;
  Offset end_ = 0;
  std::int64_t asked_at_ns_ = 0;
};

const Fired in_order{"BS-P03/in_order_refused"};

TEST(RefusedBatches, are_out_of_order_where_they_do_not_follow_the_last_one) {
  for (const std::int32_t sequence : {2, 3}) {
    RefusingHistory h;
    h.took_all(0, 0, 1);
    h.refused(out_of_order, 0, sequence);
    EXPECT_EQ(h.fired(), sequence == 2 ? in_order : Fired{}) << sequence;
  }
}

TEST(RefusedBatches, begin_each_epoch_with_zero) {
  for (const std::int32_t sequence : {0, 1}) {
    RefusingHistory h;
    h.took_all(0, 0, 1);
    h.refused(out_of_order, 1, sequence);
    EXPECT_EQ(h.fired(), sequence == 0 ? in_order : Fired{}) << sequence;
  }
}

TEST(RefusedBatches, of_a_producer_that_the_log_does_not_know_follow_whatever_they_say) {
  RefusingHistory h;
  h.leads();
  h.refused(out_of_order, 0, 5);
  EXPECT_EQ(h.fired(), in_order);
}

TEST(RefusedBatches, are_no_repeats_that_the_leader_must_know) {
  for (const bool has_led : {false, true}) {
    for (const std::int32_t sequence : {0, 1, 4, 5}) {
      RefusingHistory h;
      if (has_led) h.leads();
      h.took_all(0, 0, 5);
      h.refused(out_of_order, 0, sequence);
      const bool must_know = sequence == 5 || (has_led && sequence >= 1);
      EXPECT_EQ(h.fired(), must_know ? in_order : Fired{}) << sequence;
    }
  }
}

TEST(RefusedBatches, may_have_had_a_reason_when_the_leader_looked) {
  for (const std::int32_t sequence : {1, 2, 3}) {
    RefusingHistory h;
    h.took(0, 0);
    h.asks();
    h.took(0, 1);
    h.refused(out_of_order, 0, sequence);
    EXPECT_EQ(h.fired(), sequence == 1 ? in_order : Fired{}) << sequence;
  }
}

TEST(RefusedBatches, are_not_judged_by_a_log_that_was_cut_since) {
  for (const bool was_asked_before : {false, true}) {
    RefusingHistory h;
    h.took_all(0, 0, 2);
    if (was_asked_before) h.asks();
    h.cut(1, 1);
    h.refused(out_of_order, 0, 1);
    EXPECT_EQ(has(h.fired(), in_order[0]), !was_asked_before);
  }
}

TEST(RefusedBatches, of_who_may_be_forgotten_are_not_judged) {
  RefusingHistory h;
  h.took_all(0, 0, 1);
  h.wait(13h);
  h.refused(out_of_order, 0, 2);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(RefusedBatches, of_a_transaction_may_overtake_only_while_it_is_not_open) {
  for (const bool is_open : {false, true}) {
    RefusingHistory h(BatchRole::transactional);
    h.took(0, 0);
    if (!is_open) h.took(0, -1, BatchRole::commit);
    h.refused(out_of_order, 0, 1);
    EXPECT_EQ(h.fired(), is_open ? in_order : Fired{});
  }
}

TEST(RefusedBatches, are_fenced_by_a_later_epoch_only) {
  for (const int epoch : {0, 1, 2}) {
    RefusingHistory h;
    h.took(1, 0);
    h.refused(invalid_epoch, epoch, 1);
    EXPECT_EQ(h.fired(), epoch == 0 ? Fired{} : Fired{"BS-P03/present_epoch_refused"}) << epoch;
  }
}

TEST(RefusedBatches, of_a_transaction_are_fenced_by_what_its_coordinator_wrote) {
  for (const int written : {1, 2}) {
    RefusingHistory h(BatchRole::transactional);
    h.coordinator_wrote(written);
    h.took(1, 0);
    h.refused(invalid_epoch, 1, 1);
    EXPECT_EQ(h.fired(), written == 2 ? Fired{} : Fired{"BS-P03/present_epoch_refused"});
  }
}

// The log may have come back meanwhile to who had it first.
TEST(RefusedBatches, may_be_fenced_by_a_coordinator_that_was_deposed) {
  RefusingHistory h(BatchRole::transactional);
  h.coordinator_wrote(0);
  h.coordinator_wrote(1, 2);
  h.took(1, 0);
  h.refused(invalid_epoch, 1, 1);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(RefusedBatches, that_are_fenced_are_told_so) {
  for (const int epoch : {0, 1}) {
    RefusingHistory h(BatchRole::transactional);
    h.took(1, 0);
    h.refused(invalid_state, epoch, 1);
    EXPECT_EQ(h.fired(), epoch == 0 ? Fired{"BS-P03/fenced_otherwise"} : Fired{});
  }
}

TEST(RefusedBatches, are_of_an_unknown_producer_where_the_log_has_nothing_of_it) {
  RefusingHistory unknown;
  unknown.leads();
  unknown.refused(unknown_producer, 0, 1);
  EXPECT_EQ(unknown.fired(), Fired{});
  RefusingHistory known;
  known.took(0, 0);
  known.refused(unknown_producer, 0, 1);
  EXPECT_EQ(known.fired(), Fired{"BS-P03/known_producer_refused"});
}

}  // namespace
}  // namespace brokersim::properties
