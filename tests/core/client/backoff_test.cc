// Back-off grows by failures and keeps its bounds, whatever is drawn.
#include "core/client/backoff.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::client {
namespace {

constexpr std::uint64_t least = 0;
constexpr std::uint64_t middle = 200;
constexpr std::uint64_t largest = 400;

TEST(Backoff, doubles_with_each_failure_up_to_its_maximum) {
  const Backoff backoff(100ms, 1s);
  const Duration expected[] = {100ms, 100ms, 200ms, 400ms, 800ms, 1s, 1s};
  for (std::int32_t failures = 0; failures < 7; ++failures) {
    EXPECT_EQ(backoff.after(failures, middle), expected[failures]) << failures;
  }
  EXPECT_EQ(backoff.after(2'000'000'000, middle), 1s);
}

TEST(Backoff, varies_by_a_fifth_and_never_beyond_its_maximum) {
  const Backoff backoff(100ms, 1s);
  EXPECT_EQ(backoff.after(1, least), 80ms);
  EXPECT_EQ(backoff.after(1, largest), 120ms);
  EXPECT_EQ(backoff.after(9, least), 800ms);
  EXPECT_EQ(backoff.after(9, largest), 1s);
}

TEST(Backoff, a_maximum_below_the_first_is_the_first) {
  EXPECT_EQ(Backoff(100ms, 10ms).after(5, middle), 100ms);
}

RC_GTEST_PROP(Backoff, stays_within_its_bounds, (std::int32_t failures, std::uint64_t random)) {
  const auto wait = Backoff(100ms, 1s).after(failures, random);
  RC_ASSERT(wait >= 80ms);
  RC_ASSERT(wait <= 1s);
}

}  // namespace
}  // namespace brokersim::client
