// The rate of the last samples: what is too much, and when it is forgotten (Kafka's SimpleRate).
#include "core/fetch/rate_window.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

// All that ever came, and made samples of anew each time: nothing has to be forgotten.
class AllThatCame {
 public:
  explicit AllThatCame(RateWindow::Shape shape) : shape_(shape) {}

  void record(Instant now, std::int64_t bytes) { all_.emplace_back(now, bytes); }
  bool exceeds(Instant now, std::int64_t bytes_per_second) const {
    std::optional<Instant> sample_begins;
    Instant counted_from = now;
    std::int64_t counted = 0;
    for (const auto& [at, bytes] : all_) {
      if (!sample_begins || at - *sample_begins >= shape_.sample) sample_begins = at;
      if (now - *sample_begins >= shape_.sample * shape_.samples) continue;
      counted_from = std::min(counted_from, *sample_begins);
      counted += bytes;
    }
    const std::int64_t elapsed_ms = std::max(now - counted_from, shape_.sample) / 1ms;
    return counted * 1000 > bytes_per_second * elapsed_ms;
  }

 private:
  RateWindow::Shape shape_;
  std::vector<std::pair<Instant, std::int64_t>> all_;
};

RC_GTEST_PROP(RateWindow, is_as_if_everything_were_kept, ()) {
  const std::int32_t samples = *rc::gen::inRange(1, 5);
  const int sample_ms = *rc::gen::inRange(1, 300);
  const RateWindow::Shape shape{.samples = samples, .sample = Duration(1ms) * sample_ms};
  RateWindow window(shape);
  AllThatCame all(shape);
  Instant now = zero;
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    now += Duration(1ms) * *rc::gen::inRange(0, sample_ms * 2);
    if (*rc::gen::inRange(0, 3) > 0) {
      const std::int64_t bytes = *rc::gen::inRange(0, 3000);
      window.record(now, bytes);
      all.record(now, bytes);
    }
    const std::int64_t rate = *rc::gen::inRange(0, 20'000);
    RC_ASSERT(window.exceeds(now, rate) == all.exceeds(now, rate));
    RC_ASSERT(window.exceeds(now, 0) == all.exceeds(now, 0));
  }
}

}  // namespace
}  // namespace brokersim::fetch
