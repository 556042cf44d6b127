// The states a heartbeat moves a broker through, row by row, and how sessions end.
#include "core/controller/heartbeats.h"

#include <gtest/gtest.h>

namespace brokersim::controller {
namespace {

using S = BrokerState;

TEST(Heartbeats, move_a_broker_through_its_states) {
  struct Row {
    HeartbeatFacts facts;
    S next;
  };
  const Row rows[] = {
      {{S::fenced, false, false, false, false}, S::fenced},
      {{S::fenced, false, false, false, true}, S::unfenced},
      {{S::fenced, true, false, false, true}, S::fenced},
      {{S::fenced, false, true, false, true}, S::shutdown_now},
      {{S::fenced, true, true, false, false}, S::shutdown_now},
      {{S::unfenced, false, false, true, true}, S::unfenced},
      {{S::unfenced, false, false, false, false}, S::unfenced},
      {{S::unfenced, true, false, true, true}, S::fenced},
      {{S::unfenced, true, true, true, true}, S::shutdown_now},
      {{S::unfenced, false, true, true, true}, S::controlled_shutdown},
      {{S::unfenced, false, true, false, true}, S::shutdown_now},
      {{S::controlled_shutdown, false, true, true, true, true}, S::controlled_shutdown},
      {{S::controlled_shutdown, false, true, false, true, false}, S::controlled_shutdown},
      {{S::controlled_shutdown, false, true, false, true, true}, S::shutdown_now},
  };
  int row = 0;
  for (const auto& [facts, next] : rows) EXPECT_EQ(next_state(facts), next) << "row " << row++;
}

constexpr NodeId first{1};
constexpr NodeId second{2};
constexpr BrokerEpoch broker_epoch{7};

Instant at(Duration time) { return Instant{} + time; }

TEST(Sessions, live_until_the_timeout_after_the_last_contact) {
  Sessions sessions(9s);
  EXPECT_EQ(sessions.next_expiry(), never);
  sessions.touch(first, broker_epoch, at(1s));
  sessions.touch(first, broker_epoch, at(2s));
  EXPECT_EQ(sessions.next_expiry(), at(11s));
  EXPECT_TRUE(sessions.is_live(first, broker_epoch, at(11s - 1ns)));
  EXPECT_EQ(sessions.expired(at(11s - 1ns)), std::nullopt);
  EXPECT_FALSE(sessions.is_live(first, broker_epoch, at(11s)));
  EXPECT_EQ(sessions.expired(at(11s)), first);
}

TEST(Sessions, of_an_earlier_incarnation_is_not_live) {
  Sessions sessions(9s);
  sessions.touch(first, broker_epoch, at(1s));
  EXPECT_FALSE(sessions.is_live(first, broker_epoch.next(), at(2s)));
}

TEST(Sessions, of_a_new_incarnation_forgets_what_the_old_one_had_applied) {
  Sessions sessions(9s);
  sessions.touch(first, broker_epoch, at(1s));
  sessions.metadata_reached(first, 40);
  EXPECT_EQ(sessions.metadata_offset(first), 40);
  sessions.touch(first, broker_epoch.next(), at(1s));
  EXPECT_EQ(sessions.metadata_offset(first), -1);
}

TEST(Sessions, expire_longest_silent_first_and_lowest_id_among_equals) {
  Sessions sessions(9s);
  sessions.touch(second, broker_epoch, at(1s));
  sessions.touch(first, broker_epoch, at(2s));
  EXPECT_EQ(sessions.expired(at(60s)), second);
  sessions.touch(second, broker_epoch, at(2s));
  EXPECT_EQ(sessions.expired(at(60s)), first);
  sessions.forget(first);
  EXPECT_EQ(sessions.expired(at(60s)), second);
}

}  // namespace
}  // namespace brokersim::controller
