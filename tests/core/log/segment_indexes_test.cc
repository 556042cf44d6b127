// Shows what the indexes of a segment say, and that their files are Kafka's.
#include "core/log/segment_indexes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::log {

TEST(OffsetIndex, entries_are_those_of_kafka) {
  OffsetIndex index(100);
  index.add({103, 260});
  index.add({107, 65'536});
  EXPECT_EQ(index.encode(), (Bytes{0, 0, 0, 3, 0, 0, 1, 4, 0, 0, 0, 7, 0, 1, 0, 0}));
  EXPECT_EQ(OffsetIndex::decode(100, index.encode()), index);
}

TEST(OffsetIndex, tells_where_to_begin_to_look) {
  OffsetIndex index(100);
  EXPECT_EQ(index.floor(1000), (OffsetEntry{100, 0}));
  index.add({103, 260});
  index.add({107, 520});
  EXPECT_EQ(index.floor(102), (OffsetEntry{100, 0}));
  EXPECT_EQ(index.floor(103), (OffsetEntry{103, 260}));
  EXPECT_EQ(index.floor(106), (OffsetEntry{103, 260}));
  EXPECT_EQ(index.floor(5000), (OffsetEntry{107, 520}));
}

TEST(OffsetIndex, takes_only_what_fits_and_follows) {
  OffsetIndex index(100);
  index.add({101, 0});
  index.add({99, 10});
  index.add({101 + Offset{0x7fffffff}, 10});
  index.add({101, std::uint64_t{1} << 31});
  EXPECT_EQ(index.size(), 0u);
  index.add({101, 10});
  index.add({101, 20});
  index.add({102, 10});
  EXPECT_EQ(index.size(), 1u);
}

TEST(OffsetIndex, is_not_read_from_what_is_none) {
  const auto bytes_are_read = [](const Bytes& bytes) {
    return OffsetIndex::decode(100, bytes).has_value();
  };
  EXPECT_TRUE(bytes_are_read({}));
  EXPECT_TRUE(bytes_are_read({0, 0, 0, 3, 0, 0, 1, 4}));
  EXPECT_FALSE(bytes_are_read({0, 0, 0, 3, 0, 0, 1}));  // Torn.
  EXPECT_FALSE(bytes_are_read(Bytes(8)));               // Zeros.
  EXPECT_FALSE(bytes_are_read({0, 0, 0, 3, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(bytes_are_read({0xff, 0, 0, 3, 0, 0, 1, 4}));
  EXPECT_FALSE(bytes_are_read({0, 0, 0, 3, 0xff, 0, 1, 4}));
}

TEST(TimeIndex, entries_are_those_of_kafka) {
  TimeIndex index(100);
  index.add({256, 103});
  index.add({257, 103});
  EXPECT_EQ(index.encode(), (Bytes{0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3,  //
                                   0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 3}));
  EXPECT_EQ(TimeIndex::decode(100, index.encode()), index);
}

TEST(TimeIndex, takes_only_what_is_later) {
  TimeIndex index(100);
  index.add({-1, 100});
  EXPECT_EQ(index.size(), 0u);
  index.add({5, 101});
  index.add({5, 102});
  index.add({4, 103});
  EXPECT_EQ(index.last(), (TimeEntry{5, 101}));
  EXPECT_EQ(index.floor(4), (TimeEntry{-1, 100}));
  EXPECT_EQ(index.floor(9), (TimeEntry{5, 101}));
}

TEST(TimeIndex, is_not_read_from_what_is_none) {
  TimeIndex index(100);
  index.add({5, 101});
  index.add({6, 102});
  const Bytes good = index.encode();
  Bytes torn = good;
  torn.pop_back();
  Bytes zeroed = good;
  std::fill(zeroed.begin() + 12, zeroed.end(), std::uint8_t{0});
  Bytes negative = good;
  negative[0] = 0xff;
  for (const auto& bytes : {torn, zeroed, negative}) {
    EXPECT_FALSE(TimeIndex::decode(100, bytes).has_value());
  }
}

namespace {

IndexedBatch timed_batch(Offset base, Offset last, std::uint64_t position, std::size_t size,
                         std::int64_t timestamp) {
  IndexedBatch batch;
  batch.base_offset = base;
  batch.last_offset = last;
  batch.position = position;
  batch.size = size;
  batch.max_timestamp = timestamp;
  return batch;
}

}  // namespace

TEST(SegmentIndexes, an_entry_names_the_batch_that_lies_further_than_the_interval_from_the_last) {
  SegmentIndexes indexes(10);
  indexes.add(timed_batch(10, 11, 0, 60, 70), 100);
  indexes.add(timed_batch(12, 13, 60, 60, 50), 100);
  indexes.add(timed_batch(14, 15, 120, 60, 60), 100);
  indexes.add(timed_batch(16, 17, 180, 60, 90), 100);
  EXPECT_EQ(indexes.offsets().entries(), (std::vector<OffsetEntry>{{15, 120}}));
  EXPECT_EQ(indexes.times().entries(), (std::vector<TimeEntry>{{70, 11}}));
  // The largest of all, when nothing more comes.
  EXPECT_EQ(indexes.closed().times().entries(), (std::vector<TimeEntry>{{70, 11}, {90, 17}}));
  EXPECT_EQ(indexes.closed().offsets(), indexes.offsets());
}

namespace {

// Random entries that increase, and the same as plain pairs.
template <class Index, class Entry>
struct FilledIndex {
  Index index;
  std::vector<Entry> model;
};

}  // namespace

RC_GTEST_PROP(OffsetIndex, is_a_list_of_increasing_entries, ()) {
  const Offset base = *rc::gen::inRange<Offset>(0, 1000);
  FilledIndex<OffsetIndex, OffsetEntry> f{OffsetIndex(base), {}};
  const int entries = *rc::gen::inRange(0, 20);
  for (int i = 0; i < entries; ++i) {
    const OffsetEntry entry{base + *rc::gen::inRange<Offset>(-1, 60),
                            *rc::gen::inRange<std::uint64_t>(0, 60)};
    f.index.add(entry);
    const bool follows = f.model.empty() ? entry.offset >= base && entry.position > 0
                                         : entry.offset > f.model.back().offset &&
                                               entry.position > f.model.back().position;
    if (follows) f.model.push_back(entry);
  }
  if (*rc::gen::arbitrary<bool>()) {
    const Offset end = base + *rc::gen::inRange<Offset>(-1, 61);
    f.index.truncate_to(end);
    std::erase_if(f.model, [&](const auto& entry) { return entry.offset >= end; });
  }
  RC_ASSERT(f.index.entries() == f.model);
  RC_ASSERT(OffsetIndex::decode(base, f.index.encode()) == f.index);
  RC_ASSERT(f.index.encode().size() == 8 * f.model.size());
  const Offset at = base + *rc::gen::inRange<Offset>(-5, 70);
  OffsetEntry found{base, 0};
  for (const auto& entry : f.model) {
    if (entry.offset <= at) found = entry;
  }
  RC_ASSERT(f.index.floor(at) == found);
}

RC_GTEST_PROP(TimeIndex, is_a_list_of_increasing_entries, ()) {
  const Offset base = *rc::gen::inRange<Offset>(0, 1000);
  FilledIndex<TimeIndex, TimeEntry> f{TimeIndex(base), {}};
  const int entries = *rc::gen::inRange(0, 20);
  for (int i = 0; i < entries; ++i) {
    const TimeEntry entry{*rc::gen::inRange<std::int64_t>(-1, 60),
                          base + *rc::gen::inRange<Offset>(-1, 60)};
    f.index.add(entry);
    const bool fits = entry.timestamp >= 0 && entry.offset >= base;
    const bool follows = f.model.empty() || (entry.timestamp > f.model.back().timestamp &&
                                             entry.offset >= f.model.back().offset);
    if (fits && follows) f.model.push_back(entry);
  }
  if (*rc::gen::arbitrary<bool>()) {
    const Offset end = base + *rc::gen::inRange<Offset>(-1, 61);
    f.index.truncate_to(end);
    std::erase_if(f.model, [&](const auto& entry) { return entry.offset >= end; });
  }
  RC_ASSERT(f.index.entries() == f.model);
  RC_ASSERT(TimeIndex::decode(base, f.index.encode()) == f.index);
  const std::int64_t at = *rc::gen::inRange<std::int64_t>(-5, 70);
  TimeEntry found{-1, base};
  for (const auto& entry : f.model) {
    if (entry.timestamp <= at) found = entry;
  }
  RC_ASSERT(f.index.floor(at) == found);
}

}  // namespace brokersim::log
