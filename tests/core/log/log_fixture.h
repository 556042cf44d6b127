// A log in memory, and batches to put into it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/log/log.h"
#include "tests/core/log/memory_env.h"

namespace brokersim::log {

inline const TopicPartition orders{"orders", 0};
inline const std::string first_segment = "orders-0/00000000000000000000.log";

// `records` records of key and value `text`, with timestamps from `timestamp` on.
inline wire::Batch batch_of(int records, std::string_view text = "v", std::int64_t timestamp = 0) {
  wire::BatchBuilder builder;
  const ByteView bytes = as_bytes(text);
  for (int i = 0; i < records; ++i) {
    wire::Record record;
    record.timestamp = timestamp + i;
    record.key = Bytes(bytes.begin(), bytes.end());
    record.value = record.key;
    builder.add(record);
  }
  return builder.finish();
}

class LogFixture {
 public:
  explicit LogFixture(LogConfig log_config = {}) : config(log_config) { open({}); }

  void open(LogState state) {
    log.reset();
    log = std::move(*Log::open(env, orders, "orders-0", config, state));
  }
  // As a node that lost power or crashed.
  void reopen_after_crash() { open({false, log->recovery_point(), log->start_offset()}); }
  // As a node that stopped. What lies before `high_watermark` is not walked, but for the segment
  // that it lies in.
  void reopen_in_order(Offset high_watermark = 0) {
    ASSERT_TRUE(log->snapshot_producers(env));
    ASSERT_TRUE(log->index_active(env));
    ASSERT_TRUE(log->sync(env));
    reopen(true, high_watermark);
  }
  void reopen(bool was_clean, Offset high_watermark) {
    open({.was_clean = was_clean,
          .recovery_point = log->recovery_point(),
          .start_offset = log->start_offset(),
          .high_watermark = high_watermark});
  }

  // As leader; returns the base offset.
  Offset append(int epoch, int records, std::string_view text = "v", std::int64_t timestamp = 0) {
    wire::Batch batch = batch_of(records, text, timestamp);
    return log->append_as_leader(env, {&batch, 1}, LeaderEpoch(epoch))->first_offset;
  }
  LogResult<AppendInfo> replicate(std::vector<wire::Batch> batches, int max_epoch) {
    return log->append_as_follower(env, batches, LeaderEpoch(max_epoch));
  }
  std::vector<wire::Batch> batches(Offset from, ReadLimits limits = {}) {
    return *wire::parse_batches(log->read(env, from, limits)->bytes.joined());
  }

  std::size_t segment_files() const {
    const auto& names = env.disk.names();
    return static_cast<std::size_t>(std::count_if(
        names.begin(), names.end(), [](const auto& file) { return file.first.ends_with(".log"); }));
  }

  MemoryEnv env;
  LogConfig config;
  std::unique_ptr<Log> log;
};

// A batch as a leader of `epoch` would hold it at `base`.
inline wire::Batch placed(wire::Batch batch, Offset base, int epoch) {
  batch.header.base_offset = base;
  batch.header.leader_epoch = LeaderEpoch(epoch);
  return batch;
}

// What the log holds, as (offset, epoch) of each record.
inline std::vector<std::pair<Offset, int>> offsets_and_epochs(LogFixture& fixture) {
  std::vector<std::pair<Offset, int>> found;
  for (const auto& batch : fixture.batches(fixture.log->start_offset())) {
    for (Offset o = batch.header.base_offset; o <= batch.header.last_offset(); ++o) {
      found.emplace_back(o, batch.header.leader_epoch.value);
    }
  }
  return found;
}

// R10, L2: the epochs' cache says what the batches say.
inline bool epochs_agree_with_batches(LogFixture& fixture) {
  for (const auto& [offset, epoch] : offsets_and_epochs(fixture)) {
    if (fixture.log->epochs().epoch_of(offset) != LeaderEpoch(epoch)) return false;
  }
  const auto latest = fixture.log->epochs().latest();
  return !latest || latest->start_offset <= fixture.log->end_offset();
}

}  // namespace brokersim::log
