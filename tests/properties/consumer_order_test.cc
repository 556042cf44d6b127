// BS-O02 fires on what a consumer must not be handed; resets and reuse after an excused loss are
// normal. The rest of the file shows how a trial reports.
#include <gtest/gtest.h>

#include "properties/all.h"
#include "tests/properties/history.h"

namespace brokersim::properties {

namespace {

EventId sent(History& h, std::int64_t op, std::uint64_t record) {
  return h.add(8, SendInvoked{op, "producer-1", orders, record});
}
EventId ended(History& h, std::int64_t op, Outcome outcome) {
  return h.add(8, SendEnded{op, "producer-1", orders, outcome});
}

}  // namespace

TEST(ConsumerOrder, an_offset_that_does_not_increase_is_a_violation) {
  History h;
  sent(h, 1, 100);
  const EventId first = h.delivered(0, 100);
  const EventId second = h.delivered(0, 100);
  const Verdict verdict = h.verdict();
  ASSERT_EQ(verdict.violations.size(), 1U);
  EXPECT_EQ(verdict.violations[0].fingerprint(), "BS-O02/offset_not_increasing");
  EXPECT_EQ(verdict.violations[0].facts, (std::array<EventId, 2>{first, second}));
}

TEST(ConsumerOrder, after_a_reset_or_for_another_consumer_offsets_may_repeat) {
  History h;
  sent(h, 1, 100);
  h.delivered(0, 100);
  h.add(9, PositionReset{"consumer-1", orders, 0, "seek"});
  h.delivered(0, 100);
  h.delivered(0, 100, "consumer-2");
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(ConsumerOrder, skipping_a_committed_record_is_a_violation) {
  History h;
  sent(h, 1, 100);
  h.partition(1, 0, {1});
  for (Offset offset = 0; offset < 3; ++offset) h.stored(1, offset, 0, 7);
  h.delivered(0, 100);
  h.delivered(2, 100);
  EXPECT_EQ(h.fired(), Fired{"BS-O02/record_skipped"});
}

TEST(ConsumerOrder, another_record_at_an_offset_is_a_violation) {
  History h;
  sent(h, 1, 100);
  sent(h, 2, 200);
  h.delivered(0, 100, "consumer-1");
  h.delivered(0, 200, "consumer-2");
  EXPECT_EQ(h.fired(), Fired{"BS-O02/record_changed"});
}

TEST(ConsumerOrder, another_record_after_an_excused_loss_is_normal) {
  History h;
  h.topic(1, true);
  sent(h, 1, 100);
  sent(h, 2, 200);
  h.partition(1, 0, {1});
  h.stored(1, 0, 0, 7);
  h.delivered(0, 100, "consumer-1");
  h.partition(2, 1, {2});
  h.stored(2, 0, 1, 8);
  h.delivered(0, 200, "consumer-2");
  EXPECT_EQ(h.fired(), Fired{});
}

// Its successor was elected uncleanly and has lost nothing: the deposed leader goes on all the
// same.
TEST(ConsumerOrder, another_record_than_a_deposed_leader_showed_alone_is_normal) {
  for (const bool is_unclean : {true, false}) {
    History h;
    h.topic(1, true);
    sent(h, 1, 100);
    sent(h, 2, 200);
    h.partition(1, 0, is_unclean ? std::vector{1} : std::vector{1, 2});
    h.partition(2, 1, {2});
    h.stored(2, 0, 1, 8);
    h.stored(1, 0, 0, 7);
    h.delivered(0, 100, "consumer-1");
    h.delivered(0, 200, "consumer-2");
    EXPECT_EQ(h.fired(), is_unclean ? Fired{} : Fired{"BS-O02/record_changed"});
  }
}

// It was deposed before it acted: what it shows then nobody else has.
TEST(ConsumerOrder, another_record_than_a_leader_showed_that_came_too_late_is_normal) {
  History h;
  h.topic(1, true);
  sent(h, 1, 100);
  sent(h, 2, 200);
  h.partition(1, 0, {1});
  h.stored(1, 0, 0, 7);
  h.delivered(0, 100, "consumer-1");
  h.partition(2, 1, {2});
  h.partition(1, 2, {1});
  h.stored(2, 0, 1, 8);
  h.delivered(0, 200, "consumer-2");
  EXPECT_EQ(h.fired(), Fired{});
}

// The log had a marker, or nothing for it, where another one has a record by now.
TEST(ConsumerOrder, what_was_skipped_is_judged_by_the_log_that_was_read) {
  for (const bool is_read_again : {false, true}) {
    History h;
    h.topic(1);
    sent(h, 1, 100);
    h.partition(1, 0, {1});
    auto marker = History::batch(1, 0, 8);
    marker.role = BatchRole::commit;
    h.stored(1, 0, 0, 7);
    h.add(1, BatchStored{orders, marker});
    h.stored(1, 2, 0, 9);
    const auto last = History::batch(2, 0, 9);
    h.fetched(1, -1, 0, 3, {History::batch(0, 0, 7), marker, last});
    h.power_cycled(1, 1);
    h.partition(1, 1, {1});
    h.stored(1, 1, 1, 17);
    h.stored(1, 2, 1, 19);
    if (is_read_again) {
      h.fetched(1, -1, 0, 3,
                {History::batch(0, 0, 7), History::batch(1, 1, 17), History::batch(2, 1, 19)});
    }
    h.delivered(0, 100);
    h.delivered(2, 100);
    EXPECT_EQ(h.fired(), is_read_again ? Fired{"BS-O02/record_skipped"} : Fired{});
  }
}

TEST(ConsumerOrder, a_record_that_nobody_sent_is_a_violation) {
  History h;
  h.delivered(0, 666);
  EXPECT_EQ(h.fired(), Fired{"BS-O02/never_sent"});
}

TEST(ConsumerOrder, a_record_whose_send_had_certainly_failed_is_a_violation) {
  History h;
  sent(h, 1, 100);
  h.delivered(0, 100);
  ended(h, 1, Outcome::failed);
  EXPECT_EQ(h.fired(), Fired{"BS-O02/failed_send_delivered"});
}

TEST(ConsumerOrder, a_record_whose_send_ended_unknown_may_be_there) {
  History h;
  sent(h, 1, 100);
  ended(h, 1, Outcome::unknown);
  h.delivered(0, 100);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(Trial, the_first_of_a_fingerprint_is_kept_and_the_others_are_counted) {
  History h;
  h.delivered(0, 666);
  h.delivered(1, 667);
  const Verdict verdict = h.verdict();
  ASSERT_EQ(verdict.violations.size(), 1U);
  EXPECT_EQ(verdict.violations[0].count, 2);
  EXPECT_FALSE(verdict.passed());
}

TEST(Trial, names_what_a_history_lacks_for_a_property) {
  History h;
  h.delivered(0, 666);
  for (const auto& finding : h.verdict().findings) {
    if (finding.id == "BS-D01") {
      EXPECT_EQ(finding.lacks, "wire, disk, metadata");
      EXPECT_FALSE(finding.is_judged);
    }
    if (finding.id == "BS-O02") {
      EXPECT_TRUE(finding.is_judged);
    }
  }
}

TEST(Trial, every_property_has_its_own_id_and_says_what_it_means) {
  std::string last;
  for (const auto& property : make_all()) {
    EXPECT_NE(property->id(), last);
    EXPECT_EQ(property->id().substr(0, 3), "BS-");
    EXPECT_GT(property->explanation().size(), 100U);
    last = property->id();
  }
}

}  // namespace brokersim::properties
