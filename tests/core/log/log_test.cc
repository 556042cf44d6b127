// Shows what a partition's log does while its node runs: appending as leader and as follower,
// reading, rolling, truncating, syncing, and refusing everything after an I/O error.
#include <gtest/gtest.h>

#include "tests/core/log/log_fixture.h"

namespace brokersim::log {

namespace {

using Pairs = std::vector<std::pair<Offset, int>>;

// Segments of about three small batches.
LogConfig small_segments() { return {3 * batch_of(1).size()}; }

}  // namespace

TEST(Log, the_leader_gives_offsets_and_epoch) {
  LogFixture f;
  EXPECT_EQ(f.append(1, 2), 0);
  EXPECT_EQ(f.append(3, 2), 2);
  EXPECT_EQ(offsets_and_epochs(f), (Pairs{{0, 1}, {1, 1}, {2, 3}, {3, 3}}));
  EXPECT_EQ(f.log->end_offset_for_epoch(LeaderEpoch(2)), (EpochEnd{LeaderEpoch(1), 2}));
}

TEST(Log, appended_bytes_are_on_disk_as_on_the_wire) {
  LogFixture f;
  wire::Batch batch = batch_of(3);
  ASSERT_TRUE(f.log->append_as_leader(f.env, {&batch, 1}, LeaderEpoch(7)).has_value());
  EXPECT_EQ(f.env.disk.data(first_segment), batch.bytes().flat());
  EXPECT_EQ(batch.header.leader_epoch, LeaderEpoch(7));
  EXPECT_TRUE(batch.crc_is_valid());
}

TEST(Log, a_read_returns_whole_batches_within_its_limits) {
  LogFixture f;
  const std::size_t size = batch_of(2).size();
  for (int i = 0; i < 4; ++i) f.append(1, 2);
  EXPECT_EQ(f.log->read(f.env, 2, {.max_bytes = 2 * size + 1})->next_offset, 6);
  EXPECT_EQ(f.log->read(f.env, 3, {.max_bytes = size})->next_offset, 4);
  EXPECT_EQ(f.log->read(f.env, 0, {.end = 5})->next_offset, 4);
  EXPECT_EQ(f.log->read(f.env, 8)->next_offset, 8);
  EXPECT_TRUE(f.log->read(f.env, 8)->bytes.empty());
  EXPECT_EQ(f.log->readable_bytes(2, 7), 2 * size);
}

TEST(Log, the_first_batch_may_exceed_the_limit_where_asked) {
  LogFixture f;
  f.append(1, 2);
  EXPECT_EQ(f.log->read(f.env, 0, {.max_bytes = 1})->next_offset, 2);
  EXPECT_EQ(f.log->read(f.env, 0, {.max_bytes = 1, .min_one_batch = false})->next_offset, 0);
  EXPECT_EQ(f.log->read(f.env, 0, {.end = 1, .max_bytes = 1})->next_offset, 0);
}

TEST(Log, offsets_outside_are_out_of_range) {
  LogFixture f;
  f.append(1, 2);
  EXPECT_EQ(f.log->read(f.env, 3).error(), LogError::out_of_range);
  EXPECT_EQ(f.log->cached_read(-1).error(), LogError::out_of_range);
}

TEST(Log, cold_bytes_need_a_read_that_waits) {
  LogFixture f;
  f.append(1, 2);
  EXPECT_TRUE(f.log->cached_read(0)->has_value());
  f.env.disk.is_cold = true;
  EXPECT_FALSE(f.log->cached_read(0)->has_value());
  EXPECT_EQ(f.batches(0).size(), 1u);
}

TEST(Log, a_truncation_during_a_cold_read_is_noticed) {
  LogFixture f;
  f.append(1, 1, "a");
  f.append(1, 1, "b");
  f.env.disk.is_cold = true;
  f.env.disk.during_wait = [&, times = 0]() mutable {
    if (times++ > 0) return;
    EXPECT_TRUE(f.log->truncate_to(f.env, 1, "test").has_value());
    f.append(2, 1, "c");
  };
  EXPECT_EQ(offsets_and_epochs(f), (Pairs{{0, 1}, {1, 2}}));
}

TEST(Log, full_segments_are_rolled_and_read_across) {
  LogFixture f(small_segments());
  for (int i = 0; i < 10; ++i) f.append(1, 1);
  EXPECT_EQ(f.segment_files(), 4u);
  EXPECT_TRUE(f.env.disk.exists("orders-0/00000000000000000003.log"));
  EXPECT_EQ(f.batches(1).size(), 9u);
  EXPECT_EQ(f.log->readable_bytes(2, 8), 6 * batch_of(1).size());
  EXPECT_EQ(f.log->active_base(), 9);
}

TEST(Log, a_place_is_behind_a_roll_if_the_end_to_read_to_is_in_a_later_segment) {
  LogFixture f(small_segments());
  for (int i = 0; i < 5; ++i) f.append(1, 1);
  EXPECT_TRUE(f.log->is_behind_roll(2, 5));
  EXPECT_TRUE(f.log->is_behind_roll(2, 3)) << "the next record lies in the next segment";
  EXPECT_FALSE(f.log->is_behind_roll(1, 2));
  EXPECT_FALSE(f.log->is_behind_roll(3, 5));
  EXPECT_FALSE(f.log->is_behind_roll(5, 5));
}

TEST(Log, a_follower_keeps_offsets_and_epochs) {
  LogFixture f;
  const auto info = f.replicate({placed(batch_of(2), 0, 1), placed(batch_of(1), 5, 2)}, 2);
  EXPECT_EQ(info->batches, 2u);
  EXPECT_EQ(offsets_and_epochs(f), (Pairs{{0, 1}, {1, 1}, {5, 2}}));
  EXPECT_EQ(f.log->epochs().entries().back(), (EpochEntry{LeaderEpoch(2), 2}));
  EXPECT_EQ(f.batches(3).front().header.base_offset, 5);
}

TEST(Log, a_follower_stops_before_an_epoch_it_does_not_know) {
  LogFixture f;
  const auto info = f.replicate({placed(batch_of(1), 0, 1), placed(batch_of(1), 1, 3)}, 2);
  EXPECT_EQ(info->batches, 1u);
  EXPECT_EQ(f.log->end_offset(), 1);
}

TEST(Log, a_follower_refuses_what_does_not_follow) {
  LogFixture f;
  f.append(2, 2);
  EXPECT_EQ(f.replicate({placed(batch_of(1), 1, 2)}, 9).error(), LogError::out_of_order);
  EXPECT_EQ(f.replicate({placed(batch_of(1), 2, 1)}, 9).error(), LogError::out_of_order);
  EXPECT_EQ(f.replicate({placed(batch_of(1), 2, -1)}, 9).error(), LogError::out_of_order);
  wire::Batch corrupt = placed(batch_of(1), 2, 2);
  corrupt.header.crc ^= 1;
  EXPECT_EQ(f.replicate({corrupt}, 9).error(), LogError::corrupt);
  EXPECT_EQ(f.log->end_offset(), 2);
}

TEST(Log, truncation_drops_batches_segments_and_epochs) {
  LogFixture f(small_segments());
  for (int i = 0; i < 10; ++i) f.append(1 + i / 4, 1);
  ASSERT_TRUE(f.log->truncate_to(f.env, 4, "diverged").has_value());
  EXPECT_EQ(offsets_and_epochs(f), (Pairs{{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
  EXPECT_EQ(f.log->last_epoch(), LeaderEpoch(1));
  EXPECT_EQ(f.segment_files(), 2u);
  const auto& event = std::get<LogTruncated>(f.env.events.back());
  EXPECT_EQ(event.from, 10);
  EXPECT_EQ(event.to, 4);
  EXPECT_EQ(f.append(5, 1), 4);
}

TEST(Log, truncation_at_the_end_still_drops_an_epoch_without_records) {
  LogFixture f;
  f.append(1, 2);
  f.log->begin_epoch(LeaderEpoch(2));
  EXPECT_EQ(f.log->last_epoch(), LeaderEpoch(2));
  ASSERT_TRUE(f.log->truncate_to(f.env, 2, "diverged").has_value());
  EXPECT_EQ(f.log->last_epoch(), LeaderEpoch(1));
}

TEST(Log, truncation_inside_a_batch_drops_all_of_it) {
  LogFixture f;
  f.append(1, 2);
  f.append(2, 5);
  ASSERT_TRUE(f.log->truncate_to(f.env, 4, "diverged").has_value());
  EXPECT_EQ(f.log->end_offset(), 2);
  EXPECT_EQ(f.log->last_epoch(), LeaderEpoch(1));
}

TEST(Log, full_truncation_starts_elsewhere) {
  LogFixture f(small_segments());
  for (int i = 0; i < 5; ++i) f.append(1, 1);
  ASSERT_TRUE(f.log->truncate_fully_and_start_at(f.env, 100, "out of range").has_value());
  EXPECT_EQ(f.log->start_offset(), 100);
  EXPECT_EQ(f.log->end_offset(), 100);
  EXPECT_TRUE(f.log->epochs().empty());
  EXPECT_EQ(f.append(2, 1), 100);
  EXPECT_EQ(f.env.disk.names().size(), 1u);
}

TEST(Log, raising_the_start_deletes_whole_segments) {
  LogFixture f(small_segments());
  for (int i = 0; i < 10; ++i) f.append(1, 1);
  ASSERT_TRUE(f.log->raise_start_offset(f.env, 7).has_value());
  EXPECT_EQ(f.log->read(f.env, 6).error(), LogError::out_of_range);
  EXPECT_FALSE(f.env.disk.exists("orders-0/00000000000000000003.log"));
  EXPECT_TRUE(f.env.disk.exists("orders-0/00000000000000000006.log"));
  EXPECT_EQ(f.batches(7).size(), 3u);
  EXPECT_EQ(f.log->epochs().entries(), (std::vector{EpochEntry{LeaderEpoch(1), 7}}));
  f.open({false, 0, 7});
  EXPECT_EQ(f.log->start_offset(), 7);
  EXPECT_EQ(f.log->end_offset(), 10);
}

TEST(Log, nothing_is_appended_after_an_io_error) {
  LogFixture f;
  f.append(1, 1);
  f.env.disk.appends_fail = true;
  wire::Batch batch = batch_of(1);
  EXPECT_EQ(f.log->append_as_leader(f.env, {&batch, 1}, LeaderEpoch(1)).error(), LogError::storage);
  f.env.disk.appends_fail = false;
  EXPECT_TRUE(f.log->is_offline());
  EXPECT_EQ(f.log->append_as_leader(f.env, {&batch, 1}, LeaderEpoch(1)).error(), LogError::storage);
  EXPECT_EQ(f.replicate({placed(batch_of(1), 1, 1)}, 1).error(), LogError::storage);
  EXPECT_EQ(f.log->truncate_to(f.env, 0, "test").error(), LogError::storage);
  EXPECT_EQ(f.log->end_offset(), 1);
}

TEST(Log, a_failed_sync_takes_the_log_offline) {
  LogFixture f;
  f.append(1, 1);
  f.env.disk.syncs_fail = true;
  EXPECT_EQ(f.log->sync(f.env).error(), LogError::storage);
  f.env.disk.syncs_fail = false;
  EXPECT_EQ(f.log->sync(f.env).error(), LogError::storage);
  EXPECT_EQ(f.log->recovery_point(), 0);
}

TEST(Log, a_sync_covers_what_was_there_when_it_began) {
  LogFixture f;
  f.append(1, 3);
  f.env.disk.during_wait = [&] { f.append(1, 1); };
  ASSERT_TRUE(f.log->sync(f.env).has_value());
  EXPECT_EQ(f.log->recovery_point(), 3);
  EXPECT_GT(f.log->end_offset(), 3);
}

TEST(Log, a_truncation_during_a_sync_lowers_the_recovery_point) {
  LogFixture f;
  f.append(1, 1);
  f.append(1, 1);
  f.env.disk.during_wait = [&, times = 0]() mutable {
    if (times++ > 0) return;
    EXPECT_TRUE(f.log->truncate_to(f.env, 1, "test").has_value());
    f.append(2, 4);
  };
  ASSERT_TRUE(f.log->sync(f.env).has_value());
  f.env.disk.lose_power([](std::size_t) -> std::size_t { return 0; }, false);
  const Offset promised = f.log->recovery_point();
  f.reopen_after_crash();
  EXPECT_EQ(promised, 5);
  EXPECT_EQ(f.log->end_offset(), 5);
  EXPECT_EQ(f.log->last_epoch(), LeaderEpoch(2));
}

TEST(Log, rolled_segments_ask_to_be_flushed) {
  LogFixture f(small_segments());
  for (int i = 0; i < 3; ++i) f.append(1, 1);
  EXPECT_FALSE(f.log->needs_flush());
  f.append(1, 1);
  EXPECT_TRUE(f.log->needs_flush());
  ASSERT_TRUE(f.log->sync(f.env, f.log->active_base()).has_value());
  EXPECT_FALSE(f.log->needs_flush());
  EXPECT_EQ(f.log->recovery_point(), 3);
}

TEST(Log, epochs_are_written_when_they_changed) {
  LogFixture f;
  f.append(1, 1);
  f.log->begin_epoch(LeaderEpoch(2));
  ASSERT_TRUE(f.log->flush_epochs(f.env).has_value());
  const Bytes& written = f.env.disk.data("orders-0/leader-epoch-checkpoint");
  EXPECT_EQ(as_text(written), "0\n2\n1 0\n2 1\n");
  const int syncs = f.env.disk.directory_syncs;
  ASSERT_TRUE(f.log->flush_epochs(f.env).has_value());
  EXPECT_EQ(f.env.disk.directory_syncs, syncs);
}

TEST(Log, a_timestamp_is_found_as_the_first_record_that_reaches_it) {
  LogFixture f(small_segments());
  for (int i = 0; i < 5; ++i) f.append(1, 3, "v", 100 * i);
  const auto found = *f.log->offset_for_timestamp(f.env, 201);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->offset, 7);
  EXPECT_EQ(found->timestamp, 201);
  EXPECT_EQ(f.log->offset_for_timestamp(f.env, 0)->value().offset, 0);
  EXPECT_EQ(f.log->offset_for_timestamp(f.env, 250)->value().offset, 9);
  EXPECT_FALSE(f.log->offset_for_timestamp(f.env, 403)->has_value());
}

TEST(Log, a_timestamp_is_found_inside_compressed_batches) {
  for (const auto codec : {wire::Codec::gzip, wire::Codec::zstd}) {
    LogFixture f(small_segments());
    for (int i = 0; i < 5; ++i) {
      wire::Batch batch = batch_of(3, "v", 100 * i);
      batch.header.set_codec(codec);
      batch.body = Slice(wire::compress(codec, batch.body.view()));
      batch.seal();
      ASSERT_TRUE(f.log->append_as_leader(f.env, {&batch, 1}, LeaderEpoch(1)));
    }
    const auto found = *f.log->offset_for_timestamp(f.env, 201);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->offset, 7);
    EXPECT_EQ(found->timestamp, 201);
    EXPECT_EQ(f.log->offset_of_max_timestamp(f.env)->value().offset, 14);
  }
}

TEST(Log, of_equal_largest_timestamps_the_first_record_is_found) {
  LogFixture f(small_segments());
  EXPECT_FALSE(f.log->offset_of_max_timestamp(f.env)->has_value());
  f.append(1, 3, "v", 100);
  f.append(1, 3, "v", 500);
  f.append(2, 3, "v", 500);
  f.append(2, 3, "v", 200);
  const auto found = *f.log->offset_of_max_timestamp(f.env);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->offset, 5);
  EXPECT_EQ(found->timestamp, 502);
  EXPECT_EQ(found->leader_epoch, LeaderEpoch(1));
}

}  // namespace brokersim::log
