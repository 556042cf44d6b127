// Shows which part of a compacted log is cleaned, and when it is worth it.
#include "core/log/cleanable.h"

#include <vector>

#include <gtest/gtest.h>

namespace brokersim::log {

namespace {

constexpr WallTime moment{10'000};

// Segments of ten offsets and 100 bytes; the times of their records.
std::vector<SegmentFacts> log_of(const std::vector<std::int64_t>& times) {
  std::vector<SegmentFacts> segments;
  for (const auto time : times) {
    const auto base = static_cast<Offset>(segments.size()) * 10;
    segments.push_back({base, base + 10, 100, time, time});
  }
  return segments;
}

const std::vector<SegmentFacts> four = log_of({1000, 2000, 3000, 4000});

DirtyRange range(Offset cleaned_to, Offset decided_to, CompactionRules rules = {},
                 const std::vector<SegmentFacts>& segments = four, Offset start = 0) {
  rules.is_compacted = true;
  return dirty_range(segments, rules, start, cleaned_to, decided_to, moment);
}

}  // namespace

TEST(Cleanable, what_was_not_cleaned_yet_but_never_the_active_segment) {
  EXPECT_EQ(range(0, 40).to, 30);
  EXPECT_EQ(range(10, 40).from, 10);
  EXPECT_EQ(range(10, 40).clean_bytes, 100u);
  EXPECT_EQ(range(10, 40).dirty_bytes, 200u);
  EXPECT_EQ(range(30, 40).dirty_bytes, 0u);
}

TEST(Cleanable, nor_the_last_batch_of_a_log_whose_active_segment_is_empty) {
  auto rolled = four;
  rolled.push_back({40, 40, 0, -1, -1});
  EXPECT_EQ(range(0, 40, {}, rolled).to, 30);
}

TEST(Cleanable, whole_segments_of_what_is_decided) {
  EXPECT_EQ(range(0, 29).to, 20);
  EXPECT_EQ(range(0, 9).to, 0);
}

TEST(Cleanable, nothing_from_the_first_segment_on_that_is_too_young) {
  EXPECT_EQ(range(0, 40, {.min_lag_ms = 7500}).to, 20);
  EXPECT_EQ(range(0, 40, {.min_lag_ms = 7000}).to, 30);
  EXPECT_EQ(range(0, 40, {.min_lag_ms = 7000}, log_of({9000, 1, 1, 1})).to, 0);
}

TEST(Cleanable, a_checkpoint_outside_the_log_is_not_believed) {
  EXPECT_EQ(range(5, 40, {}, four, 10).from, 10);
  EXPECT_EQ(range(41, 40).from, 0);
}

TEST(Cleanable, a_checkpoint_within_a_segment_leaves_all_of_it_dirty) {
  EXPECT_EQ(range(15, 40).from, 15);
  EXPECT_EQ(range(15, 40).dirty_bytes, 200u);
}

TEST(Cleanable, it_is_worth_it_when_more_is_dirty_than_the_ratio_says) {
  const auto half = range(10, 20);  // 100 bytes clean, 100 dirty.
  EXPECT_EQ(half.dirty_millionths(), 500'000);
  EXPECT_FALSE(is_worth_cleaning(half, {.is_compacted = true, .min_dirty_millionths = 500'000}));
  EXPECT_TRUE(is_worth_cleaning(half, {.is_compacted = true, .min_dirty_millionths = 499'999}));
  EXPECT_FALSE(is_worth_cleaning(half, {.is_compacted = false, .min_dirty_millionths = 0}));
  EXPECT_FALSE(is_worth_cleaning(range(30, 40), {.is_compacted = true, .min_dirty_millionths = 0}));
}

TEST(Cleanable, or_when_something_has_waited_for_too_long) {
  const CompactionRules rules{
      .is_compacted = true, .min_dirty_millionths = 900'000, .max_lag_ms = 8000};
  EXPECT_FALSE(is_worth_cleaning(range(10, 20, rules), rules));
  EXPECT_TRUE(is_worth_cleaning(range(0, 20, rules), rules));
  EXPECT_FALSE(is_worth_cleaning(range(10, 20, rules), rules));
}

TEST(Cleanable, the_ratio_of_very_large_logs_does_not_overflow) {
  DirtyRange range{.clean_bytes = std::uint64_t{1} << 60, .dirty_bytes = std::uint64_t{3} << 60};
  EXPECT_NEAR(static_cast<double>(range.dirty_millionths()), 750'000, 10);
}

}  // namespace brokersim::log
