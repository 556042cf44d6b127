// Shows when a log's segments have index files, that a start believes them and does not walk what
// they are of, and that whatever else lies there ends in the right log.
#include "core/log/index_files.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/log/log_fixture.h"

namespace brokersim::log {

namespace {

constexpr Offset indexed_batches = 4;  // In a segment.

LogConfig indexed_config() {
  LogConfig config{.segment_bytes = indexed_batches * batch_of(1).size()};
  config.roll.index_interval_bytes = 1;  // Each batch but the first has an entry.
  return config;
}

std::string beside(Offset base, std::string_view ending) {
  return fmt::format("orders-0/{:020}{}", base, ending);
}

class IndexedLog : public LogFixture {
 public:
  explicit IndexedLog(const LogConfig& log_config = indexed_config()) : LogFixture(log_config) {}

  // Batch by batch, of one record each; times are ten times the offset.
  void write(int records, int epoch = 1) {
    for (int i = 0; i < records; ++i) append(epoch, 1, "v", 10 * log->end_offset());
  }
  void close() {
    ASSERT_TRUE(log->snapshot_producers(env));
    ASSERT_TRUE(log->index_active(env));
    ASSERT_TRUE(log->sync(env));
    ASSERT_TRUE(log->flush_epochs(env));
  }
  // After a stop in order, or as if the node had crashed then.
  void start(bool was_clean) {
    env.events.clear();
    open({.was_clean = was_clean,
          .recovery_point = log->recovery_point(),
          .start_offset = log->start_offset(),
          .high_watermark = log->end_offset()});
  }
  void close_and_start() {
    close();
    start(true);
  }
  std::size_t notes() const {
    return static_cast<std::size_t>(
        std::count_if(env.events.begin(), env.events.end(),
                      [](const EventBody& event) { return std::holds_alternative<Note>(event); }));
  }
  bool has(Offset base, std::string_view ending) const {
    return env.disk.exists(beside(base, ending));
  }
  Bytes& file(Offset base, std::string_view ending) { return env.disk.data(beside(base, ending)); }
  // What nobody who does not walk the second batch of the segment at `base` sees.
  void spoil(Offset base) {
    Bytes& data = file(base, ".log");
    const std::size_t size = data.size() / indexed_batches;
    std::fill_n(data.begin() + static_cast<std::ptrdiff_t>(size), size, std::uint8_t{0});
  }
};

// The log's records and epochs are `count` from 0 on, with times as written.
void expect_all_there(IndexedLog& f, Offset count) {
  ASSERT_EQ(f.log->end_offset(), count);
  const auto found = offsets_and_epochs(f);
  ASSERT_EQ(found.size(), static_cast<std::size_t>(count));
  for (Offset offset = 0; offset < count; ++offset) {
    EXPECT_EQ(found[static_cast<std::size_t>(offset)].first, offset);
    const auto by_time = f.log->offset_for_timestamp(f.env, 10 * offset - 5);
    ASSERT_TRUE(by_time && *by_time);
    EXPECT_EQ((*by_time)->offset, offset);
  }
  EXPECT_TRUE(epochs_agree_with_batches(f));
}

}  // namespace

// ---- Writing them ------------------------------------------------------------------------------

TEST(IndexFiles, are_written_when_a_segment_is_rolled) {
  IndexedLog f;
  f.write(4);
  EXPECT_FALSE(f.has(0, ".index"));
  f.write(1);
  const auto offsets = OffsetIndex::decode(0, f.file(0, ".index"));
  const auto times = TimeIndex::decode(0, f.file(0, ".timeindex"));
  ASSERT_TRUE(offsets && times);
  const std::uint64_t size = batch_of(1).size();
  EXPECT_EQ(offsets->entries(),
            (std::vector<OffsetEntry>{{1, size}, {2, 2 * size}, {3, 3 * size}}));
  EXPECT_EQ(times->entries(), (std::vector<TimeEntry>{{10, 1}, {20, 2}, {30, 3}}));
  EXPECT_FALSE(f.has(4, ".index"));
}

TEST(IndexFiles, of_the_active_segment_are_written_when_the_log_is_closed) {
  IndexedLog f;
  f.write(6);
  f.close();
  EXPECT_EQ(f.file(4, ".index").size(), OffsetIndex::entry_size);
  EXPECT_EQ(TimeIndex::decode(4, f.file(4, ".timeindex"))->last(), (TimeEntry{50, 5}));
  f.start(true);
  f.write(3);
  EXPECT_EQ(f.file(4, ".index").size(), 3 * OffsetIndex::entry_size);
}

TEST(IndexFiles, have_the_largest_time_though_the_interval_was_not_over) {
  LogConfig config = indexed_config();
  config.roll.index_interval_bytes = 1'000'000;
  IndexedLog f(config);
  f.write(5);
  EXPECT_TRUE(f.file(0, ".index").empty());
  EXPECT_EQ(TimeIndex::decode(0, f.file(0, ".timeindex"))->last(), (TimeEntry{30, 3}));
}

TEST(IndexFiles, are_on_disk_when_their_segment_is) {
  IndexedLog f;
  f.write(5);
  ASSERT_TRUE(f.log->needs_flush());
  ASSERT_TRUE(f.log->sync(f.env, f.log->active_base()));
  EXPECT_FALSE(f.log->needs_flush());
  const Bytes written = f.file(0, ".timeindex");
  f.env.disk.lose_power([](std::size_t) { return 0; }, false);
  EXPECT_EQ(f.file(0, ".timeindex"), written);
}

TEST(IndexFiles, that_cannot_be_written_take_the_log_offline) {
  IndexedLog f;
  f.write(4);
  f.env.disk.bad_ending = ".timeindex";
  wire::Batch batch = batch_of(1);
  EXPECT_EQ(f.log->append_as_leader(f.env, {&batch, 1}, LeaderEpoch(1)).error(), LogError::storage);
  EXPECT_TRUE(f.log->is_offline());
}

TEST(IndexFiles, go_with_their_segment) {
  IndexedLog f;
  f.write(9);
  ASSERT_TRUE(f.log->raise_start_offset(f.env, 4));
  EXPECT_FALSE(f.has(0, ".index"));
  EXPECT_TRUE(f.has(0, ".index.deleted"));
  EXPECT_TRUE(f.has(0, ".timeindex.deleted"));
  f.env.time = f.env.time + 61s;
  ASSERT_TRUE(f.log->delete_retired_files(f.env, f.env.time));
  EXPECT_FALSE(f.has(0, ".index.deleted"));
  EXPECT_TRUE(f.has(4, ".index"));
  ASSERT_TRUE(f.log->truncate_fully_and_start_at(f.env, 100, "test"));
  EXPECT_FALSE(f.has(4, ".index"));
}

TEST(IndexFiles, of_a_segment_that_is_appended_to_again_go) {
  IndexedLog f;
  f.write(9);
  ASSERT_TRUE(f.log->truncate_to(f.env, 6, "test"));
  EXPECT_TRUE(f.has(0, ".index"));
  EXPECT_FALSE(f.has(4, ".index"));
  EXPECT_FALSE(f.has(4, ".timeindex"));
  EXPECT_FALSE(f.has(8, ".index"));
}

TEST(IndexFiles, without_a_segment_are_removed_by_a_start) {
  IndexedLog f;
  f.write(5);
  f.close();
  for (const auto* name :
       {"orders-0/00000000000000000077.index", "orders-0/00000000000000000000.index.swap"}) {
    ASSERT_TRUE(f.env.disk.open(name, OpenMode::create).has_value());
  }
  f.start(true);
  EXPECT_FALSE(f.has(77, ".index"));
  EXPECT_FALSE(f.has(0, ".index.swap"));
  EXPECT_EQ(f.notes(), 0u);
}

TEST(IndexFiles, are_of_what_compaction_has_left) {
  LogConfig config = indexed_config();
  config.compaction.is_compacted = true;
  IndexedLog f(config);
  for (const auto* key : {"a", "b", "a", "b", "a", "c", "a", "d", "e"}) {
    f.append(1, 1, key, 10 * f.log->end_offset());
  }
  ASSERT_TRUE(f.log->sync(f.env));
  int swaps = 0;
  f.env.disk.during_wait = [&] {
    if (!f.has(0, ".log.swap")) return;
    ++swaps;
    EXPECT_FALSE(f.has(0, ".index")) << "it is gone for good before the new file has its name";
  };
  const auto cleaned = f.log->clean(
      f.env,
      {.range = f.log->dirty_range(f.log->end_offset(), WallTime{5000}), .now = WallTime{5000}});
  f.env.disk.during_wait = [] {};
  ASSERT_TRUE(cleaned && *cleaned);
  EXPECT_EQ(swaps, 1);
  const auto before = offsets_and_epochs(f);
  const auto offsets = OffsetIndex::decode(4, f.file(4, ".index"));
  ASSERT_TRUE(offsets);
  EXPECT_EQ(offsets->last()->offset, 7);
  EXPECT_FALSE(f.has(4, ".index.cleaned"));
  f.close_and_start();
  EXPECT_EQ(f.notes(), 0u);
  EXPECT_EQ(offsets_and_epochs(f), before);
}

// ---- Believing them ----------------------------------------------------------------------------

TEST(IndexedStart, does_not_walk_segments_that_had_been_synced) {
  for (const bool was_clean : {true, false}) {
    IndexedLog f;
    f.write(13);
    f.close();
    f.spoil(0);
    f.spoil(8);
    f.start(was_clean);
    EXPECT_EQ(f.notes(), 0u);
    EXPECT_EQ(f.log->start_offset(), 0);
    EXPECT_EQ(f.log->end_offset(), 13);
    EXPECT_EQ(f.log->size(), 13 * batch_of(1).size());
    EXPECT_EQ(f.log->last_epoch(), LeaderEpoch(1));
    EXPECT_EQ(f.batches(4, {.end = 8}).size(), 4u);  // Of others than are spoilt.
    EXPECT_EQ((*f.log->offset_for_timestamp(f.env, 45))->offset, 5);
  }
}

TEST(IndexedStart, goes_on_with_an_active_segment_that_it_does_not_walk) {
  LogConfig config = indexed_config();
  config.segment_bytes = 9 * batch_of(1).size();
  IndexedLog f(config);
  f.write(6);
  f.close();
  Bytes& data = f.file(0, ".log");
  const Bytes good = data;
  const auto size = static_cast<std::ptrdiff_t>(batch_of(1).size());
  std::fill_n(data.begin() + size, size, std::uint8_t{0});
  f.start(true);
  f.write(5, 2);
  EXPECT_EQ(f.log->end_offset(), 11);
  EXPECT_EQ(f.log->active_base(), 9) << "it knows how full it is";
  EXPECT_EQ(OffsetIndex::decode(0, f.file(0, ".index"))->size(), 8u);
  EXPECT_EQ(f.batches(6).size(), 5u);
  EXPECT_TRUE(f.log->cached_read(6)->has_value());
  EXPECT_FALSE(f.log->cached_read(5)->has_value());
  ASSERT_TRUE(f.log->truncate_to(f.env, 7, "test")) << "what was appended since it knows";
  EXPECT_EQ(f.log->end_offset(), 7);
  EXPECT_EQ(f.log->epochs().entries(),
            (std::vector<EpochEntry>{{LeaderEpoch(1), 0}, {LeaderEpoch(2), 6}}));
  f.write(1, 3);
  std::copy(good.begin(), good.end(), f.file(0, ".log").begin());
  expect_all_there(f, 8);
  f.write(6, 4);
  f.close_and_start();
  EXPECT_EQ(f.notes(), 0u);
  expect_all_there(f, 14);
}

TEST(IndexedStart, walks_a_segment_when_it_is_read_for_the_first_time) {
  IndexedLog f;
  f.write(13);
  f.close_and_start();
  EXPECT_FALSE(f.log->cached_read(0)->has_value());
  EXPECT_EQ(f.batches(0).size(), 13u);
  EXPECT_TRUE(f.log->cached_read(0)->has_value());
  expect_all_there(f, 13);
}

TEST(IndexedStart, takes_the_log_offline_once_it_reads_what_is_not_what_had_been_synced) {
  IndexedLog f;
  f.write(13);
  f.close();
  f.spoil(0);
  f.start(true);
  EXPECT_EQ(f.log->read(f.env, 0).error(), LogError::storage);
  EXPECT_TRUE(f.log->is_offline());
}

TEST(IndexedStart, tells_roughly_how_much_there_is_to_read) {
  IndexedLog f;
  f.write(13);
  f.close_and_start();
  EXPECT_EQ(f.log->readable_bytes(0, 13), 13 * batch_of(1).size());
  EXPECT_EQ(f.log->readable_bytes(2, 7), 5 * batch_of(1).size());
}

TEST(IndexedStart, is_cut_like_any_other_once_it_is_loaded) {
  IndexedLog f;
  f.write(6, 1);
  f.write(7, 2);
  f.close_and_start();
  ASSERT_TRUE(f.log->load_batches(f.env));
  ASSERT_TRUE(f.log->truncate_to(f.env, 2, "test"));
  EXPECT_EQ(f.log->last_epoch(), LeaderEpoch(1));
  f.write(3, 3);
  expect_all_there(f, 5);
}

TEST(IndexedStart, needs_no_walk_to_be_cut_at_its_high_watermark) {
  IndexedLog f;
  f.write(13);
  f.close();
  f.spoil(0);
  f.open({.was_clean = true, .recovery_point = 13, .high_watermark = 6});
  ASSERT_TRUE(f.log->truncate_to(f.env, 6, "test"));
  EXPECT_EQ(f.log->end_offset(), 6);
}

TEST(IndexedStart, walks_what_lies_behind_the_recovery_point) {
  IndexedLog f;
  f.write(13);
  const Offset recovery_point = 6;
  f.close();
  f.file(4, ".log")[200] ^= 1;  // In its second half.
  f.open({.was_clean = false, .recovery_point = recovery_point, .high_watermark = 4});
  EXPECT_LT(f.log->end_offset(), 8);
  EXPECT_GE(f.log->end_offset(), 4);
  EXPECT_FALSE(f.has(4, ".index")) << "it is appended to again";
  EXPECT_FALSE(f.has(8, ".index"));
  EXPECT_TRUE(f.has(0, ".index"));
}

// The sync at which the recovery point was reached knew nothing of them.
TEST(IndexedStart, believes_no_indexes_of_a_segment_that_ends_at_the_recovery_point) {
  IndexedLog f;
  for (const int time : {10, 40, 50, 30}) f.append(1, 1, "v", time);
  ASSERT_TRUE(f.log->sync(f.env));
  f.append(1, 1, "v", 60);
  f.file(0, ".timeindex").resize(TimeIndex::entry_size);  // It ends with 40, and the segment at 30.
  f.open({.was_clean = false, .recovery_point = 4, .high_watermark = 4});
  EXPECT_EQ((*f.log->offset_for_timestamp(f.env, 45))->offset, 2);
}

TEST(IndexedStart, retains_by_the_times_of_segments_that_it_does_not_walk) {
  LogConfig config = indexed_config();
  config.retention.ms = 100;
  IndexedLog f(config);
  f.write(13);
  f.close();
  f.spoil(0);
  f.start(true);
  EXPECT_EQ(*f.log->retain(f.env, 13, WallTime{131}), 4);
}

// ---- What else may lie there -------------------------------------------------------------------

namespace {

using Fault = std::function<void(IndexedLog&)>;

void lose_file(IndexedLog& f, std::string_view ending) {
  ASSERT_TRUE(f.env.disk.remove(beside(4, ending)).has_value());
}

// An index of a log with other batches, whose segment had the same base.
Bytes of_earlier_life(std::string_view ending, std::string_view text) {
  LogConfig config = indexed_config();
  config.segment_bytes *= 2;
  IndexedLog other(config);
  for (int i = 0; i < 60; ++i) other.append(1, i < 1 ? 4 : 1, i < 1 ? "v" : text, 10'000 + i);
  return other.file(0, ending);
}

}  // namespace

TEST(IndexFaults, are_mended_by_a_start_of_either_kind) {
  const std::vector<std::pair<std::string, Fault>> faults = {
      {"no index", [](IndexedLog& f) { lose_file(f, ".index"); }},
      {"no times", [](IndexedLog& f) { lose_file(f, ".timeindex"); }},
      {"empty times", [](IndexedLog& f) { f.file(4, ".timeindex").clear(); }},
      {"torn", [](IndexedLog& f) { f.file(4, ".index").resize(13); }},
      {"torn times", [](IndexedLog& f) { f.file(4, ".timeindex").resize(13); }},
      {"fewer times", [](IndexedLog& f) { f.file(4, ".timeindex").resize(12); }},
      {"zeros", [](IndexedLog& f) { f.file(4, ".index") = Bytes(24); }},
      {"zero times", [](IndexedLog& f) { f.file(4, ".timeindex") = Bytes(36); }},
      {"zeros at its end", [](IndexedLog& f) { f.file(4, ".index").resize(32); }},
      {"stale", [](IndexedLog& f) { f.file(4, ".index") = of_earlier_life(".index", "longer"); }},
      {"stale times",
       [](IndexedLog& f) { f.file(4, ".timeindex") = of_earlier_life(".timeindex", "v"); }},
      {"beyond the file", [](IndexedLog& f) { f.file(4, ".index")[22] = 0x7f; }},
      {"no batch there", [](IndexedLog& f) { f.file(4, ".index")[23] ^= 1; }},
  };
  for (const auto& [name, fault] : faults) {
    for (const bool was_clean : {true, false}) {
      SCOPED_TRACE(name + (was_clean ? ", clean" : ", unclean"));
      IndexedLog f;
      f.write(13);
      f.close();
      const Bytes offsets = f.file(4, ".index");
      const Bytes times = f.file(4, ".timeindex");
      fault(f);
      f.start(was_clean);
      EXPECT_EQ(f.notes(), 1u);
      EXPECT_EQ(f.file(4, ".index"), offsets);
      EXPECT_EQ(f.file(4, ".timeindex"), times);
      expect_all_there(f, 13);
      // What was made anew is on disk, since a start will believe it.
      f.env.disk.lose_power([](std::size_t) { return 0; }, false);
      f.start(false);
      EXPECT_EQ(f.notes(), 0u);
      expect_all_there(f, 13);
    }
  }
}

TEST(IndexFaults, of_a_prefix_are_none) {
  IndexedLog f;
  f.write(13);
  f.close();
  f.file(4, ".index").resize(8);
  f.start(true);
  EXPECT_EQ(f.notes(), 0u);
  expect_all_there(f, 13);
}

TEST(IndexFaults, a_segment_that_lost_its_end_is_cut_there) {
  IndexedLog f;
  f.write(13);
  f.close();
  f.file(4, ".log").resize(2 * batch_of(1).size() + 5);
  f.start(false);
  expect_all_there(f, 6);
}

TEST(IndexFaults, where_the_active_segment_is_gone_the_one_before_is_appended_to) {
  IndexedLog f;
  f.write(9);
  f.close();
  ASSERT_TRUE(f.env.disk.remove(beside(8, ".log")).has_value());
  f.start(false);
  f.write(3);
  expect_all_there(f, 11);
}

// ---- Epochs ------------------------------------------------------------------------------------

TEST(StoredEpochs, tell_of_changes_within_segments_that_are_not_walked) {
  IndexedLog f;
  f.write(2, 1);
  f.write(1, 2);
  f.write(7, 4);
  f.close();
  const LeaderEpochs before = f.log->epochs();
  f.spoil(0);
  f.start(true);
  EXPECT_EQ(f.log->epochs(), before);
}

TEST(StoredEpochs, that_are_missing_or_unreadable_are_told_by_the_batches) {
  for (const auto* text : {"", "0\n1\n", "0\n1\n9 9 9\n"}) {
    IndexedLog f;
    f.write(2, 1);
    f.write(8, 4);
    f.close();
    const LeaderEpochs before = f.log->epochs();
    Bytes& file = f.env.disk.data("orders-0/leader-epoch-checkpoint");
    const ByteView bytes = as_bytes(std::string_view(text));
    file.assign(bytes.begin(), bytes.end());
    if (file.empty()) {
      ASSERT_TRUE(f.env.disk.remove("orders-0/leader-epoch-checkpoint").has_value());
    }
    f.start(true);
    EXPECT_EQ(f.log->epochs(), before);
  }
}

TEST(StoredEpochs, of_another_life_of_the_log_are_not_believed) {
  for (const bool was_clean : {true, false}) {
    IndexedLog f;
    f.write(3, 1);
    f.write(3, 2);
    ASSERT_TRUE(f.log->flush_epochs(f.env));
    const Bytes stale = f.env.disk.data("orders-0/leader-epoch-checkpoint");
    ASSERT_TRUE(f.log->truncate_to(f.env, 2, "test"));
    f.write(11, 3);
    f.close();
    const LeaderEpochs before = f.log->epochs();
    f.env.disk.data("orders-0/leader-epoch-checkpoint") = stale;
    f.start(was_clean);
    EXPECT_EQ(f.log->epochs(), before);
    EXPECT_TRUE(epochs_agree_with_batches(f));
  }
}

TEST(StoredEpochs, end_with_the_log_on_both_sides) {
  IndexedLog f;
  f.write(2, 1);
  f.write(11, 4);
  ASSERT_TRUE(f.log->raise_start_offset(f.env, 5));
  f.log->begin_epoch(LeaderEpoch(6));
  f.close_and_start();
  EXPECT_EQ(f.log->epochs().entries(), (std::vector<EpochEntry>{{LeaderEpoch(4), 5}}));
}

// ---- Any of it ---------------------------------------------------------------------------------

namespace {

// Whatever it was that happened to them.
void spoil_indexes(IndexedLog& f) {
  for (const auto& [path, node] : f.env.disk.copy()) {
    if (!path.ends_with("index") || *rc::gen::inRange(0, 3) > 0) continue;
    Bytes& data = f.env.disk.data(path);
    switch (*rc::gen::inRange(0, 4)) {
      case 0: RC_ASSERT(f.env.disk.remove(path).has_value()); break;
      case 1: data.resize(*rc::gen::inRange<std::size_t>(0, data.size() + 13)); break;
      case 2: std::fill(data.begin(), data.end(), std::uint8_t{0}); break;
      default:
        if (!data.empty()) data[*rc::gen::inRange<std::size_t>(0, data.size())] ^= 1;
    }
  }
}

}  // namespace

// Of times a later one than the largest may be believed: a segment is looked into in vain.
RC_GTEST_PROP(IndexFaults, leave_the_log_what_it_was, ()) {
  LogConfig config = indexed_config();
  config.roll.index_interval_bytes = *rc::gen::element<std::uint64_t>(0, 1, 100, 200, 4096);
  IndexedLog f(config);
  int epoch = 1;
  const int steps = *rc::gen::inRange(1, 12);
  for (int i = 0; i < steps; ++i) {
    f.write(*rc::gen::inRange(0, 6), epoch);
    const Offset end = f.log->end_offset();
    switch (*rc::gen::inRange(0, 4)) {
      case 0: ++epoch; break;
      case 1:
        RC_ASSERT(f.log->load_batches(f.env).has_value());
        RC_ASSERT(f.log->truncate_to(f.env, *rc::gen::inRange<Offset>(0, end + 1), "t"));
        ++epoch;
        break;
      default: {
        const auto before = offsets_and_epochs(f);
        const auto epochs = f.log->epochs();
        f.close();
        spoil_indexes(f);
        f.start(*rc::gen::arbitrary<bool>());
        RC_ASSERT(f.log->end_offset() == end);
        if (epochs.empty() || epochs.latest()->start_offset < end) {
          RC_ASSERT(f.log->epochs() == epochs);
        }
        if (*rc::gen::arbitrary<bool>()) RC_ASSERT(offsets_and_epochs(f) == before);
      }
    }
  }
}

}  // namespace brokersim::log
