// One leader epoch, rule by rule: joining and leaving the in-sync set, the high watermark, acks.
#include "core/partition/leader.h"

#include <gtest/gtest.h>

#include "tests/core/partition/nodes.h"

namespace brokersim::partition {
namespace {

using api::ErrorCode;
using Nodes = std::vector<NodeId>;

const BrokerEpoch b1{101}, b2{102};

// Broker 1 leads epoch 5 from offset 10 on; its high watermark lags at 6.
struct Cluster {
  Nodes ineligible;
  bool any_life_fits = false;  // An unknown epoch, too (KIP-903).
  Leader leader;

  explicit Cluster(Nodes isr, std::int32_t min_isr = 1, Rules rules = {})
      : leader(setup(std::move(isr), min_isr, rules), at(0s)) {}
  Cluster(const Cluster&) = delete;

  Leader::Setup setup(Nodes isr, std::int32_t min_isr, Rules rules) {
    return {.self = n1,
            .broker_epoch = b1,
            .state = state(std::move(isr), 7),
            .end_offset = 10,
            .high_watermark = 6,
            .config = {.min_insync_replicas = min_isr, .rules = rules},
            .is_eligible = [this](NodeId id, BrokerEpoch epoch) {
              const bool is_this_life =
                  epoch.is_set() ? epoch.value == 100 + id.value : any_life_fits;
              return !contains(ineligible, id) && is_this_life;
            }};
  }
  static PartitionState state(Nodes isr, std::int32_t partition_epoch) {
    return {.replicas = {n1, n2, n3},
            .isr = std::move(isr),
            .leader = n1,
            .leader_epoch = LeaderEpoch(5),
            .partition_epoch = PartitionEpoch(partition_epoch)};
  }

  LeaderOutput fetch(NodeId id, Offset offset, Duration now) {
    const BrokerEpoch epoch{100 + id.value};
    auto output = leader.follower_fetched(at(now), {id, epoch, offset});
    EXPECT_TRUE(output.has_value());
    return *output;
  }
  LeaderOutput answer(const AlterPartition& request, ErrorCode error, Nodes isr = {},
                      std::int32_t partition_epoch = 8, Duration now = 1s) {
    return leader.alter_partition_result(at(now),
                                         {.proposal = request.proposal,
                                          .proposed_in = request.leader_epoch,
                                          .error = error,
                                          .leader_epoch = LeaderEpoch(5),
                                          .partition_epoch = PartitionEpoch(partition_epoch),
                                          .isr = std::move(isr)});
  }
};

// ---- Low watermark -----------------------------------------------------------------------------

TEST(LeaderLowWatermark, is_where_the_first_log_of_a_live_replica_begins) {  // KIP-107
  Cluster c({n1, n2, n3});
  c.any_life_fits = true;
  const auto begins_at = [&](NodeId id, Offset start) {
    const BrokerEpoch epoch{100 + id.value};
    EXPECT_TRUE(c.leader.follower_fetched(at(1s), {id, epoch, 10, start}).has_value());
  };
  EXPECT_EQ(c.leader.low_watermark(4), -1);
  begins_at(n2, 3);
  EXPECT_EQ(c.leader.low_watermark(4), -1);
  begins_at(n3, 2);
  EXPECT_EQ(c.leader.low_watermark(4), 2);
  EXPECT_EQ(c.leader.low_watermark(1), 1);
  c.ineligible = {n3};
  EXPECT_EQ(c.leader.low_watermark(4), 3);
  begins_at(n2, 4);
  EXPECT_EQ(c.leader.low_watermark(4), 4);
}

// ---- High watermark ----------------------------------------------------------------------------

TEST(LeaderHighWatermark, is_the_least_end_offset_in_sync) {
  Cluster c({n1, n2, n3});
  EXPECT_FALSE(c.fetch(n2, 10, 1s).high_watermark);  // 3 has not told yet.
  EXPECT_EQ(c.fetch(n3, 8, 1s).high_watermark, 8);
  EXPECT_FALSE(c.leader.appended(at(1s), 12).high_watermark);
  EXPECT_EQ(c.fetch(n3, 12, 1s).high_watermark, 10);
  EXPECT_EQ(c.fetch(n2, 12, 1s).high_watermark, 12);
}

TEST(LeaderHighWatermark, follows_the_log_when_the_leader_is_alone) {
  Cluster c({n1});
  EXPECT_EQ(c.leader.tick(at(0s)).high_watermark, 10);
  EXPECT_EQ(c.leader.appended(at(1s), 13).high_watermark, 13);
}

TEST(LeaderHighWatermark, waits_for_the_leaders_own_disk_where_that_is_wanted) {
  Cluster c({n1, n2});
  EXPECT_EQ(c.fetch(n2, 10, 1s).high_watermark, 10);
  EXPECT_FALSE(c.leader.appended(at(1s), 12, 10).high_watermark);
  EXPECT_TRUE(c.leader.awaits_disk());
  EXPECT_FALSE(c.fetch(n2, 12, 1s).high_watermark);
  EXPECT_EQ(c.leader.appended(at(2s), 12, 12).high_watermark, 12);
  EXPECT_FALSE(c.leader.awaits_disk());
}

TEST(LeaderHighWatermark, never_goes_back_when_a_replica_does) {
  Cluster c({n1, n2});
  EXPECT_EQ(c.fetch(n2, 10, 1s).high_watermark, 10);
  EXPECT_FALSE(c.fetch(n2, 3, 2s).high_watermark);
  EXPECT_EQ(c.leader.high_watermark(), 10);
}

TEST(LeaderHighWatermark, stands_still_below_min_insync_replicas) {  // KAFKA-15583
  Cluster c({n1}, 2);
  EXPECT_FALSE(c.leader.appended(at(1s), 11).high_watermark);
  EXPECT_EQ(c.leader.metadata(at(2s), Cluster::state({n1, n2}, 8), 2).high_watermark, std::nullopt);
  EXPECT_EQ(c.fetch(n2, 11, 2s).high_watermark, 11);
}

// One step of a broker through the metadata may bring both: 2 is eligible from then on (KIP-966).
TEST(LeaderHighWatermark, stands_still_when_too_few_are_left_of_what_is_required_now) {
  Cluster c({n1, n2}, 1);
  EXPECT_EQ(c.leader.metadata(at(1s), Cluster::state({n1}, 8), 2).high_watermark, std::nullopt);
  EXPECT_FALSE(c.leader.appended(at(2s), 11).high_watermark);
}

TEST(LeaderHighWatermark, moves_when_min_insync_replicas_is_lowered) {
  Cluster c({n1}, 2);
  EXPECT_EQ(c.leader.set_min_insync_replicas(at(1s), 1).high_watermark, 10);
}

TEST(LeaderHighWatermark, waits_for_a_caught_up_replica_about_to_join) {
  Cluster c({n1});
  const auto joining = c.fetch(n2, 10, 1s);
  ASSERT_TRUE(joining.alter_partition);
  c.answer(*joining.alter_partition, ErrorCode::operation_not_attempted);
  EXPECT_FALSE(c.leader.appended(at(2s), 11).high_watermark);
  EXPECT_FALSE(c.leader.tick(at(31s)).high_watermark);  // Caught up 30 s ago: not too long.
  EXPECT_EQ(c.leader.tick(at(32s)).high_watermark, 11);
}

TEST(LeaderHighWatermark, is_not_held_back_by_a_fenced_replica_outside_the_set) {  // KAFKA-15021
  Cluster c({n1});
  c.ineligible = {n2};
  EXPECT_EQ(c.fetch(n2, 10, 1s).high_watermark, 10);
  EXPECT_EQ(c.leader.appended(at(2s), 11).high_watermark, 11);
}

TEST(LeaderHighWatermark, is_held_back_by_a_fenced_replica_inside_the_set) {
  Cluster c({n1, n2});
  c.ineligible = {n2};
  c.fetch(n2, 10, 1s);
  EXPECT_FALSE(c.leader.appended(at(2s), 11).high_watermark);
}

TEST(LeaderHighWatermark, waits_for_a_replica_whose_joining_is_not_answered) {
  Cluster c({n1});
  ASSERT_TRUE(c.fetch(n2, 10, 1s).alter_partition);
  c.ineligible = {n2};
  EXPECT_FALSE(c.leader.appended(at(2s), 11).high_watermark);
  EXPECT_FALSE(c.leader.tick(at(60s)).high_watermark);
}

// ---- Joining -----------------------------------------------------------------------------------

TEST(LeaderExpands, when_a_replica_reached_high_watermark_and_epoch_start) {
  Cluster c({n1, n3});
  EXPECT_FALSE(c.fetch(n2, 9, 1s).alter_partition);  // KAFKA-7128: past 6, but not the epoch start.
  const auto request = c.fetch(n2, 10, 2s).alter_partition;
  ASSERT_TRUE(request);
  EXPECT_EQ(request->leader_epoch, LeaderEpoch(5));
  EXPECT_EQ(request->partition_epoch, PartitionEpoch(7));
  const std::vector<AlterPartition::Member> members = {
      {n1, b1}, {n3, no_broker_epoch}, {n2, b2}};  // 3 has not fetched in this epoch.
  EXPECT_EQ(request->new_isr, members);
}

TEST(LeaderExpands, before_the_epoch_start_where_the_high_watermark_is_all_that_counts) {  // ISR-09
  Cluster c({n1, n3}, 1, {.replication = {.joins_at_epoch_start = false}});
  EXPECT_TRUE(c.fetch(n2, 9, 1s).alter_partition);
}

TEST(LeaderExpands, not_by_a_fenced_replica_nor_by_an_old_incarnation) {
  Cluster c({n1});
  c.ineligible = {n2};
  EXPECT_FALSE(c.fetch(n2, 10, 1s).alter_partition);
  const auto old = c.leader.follower_fetched(at(1s), {n3, BrokerEpoch(90), 10});
  ASSERT_TRUE(old.has_value());
  EXPECT_FALSE(old->alter_partition);
}

TEST(LeaderExpands, one_at_a_time) {
  Cluster c({n1});
  const auto first = c.fetch(n2, 10, 1s).alter_partition;
  ASSERT_TRUE(first);
  EXPECT_FALSE(c.fetch(n3, 10, 1s).alter_partition);
  c.answer(*first, ErrorCode::none, {n1, n2});
  EXPECT_TRUE(c.fetch(n3, 10, 1s).alter_partition);
}

TEST(LeaderFetch, from_what_is_no_replica_gets_unknown_leader_epoch) {
  Cluster c({n1});
  const auto refused = c.leader.follower_fetched(at(1s), {NodeId(9), BrokerEpoch(1), 10});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), ErrorCode::unknown_leader_epoch);
}

TEST(LeaderFetch, from_an_earlier_incarnation_changes_nothing) {  // KAFKA-15221
  Cluster c({n1, n2});
  c.fetch(n2, 8, 1s);
  const auto refused = c.leader.follower_fetched(at(1s), {n2, BrokerEpoch(90), 10});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), ErrorCode::not_leader_or_follower);
  EXPECT_EQ(c.leader.end_offset_of(n2), 8);
}

// ---- Leaving -----------------------------------------------------------------------------------

TEST(LeaderShrinks, once_a_replica_lags_longer_than_allowed) {
  Cluster c({n1, n2, n3});
  c.fetch(n2, 10, 20s);
  EXPECT_FALSE(c.leader.tick(at(30s)).alter_partition);
  const auto request = c.leader.tick(at(31s)).alter_partition;
  ASSERT_TRUE(request);
  const std::vector<AlterPartition::Member> members = {{n1, b1}, {n2, b2}};
  EXPECT_EQ(request->new_isr, members);
  EXPECT_EQ(c.leader.high_watermark(), 6);  // 3 may still be elected.
  EXPECT_EQ(c.answer(*request, ErrorCode::none, {n1, n2}).high_watermark, 10);
}

TEST(LeaderShrinks, not_while_a_replica_has_everything_however_long_ago_it_fetched) {
  Cluster c({n1, n2});
  c.fetch(n2, 10, 1s);
  EXPECT_FALSE(c.leader.tick(at(600s)).alter_partition);
}

TEST(LeaderShrinks, not_while_a_replica_keeps_up_with_where_the_log_ended_one_fetch_before) {
  Cluster c({n1, n2});
  for (int second = 1; second < 120; ++second) {
    c.leader.appended(at(second * 1s), 10 + second);
    c.fetch(n2, 10 + second - 1, second * 1s);  // Always one record behind.
    EXPECT_FALSE(c.leader.tick(at(second * 1s)).alter_partition);
  }
}

// ---- Answers of the controller -----------------------------------------------------------------

TEST(LeaderAlter, success_adopts_the_set_and_looks_at_the_high_watermark_again) {  // KAFKA-13091
  Cluster c({n1, n2});
  c.fetch(n2, 7, 1s);
  EXPECT_EQ(c.leader.high_watermark(), 7);
  const auto request = c.leader.tick(at(40s)).alter_partition;
  ASSERT_TRUE(request);
  EXPECT_EQ(c.answer(*request, ErrorCode::none, {n1}, 8, 40s).high_watermark, 10);
  EXPECT_EQ(c.leader.partition_epoch(), PartitionEpoch(8));
}

TEST(LeaderAlter, refusal_reverts_and_lets_the_next_proposal_out) {
  Cluster c({n1});
  const auto request = c.fetch(n2, 10, 1s).alter_partition;
  ASSERT_TRUE(request);
  c.answer(*request, ErrorCode::ineligible_replica);
  EXPECT_FALSE(c.leader.isr().is_pending());
  const auto again = c.fetch(n2, 10, 2s).alter_partition;
  ASSERT_TRUE(again);
  EXPECT_NE(again->proposal, request->proposal);
}

TEST(LeaderAlter, an_outdated_view_waits_for_metadata_with_the_larger_set) {
  Cluster c({n1});
  const auto request = c.fetch(n2, 10, 1s).alter_partition;
  ASSERT_TRUE(request);
  EXPECT_FALSE(c.answer(*request, ErrorCode::invalid_update_version).alter_partition);
  EXPECT_EQ(c.leader.isr().maximal(), (Nodes{n1, n2}));
  c.leader.metadata(at(2s), Cluster::state({n1}, 8), 1);
  EXPECT_FALSE(c.leader.isr().is_pending());
  EXPECT_EQ(c.leader.isr().maximal(), (Nodes{n1}));
}

TEST(LeaderAlter, an_unknown_result_asks_the_same_again) {
  Cluster c({n1});
  const auto request = c.fetch(n2, 10, 1s).alter_partition;
  ASSERT_TRUE(request);
  EXPECT_EQ(c.answer(*request, ErrorCode::request_timed_out).alter_partition, request);
  EXPECT_EQ(c.leader.isr().maximal(), (Nodes{n1, n2}));
}

TEST(LeaderAlter, that_is_asked_for_again_without_its_set_names_nobody) {  // KAFKA-15353
  Cluster c({n1}, 1, {.replication = {.asks_again_for_the_same = false}});
  const auto request = c.fetch(n2, 10, 1s).alter_partition;
  ASSERT_TRUE(request);
  const auto again = c.answer(*request, ErrorCode::request_timed_out).alter_partition;
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->new_isr.empty());
}

TEST(LeaderAlter, of_which_nothing_is_learnt_from_the_metadata_is_never_over) {  // KAFKA-14144
  Cluster c({n1}, 1, {.replication = {.leaders_follow_metadata = false}});
  const auto request = c.fetch(n2, 10, 1s).alter_partition;
  ASSERT_TRUE(request);
  c.answer(*request, ErrorCode::invalid_update_version);
  c.leader.metadata(at(2s), Cluster::state({n1, n2}, 8), 1);
  EXPECT_TRUE(c.leader.isr().is_pending());
  EXPECT_FALSE(c.fetch(n3, 10, 3s).alter_partition);
}

TEST(LeaderAlter, that_changed_nothing_is_over_as_any_other) {  // KAFKA-12751
  Cluster c({n1});
  const auto request = c.fetch(n2, 10, 1s).alter_partition;
  ASSERT_TRUE(request);
  c.answer(*request, ErrorCode::none, {n1}, 7);
  EXPECT_FALSE(c.leader.isr().is_pending());
  EXPECT_TRUE(c.fetch(n2, 10, 3s).alter_partition);
}

TEST(LeaderAlter, that_changed_nothing_was_never_over_once) {  // ISR-11
  Cluster c({n1}, 1, {.replication = {.ends_changes_of_nothing = false}});
  const auto request = c.fetch(n2, 10, 1s).alter_partition;
  ASSERT_TRUE(request);
  c.answer(*request, ErrorCode::none, {n1}, 7);
  EXPECT_TRUE(c.leader.isr().is_pending());
  EXPECT_FALSE(c.fetch(n2, 10, 3s).alter_partition);
}

TEST(LeaderAlter, an_answer_overtaken_by_metadata_is_ignored) {
  Cluster c({n1});
  const auto request = c.fetch(n2, 10, 1s).alter_partition;
  ASSERT_TRUE(request);
  c.leader.metadata(at(2s), Cluster::state({n1, n3}, 9), 1);
  c.answer(*request, ErrorCode::none, {n1, n2}, 8);
  EXPECT_EQ(c.leader.isr().committed(), (Nodes{n1, n3}));
  EXPECT_EQ(c.leader.partition_epoch(), PartitionEpoch(9));
}

TEST(LeaderAlter, metadata_of_an_older_partition_epoch_is_ignored) {
  Cluster c({n1, n2});
  c.leader.metadata(at(1s), Cluster::state({n1}, 6), 1);
  EXPECT_EQ(c.leader.isr().committed(), (Nodes{n1, n2}));
}

// ---- Produce -----------------------------------------------------------------------------------

TEST(LeaderAcks, all_needs_min_insync_replicas_before_anything_is_appended) {
  Cluster c({n1}, 2);
  EXPECT_EQ(c.leader.may_append(-1), ErrorCode::not_enough_replicas);
  EXPECT_EQ(c.leader.may_append(1), ErrorCode::none);
  EXPECT_EQ(c.leader.may_append(0), ErrorCode::none);
  EXPECT_EQ(c.leader.may_append(5), ErrorCode::invalid_required_acks);
}

TEST(LeaderAcks, a_pending_member_does_not_count_before_the_append) {
  Cluster c({n1}, 2);
  ASSERT_TRUE(c.fetch(n2, 10, 1s).alter_partition);
  EXPECT_EQ(c.leader.may_append(-1), ErrorCode::not_enough_replicas);
}

TEST(LeaderAcks, all_is_answered_once_committed) {
  Cluster c({n1, n2}, 2);
  c.leader.appended(at(1s), 11);
  EXPECT_EQ(c.leader.acks_satisfied(-1, 11, LeaderEpoch(5)), std::nullopt);
  EXPECT_EQ(c.leader.acks_satisfied(1, 11, LeaderEpoch(5)), ErrorCode::none);
  c.fetch(n2, 11, 1s);
  EXPECT_EQ(c.leader.acks_satisfied(-1, 11, LeaderEpoch(5)), ErrorCode::none);
}

TEST(LeaderAcks, a_set_shrunk_since_the_append_is_told) {
  Cluster c({n1, n2}, 1);
  c.leader.appended(at(1s), 11);
  EXPECT_EQ(c.leader.may_append(2), ErrorCode::none);
  c.leader.metadata(at(2s), Cluster::state({n1}, 8), 1);
  c.leader.tick(at(40s));
  ASSERT_EQ(c.leader.high_watermark(), 11);
  EXPECT_EQ(c.leader.acks_satisfied(2, 11, LeaderEpoch(5)),
            ErrorCode::not_enough_replicas_after_append);
  EXPECT_EQ(c.leader.acks_satisfied(-1, 11, LeaderEpoch(5)), ErrorCode::none);
}

TEST(LeaderAcks, another_epochs_append_is_not_ours_to_confirm) {
  Cluster c({n1});
  c.leader.tick(at(0s));
  EXPECT_EQ(c.leader.acks_satisfied(-1, 5, LeaderEpoch(4)), ErrorCode::not_leader_or_follower);
}

// ISR-01: two hold the record, the third is in sync and may be elected without it.
TEST(LeaderAcks, a_legacy_number_is_answered_before_the_record_is_committed) {
  for (const auto rule : {Rules::NumericAcks::legacy, Rules::NumericAcks::safe}) {
    Cluster c({n1, n2, n3}, 1, {.numeric_acks = rule});
    c.fetch(n3, 10, 1s);
    c.leader.appended(at(1s), 11);
    EXPECT_EQ(c.leader.acks_satisfied(2, 11, LeaderEpoch(5)), std::nullopt);
    c.fetch(n2, 11, 1s);
    const auto answer = c.leader.acks_satisfied(2, 11, LeaderEpoch(5));
    EXPECT_EQ(answer.has_value(), rule == Rules::NumericAcks::legacy);
    EXPECT_EQ(c.leader.high_watermark(), 10);
  }
}

// Each epoch of a leader counts its proposals from 1.
TEST(LeaderIsr, an_answer_to_an_earlier_epochs_proposal_says_nothing) {
  Cluster c({n1, n2});
  const auto request = *c.fetch(n3, 10, 1s).alter_partition;
  ASSERT_EQ(request.proposal, 1);
  const AlterPartitionResult late{.proposal = 1,
                                  .proposed_in = LeaderEpoch(4),
                                  .error = ErrorCode::ineligible_replica,
                                  .isr = {}};
  EXPECT_FALSE(c.leader.alter_partition_result(at(1s), late).alter_partition);
  EXPECT_TRUE(c.leader.isr().is_pending());
  c.answer(request, ErrorCode::ineligible_replica);
  EXPECT_FALSE(c.leader.isr().is_pending());
}

}  // namespace
}  // namespace brokersim::partition
