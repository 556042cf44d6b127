// Shows how a log is compacted and how segments leave it, on disk: what is there after each step at
// which a node may end, and what a truncation meanwhile does to it.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/core/log/log_fixture.h"

namespace brokersim::log {

namespace {

std::string file(Offset base, std::string_view suffix = "") {
  return fmt::format("orders-0/{:020}.log{}", base, suffix);
}

// Segments of three small batches.
LogConfig compacted() {
  LogConfig config{.segment_bytes = 3 * batch_of(1, "a").size()};
  config.compaction.is_compacted = true;
  config.compaction.deletes = false;
  config.roll.index_interval_bytes = 1;
  return config;
}

struct CompactedLog : LogFixture {
  explicit CompactedLog(LogConfig log_config = compacted()) : LogFixture(log_config) {}

  // One record a batch; keys are letters.
  void write(std::string_view keys) {
    for (const char& key : keys) append(1, 1, std::string_view(&key, 1), 1000 + log->end_offset());
  }
  // Tombstones: where delete.retention.ms is 0 the second cleaning takes them.
  void bury(int count) {
    for (int i = 0; i < count; ++i) {
      wire::BatchBuilder builder;
      builder.add({.key = Bytes{'z'}, .value = {}, .headers = {}});
      wire::Batch tombstone = builder.finish();
      ASSERT_TRUE(log->append_as_leader(env, {&tombstone, 1}, LeaderEpoch(1)).has_value());
    }
  }
  LogResult<std::optional<Cleaned>> clean() {
    EXPECT_TRUE(log->sync(env).has_value());
    return log->clean(
        env, {.range = log->dirty_range(log->end_offset(), WallTime{5000}), .now = WallTime{5000}});
  }
  // "1b 3a", by offset and key.
  std::string text() {
    std::string text;
    for (const auto& batch : batches(log->start_offset())) {
      const auto records = *wire::records_of(batch);
      for (const auto& [offset, record] : records) {
        text += fmt::format("{}{} ", offset, as_text(*record.key));
      }
    }
    return text;
  }
  void reopen() { open({false, log->recovery_point(), log->start_offset(), log->cleaned_to()}); }
};

}  // namespace

TEST(LogCleaning, the_latest_of_each_key_is_left_in_fewer_segments) {
  CompactedLog f;
  f.write("abaacbaad");  // [0 1 2][3 4 5][6 7 8
  const auto cleaned = f.clean();
  ASSERT_TRUE(cleaned && *cleaned);
  EXPECT_EQ((*cleaned)->to, 6);
  EXPECT_EQ(f.log->cleaned_to(), 6);
  EXPECT_EQ(f.text(), "3a 4c 5b 6a 7a 8d ");
  EXPECT_EQ(f.log->read(f.env, 1)->next_offset, 9);
  EXPECT_FALSE(f.env.disk.exists(file(0, ".swap")));
  f.reopen();
  EXPECT_EQ(f.text(), "3a 4c 5b 6a 7a 8d ");
}

TEST(LogCleaning, a_range_of_which_nothing_is_left_at_the_end_is_clean) {
  LogConfig config = compacted();
  config.compaction.delete_retention_ms = 0;
  CompactedLog f(config);
  f.write("abc");
  f.bury(3);
  f.write("def");
  for (int i = 0; i < 3; ++i) {
    f.open({false, f.log->recovery_point(), 0, 0});
    const auto cleaned = f.clean();
    ASSERT_TRUE(cleaned && *cleaned);
    EXPECT_EQ((*cleaned)->to, 6) << i;
  }
  EXPECT_EQ(f.text(), "0a 1b 2c 6d 7e 8f ");
  // Neither where the checkpoint of recovery points is lost.
  f.open({false, 0, 0, f.log->cleaned_to()});
  EXPECT_EQ(f.text(), "0a 1b 2c 6d 7e 8f ");
}

// Its end is not that of the last batch that is left: offsets there were used, and are not to be
// used again.
TEST(LogCleaning, a_log_cut_back_to_a_segment_ends_there_whatever_is_left_before_it) {
  LogConfig config = compacted();
  config.compaction.delete_retention_ms = 0;
  CompactedLog f(config);
  f.write("abc");
  f.bury(3);
  f.write("de");
  for (int i = 0; i < 3; ++i) {
    f.open({false, f.log->recovery_point(), 0, 0});
    ASSERT_TRUE(*f.clean());
  }
  ASSERT_EQ(f.text(), "0a 1b 2c 6d 7e ");
  ASSERT_TRUE(f.log->truncate_to(f.env, 6, "test").has_value());
  EXPECT_EQ(f.log->end_offset(), 6);
  f.reopen();
  EXPECT_EQ(f.log->end_offset(), 6);
  EXPECT_EQ(f.append(2, 1, "g"), 6);
  EXPECT_EQ(f.text(), "0a 1b 2c 6g ");
}

TEST(LogCleaning, groups_of_small_segments_become_one) {
  CompactedLog f;
  f.write("aaabbbccc");
  ASSERT_TRUE(*f.clean());
  f.write("dddeee");
  f.config.segment_bytes *= 10;
  f.log->configure(f.config);
  ASSERT_TRUE(*f.clean());
  EXPECT_EQ(f.text(), "2a 5b 8c 11d 12e 13e 14e ");
  EXPECT_FALSE(f.env.disk.exists(file(3)));
  EXPECT_FALSE(f.env.disk.exists(file(6)));
  EXPECT_TRUE(f.env.disk.exists(file(6, ".deleted")));
  f.reopen();
  EXPECT_FALSE(f.env.disk.exists(file(6, ".deleted")));
  EXPECT_EQ(f.text(), "2a 5b 8c 11d 12e 13e 14e ");
  EXPECT_EQ(f.log->end_offset(), 15);
}

TEST(LogCleaning, a_read_of_what_was_replaced_ends_as_it_began) {
  CompactedLog f;
  f.write("aaabbbccc");
  f.env.disk.is_cold = true;
  std::string seen;
  int waits = 0;
  f.env.disk.during_wait = [&] {
    if (waits++ > 0) return;
    f.env.disk.is_cold = false;
    EXPECT_TRUE(*f.clean());
    f.env.disk.is_cold = true;
  };
  EXPECT_EQ(f.log->read(f.env, 0, {.end = 3})->next_offset, 3);
}

TEST(LogCleaning, a_node_that_ends_at_any_step_has_the_log_or_what_is_left_of_it) {
  const std::string before = "0a 1b 2a 3a 4c 5b 6a 7a 8d ";
  const std::string after = "3a 4c 5b 6a 7a 8d ";
  bool has_seen_both[2] = {};
  for (int stop_at = 0;; ++stop_at) {
    CompactedLog f;
    f.write("abaacbaad");
    ASSERT_TRUE(f.log->sync(f.env).has_value());
    const Offset recovery_point = f.log->recovery_point();
    // Whatever would wait is a step; from one of them on nothing happens any more.
    int steps = 0;
    MemoryFiles::Names left;
    bool has_stopped = false;
    const auto order =
        CleaningOrder{.range = f.log->dirty_range(9, WallTime{5000}), .now = WallTime{5000}};
    f.env.disk.during_change = [&] {
      if (steps++ != stop_at) return;
      left = f.env.disk.copy();
      has_stopped = true;
    };
    ASSERT_TRUE(*f.log->clean(f.env, order));
    f.env.disk.during_change = [] {};
    if (!has_stopped) break;
    f.env.disk.restore(left);
    f.open({false, recovery_point, 0, 0});
    const std::string text = f.text();
    ASSERT_TRUE(text == before || text == after) << stop_at << ": " << text;
    has_seen_both[text == after] = true;
    ASSERT_EQ(f.log->end_offset(), 9);
    ASSERT_TRUE(epochs_agree_with_batches(f));
    for (const auto& [name, node] : f.env.disk.names()) {
      ASSERT_FALSE(name.ends_with(".cleaned") || name.ends_with(".swap")) << name;
    }
    // And it can be cleaned again.
    ASSERT_TRUE(*f.clean());
    ASSERT_EQ(f.text(), after);
  }
  EXPECT_TRUE(has_seen_both[0]);
  EXPECT_TRUE(has_seen_both[1]);
}

// Indexes of what was replaced do not outlive it, nor are new ones believed that were not synced.
TEST(LogCleaning, a_loss_of_power_at_any_step_leaves_the_log_or_what_is_left_of_it) {
  const std::string before = "0a 1b 2a 3a 4c 5b 6a 7a 8d ";
  const std::string after = "3a 4c 5b 6a 7a 8d ";
  for (const bool keeps_names : {true, false}) {
    for (int stop_at = 0;; ++stop_at) {
      SCOPED_TRACE(fmt::format("step {}, {}", stop_at, keeps_names));
      CompactedLog f;
      f.write("abaacbaad");
      ASSERT_TRUE(f.log->index_active(f.env).has_value());
      ASSERT_TRUE(f.log->sync(f.env).has_value());
      int steps = 0;
      MemoryFiles::Names left;
      bool has_stopped = false;
      f.env.disk.during_change = [&] {
        if (steps++ != stop_at) return;
        left = f.env.disk.copy_of_synced(keeps_names);
        has_stopped = true;
      };
      f.env.disk.during_wait = f.env.disk.during_change;
      const auto order =
          CleaningOrder{.range = f.log->dirty_range(9, WallTime{5000}), .now = WallTime{5000}};
      ASSERT_TRUE(*f.log->clean(f.env, order));
      f.env.disk.during_change = [] {};
      f.env.disk.during_wait = [] {};
      if (!has_stopped) break;
      f.env.disk.restore(left);
      f.open({.was_clean = false, .recovery_point = 9, .high_watermark = 9});
      ASSERT_EQ(f.log->end_offset(), 9);
      const auto oldest = f.log->offset_for_timestamp(f.env, 0);
      const std::string text = f.text();
      ASSERT_TRUE(text == before || text == after) << text;
      ASSERT_EQ((*oldest)->offset, text == before ? 0 : 3);
      for (const auto& batch : f.batches(0)) {
        const auto found = f.log->offset_for_timestamp(f.env, batch.header.max_timestamp);
        ASSERT_EQ((*found)->offset, batch.header.base_offset);
      }
      ASSERT_TRUE(epochs_agree_with_batches(f));
    }
  }
}

// As where the name of a replacement got to the disk before those of what it replaced left it.
TEST(LogCleaning, a_replaced_segment_that_is_back_is_none) {
  CompactedLog f;
  f.write("abcabcdef");
  f.config.segment_bytes *= 10;
  f.log->configure(f.config);
  const Bytes old = f.env.disk.data(file(3));
  ASSERT_TRUE(*f.clean());
  EXPECT_EQ(f.text(), "3a 4b 5c 6d 7e 8f ");
  ASSERT_TRUE(f.env.disk.open(file(3), OpenMode::create_new));
  f.env.disk.data(file(3)) = old;
  f.reopen();
  EXPECT_EQ(f.text(), "3a 4b 5c 6d 7e 8f ");
}

TEST(LogCleaning, a_truncation_meanwhile_wins) {
  for (int wait = 0; wait < 8; ++wait) {
    CompactedLog f;
    f.write("abaacbaad");
    ASSERT_TRUE(f.log->sync(f.env).has_value());
    const auto order =
        CleaningOrder{.range = f.log->dirty_range(9, WallTime{5000}), .now = WallTime{5000}};
    f.env.disk.during_wait = [&, at = 0]() mutable {
      if (at++ != wait) return;
      EXPECT_TRUE(f.log->truncate_to(f.env, 4, "test").has_value());
      f.append(2, 1, "z");
    };
    const auto cleaned = f.log->clean(f.env, order);
    f.env.disk.during_wait = [] {};
    ASSERT_TRUE(cleaned.has_value());
    const std::string text = f.text();
    ASSERT_TRUE(text.ends_with("3a 4z ")) << wait << ": " << text;
    f.reopen();
    ASSERT_EQ(f.text(), text);
    ASSERT_EQ(f.log->end_offset(), 5);
  }
}

// A topic that is deleted and made again: what cleans the old log has no business in the directory
// of the new one, whose files have the same names.
TEST(LogCleaning, ends_without_a_trace_when_its_directory_has_become_another_logs) {
  int interruptions = 0;
  for (bool has_waited = true; has_waited; ++interruptions) {
    has_waited = false;
    CompactedLog f;
    f.write("aaabbbcccddd");
    ASSERT_TRUE(f.log->sync(f.env).has_value());
    f.config.segment_bytes *= 2;  // Two groups of two segments.
    f.log->configure(f.config);
    const auto order =
        CleaningOrder{.range = f.log->dirty_range(12, WallTime{5000}), .now = WallTime{5000}};
    std::unique_ptr<Log> newer;
    MemoryFiles::Names of_newer;
    f.env.disk.during_wait = [&, at = 0]() mutable {
      if (at++ != interruptions) return;
      has_waited = true;
      f.log->abandon();
      ASSERT_TRUE(f.env.disk.rename("orders-0", "orders-0.1-delete").has_value());
      newer = *Log::open(f.env, orders, "orders-0", f.config, {});
      wire::Batch batch = batch_of(1, "new");
      ASSERT_TRUE(newer->append_as_leader(f.env, {&batch, 1}, LeaderEpoch(1)).has_value());
      // It is being cleaned as well.
      for (const auto* suffix : {".cleaned", ".swap"}) {
        ASSERT_TRUE(f.env.disk.open(file(0, suffix), OpenMode::create_new).has_value());
      }
      of_newer = f.env.disk.copy();
    };
    const auto cleaned = f.log->clean(f.env, order);
    f.env.disk.during_wait = [] {};
    if (!has_waited) break;
    EXPECT_TRUE(cleaned && !*cleaned) << interruptions;
    EXPECT_FALSE(f.log->is_offline()) << interruptions;
    for (const auto& [name, node] : of_newer) {
      if (!name.starts_with("orders-0/")) continue;
      ASSERT_TRUE(f.env.disk.exists(name)) << interruptions << ": " << name;
      EXPECT_EQ(f.env.disk.data(name), node->data) << interruptions << ": " << name;
    }
    for (const auto& [name, node] : f.env.disk.names()) {
      EXPECT_TRUE(of_newer.contains(name)) << interruptions << ": " << name;
    }
  }
  EXPECT_GT(interruptions, 4);
}

// Its directory may be another log's by now.
TEST(LogCleaning, a_log_that_was_given_up_writes_nothing_any_more) {
  CompactedLog f;
  f.write("abaacbaad");
  f.log->abandon();
  const auto cleaned = f.clean();
  ASSERT_TRUE(cleaned.has_value());
  EXPECT_FALSE(cleaned->has_value());
  EXPECT_FALSE(f.env.disk.exists(file(0, ".cleaned")));
}

TEST(LogCleaning, the_producers_are_the_same_after_it_and_after_a_start) {
  CompactedLog f;
  for (int i = 0; i < 9; ++i) {
    wire::Batch batch = batch_of(1, i < 6 ? "k" : "x", 1000 + i);
    batch.set_producer(i % 3 + 1, 0, i / 3);
    ASSERT_TRUE(f.log->append_as_leader(f.env, {&batch, 1}, LeaderEpoch(1)).has_value());
  }
  const auto producers = f.log->producers().condensed();
  ASSERT_TRUE(*f.clean());
  f.reopen();
  EXPECT_EQ(f.log->producers().condensed(), producers);
}

// Else a follower keeps what it has of an earlier epoch where the later one's records are gone.
TEST(LogCleaning, an_epoch_whose_first_batches_are_gone_counts_from_the_end_of_the_one_before) {
  CompactedLog f;
  for (const int epoch : {1, 1, 1, 2, 2, 2, 2}) f.append(epoch, 1, epoch == 1 ? "a" : "b");
  ASSERT_TRUE(*f.clean());
  ASSERT_EQ(f.text(), "2a 5b 6b ");
  const EpochEnd end{LeaderEpoch{1}, 3};
  f.reopen();
  EXPECT_EQ(f.log->epochs().end_offset_for(LeaderEpoch{1}, 7), end);
  LogFixture copy;
  ASSERT_TRUE(copy.replicate(f.batches(0), 2).has_value());
  EXPECT_EQ(copy.log->epochs().end_offset_for(LeaderEpoch{1}, 7), end);
}

// The last batch of a producer is kept; where that is lost later, only a snapshot knows the
// producer.
TEST(LogCleaning, a_snapshot_is_believed_of_a_producer_whose_batches_are_gone) {
  CompactedLog f;
  const auto write = [&f](std::int64_t producer, std::int32_t sequence) {
    wire::Batch batch = batch_of(1, "k", 1000 + f.log->end_offset());
    batch.set_producer(producer, 0, sequence);
    ASSERT_TRUE(f.log->append_as_leader(f.env, {&batch, 1}, LeaderEpoch(1)).has_value());
  };
  for (int i = 0; i < 3; ++i) write(1, i);
  for (int i = 0; i < 3; ++i) write(2, i);
  write(1, 3);
  ASSERT_TRUE(*f.clean());
  ASSERT_EQ(f.text(), "5k 6k ");
  for (int i = 4; i < 12; ++i) write(1, i);
  ASSERT_TRUE(f.log->truncate_to(f.env, 6, "test").has_value());
  f.reopen_after_crash();
  const auto* producer = f.log->producers().find(1);
  ASSERT_NE(producer, nullptr);
  EXPECT_EQ(producer->last_sequence(), 2);
}

// ---- Leaving -----------------------------------------------------------------------------------

TEST(LogRetention, deleted_segments_keep_their_contents_for_a_while) {
  LogConfig config{.segment_bytes = 3 * batch_of(1).size()};
  config.file_delete_delay = 60s;
  config.retention.ms = 2000;
  LogFixture f(config);
  for (int i = 0; i < 9; ++i) f.append(1, 1, "v", 1000 * i);
  const auto from = f.log->retain(f.env, 9, WallTime{7001});
  EXPECT_EQ(*from, 6);  // The records of times 3000 to 5000 went out at 7001.
  ASSERT_TRUE(f.log->raise_start_offset(f.env, *from).has_value());
  EXPECT_EQ(f.log->start_offset(), 6);
  EXPECT_FALSE(f.env.disk.exists(file(0)));
  EXPECT_TRUE(f.env.disk.exists(file(0, ".deleted")));
  const Instant due = f.log->next_file_deletion();
  ASSERT_NE(due, never);
  ASSERT_TRUE(f.log->delete_retired_files(f.env, due - 1ns).has_value());
  EXPECT_TRUE(f.env.disk.exists(file(0, ".deleted")));
  ASSERT_TRUE(f.log->delete_retired_files(f.env, due + 1s).has_value());
  EXPECT_FALSE(f.env.disk.exists(file(0, ".deleted")));
  EXPECT_FALSE(f.env.disk.exists(file(3, ".deleted")));
  EXPECT_EQ(f.log->next_file_deletion(), never);
}

// file.delete.delay.ms may be as large as it can be.
TEST(LogRetention, deleted_segments_may_keep_their_contents_for_the_longest_time) {
  LogConfig config{.segment_bytes = 3 * batch_of(1).size()};
  config.file_delete_delay = longest_duration;
  LogFixture f(config);
  for (int i = 0; i < 6; ++i) f.append(1, 1);
  f.env.time = Instant{1h};
  ASSERT_TRUE(f.log->raise_start_offset(f.env, 3).has_value());
  EXPECT_EQ(f.log->next_file_deletion(), Instant{1h} + longest_duration);
  EXPECT_TRUE(f.env.disk.exists(file(0, ".deleted")));
}

TEST(LogRetention, a_log_all_of_which_is_too_old_begins_at_its_end) {
  LogConfig config;
  config.retention.ms = 10;
  LogFixture f(config);
  f.append(1, 3, "v", 1000);
  EXPECT_EQ(*f.log->retain(f.env, 2, WallTime{5000}), 0);  // Not all of it is committed.
  EXPECT_EQ(*f.log->retain(f.env, 3, WallTime{5000}), 3);
  ASSERT_TRUE(f.log->raise_start_offset(f.env, 3).has_value());
  EXPECT_EQ(f.log->size(), 0u);
  EXPECT_EQ(f.append(1, 1), 3);
  f.open({false, 3, 3});
  EXPECT_EQ(f.log->start_offset(), 3);
  EXPECT_EQ(f.log->end_offset(), 4);
}

TEST(LogRetention, a_log_that_is_only_compacted_does_not_grow_old) {
  LogConfig config = compacted();
  config.retention.ms = 10;
  CompactedLog f(config);
  f.write("abcdef");
  EXPECT_EQ(*f.log->retain(f.env, 6, WallTime{500'000}), 0);
}

TEST(LogRetention, a_segment_is_filled_for_no_longer_than_its_time) {
  LogConfig config;
  config.roll.segment_ms = 1000;
  LogFixture f(config);
  f.append(1, 1, "v", 5000);
  f.append(1, 1, "v", 6000);
  EXPECT_EQ(f.log->active_base(), 0);
  f.append(1, 1, "v", 6001);
  EXPECT_EQ(f.log->active_base(), 2);
}

}  // namespace brokersim::log
