// Every value of `acks`, under each rule for numeric ones: as a table, and against what it says of
// every state that the replicas may be in.
#include "core/partition/acks.h"

#include <bit>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::partition {
namespace {

using api::ErrorCode;
using Numeric = Rules::NumericAcks;
using WaitFor = AcksMeaning::WaitFor;

constexpr AcksConfig three_replicas(Numeric rule, std::int32_t min_isr = 1) {
  return {.min_insync_replicas = min_isr, .replication_factor = 3, .numeric_acks = rule};
}

void expect_meaning(std::int16_t acks, AcksConfig config, AcksMeaning expected) {
  const auto meaning = meaning_of(acks, config);
  ASSERT_TRUE(meaning.has_value());
  EXPECT_EQ(meaning->wait_for, expected.wait_for);
  EXPECT_EQ(meaning->copies, expected.copies);
}

void expect_refused(std::int16_t acks, AcksConfig config) {
  const auto meaning = meaning_of(acks, config);
  ASSERT_FALSE(meaning.has_value());
  EXPECT_EQ(meaning.error(), ErrorCode::invalid_required_acks);
}

TEST(Acks, zero_one_and_all_mean_the_same_under_every_rule) {
  for (const auto rule : {Numeric::safe, Numeric::reject, Numeric::legacy}) {
    expect_meaning(0, three_replicas(rule, 2), {WaitFor::leader, 1});
    expect_meaning(1, three_replicas(rule, 2), {WaitFor::leader, 1});
    expect_meaning(-1, three_replicas(rule, 2), {WaitFor::in_sync_replicas, 2});
  }
}

TEST(Acks, min_insync_replicas_beyond_the_replication_factor_means_all_replicas) {
  expect_meaning(-1, three_replicas(Numeric::safe, 5), {WaitFor::in_sync_replicas, 3});
}

TEST(Acks, a_safe_number_raises_the_required_in_sync_replicas_and_never_lowers_them) {
  expect_meaning(2, three_replicas(Numeric::safe, 1), {WaitFor::in_sync_replicas, 2});
  expect_meaning(2, three_replicas(Numeric::safe, 3), {WaitFor::in_sync_replicas, 3});
  expect_meaning(3, three_replicas(Numeric::safe, 2), {WaitFor::in_sync_replicas, 3});
}

TEST(Acks, a_legacy_number_counts_any_replicas) {
  expect_meaning(2, three_replicas(Numeric::legacy, 3), {WaitFor::any_replicas, 2});
}

TEST(Acks, numbers_are_refused_under_reject) {
  expect_refused(2, three_replicas(Numeric::reject));
  expect_refused(3, three_replicas(Numeric::reject));
}

TEST(Acks, what_can_never_be_met_is_refused_under_every_rule) {
  for (const auto rule : {Numeric::safe, Numeric::reject, Numeric::legacy}) {
    expect_refused(4, three_replicas(rule));
    expect_refused(-2, three_replicas(rule));
    expect_refused(32767, three_replicas(rule));
    expect_refused(-32768, three_replicas(rule));
  }
}

// A bit for each replica. The first one leads: it is in sync, and has the record.
struct Copies {
  unsigned in_sync = 1;
  unsigned holders = 1;

  int count_in_sync() const { return std::popcount(in_sync); }
  bool are_in_all_in_sync() const { return (in_sync & ~holders) == 0; }
};

// The model: whether the producer may be told that its record is stored.
bool may_be_told(std::int16_t acks, const AcksConfig& config, const Copies& copies) {
  if (acks == 0 || acks == 1) return true;
  const bool is_number = acks >= 2;
  if (is_number && config.numeric_acks == Numeric::reject) return false;
  if (is_number && config.numeric_acks == Numeric::legacy) {
    return std::popcount(copies.holders) >= acks;
  }
  const bool are_all = copies.count_in_sync() == config.replication_factor;
  const bool are_enough = are_all || copies.count_in_sync() >= config.min_insync_replicas;
  return acks >= -1 && are_enough && copies.are_in_all_in_sync() && copies.count_in_sync() >= acks;
}

bool is_met(const AcksMeaning& meaning, const Copies& copies) {
  switch (meaning.wait_for) {
    case WaitFor::leader: return true;
    case WaitFor::any_replicas: return std::popcount(copies.holders) >= meaning.copies;
    case WaitFor::in_sync_replicas: break;
  }
  return copies.are_in_all_in_sync() && copies.count_in_sync() >= meaning.copies;
}

RC_GTEST_PROP(Acks, are_met_by_what_they_ask_for_and_refused_if_nothing_would_meet_them, ()) {
  const auto acks = *rc::gen::weightedOneOf<std::int16_t>(
      {{9, rc::gen::element<std::int16_t>(-2, -1, -1, 0, 1, 2, 2, 2, 3, 3, 4, 5, 6)},
       {1, rc::gen::arbitrary<std::int16_t>()}});
  const AcksConfig config{
      .min_insync_replicas = *rc::gen::element(1, 2, 3, 4, 5, 6),
      .replication_factor = *rc::gen::element(1, 2, 3, 3, 4, 5),
      .numeric_acks = *rc::gen::element(Numeric::safe, Numeric::reject, Numeric::legacy)};
  const auto meaning = meaning_of(acks, config);
  bool can_be_met = false;
  const unsigned states = 1U << static_cast<unsigned>(config.replication_factor);
  for (Copies copies; copies.in_sync < states; copies.in_sync += 2) {
    for (copies.holders = 1; copies.holders < states; copies.holders += 2) {
      const bool expected = may_be_told(acks, config, copies);
      can_be_met = can_be_met || expected;
      if (meaning) RC_ASSERT(is_met(*meaning, copies) == expected);
    }
  }
  RC_ASSERT(meaning.has_value() == can_be_met);
  if (!meaning) RC_ASSERT(meaning.error() == ErrorCode::invalid_required_acks);
  RC_CLASSIFY(!meaning, "refused");
  RC_CLASSIFY(meaning && acks == config.replication_factor, "as many as there are replicas");
  RC_CLASSIFY(meaning && acks == -1, "all in sync");
  RC_CLASSIFY(config.min_insync_replicas > config.replication_factor, "a minimum out of reach");
}

}  // namespace
}  // namespace brokersim::partition
