// One follower epoch, rule by rule: what is fetched, cut, appended, and when it waits.
#include "core/partition/follower.h"

#include <gtest/gtest.h>

#include "tests/core/partition/nodes.h"

namespace brokersim::partition {
namespace {

using api::ErrorCode;

// Epoch 1 at [0, 10), epoch 3 at [10, 15).
log::LeaderEpochs two_epochs() {
  log::LeaderEpochs epochs;
  epochs.assign(LeaderEpoch(1), 0);
  epochs.assign(LeaderEpoch(3), 10);
  return epochs;
}

Follower follower(Rules rules = {}, Offset high_watermark = 8) {
  return Follower({.leader = NodeId(2),
                   .leader_epoch = LeaderEpoch(5),
                   .log = {15, LeaderEpoch(3)},
                   .high_watermark = high_watermark,
                   .rules = rules});
}

FetchPosition asked(const Follower& f) { return *f.next_fetch(at(1s)); }

FollowerStep answered(Follower& f, const FetchAnswer& answer) {
  return f.fetched(at(1s), asked(f), answer, two_epochs());
}

TEST(Follower, asks_for_its_end_and_names_its_last_epoch) {
  const FetchPosition expected{15, LeaderEpoch(5), LeaderEpoch(3)};
  EXPECT_EQ(follower().next_fetch(at(0s)), expected);
  EXPECT_FALSE(follower().start().truncate_to);
}

TEST(Follower, appends_and_then_takes_the_leaders_high_watermark_up_to_its_own_end) {
  auto f = follower();
  EXPECT_TRUE(answered(f, {.high_watermark = 40, .first_offset = 15}).append);
  EXPECT_EQ(f.high_watermark(), 8);  // KAFKA-14704: not before the log has it.
  EXPECT_EQ(f.applied({20, LeaderEpoch(5)}), 20);
  EXPECT_EQ(f.next_fetch(at(1s)), (FetchPosition{20, LeaderEpoch(5), LeaderEpoch(5)}));
}

TEST(Follower, keeps_its_last_epoch_through_an_empty_answer) {  // KAFKA-15510
  auto f = follower();
  EXPECT_FALSE(answered(f, {.high_watermark = 12}).append);
  EXPECT_EQ(f.applied({15, LeaderEpoch(3)}), 12);
  EXPECT_EQ(f.next_fetch(at(1s))->last_fetched_epoch, LeaderEpoch(3));
}

TEST(Follower, has_caught_up_once_it_has_what_the_leader_says_is_committed) {
  auto f = follower();
  EXPECT_FALSE(f.has_caught_up());  // The leader has not told yet.
  answered(f, {.high_watermark = 20, .first_offset = 15});
  f.applied({18, LeaderEpoch(5)});
  EXPECT_FALSE(f.has_caught_up());
  answered(f, {.high_watermark = 20, .first_offset = 18});
  f.applied({20, LeaderEpoch(5)});
  EXPECT_TRUE(f.has_caught_up());
  f.applied({19, LeaderEpoch(5)});  // Cut.
  EXPECT_FALSE(f.has_caught_up());
}

TEST(Follower, does_not_lower_its_high_watermark_to_a_new_leaders) {
  auto f = follower();
  answered(f, {.high_watermark = 3});
  EXPECT_FALSE(f.applied({15, LeaderEpoch(3)}));
  EXPECT_EQ(f.high_watermark(), 8);
}

TEST(Follower, cuts_at_the_leaders_end_of_a_common_epoch_and_takes_nothing_else) {
  auto f = follower({}, 13);
  const auto step =
      answered(f, {.high_watermark = 40, .diverging = Divergence{LeaderEpoch(3), 12}});
  EXPECT_EQ(step.truncate_to, 12);
  EXPECT_FALSE(step.append);
  EXPECT_EQ(f.applied({12, LeaderEpoch(3)}), 12);
}

TEST(Follower, cuts_at_its_own_end_of_the_common_epoch_if_that_is_earlier) {
  auto f = follower();
  EXPECT_EQ(answered(f, {.diverging = Divergence{LeaderEpoch(1), 13}}).truncate_to, 10);
}

TEST(Follower, cuts_to_its_largest_epoch_before_one_it_never_had) {  // KIP-279
  auto f = follower();
  EXPECT_EQ(answered(f, {.diverging = Divergence{LeaderEpoch(2), 12}}).truncate_to, 10);
}

TEST(Follower, still_truncates_where_nothing_but_epochs_go) {  // KAFKA-10706
  auto f = follower();
  EXPECT_EQ(answered(f, {.diverging = Divergence{LeaderEpoch(3), 30}}).truncate_to, 15);
}

TEST(Follower, cuts_at_its_high_watermark_where_the_leader_knows_nothing_of_epochs) {
  auto f = follower();
  EXPECT_EQ(answered(f, {.diverging = Divergence{no_epoch, -1}}).truncate_to, 8);
}

TEST(Follower, ignores_answers_to_what_it_does_not_ask_any_more) {  // KAFKA-13207
  auto f = follower();
  const FetchAnswer answer{.high_watermark = 40, .log_start_offset = 6, .first_offset = 14};
  for (const FetchPosition& old : {FetchPosition{14, LeaderEpoch(5), LeaderEpoch(3)},
                                   FetchPosition{15, LeaderEpoch(4), LeaderEpoch(3)},
                                   FetchPosition{15, LeaderEpoch(5), LeaderEpoch(1)}}) {
    const auto step = f.fetched(at(1s), old, answer, two_epochs());
    EXPECT_FALSE(step.append);
    EXPECT_FALSE(step.log_start);
    EXPECT_FALSE(f.applied({15, LeaderEpoch(3)}));
    EXPECT_FALSE(f.leader_offsets(old, {0, 7}).truncate_to);
  }
}

TEST(Follower, backs_off_from_records_before_its_end) {
  auto f = follower();
  EXPECT_FALSE(answered(f, {.high_watermark = 40, .first_offset = 14}).append);
  EXPECT_FALSE(f.next_fetch(at(1s)));
}

TEST(Follower, an_empty_log_begins_with_the_batch_that_the_leaders_log_begins_in) {  // KAFKA-6975
  auto f = follower();
  f.leader_offsets(asked(f), {40, 60});
  f.applied({40, no_epoch, 40});
  const FetchAnswer answer{
      .high_watermark = 60, .log_start_offset = 40, .first_offset = 36, .first_batch_end = 45};
  const auto step = answered(f, answer);
  EXPECT_EQ(step.restart_log_at, 36);
  EXPECT_TRUE(step.append);
  EXPECT_EQ(step.log_start, 40);
  EXPECT_EQ(f.applied({45, LeaderEpoch(5), 36}), 45);
}

TEST(Follower, an_empty_log_once_did_not_begin_inside_a_batch_however_often_it_asked) {  // REP-17
  auto f = follower({.replication = {.begins_inside_batches = false}});  // KAFKA-6975
  f.leader_offsets(asked(f), {40, 60});
  f.applied({40, no_epoch, 40});
  const auto step = answered(f, {.first_offset = 36, .first_batch_end = 45});
  EXPECT_FALSE(step.restart_log_at);
  EXPECT_FALSE(step.append);
  EXPECT_FALSE(f.next_fetch(at(1s)));
  EXPECT_EQ(f.next_fetch(at(2s))->fetch_offset, 40);
}

// The leader cannot tell how far a log of an epoch before its first one agrees with its own.
TEST(Follower, a_log_that_ends_where_the_leaders_begins_inside_a_batch_begins_anew_with_it) {
  FetchAnswer answer{
      .high_watermark = 20, .log_start_offset = 15, .first_offset = 12, .first_batch_end = 18};
  auto f = follower();
  const auto step = answered(f, answer);
  EXPECT_EQ(step.restart_log_at, 12);
  EXPECT_TRUE(step.append);
  answer.log_start_offset = 14;
  auto other = follower();
  EXPECT_FALSE(answered(other, answer).restart_log_at);
}

TEST(Follower, an_empty_log_does_not_begin_with_what_lies_before_its_end) {
  auto f = follower();
  f.leader_offsets(asked(f), {40, 60});
  f.applied({40, no_epoch, 40});
  const auto step = answered(f, {.first_offset = 36, .first_batch_end = 40});
  EXPECT_FALSE(step.restart_log_at);
  EXPECT_FALSE(step.append);
  EXPECT_FALSE(f.next_fetch(at(1s)));
}

TEST(Follower, parks_when_its_epoch_is_over_and_backs_off_when_the_leader_is_not_there_yet) {
  auto fenced = follower();
  answered(fenced, {.error = ErrorCode::fenced_leader_epoch});
  EXPECT_TRUE(fenced.is_parked());
  EXPECT_FALSE(fenced.next_fetch(at(600s)));

  for (const auto error : {ErrorCode::unknown_leader_epoch, ErrorCode::not_leader_or_follower,
                           ErrorCode::unknown_server_error}) {
    auto f = follower();
    answered(f, {.error = error});
    EXPECT_FALSE(f.is_parked());
    EXPECT_FALSE(f.next_fetch(at(1999ms)));
    EXPECT_TRUE(f.next_fetch(at(2s)));
  }
}

TEST(Follower, out_of_range_cuts_to_a_shorter_leader) {
  auto f = follower();
  EXPECT_TRUE(answered(f, {.error = ErrorCode::offset_out_of_range}).must_ask_leader_offsets);
  EXPECT_EQ(f.leader_offsets(asked(f), {0, 7}).truncate_to, 7);
  EXPECT_EQ(f.applied({7, LeaderEpoch(1)}), 7);
}

TEST(Follower, that_was_ahead_of_its_leader_once_asked_for_ever) {  // REP-16, KAFKA-7414
  auto f = follower({.replication = {.cuts_who_is_ahead = false}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(answered(f, {.error = ErrorCode::offset_out_of_range}).must_ask_leader_offsets);
    EXPECT_FALSE(f.leader_offsets(asked(f), {0, 7}).truncate_to);
    EXPECT_FALSE(f.applied({15, LeaderEpoch(3)}));
  }
}

TEST(Follower, out_of_range_starts_over_where_the_leaders_log_begins_later) {
  auto f = follower();
  const auto step = f.leader_offsets(asked(f), {40, 60});
  EXPECT_EQ(step.restart_log_at, 40);
  EXPECT_FALSE(step.truncate_to);
  EXPECT_EQ(f.applied({40, no_epoch}), 40);
}

TEST(Follower, out_of_range_keeps_a_log_that_lies_inside_the_leaders) {
  auto f = follower();
  const auto step = f.leader_offsets(asked(f), {0, 60});
  EXPECT_FALSE(step.restart_log_at);
  EXPECT_FALSE(step.truncate_to);
}

TEST(Follower, takes_where_its_log_begins_anew_for_committed_or_not_as_the_rule_says) {
  for (const bool is_committed : {true, false}) {  // KAFKA-9491
    auto f = follower({.replication = {.begun_logs_are_committed = is_committed}});
    f.leader_offsets(asked(f), {40, 60});
    f.applied({40, no_epoch, 40});
    EXPECT_EQ(f.high_watermark(), is_committed ? 40 : 8);
  }
}

TEST(Follower, begins_anew_with_each_leader_epoch_under_the_same_leader_too) {  // KAFKA-7164
  const PartitionState known{.leader = n2, .leader_epoch = LeaderEpoch(5)};
  const PartitionState same_leader{.leader = n2, .leader_epoch = LeaderEpoch(7)};
  const PartitionState other_leader{.leader = n3, .leader_epoch = LeaderEpoch(6)};
  EXPECT_FALSE(begins_anew(known, known, {}));
  EXPECT_TRUE(begins_anew(known, same_leader, {}));
  EXPECT_TRUE(begins_anew(known, other_leader, {}));
  EXPECT_FALSE(begins_anew(known, same_leader, {.follows_each_epoch_anew = false}));
  EXPECT_TRUE(begins_anew(known, other_leader, {.follows_each_epoch_anew = false}));
}

TEST(Follower, by_high_watermark_cuts_what_may_be_committed_and_compares_nothing) {  // REP-01
  auto f = follower({.truncate_by = Rules::TruncateBy::high_watermark});
  EXPECT_EQ(f.start().truncate_to, 8);
  f.applied({8, LeaderEpoch(1)});
  EXPECT_EQ(f.next_fetch(at(0s)), (FetchPosition{8, LeaderEpoch(5), no_epoch}));
}

TEST(Follower, without_found_epoch_keeps_what_the_leader_never_had) {  // REP-03
  auto f = follower({.epoch_end = Rules::EpochEnd::offset_only});
  EXPECT_EQ(answered(f, {.diverging = Divergence{LeaderEpoch(2), 12}}).truncate_to, 12);
}

}  // namespace
}  // namespace brokersim::partition
