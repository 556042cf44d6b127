// Every value of `acks`, under each rule for numeric ones.
#include "core/partition/acks.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace brokersim::partition
