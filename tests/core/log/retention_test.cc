// Shows when a segment takes no more batches, and where a log begins once what is too old or too
// much is gone: as a table, and against a model that deletes one segment after the other.
#include "core/log/retention.h"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/log/rolling.h"

namespace brokersim::log {

namespace {

// Ten offsets and 100 bytes each; the times of their youngest records.
std::vector<SegmentFacts> segments_of(const std::vector<std::int64_t>& times) {
  std::vector<SegmentFacts> segments;
  for (const auto time : times) {
    const auto base = static_cast<Offset>(segments.size()) * 10;
    segments.push_back({base, base + 10, 100, time, time});
  }
  return segments;
}

constexpr WallTime today{1000};
constexpr Offset everything = 1000;  // A high watermark beyond everything.

}  // namespace

TEST(Retention, what_is_older_than_it_may_be_goes_from_the_beginning) {
  const auto segments = segments_of({100, 400, 200, 900});
  EXPECT_EQ(retained_from(segments, {.ms = 600}, 0, everything, today),
            10);  // 200 lies behind 400.
  EXPECT_EQ(retained_from(segments, {.ms = 599}, 0, everything, today), 30);
  EXPECT_EQ(retained_from(segments, {.ms = 900}, 0, everything, today), 0);
  EXPECT_EQ(retained_from(segments, {.ms = -1}, 0, everything, today), 0);
}

TEST(Retention, when_everything_is_too_old_the_log_begins_at_its_end) {
  EXPECT_EQ(retained_from(segments_of({100, 200}), {.ms = 10}, 0, everything, today), 20);
}

TEST(Retention, nothing_that_is_not_committed_goes) {
  const auto segments = segments_of({100, 200, 300});
  EXPECT_EQ(retained_from(segments, {.ms = 10}, 0, 19, today), 10);
  EXPECT_EQ(retained_from(segments, {.bytes = 0}, 0, 20, today), 20);
}

TEST(Retention, a_segment_that_compaction_emptied_goes_with_what_is_behind_it) {
  auto segments = segments_of({100, -1, 200, 900});
  segments[1].bytes = 0;
  EXPECT_EQ(retained_from(segments, {.ms = 500}, 0, everything, today), 30);
  EXPECT_EQ(retained_from(segments, {.ms = 850}, 0, everything, today), 10);
  EXPECT_EQ(retained_from(segments, {.bytes = 100}, 0, everything, today), 30);
}

TEST(Retention, no_less_than_its_bytes_stays) {
  const auto segments = segments_of({900, 900, 900, 900});
  EXPECT_EQ(retained_from(segments, {.bytes = 400}, 0, everything, today), 0);
  EXPECT_EQ(retained_from(segments, {.bytes = 301}, 0, everything, today), 0);
  EXPECT_EQ(retained_from(segments, {.bytes = 300}, 0, everything, today), 10);
  EXPECT_EQ(retained_from(segments, {.bytes = 150}, 0, everything, today), 20);
  EXPECT_EQ(retained_from(segments, {.bytes = 0}, 0, everything, today), 40);
}

TEST(Retention, what_goes_for_its_age_counts_towards_the_size) {
  const auto segments = segments_of({100, 900, 900});
  EXPECT_EQ(retained_from(segments, {.ms = 500, .bytes = 200}, 0, everything, today), 10);
}

TEST(Retention, records_without_a_time_do_not_grow_old) {
  EXPECT_EQ(retained_from(segments_of({-1, 100}), {.ms = 10}, 0, everything, today), 0);
}

TEST(Retention, the_start_never_goes_back) {
  EXPECT_EQ(retained_from(segments_of({100, 900}), {.ms = 500}, 15, everything, today), 15);
}

RC_GTEST_PROP(Retention, is_what_deleting_one_segment_after_the_other_gives, ()) {
  const auto times = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange(-1, 1001));
  const RetentionRules rules{*rc::gen::inRange<std::int64_t>(-1, 1000),
                             *rc::gen::inRange<std::int64_t>(-1, 1500)};
  const auto committed = *rc::gen::inRange<Offset>(0, 200);
  auto left = segments_of(times);
  const Offset found = retained_from(left, rules, 0, committed, today);
  Offset start = 0;
  for (;;) {
    if (left.empty() || left.front().end > committed) break;
    const auto age = today.ms - left.front().largest_timestamp;
    const bool is_old = rules.ms >= 0 && left.front().largest_timestamp >= 0 && age > rules.ms;
    const auto rest = static_cast<std::int64_t>(left.size() - 1) * 100;
    if (!is_old && !(rules.bytes >= 0 && rest >= rules.bytes)) break;
    start = left.front().end;
    left.erase(left.begin());
  }
  RC_ASSERT(found == start);
}

// ---- Rolling -----------------------------------------------------------------------------------

TEST(Rolling, a_segment_is_full_by_its_bytes_its_offsets_and_its_time) {
  const RollRules rules{.segment_ms = 1000};
  const SegmentFill segment{.base = 5, .bytes = 600, .first_timestamp = 10'000};
  const auto rolls = [&](BatchToCome batch) { return must_roll(segment, batch, 1000, rules); };
  EXPECT_FALSE(rolls({.last_offset = 9, .bytes = 400, .max_timestamp = 11'000}));
  EXPECT_TRUE(rolls({.last_offset = 9, .bytes = 401, .max_timestamp = 11'000}));
  EXPECT_TRUE(rolls({.last_offset = 9, .bytes = 400, .max_timestamp = 11'001}));
  EXPECT_FALSE(rolls({.last_offset = 5 + Offset{0x7fffffff}, .bytes = 1}));
  EXPECT_TRUE(rolls({.last_offset = 6 + Offset{0x7fffffff}, .bytes = 1}));
  EXPECT_FALSE(rolls({.last_offset = 9, .bytes = 400, .max_timestamp = -1}));
}

TEST(Rolling, a_first_batch_fits_however_large_it_is) {
  EXPECT_FALSE(must_roll({}, {.last_offset = 3, .bytes = 5000, .max_timestamp = 1}, 100, {}));
}

TEST(Rolling, what_was_drawn_for_it_comes_off_its_time) {
  const SegmentFill segment{.bytes = 1, .first_timestamp = 0, .jitter_ms = 300};
  EXPECT_FALSE(must_roll(segment, {.max_timestamp = 700}, 100, {.segment_ms = 1000}));
  EXPECT_TRUE(must_roll(segment, {.max_timestamp = 701}, 100, {.segment_ms = 1000}));
}

TEST(Rolling, an_index_is_full_after_so_many_intervals) {
  const RollRules rules{.segment_index_bytes = 40, .index_interval_bytes = 100};
  IndexFill index;
  std::vector<bool> full;
  for (int i = 0; i < 12; ++i) {
    index.add(60, 7, rules);  // Every second batch has an entry; their times are one.
    full.push_back(index.is_full(rules));
  }
  const auto first = std::find(full.begin(), full.end(), true) - full.begin();
  EXPECT_EQ(first, 10);  // Entries with batches 2, 4, 6, 8, 10.
  IndexFill by_time;
  for (int i = 0; i < 4; ++i) by_time.add(60, i, rules);
  EXPECT_FALSE(by_time.is_full(rules));
  by_time.add(60, 4, rules);  // Its second time, and the last entry is kept free.
  EXPECT_TRUE(by_time.is_full(rules));
}

}  // namespace brokersim::log
