// Fibers in real time: what wakes them, and in which order they run. Nothing here waits for longer
// than some milliseconds, and nothing judges how long that took.
#include "sim/live/reactor.h"

#include <latch>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace brokersim::live {
namespace {

TEST(Reactor, runs_fibers_in_the_order_of_their_waking) {
  Reactor reactor;
  std::string told;
  reactor.spawn("a", [&] {
    told += "a";
    reactor.spawn("c", [&] { told += "c"; });
  });
  reactor.spawn("b", [&] { told += "b"; });
  reactor.run();
  EXPECT_EQ(told, "abc");
}

TEST(Reactor, a_parked_fiber_is_woken_once_by_whoever_comes_first) {
  Reactor reactor;
  Wake first{}, second{};
  const FiberId waiting = reactor.spawn("waiting", [&] {
    first = reactor.park(never);
    second = reactor.park(reactor.now() + 1ms);
  });
  reactor.spawn("waking", [&] { reactor.unpark(waiting); });
  reactor.run();
  EXPECT_EQ(first, Wake::notified);
  EXPECT_EQ(second, Wake::timed_out);
}

TEST(Reactor, an_unpark_before_the_park_is_not_lost) {
  Reactor reactor;
  Wake wake{};
  reactor.spawn("self", [&] {
    reactor.unpark(reactor.running());
    wake = reactor.park(never);
  });
  reactor.run();
  EXPECT_EQ(wake, Wake::notified);
}

TEST(Reactor, a_cancelled_fiber_waits_no_more) {
  Reactor reactor;
  Wake wake{};
  bool slept = true;
  const FiberId waiting = reactor.spawn("waiting", [&] {
    wake = reactor.park(never);
    slept = reactor.sleep_until(never);
  });
  reactor.spawn("cancelling", [&] { reactor.cancel(waiting); });
  reactor.run();
  EXPECT_EQ(wake, Wake::cancelled);
  EXPECT_FALSE(slept);
}

TEST(Reactor, deadlines_come_due_in_their_order_however_they_were_set) {
  Reactor reactor;
  std::string told;
  const Instant begun = reactor.now();
  for (const int after : {3, 1, 2}) {
    reactor.spawn("sleeper", [&, after] {
      reactor.sleep_until(begun + after * 2ms);
      told += std::to_string(after);
    });
  }
  reactor.run();
  EXPECT_EQ(told, "123");
}

// A later deadline moves the entry of an earlier one that was not needed.
TEST(Reactor, a_deadline_that_was_not_needed_does_not_end_the_next_wait) {
  Reactor reactor;
  Wake wake{};
  const FiberId waiting = reactor.spawn("waiting", [&] {
    reactor.park(reactor.now() + 2ms);
    wake = reactor.park(reactor.now() + 60s);
  });
  reactor.spawn("waking", [&] {
    reactor.unpark(waiting);
    reactor.sleep_until(reactor.now() + 6ms);
    reactor.unpark(waiting);
  });
  reactor.run();
  EXPECT_EQ(wake, Wake::notified);
}

TEST(Reactor, of_deadlines_that_were_replaced_few_are_kept) {
  Reactor reactor;
  reactor.spawn("waiting", [&] {
    const FiberId self = reactor.running();
    for (int i = 0; i < 200; ++i) {
      reactor.spawn("waking", [&reactor, self] { reactor.unpark(self); });
      EXPECT_EQ(reactor.park(reactor.now() + 600s), Wake::notified);
      EXPECT_EQ(reactor.park(reactor.now() + 100us), Wake::timed_out);
    }
  });
  reactor.run();
  EXPECT_LT(reactor.deadlines(), 100u);
}

TEST(Reactor, work_elsewhere_lets_the_others_run) {
  Reactor reactor;
  std::string told;
  std::latch other_has_run(1);
  reactor.spawn("blocking", [&] {
    int result = 0;
    EXPECT_TRUE(reactor.run_elsewhere(reactor.jobs(), [&] {
      other_has_run.wait();
      result = 7;
    }));
    told += std::to_string(result);
  });
  reactor.spawn("other", [&] {
    told += "other ";
    other_has_run.count_down();
  });
  reactor.run();
  EXPECT_EQ(told, "other 7");
}

// A disk that hangs is its node's affair.
TEST(Reactor, work_that_hangs_holds_up_none_that_has_threads_of_its_own) {
  Reactor reactor;
  const auto hanging = reactor.make_jobs(2);
  const auto healthy = reactor.make_jobs(2);
  std::string told;
  std::latch healthy_has_run(1);
  for (int i = 0; i < 5; ++i) {  // More than there are threads.
    reactor.spawn("hanging", [&] {
      EXPECT_TRUE(reactor.run_elsewhere(*hanging, [&] { healthy_has_run.wait(); }));
      told += "late ";
    });
  }
  reactor.spawn("healthy", [&] {
    EXPECT_TRUE(reactor.run_elsewhere(*healthy, [] {}));
    told += "healthy ";
    healthy_has_run.count_down();
  });
  reactor.run();
  EXPECT_EQ(told, "healthy late late late late late ");
}

// As a lookup does whose server is silent.
TEST(Reactor, ends_while_work_of_no_node_hangs) {
  const auto may_end = std::make_shared<std::latch>(1);
  {
    Reactor reactor;
    bool has_run = true;
    const FiberId waiting = reactor.spawn("waiting", [&] {
      has_run = reactor.run_elsewhere(reactor.jobs(), [may_end] { may_end->wait(); });
    });
    reactor.spawn("cancelling", [&] { reactor.cancel(waiting); });
    reactor.run();
    EXPECT_FALSE(has_run);
  }
  may_end->count_down();
}

TEST(Reactor, a_fiber_that_has_run_for_long_gives_way) {
  Reactor reactor;
  std::string told;
  reactor.spawn("long", [&] {
    told += "first ";
    const Instant begun = reactor.now();
    while (reactor.now() - begun < 5ms) {
    }
    EXPECT_TRUE(reactor.give_way());
    told += "third";
  });
  reactor.spawn("other", [&] { told += "second "; });
  reactor.run();
  EXPECT_EQ(told, "first second third");
}

}  // namespace
}  // namespace brokersim::live
