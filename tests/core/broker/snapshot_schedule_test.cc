// A snapshot is due after so many bytes, or after so long with anything new.
#include "core/broker/snapshot_schedule.h"

#include <gtest/gtest.h>

namespace brokersim::broker {
namespace {

SnapshotSchedule schedule(std::int64_t bytes, Duration interval) {
  NodeConfig config;
  config.metadata_log_max_record_bytes_between_snapshots = bytes;
  config.metadata_log_max_snapshot_interval = interval;
  return SnapshotSchedule(config);
}

TEST(SnapshotSchedules, count_bytes_since_the_latest_snapshot) {
  auto s = schedule(100, 0s);
  s.begin(Instant{1s});
  s.add(99);
  EXPECT_EQ(s.due(Instant{1h}), "");
  s.add(1);
  EXPECT_EQ(s.due(Instant{1h}), "enough bytes");
  s.begin(Instant{1h});
  s.add(99);
  EXPECT_EQ(s.due(Instant{1h}), "");
}

TEST(SnapshotSchedules, wait_no_longer_than_the_interval_if_there_is_anything_new) {
  auto s = schedule(100, 10s);
  s.begin(Instant{1s});
  EXPECT_EQ(s.due(Instant{60s}), "");
  s.add(1);
  EXPECT_EQ(s.due(Instant{10s}), "");
  EXPECT_EQ(s.due(Instant{11s}), "enough time");
}

}  // namespace
}  // namespace brokersim::broker
