// BS-O01 and BS-L01 fire on logs that disagree and on a second appender in one epoch; divergent
// suffixes, truncation and batches in flight from a machine that lost power are normal.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {

TEST(PrefixAgreement, an_offset_used_again_in_its_epoch_is_a_violation_though_it_was_cut_off) {
  History h;
  const auto first = h.stored(1, 0, 0, 100);
  h.cut(1, 0);
  const auto second = h.stored(1, 0, 0, 101);
  const auto violations = h.verdict().violations;
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].fingerprint(), "BS-O01/offset_used_twice");
  EXPECT_EQ(violations[0].facts, (std::array{first, second}));
}

TEST(PrefixAgreement, the_same_batch_again_and_another_one_in_a_later_epoch_are_normal) {
  History h;
  h.stored(1, 0, 0, 100);
  h.cut(1, 0);
  h.stored(1, 0, 0, 100);
  h.cut(1, 0);
  h.stored(1, 0, 1, 101);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(PrefixAgreement, an_epoch_that_goes_back_in_a_log_is_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.partition(1, 1, {1, 2, 3});
  h.stored(1, 0, 1, 100);
  h.stored(1, 1, 0, 101);
  EXPECT_EQ(h.fired(), Fired{"BS-O01/epoch_went_back"});
}

TEST(PrefixAgreement, a_hole_in_the_offsets_is_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.stored(1, 2, 0, 102);
  EXPECT_EQ(h.fired(), Fired{"BS-O01/offsets_not_dense"});
}

TEST(PrefixAgreement, different_batches_of_one_offset_and_epoch_are_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.stored(2, 0, 0, 200);
  EXPECT_EQ(h.fired(), Fired{"BS-O01/batches_differ"});
}

TEST(PrefixAgreement, equal_batches_after_different_ones_are_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.partition(2, 1, {1, 2, 3});
  h.stored(2, 0, 1, 200);
  h.stored(2, 1, 1, 201);
  h.stored(1, 1, 1, 201);  // Without truncating offset 0 first.
  EXPECT_EQ(h.fired(), Fired{"BS-O01/prefixes_differ"});
}

TEST(PrefixAgreement, a_divergent_suffix_that_is_truncated_is_normal) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.replicated(1, 0, 0, 100);
  h.stored(1, 1, 0, 101);
  h.partition(2, 1, {2, 3});
  h.stored(2, 1, 1, 201);
  h.stored(3, 1, 1, 201);
  h.cut(1, 1);
  h.stored(1, 1, 1, 201);
  h.fetched(2, -1, 0, 2, {History::batch(0, 0, 100), History::batch(1, 1, 201)});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(PrefixAgreement, answering_a_consumer_with_something_else_is_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.replicated(1, 0, 0, 100);
  h.fetched(1, -1, 0, 1, {History::batch(0, 0, 666)});
  EXPECT_EQ(h.fired(), Fired{"BS-O01/committed_offset_changed"});
}

// It had read the batch before somebody else led, and leads again when the answer goes out.
TEST(PrefixAgreement, what_was_asked_for_before_another_leader_began_may_be_what_was_lost) {
  for (const bool is_asked_before : {true, false}) {
    History h;
    h.topic(1, true);
    h.partition(1, 0, {1});
    h.stored(1, 0, 0, 100);
    h.wait(1ms);
    const auto before = h.now();
    h.partition(2, 1, {2});
    h.stored(2, 0, 1, 200);
    h.partition(2, 1, {1, 2});
    h.cut(1, 0);
    h.stored(1, 0, 1, 200);
    h.partition(1, 2, {1, 2});
    h.add(1, BecameLeader{orders, LeaderEpoch{2}});
    h.wait(1ms);
    const auto asked = is_asked_before ? before : h.now();
    h.add(1,
          FetchAnswered{
              "consumer-1", no_node, orders, 0, 0, 1, {History::batch(0, 0, 100)}, -1, asked.ns()});
    EXPECT_EQ(h.fired(), is_asked_before ? Fired{} : Fired{"BS-O01/committed_offset_changed"});
  }
}

TEST(PrefixAgreement, a_leader_without_what_a_high_watermark_covered_is_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.replicated(1, 0, 0, 100);
  h.fetched(1, 2, 1, 1);
  h.cut(2, 0);
  h.partition(2, 1, {2, 3});
  h.stored(2, 0, 1, 200);
  EXPECT_EQ(h.fired(), Fired{"BS-O01/committed_prefix_replaced"});
}

TEST(OneLeaderPerEpoch, a_broker_that_appends_in_another_s_epoch_is_a_violation) {
  History h;
  const EventId committed = h.partition(1, 0, {1, 2, 3});
  const EventId stored = h.stored(2, 0, 0, 100);
  const Verdict verdict = h.verdict();
  ASSERT_EQ(verdict.violations.size(), 1U);
  EXPECT_EQ(verdict.violations[0].fingerprint(), "BS-L01/second_appender");
  EXPECT_EQ(verdict.violations[0].facts, (std::array<EventId, 2>{committed, stored}));
}

TEST(OneLeaderPerEpoch, metadata_that_gives_one_epoch_to_two_is_a_violation) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.partition(2, 0, {1, 2, 3});
  const Fired fired = h.fired();
  EXPECT_EQ(fired, (Fired{"BS-L01/metadata_names_two", "BS-M01/leader_changed_within_epoch"}));
}

TEST(OneLeaderPerEpoch, a_batch_in_flight_from_a_leader_that_lost_it_is_normal) {
  History h;
  h.partition(1, 0, {1, 2, 3});
  h.stored(1, 0, 0, 100);
  h.stopped(1, NodeStopped::How::power_loss);
  h.cut(1, 0, true);
  h.stored(2, 0, 0, 100);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(OneLeaderPerEpoch, the_metadata_log_has_one_appender_per_epoch_too) {
  History h;
  const auto store = [&h](int node, Offset offset, std::uint64_t digest) {
    h.add(node, BatchStored{metadata_partition(), History::batch(offset, 4, digest)});
  };
  store(1, 0, 100);
  store(2, 0, 100);
  EXPECT_EQ(h.fired(), Fired{});
  store(2, 1, 101);
  EXPECT_EQ(h.fired(), Fired{"BS-L01/second_appender"});
}

}  // namespace brokersim::properties
