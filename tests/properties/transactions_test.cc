// BS-T02 and BS-T03 fire when a consumer that reads committed records is shown, or handed, what is
// of an open or of an aborted transaction; and BS-O02 lets it skip what was aborted, and nothing
// else.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {

namespace {

// All replicas hold everything; broker 1 leads.
class TransactionHistory : public History {
 public:
  TransactionHistory() { partition(1, 0, {1, 2, 3}); }

  BatchRef data(std::int64_t producer) { return put(BatchRole::transactional, producer); }
  BatchRef commit(std::int64_t producer) { return put(BatchRole::commit, producer); }
  BatchRef abort(std::int64_t producer) { return put(BatchRole::abort, producer); }

  using Aborted = std::vector<AbortedTransaction>;
  EventId shown(std::vector<BatchRef> batches, Offset high_watermark, Offset stable,
                Aborted aborted = {}) {
    fetched(1, -1, 0, high_watermark, batches);
    return add(1, ReadCommittedAnswered{"consumer-1", orders, high_watermark, stable,
                                        std::move(aborted), std::move(batches)});
  }
  EventId read(Offset offset, const std::string& client = "consumer-1") {
    return delivered(offset, static_cast<std::uint64_t>(offset), client);
  }
  // Each was sent, and what is about to be read is from offset 0 on.
  void all_sent(Offset records, const std::string& client = "consumer-1") {
    for (Offset record = 0; record < records; ++record) {
      add(9, SendInvoked{record, "producer-1", orders, static_cast<std::uint64_t>(record)});
    }
    add(9, PositionReset{client, orders, 0, "assign"});
  }

 private:
  BatchRef put(BatchRole role, std::int64_t producer) {
    BatchRef batch{end_, end_, LeaderEpoch{0}, 100 + static_cast<std::uint64_t>(end_), role};
    ++end_;
    batch.producer_id = producer;
    batch.producer_epoch = 0;
    if (role == BatchRole::transactional) batch.base_sequence = sequences_[producer]++;
    for (int node = 1; node <= 3; ++node) add(node, BatchStored{orders, batch});
    return batch;
  }

  Offset end_ = 0;
  std::map<std::int64_t, std::int32_t> sequences_;
};

}  // namespace

TEST(StableOffset, what_is_decided_may_be_shown) {
  TransactionHistory h;
  const auto a = h.data(7);
  const auto b = h.data(8);
  const auto c = h.commit(7);
  h.shown({}, 3, 1);
  const auto d = h.abort(8);
  h.shown({a, b, c, d}, 4, 4, {{8, 1}});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(StableOffset, beyond_the_high_watermark_is_a_violation) {
  TransactionHistory h;
  h.data(7);
  h.commit(7);
  h.shown({}, 1, 2);
  EXPECT_EQ(h.fired(), Fired{"BS-T02/beyond_high_watermark"});
}

TEST(StableOffset, ends_what_is_shown) {
  TransactionHistory h;
  const auto a = h.data(7);
  const auto b = h.commit(7);
  h.shown({a, b}, 2, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-T02/beyond_stable_offset"});
}

TEST(StableOffset, lies_before_open_transactions) {
  TransactionHistory h;
  h.data(7);
  h.commit(7);
  const auto open = h.data(7);
  h.data(7);
  const EventId shown = h.shown({open}, 4, 4);
  const Verdict verdict = h.verdict();
  ASSERT_EQ(verdict.violations.size(), 1U);
  EXPECT_EQ(verdict.violations[0].fingerprint(), "BS-T02/undecided_shown");
  EXPECT_EQ(verdict.violations[0].facts[1], shown);
}

// The leader has the marker; a new one may not.
TEST(StableOffset, lies_before_what_a_marker_beyond_the_high_watermark_ended) {
  TransactionHistory h;
  const auto a = h.data(7);
  h.commit(7);
  h.shown({a}, 1, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-T02/undecided_shown"});
}

TEST(StableOffset, comes_with_exactly_the_aborted_transactions) {
  {
    TransactionHistory h;
    const auto a = h.data(7);
    const auto b = h.abort(7);
    h.shown({a, b}, 2, 2);
    EXPECT_EQ(h.fired(), Fired{"BS-T02/aborted_not_listed"});
  }
  {
    TransactionHistory h;
    h.data(7);
    h.abort(7);
    const auto c = h.data(7);
    const auto d = h.commit(7);
    h.shown({c, d}, 4, 4);
    h.shown({c, d}, 4, 4, {{7, 0}});  // An answer that does not hold its marker.
    EXPECT_EQ(h.fired(), Fired{"BS-T02/committed_listed"});
  }
}

TEST(TransactionalReads, of_aborted_and_undecided_records_are_violations) {
  TransactionHistory h;
  const auto a = h.data(7);
  const auto b = h.abort(7);
  h.data(8);
  h.shown({a, b}, 3, 2, {{7, 0}});
  h.all_sent(3);
  h.read(0);
  h.read(2);
  EXPECT_EQ(h.fired(), (Fired{"BS-T03/aborted_read", "BS-T03/undecided_read"}));
}

TEST(TransactionalReads, bind_those_only_who_read_committed_records) {
  TransactionHistory h;
  const auto a = h.data(7);
  const auto b = h.abort(7);
  h.shown({a, b}, 2, 2, {{7, 0}});
  h.all_sent(1, "consumer-2");
  h.read(0, "consumer-2");
  EXPECT_EQ(h.fired(), Fired{});
}

// It was read from a log that ended with the marker, which a loss of power has taken since.
TEST(TransactionalReads, are_not_judged_by_a_log_that_took_the_place_of_what_was_read) {
  for (const bool is_read_again : {false, true}) {
    TransactionHistory h;
    const auto a = h.data(7);
    const auto b = h.commit(7);
    h.shown({a, b}, 2, 2);
    h.all_sent(1);
    h.partition(1, 0, {1});
    h.power_cycled(1, 1);
    h.partition(1, 1, {1});
    h.stored(1, 1, 1, 900);
    if (is_read_again) h.fetched(1, -1, 0, 2, {a, History::batch(1, 1, 900)});
    h.read(0);
    EXPECT_EQ(h.fired(), is_read_again ? Fired{"BS-T03/undecided_read"} : Fired{});
  }
}

TEST(TransactionalReads, skip_what_was_aborted_and_nothing_else) {
  for (const bool is_committed : {false, true}) {
    TransactionHistory h;
    const auto a = h.data(7);
    const auto b = h.data(8);
    const auto c = is_committed ? h.commit(8) : h.abort(8);
    const auto d = h.data(7);
    const auto e = h.commit(7);
    TransactionHistory::Aborted aborted;
    if (!is_committed) aborted = {{8, 1}};
    h.shown({a, b, c, d, e}, 5, 5, aborted);
    h.all_sent(4);
    h.read(0);
    h.read(3);
    EXPECT_EQ(h.fired(), is_committed ? Fired{"BS-O02/record_skipped"} : Fired{});
  }
}

TEST(TransactionalReads, are_excused_by_nothing_for_those_who_read_all) {
  TransactionHistory h;
  h.data(7);
  h.data(8);
  h.abort(8);
  h.data(7);
  h.commit(7);
  h.all_sent(4, "consumer-2");
  h.read(0, "consumer-2");
  h.read(3, "consumer-2");
  EXPECT_EQ(h.fired(), Fired{"BS-O02/record_skipped"});
}

// BS-P01 counts on after a marker: in the same epoch further, in a later one from 0.
TEST(IdempotentProducers, go_on_after_markers) {
  TransactionHistory h;
  h.data(7);
  h.commit(7);
  h.data(7);
  h.abort(7);
  h.data(7);
  EXPECT_EQ(h.fired(), Fired{});
}

}  // namespace brokersim::properties
