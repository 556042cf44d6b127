// Shows which part of a compacted log is cleaned, and when it is worth it: as a table, and by what
// is said of each segment of any log.
#include "core/log/cleanable.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

TEST(Cleanable, what_has_waited_for_too_long_goes_first_then_what_is_dirtiest) {
  const DirtyRange dirty{.clean_bytes = 100, .dirty_bytes = 300};
  const DirtyRange dirtier{.clean_bytes = 10, .dirty_bytes = 40};
  const DirtyRange overdue{.clean_bytes = 100, .dirty_bytes = 1, .is_overdue = true};
  EXPECT_TRUE(is_more_urgent(dirtier, dirty));
  EXPECT_FALSE(is_more_urgent(dirty, dirtier));
  EXPECT_FALSE(is_more_urgent(dirty, dirty));
  EXPECT_TRUE(is_more_urgent(overdue, dirtier));
  EXPECT_FALSE(is_more_urgent(dirtier, overdue));
}

TEST(Cleanable, the_ratio_of_very_large_logs_does_not_overflow) {
  DirtyRange range{.clean_bytes = std::uint64_t{1} << 60, .dirty_bytes = std::uint64_t{3} << 60};
  EXPECT_NEAR(static_cast<double>(range.dirty_millionths()), 750'000, 10);
}

namespace {

// Some emptied by compaction, the last one perhaps because it has just begun.
std::vector<SegmentFacts> any_segments(Offset base) {
  std::vector<SegmentFacts> segments;
  const int count = *rc::gen::element(0, 1, 2, 3, 4, 5, 6, 6);
  for (int i = 0; i < count; ++i) {
    auto& segment = segments.emplace_back();
    segment.base = base;
    segment.end = base + *rc::gen::element(1, 2, 3);
    segment.bytes = *rc::gen::element<std::uint64_t>(0, 1, 2, 3, 3);
    base = segment.end;
    if (segment.bytes == 0) continue;
    segment.first_timestamp = *rc::gen::element(-1, 0, 1, 2, 4, 6, 8);
    const std::int64_t other = *rc::gen::element(-1, 0, 2, 4, 6, 8);
    segment.largest_timestamp = std::max(segment.first_timestamp, other);
  }
  if (*rc::gen::element(true, false, false)) segments.push_back({base, base, 0, -1, -1});
  return segments;
}

// The model: what is said of one segment, whatever lies before it.
bool may_be_cleaned(const std::vector<SegmentFacts>& segments, const SegmentFacts& segment,
                    const CompactionRules& rules, Offset decided_to, WallTime now) {
  bool has_successor = false;  // With anything in it.
  for (const auto& later : segments) {
    has_successor = has_successor || (later.base >= segment.end && later.bytes > 0);
  }
  const bool is_old_enough =
      rules.min_lag_ms == 0 || segment.largest_timestamp + rules.min_lag_ms <= now.ms;
  return has_successor && segment.end <= decided_to && is_old_enough;
}

// The bytes of the segments that end behind `from`, up to `to`.
std::uint64_t bytes_between(const std::vector<SegmentFacts>& segments, Offset from, Offset to) {
  std::uint64_t bytes = 0;
  for (const auto& segment : segments) {
    if (segment.end > from && segment.end <= to) bytes += segment.bytes;
  }
  return bytes;
}

}  // namespace

RC_GTEST_PROP(Cleanable, is_as_much_as_follows_what_is_clean_without_a_segment_that_may_not_be,
              ()) {
  const auto segments = any_segments(*rc::gen::element<Offset>(0, 3));
  const Offset begin = segments.empty() ? 3 : segments.front().base;
  const Offset end = segments.empty() ? begin : segments.back().end;
  const Offset start = begin + (end > begin ? *rc::gen::element(0, 0, 0, 1) : 0);
  const Offset cleaned_to = *rc::gen::oneOf(rc::gen::just(start), rc::gen::just(start),
                                            rc::gen::inRange(start - 1, end + 2));
  const Offset decided_to = *rc::gen::oneOf(rc::gen::just(end), rc::gen::inRange(start, end + 1));
  const WallTime now{*rc::gen::element(4, 6, 8, 10)};
  const CompactionRules rules{.is_compacted = true,
                              .min_lag_ms = *rc::gen::element(0, 0, 0, 2, 4),
                              .max_lag_ms = *rc::gen::element(2, 4, 6, 1000)};
  const auto found = dirty_range(segments, rules, start, cleaned_to, decided_to, now);

  const Offset from = cleaned_to < start || cleaned_to > end ? start : cleaned_to;
  Offset to = from;
  for (const auto& last : segments) {
    const bool may_end_here = std::all_of(segments.begin(), segments.end(), [&](const auto& one) {
      const bool is_within = one.end > from && one.end <= last.end;
      return !is_within || may_be_cleaned(segments, one, rules, decided_to, now);
    });
    if (may_end_here) to = std::max(to, last.end);
  }
  const bool is_overdue = std::any_of(segments.begin(), segments.end(), [&](const auto& one) {
    const bool is_within = one.end > from && one.end <= to;
    return is_within && one.first_timestamp > 0 && one.first_timestamp + rules.max_lag_ms < now.ms;
  });
  RC_ASSERT(found.from == from);
  RC_ASSERT(found.to == to);
  RC_ASSERT(found.clean_bytes == bytes_between(segments, -1, from));
  RC_ASSERT(found.dirty_bytes == bytes_between(segments, from, to));
  RC_ASSERT(found.is_overdue == is_overdue);
  RC_CLASSIFY(to == from, "nothing");
  RC_CLASSIFY(from != cleaned_to, "a checkpoint not believed");
  RC_CLASSIFY(to > from && to < decided_to, "less than is decided");
  RC_CLASSIFY(is_overdue, "overdue");
}

// To a millionth.
RC_GTEST_PROP(Cleanable, is_worth_it_if_more_than_the_ratio_is_dirty_or_anything_overdue, ()) {
  constexpr std::int64_t million = 1'000'000;
  DirtyRange range;
  range.dirty_bytes = *rc::gen::inRange<std::uint64_t>(0, 20);
  range.clean_bytes = *rc::gen::inRange<std::uint64_t>(0, 20);
  range.is_overdue = *rc::gen::element(true, false, false, false);
  const auto dirty = static_cast<std::int64_t>(range.dirty_bytes);
  const auto all = dirty + static_cast<std::int64_t>(range.clean_bytes);
  CompactionRules rules{.is_compacted = true};
  const std::int64_t ratio = all == 0 ? 0 : dirty * million / all;
  rules.min_dirty_millionths = std::max<std::int64_t>(0, ratio + *rc::gen::element(-1, 0, 1));
  const bool is_worth_it = is_worth_cleaning(range, rules);
  const bool is_due = dirty > 0 && range.is_overdue;
  if (is_worth_it) RC_ASSERT(is_due || dirty * million > rules.min_dirty_millionths * all);
  if (is_due) RC_ASSERT(is_worth_it);
  const bool is_surely_more = dirty * million >= (rules.min_dirty_millionths + 1) * all;
  if (dirty > 0 && is_surely_more) RC_ASSERT(is_worth_it);
  rules.is_compacted = false;
  RC_ASSERT(!is_worth_cleaning(range, rules));
}

}  // namespace brokersim::log
