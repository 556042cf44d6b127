// A snapshot is due after so many bytes, or after so long with anything new: as stories, and
// against a list of what came since the latest.
#include "core/broker/snapshot_schedule.h"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

RC_GTEST_PROP(SnapshotSchedules, are_due_by_what_came_since_the_latest_and_how_long_ago_that_was,
              ()) {
  const auto enough = *rc::gen::element<std::int64_t>(1, 3, 6, 10);
  const Duration interval = *rc::gen::element(0, 1, 3, 5) * 1s;
  auto s = schedule(enough, interval);
  Instant now{1h};
  Instant latest = now;
  std::vector<std::int64_t> news;
  bool are_just_enough = false;
  bool is_just_time = false;
  s.begin(now);
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::element(0, 0, 1, 1, 2)) {
      case 0:
        news.push_back(*rc::gen::element(0, 1, 2, 3));
        s.add(static_cast<std::size_t>(news.back()));
        break;
      case 1: now += *rc::gen::element(1, 2) * 1s; break;
      default:
        latest = now;
        news.clear();
        s.begin(now);
    }
    const auto bytes = std::accumulate(news.begin(), news.end(), std::int64_t{0});
    const bool is_time = interval != 0s && now >= latest + interval;
    const std::string_view by_time = bytes > 0 && is_time ? "enough time" : "";
    RC_ASSERT(s.due(now) == (bytes >= enough ? "enough bytes" : by_time));
    are_just_enough = are_just_enough || bytes == enough;
    is_just_time = is_just_time || (!by_time.empty() && now == latest + interval);
  }
  RC_CLASSIFY(are_just_enough, "just enough bytes");
  RC_CLASSIFY(is_just_time, "just enough time");
}

}  // namespace
}  // namespace brokersim::broker
