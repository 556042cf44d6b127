// What ends a fiber's wait: each rule alone, and that no sequence of calls wakes a fiber twice or
// loses an unpark.
#include "sim/fiber_state.h"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::sim {
namespace {

using Wait = FiberState::Wait;

FiberState a_running_fiber() {
  FiberState fiber;
  fiber.begin();
  fiber.run();
  return fiber;
}

FiberState a_fiber_in(Wait how) {
  FiberState fiber = a_running_fiber();
  EXPECT_EQ(fiber.wait(how), std::nullopt);
  return fiber;
}

TEST(FiberState, a_park_ends_by_unpark_cancel_or_deadline_whichever_comes_first) {
  FiberState unparked = a_fiber_in(Wait::park);
  EXPECT_TRUE(unparked.unpark());
  EXPECT_FALSE(unparked.expire());
  EXPECT_FALSE(unparked.cancel());
  EXPECT_EQ(unparked.wake(), Wake::notified);

  FiberState cancelled = a_fiber_in(Wait::park);
  EXPECT_TRUE(cancelled.cancel());
  EXPECT_FALSE(cancelled.unpark());
  EXPECT_EQ(cancelled.wake(), Wake::cancelled);

  FiberState expired = a_fiber_in(Wait::park);
  EXPECT_TRUE(expired.expire());
  EXPECT_FALSE(expired.cancel());
  EXPECT_EQ(expired.wake(), Wake::timed_out);
}

TEST(FiberState, a_sleep_is_not_ended_by_an_unpark_which_the_next_park_finds) {
  FiberState fiber = a_fiber_in(Wait::sleep);
  EXPECT_FALSE(fiber.unpark());
  EXPECT_TRUE(fiber.expire());
  fiber.run();
  EXPECT_EQ(fiber.wait(Wait::sleep), std::nullopt);
  EXPECT_TRUE(fiber.expire());
  fiber.run();
  EXPECT_EQ(fiber.wait(Wait::park), Wake::notified);
  EXPECT_EQ(fiber.wait(Wait::park), std::nullopt);
}

TEST(FiberState, several_unparks_before_a_park_are_one) {
  FiberState fiber = a_running_fiber();
  fiber.unpark();
  fiber.unpark();
  EXPECT_EQ(fiber.wait(Wait::park), Wake::notified);
  EXPECT_EQ(fiber.wait(Wait::park), std::nullopt);
}

TEST(FiberState, after_a_cancel_no_wait_begins) {
  FiberState fiber = a_running_fiber();
  EXPECT_FALSE(fiber.cancel());
  fiber.unpark();
  for (const Wait how : {Wait::park, Wait::sleep, Wait::park}) {
    EXPECT_EQ(fiber.wait(how), Wake::cancelled);
  }
  EXPECT_TRUE(fiber.is_cancelled());
}

TEST(FiberState, a_fiber_that_has_not_run_yet_keeps_what_it_is_told) {
  FiberState fiber;
  EXPECT_FALSE(fiber.has_begun());
  fiber.begin();
  EXPECT_TRUE(fiber.has_begun());
  EXPECT_FALSE(fiber.unpark());
  fiber.run();
  EXPECT_EQ(fiber.wait(Wait::park), Wake::notified);
}

// Whoever queues a fiber each time it is told to has it in the queue at most once, and never has a
// parked fiber whose unpark is pending.
RC_GTEST_PROP(FiberState, is_woken_once_for_each_wait_and_loses_no_unpark, ()) {
  FiberState fiber = a_running_fiber();
  int queued = 0;
  bool is_pending = false;
  for (const int call : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6))) {
    const bool is_parked = fiber.is_waiting() && !is_pending;
    switch (call) {
      case 0:
      case 1:
        if (fiber.is_waiting() || queued > 0) break;
        if (const auto at_once = fiber.wait(call == 0 ? Wait::park : Wait::sleep)) {
          RC_ASSERT(fiber.is_cancelled() || (call == 0 && is_pending));
          if (!fiber.is_cancelled()) is_pending = false;
        } else {
          RC_ASSERT(call == 1 || !is_pending);
        }
        break;
      case 2:
        if (fiber.unpark()) {
          RC_ASSERT(is_parked);
          ++queued;
        } else {
          is_pending = true;
        }
        break;
      case 3: queued += fiber.cancel() ? 1 : 0; break;
      case 4: queued += fiber.expire() ? 1 : 0; break;
      case 5:
        if (queued == 0) break;
        --queued;
        fiber.run();
        break;
    }
    RC_ASSERT(queued <= 1);
    RC_ASSERT(queued == 0 || !fiber.is_waiting());
  }
}

}  // namespace
}  // namespace brokersim::sim
