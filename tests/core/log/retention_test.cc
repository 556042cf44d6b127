// Shows when a segment takes no more batches, and where a log begins once what is too old or too
// much is gone: as a table, and against models that delete one segment after the other, and look at
// every batch of a segment.
#include "core/log/retention.h"

#include <algorithm>
#include <set>
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

namespace {

// Of one record.
IndexedBatch indexed_batch(Offset offset, std::int64_t position, std::size_t size,
                           std::int64_t timestamp) {
  IndexedBatch batch;
  batch.base_offset = batch.last_offset = offset;
  batch.position = static_cast<std::uint64_t>(position);
  batch.size = size;
  batch.max_timestamp = timestamp;
  return batch;
}

}  // namespace

TEST(Rolling, an_index_is_full_after_so_many_intervals) {
  SegmentIndexes indexes;
  std::vector<bool> full;
  for (int i = 0; i < 12; ++i) {
    // Every second batch has an entry; their times are one.
    indexes.add(indexed_batch(i, i * 60, 60, 7), 100);
    full.push_back(indexes.is_full(40));
  }
  const auto first = std::find(full.begin(), full.end(), true) - full.begin();
  EXPECT_EQ(first, 10);  // Entries with batches 2, 4, 6, 8, 10.
  SegmentIndexes by_time;
  for (int i = 0; i < 4; ++i) by_time.add(indexed_batch(i, i * 60, 60, i), 100);
  EXPECT_FALSE(by_time.is_full(40));
  // Its second time, and the last entry is kept free.
  by_time.add(indexed_batch(4, 240, 60, 4), 100);
  EXPECT_TRUE(by_time.is_full(40));
}

namespace {

struct FilledBatch {
  std::uint64_t bytes = 0;
  std::int64_t max_timestamp = -1;
};

// The model of the indexes: by where each batch begins. One that lies further behind the last entry
// than the interval has an entry, in the index of times only if there was no later time before.
bool are_indexes_full(const std::vector<FilledBatch>& batches, const RollRules& rules) {
  std::uint64_t position = 0;
  std::uint64_t entry_at = 0;
  std::uint64_t entries = 0;
  std::int64_t latest = -1;
  std::set<std::int64_t> times;
  for (const auto& batch : batches) {
    latest = std::max(latest, batch.max_timestamp);
    if (position - entry_at > rules.index_interval_bytes) {
      entry_at = position;
      ++entries;
      if (latest >= 0) times.insert(latest);
    }
    position += batch.bytes;
  }
  const bool takes_an_offset = (entries + 1) * 8 <= rules.segment_index_bytes;
  // One entry is kept free, but a first one is always taken.
  const bool takes_a_time = times.empty() || (times.size() + 2) * 12 <= rules.segment_index_bytes;
  return !takes_an_offset || !takes_a_time;
}

std::vector<FilledBatch> any_batches() {
  std::vector<FilledBatch> batches(*rc::gen::inRange<std::size_t>(0, 20));
  for (auto& batch : batches) {
    batch.bytes = *rc::gen::element<std::uint64_t>(5, 10, 11, 20);
    batch.max_timestamp = *rc::gen::element<std::int64_t>(-1, 0, 5, 5, 10, 20);
  }
  return batches;
}

std::int64_t near_or_far(std::int64_t limit, std::int64_t far) {
  return *rc::gen::element(limit - 1, limit, limit + 1, far, far, far);
}

}  // namespace

RC_GTEST_PROP(Rolling, is_due_for_each_of_its_reasons_and_for_no_other, ()) {
  constexpr std::int64_t far = 1 << 30;
  constexpr Offset base = 100;
  constexpr Offset last_to_fit = base + 0x7fffffff;
  const auto batches = any_batches();
  RollRules rules;
  rules.segment_index_bytes = *rc::gen::element<std::uint64_t>(8, 16, 24, 36, 48, 1000, 1000, 1000);
  rules.index_interval_bytes = *rc::gen::element<std::uint64_t>(0, 10, 15, 30, 1000);
  SegmentFill segment{.base = base, .indexes = SegmentIndexes(base)};
  Offset next = base;
  for (const auto& one : batches) {
    if (segment.bytes == 0) segment.first_timestamp = one.max_timestamp;
    segment.indexes.add(indexed_batch(next++, static_cast<std::int64_t>(segment.bytes), one.bytes,
                                      one.max_timestamp),
                        rules.index_interval_bytes);
    segment.bytes += one.bytes;
  }
  segment.jitter_ms = *rc::gen::element(0, 0, 1, 3);
  const std::int64_t first = segment.first_timestamp;
  BatchToCome batch;
  batch.last_offset = near_or_far(last_to_fit, base + 9);
  batch.bytes = *rc::gen::element<std::uint64_t>(5, 10, 11, 20);
  batch.max_timestamp = *rc::gen::element<std::int64_t>(-1, 0, 5, 10, 20, 30);
  rules.segment_ms = near_or_far(batch.max_timestamp - first + segment.jitter_ms, far);
  const auto with_it = segment.bytes + batch.bytes;
  const auto limit = near_or_far(static_cast<std::int64_t>(with_it), far);

  const bool is_too_large = with_it > static_cast<std::uint64_t>(limit);
  const bool is_too_far = batch.last_offset > last_to_fit;
  const bool has_times = first >= 0 && batch.max_timestamp >= 0;
  const bool is_too_late =
      has_times && batch.max_timestamp > first + rules.segment_ms - segment.jitter_ms;
  const bool is_full = are_indexes_full(batches, rules);
  RC_ASSERT(segment.indexes.is_full(rules.segment_index_bytes) == is_full);
  const bool is_due = is_too_large || is_too_far || is_too_late || is_full;
  RC_ASSERT(must_roll(segment, batch, static_cast<std::uint64_t>(limit), rules) ==
            (!batches.empty() && is_due));
  RC_CLASSIFY(batches.empty(), "empty");
  RC_CLASSIFY(is_too_large, "too large");
  RC_CLASSIFY(is_too_far, "too far");
  RC_CLASSIFY(is_too_late, "too late");
  RC_CLASSIFY(is_full, "index full");
}

}  // namespace brokersim::log
