// BS-H02 fires when a follower that consumers read from shows more than it was told or holds, when
// a replica takes back what it has shown, or cuts it off.
#include <gtest/gtest.h>

#include "tests/properties/history.h"

namespace brokersim::properties {
namespace {

// Offsets 0 and 1 are on all three; broker 1 leads.
struct Reading : History {
  Reading() {
    topic(2);
    partition(1, 0, {1, 2, 3});
    replicated(1, 0, 0, 100);
    replicated(1, 1, 0, 101);
  }
  EventId tells(int follower, Offset high_watermark) {
    return fetched(1, follower, 2, high_watermark);
  }
  EventId shows(int node, Offset high_watermark) { return fetched(node, -1, 0, high_watermark); }
};

TEST(OwnWatermarks, of_a_follower_are_none_beyond_what_it_was_told) {
  for (const Offset shown : {1, 2}) {
    Reading h;
    const EventId told = h.tells(2, 1);
    const EventId answer = h.shows(2, shown);
    const auto violations = h.verdict().violations;
    ASSERT_EQ(violations.size(), shown == 1 ? 0u : 1u);
    if (violations.empty()) continue;
    EXPECT_EQ(violations[0].fingerprint(), "BS-H02/beyond_told");
    EXPECT_EQ(violations[0].facts, (std::array<EventId, 2>{told, answer}));
  }
}

TEST(OwnWatermarks, may_have_been_told_in_an_earlier_life_or_epoch) {
  Reading h;
  h.tells(2, 2);
  h.stopped(2, NodeStopped::How::crash);
  h.started(2, 1);
  h.partition(3, 1, {1, 2, 3});
  h.fetched(3, 2, 2, 1);
  h.shows(2, 2);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(OwnWatermarks, of_who_has_led_may_be_its_own) {
  Reading h;
  h.tells(2, 1);
  h.partition(2, 1, {1, 2, 3});
  h.partition(3, 2, {1, 2, 3});
  h.shows(2, 2);
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(OwnWatermarks, lie_in_the_log_of_who_shows_them) {
  for (const bool has_all : {false, true}) {
    History h;
    h.partition(1, 0, {1, 2});
    for (Offset offset = 0; offset < 2; ++offset)
      for (int node = 1; node <= 3; ++node)
        if (node != 3 || offset == 0 || has_all) h.stored(node, offset, 0, 100);
    h.fetched(1, 3, 1, 2);
    h.fetched(3, -1, 0, 2);
    EXPECT_EQ(h.fired(), has_all ? Fired{} : Fired{"BS-H02/beyond_its_log"});
  }
}

TEST(OwnWatermarks, do_not_go_back) {
  Reading h;
  h.tells(2, 2);
  h.shows(2, 2);
  h.shows(2, 1);
  EXPECT_EQ(h.fired(), Fired{"BS-H02/went_back"});
}

TEST(OwnWatermarks, may_go_back_with_an_epoch_a_life_or_a_cut) {
  for (const std::string what : {"epoch", "life", "cut"}) {
    Reading h;
    h.tells(2, 2);
    h.shows(2, 2);
    if (what == "epoch") h.add(2, BecameFollower{orders, LeaderEpoch{0}, NodeId{1}, 2});
    if (what == "life") {
      h.stopped(2, NodeStopped::How::crash);
      h.started(2, 1);
    }
    if (what == "cut") h.cut(2, 1);
    h.shows(2, 1);
    EXPECT_FALSE(has(h.fired(), "BS-H02/went_back")) << what;
  }
}

TEST(OwnWatermarks, of_an_answer_that_was_asked_for_earlier_may_be_lower) {
  Reading h;
  h.tells(2, 2);
  const auto asked = h.now().ns();
  h.shows(2, 2);
  h.add(2, FetchAnswered{"consumer-1", no_node, orders, 0, 0, 1, {}, -1, asked});
  EXPECT_EQ(h.fired(), Fired{});
}

TEST(OwnWatermarks, cover_nothing_that_who_has_shown_them_cuts_off_in_the_same_life) {
  for (const std::string what : {"", "not shown", "another life", "power", "given up"}) {
    Reading h;
    h.shows(1, what == "not shown" ? 1 : 2);
    h.partition(2, 1, {1, 2, 3});
    if (what == "another life") {
      h.stopped(1, NodeStopped::How::crash);
      h.started(1, 1);
    }
    if (what == "power") h.power_cycled(3, 2);
    h.cut(1, what == "given up" ? 0 : 1);
    if (what == "given up") h.stored(1, 0, 0, 100);
    h.stored(1, 1, 0, 101);
    EXPECT_EQ(has(h.fired(), "BS-H02/cut_off"), what.empty()) << what;
  }
}

// Who begins its log anew, since its leader's begins later, removes one segment after the other.
TEST(OwnWatermarks, are_of_no_use_to_a_log_that_is_begun_anew) {
  Reading h;
  h.shows(1, 2);
  h.partition(2, 1, {1, 2, 3});
  h.cut(1, 1);
  h.cut(1, 0);
  h.stored(1, 0, 0, 100);
  h.stored(1, 1, 0, 101);
  EXPECT_FALSE(has(h.fired(), "BS-H02/cut_off"));
}

}  // namespace
}  // namespace brokersim::properties
