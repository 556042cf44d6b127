// The rate of the last samples: what is too much, and when it is forgotten (Kafka's SimpleRate).
#include "core/fetch/rate_window.h"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace brokersim::fetch {
namespace {

constexpr Instant zero{5s};

TEST(RateWindow, that_has_only_begun_counts_as_a_whole_sample) {
  RateWindow window({.samples = 11, .sample = 1s});
  EXPECT_FALSE(window.exceeds(zero, 0));
  window.record(zero, 1000);
  EXPECT_FALSE(window.exceeds(zero, 1000));
  EXPECT_TRUE(window.exceeds(zero, 999));
  EXPECT_TRUE(window.exceeds(zero + 999ms, 999));
  EXPECT_FALSE(window.exceeds(zero + 1002ms, 999));
}

TEST(RateWindow, forgets_a_sample_once_so_many_have_passed) {
  RateWindow window({.samples = 3, .sample = 2s});
  window.record(zero, 6000);
  window.record(zero + 1999ms, 6000);  // Of the same sample.
  window.record(zero + 2000ms, 600);
  EXPECT_TRUE(window.exceeds(zero + 5999ms, 2100));
  EXPECT_FALSE(window.exceeds(zero + 6000ms, 150));  // 600 bytes in 4 s.
  EXPECT_TRUE(window.exceeds(zero + 6000ms, 149));
  EXPECT_FALSE(window.exceeds(zero + 8000ms, 0));
}

TEST(RateWindow, begins_with_what_was_nothing_too) {
  RateWindow window({.samples = 11, .sample = 1s});
  window.record(zero, 0);
  window.record(zero + 10s, 10'000);
  EXPECT_FALSE(window.exceeds(zero + 10s, 1000));
  EXPECT_TRUE(window.exceeds(zero + 11s, 1000));  // And then the 10 s are forgotten.
}

TEST(RateWindow, has_rates_that_nothing_exceeds) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  RateWindow window({.samples = 11, .sample = 1s});
  window.record(zero, std::int64_t{1} << 50);
  for (const auto rate : {most, most / 1000 + 1, most / 1000}) {
    EXPECT_FALSE(window.exceeds(zero + 7s, rate)) << rate;
  }
}

}  // namespace
}  // namespace brokersim::fetch
