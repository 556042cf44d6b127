// Where a Fetch may read, and where diverging logs are told to truncate.
#include "core/partition/fetch_check.h"

#include <gtest/gtest.h>

namespace brokersim::partition {
namespace {

using api::ErrorCode;

// Epoch 1 at [0, 10), epoch 3 at [10, 20), epoch 4 from 20 on; the log is [0, 25).
log::LeaderEpochs history() {
  log::LeaderEpochs epochs;
  epochs.assign(LeaderEpoch(1), 0);
  epochs.assign(LeaderEpoch(3), 10);
  epochs.assign(LeaderEpoch(4), 20);
  return epochs;
}

FetchVerdict check(Offset offset, std::int32_t last_epoch, const Rules& rules = {},
                   LogBounds bounds = {0, 25}) {
  const FetchPosition position{.fetch_offset = offset,
                               .last_fetched_epoch = LeaderEpoch(last_epoch)};
  return check_position(position, bounds, history(), rules);
}

TEST(FetchCheck, an_older_epoch_is_fenced_and_a_newer_one_unknown) {
  EXPECT_EQ(check_leader_epoch(LeaderEpoch(4), LeaderEpoch(5)), ErrorCode::fenced_leader_epoch);
  EXPECT_EQ(check_leader_epoch(LeaderEpoch(6), LeaderEpoch(5)), ErrorCode::unknown_leader_epoch);
  EXPECT_EQ(check_leader_epoch(LeaderEpoch(5), LeaderEpoch(5)), ErrorCode::none);
  EXPECT_EQ(check_leader_epoch(no_epoch, LeaderEpoch(5)), ErrorCode::none);
}

TEST(FetchCheck, positions_inside_the_last_records_epoch_may_read) {
  EXPECT_TRUE(check(5, 1).may_read());
  EXPECT_TRUE(check(10, 1).may_read());
  EXPECT_TRUE(check(20, 3).may_read());
  EXPECT_TRUE(check(25, 4).may_read());
}

TEST(FetchCheck, a_longer_epoch_than_the_leaders_diverges_at_the_leaders_end_of_it) {
  const auto verdict = check(13, 1);
  EXPECT_EQ(verdict.error, ErrorCode::none);
  EXPECT_FALSE(verdict.may_read());
  EXPECT_EQ(verdict.diverging, (Divergence{LeaderEpoch(1), 10}));
}

TEST(FetchCheck, an_epoch_the_leader_never_had_diverges_at_the_largest_smaller_one) {
  EXPECT_EQ(check(10, 2).diverging, (Divergence{LeaderEpoch(1), 10}));
  EXPECT_EQ(check(4, 2).diverging, (Divergence{LeaderEpoch(1), 10}));
}

TEST(FetchCheck, an_epoch_later_than_all_is_out_of_range) {
  EXPECT_EQ(check(5, 7).error, ErrorCode::offset_out_of_range);
}

// KAFKA-12996
TEST(FetchCheck, before_the_start_is_out_of_range_even_where_logs_diverge) {
  const auto verdict = check(4, 2, {}, {5, 25});
  EXPECT_EQ(verdict.error, ErrorCode::offset_out_of_range);
  EXPECT_FALSE(verdict.diverging.has_value());
}

// REP-13, KAFKA-12996
TEST(FetchCheck, before_the_start_once_was_told_to_cut_its_log_where_that_diverges) {
  const Rules as_once{.replication = {.looks_at_log_start_first = false}};
  const auto verdict = check(4, 2, as_once, {5, 25});
  EXPECT_EQ(verdict.error, ErrorCode::none);
  EXPECT_EQ(verdict.diverging, (Divergence{LeaderEpoch(1), 10}));
  EXPECT_EQ(check(4, 1, as_once, {5, 25}).error, ErrorCode::offset_out_of_range);
}

TEST(FetchCheck, without_an_epoch_only_the_logs_bounds_count) {
  EXPECT_TRUE(check(0, -1).may_read());
  EXPECT_TRUE(check(25, -1).may_read());
  EXPECT_EQ(check(26, -1).error, ErrorCode::offset_out_of_range);
  EXPECT_EQ(check(-1, -1).error, ErrorCode::offset_out_of_range);
}

// REP-03: the follower's records of epoch 2 lie below the answered offset and survive.
TEST(FetchCheck, an_answer_without_epoch_hides_that_the_leader_never_had_it) {
  const Rules as_once{.epoch_end = Rules::EpochEnd::offset_only};
  EXPECT_TRUE(check(10, 2, as_once).may_read());
  EXPECT_EQ(check(12, 2, as_once).diverging, (Divergence{LeaderEpoch(2), 10}));
  EXPECT_EQ(check(25, 4, as_once).may_read(), true);
  EXPECT_EQ(check(5, 7, as_once).error, ErrorCode::offset_out_of_range);
}

// KIP-392: whatever a follower cannot know is for the leader to say.
TEST(FetchCheckOnFollower, only_what_lies_before_the_log_is_out_of_range) {
  const auto ask = [](Offset offset, std::int32_t last_epoch) {
    const FetchPosition position{.fetch_offset = offset,
                                 .last_fetched_epoch = LeaderEpoch(last_epoch)};
    return check_position_on_follower(position, {5, 25}, history(), {});
  };
  EXPECT_TRUE(ask(25, 4).may_read());
  EXPECT_TRUE(ask(8, -1).may_read());
  EXPECT_EQ(ask(4, 1).error, ErrorCode::offset_out_of_range);
  EXPECT_EQ(ask(26, -1).error, ErrorCode::offset_not_available);  // It may be there elsewhere.
  EXPECT_EQ(ask(12, 7).error, ErrorCode::offset_not_available);
  EXPECT_EQ(ask(13, 1).error, ErrorCode::offset_not_available);
  EXPECT_FALSE(ask(13, 1).diverging);
}

}  // namespace
}  // namespace brokersim::partition
