// Virtual time, CPUs, waking, cancelling and killing; and that the order at one instant depends on
// keys alone.
#include "sim/scheduler.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/recorder.h"

namespace brokersim::sim {
namespace {

struct Fixture : ::testing::Test {
  Recorder recorder;
  Scheduler scheduler{42, recorder};
  ProcessId process = scheduler.start_process(NodeId(1), 1);
  std::string trace;

  FiberId spawn(std::string_view name, std::function<void()> body) {
    return scheduler.spawn(process, name, std::move(body));
  }
  void mark(std::string_view what) { trace += fmt::format("{} ", what); }
  void run(Duration until = 1min) { scheduler.run_until(Instant{until}); }
};

using Time = Fixture;

TEST_F(Time, begins_after_zero_and_ends_where_the_run_does) {
  EXPECT_EQ(scheduler.now(), first_instant);
  run(5s);
  EXPECT_EQ(scheduler.now(), Instant{5s});
}

TEST_F(Time, of_callbacks_is_the_time_they_asked_for) {
  for (const Duration at : {3ms, 1ms, 2ms}) {
    scheduler.call_at(Instant{at}, 0, [&, at] {
      EXPECT_EQ(scheduler.now(), Instant{at});
      mark(fmt::format("{}", at / 1ms));
    });
  }
  run();
  EXPECT_EQ(trace, "1 2 3 ");
}

TEST_F(Time, never_goes_back_for_a_callback_in_the_past) {
  run(1s);
  scheduler.call_at(Instant{1ms}, 0, [&] { EXPECT_EQ(scheduler.now(), Instant{1s}); });
  run(2s);
  EXPECT_EQ(scheduler.counts().callbacks, 1u);
}

TEST_F(Time, of_a_cancelled_callback_passes_without_it) {
  const TimerId timer = scheduler.call_at(Instant{1ms}, 0, [&] { mark("cancelled"); });
  scheduler.cancel(timer);
  scheduler.cancel(timer);
  scheduler.call_at(Instant{2ms}, 0, [&] { mark("other"); });
  run();
  scheduler.cancel(timer);
  EXPECT_EQ(trace, "other ");
}

TEST_F(Time, of_a_callback_is_not_taken_by_a_timer_that_was_never_set) {
  scheduler.call_at(Instant{1ms}, 0, [&] { mark("first"); });
  scheduler.cancel(TimerId{});
  run();
  EXPECT_EQ(trace, "first ");
}

TEST_F(Time, is_not_held_by_thousands_of_cancelled_callbacks) {
  for (int i = 0; i < 10'000; ++i) scheduler.cancel(scheduler.call_at(Instant{1h}, 0, [] {}));
  EXPECT_EQ(scheduler.pending(), 0u);
  int fired = 0;
  for (int i = 0; i < 1000; ++i) {
    const TimerId timer = scheduler.call_at(Instant{1s + i * 1ms}, 0, [&] { ++fired; });
    if (i % 2 == 0) scheduler.cancel(timer);
  }
  run();
  EXPECT_EQ(fired, 500);
}

using Cpu = Fixture;

TEST_F(Cpu, is_charged_for_each_dispatch_and_serves_one_fiber_at_a_time) {
  std::vector<std::int64_t> starts;
  for (const auto* name : {"a", "b", "c"}) {
    spawn(name, [&] {
      starts.push_back(scheduler.step_time().ns());
      scheduler.charge(10us);
    });
  }
  run();
  EXPECT_EQ(starts, (std::vector<std::int64_t>{1'000, 12'000, 23'000}));
}

TEST_F(Cpu, time_passes_within_a_dispatch_for_its_fiber) {
  spawn("a", [&] {
    EXPECT_EQ(scheduler.now(), first_instant + 1us);
    scheduler.charge(5us);
    EXPECT_EQ(scheduler.now(), first_instant + 6us);
    EXPECT_EQ(scheduler.step_time(), first_instant);
  });
  run();
}

TEST_F(Cpu, of_another_process_is_free) {
  const ProcessId other = scheduler.start_process(NodeId(2), 2);
  for (const ProcessId p : {process, other}) {
    scheduler.spawn(p, "main", [&] {
      EXPECT_EQ(scheduler.step_time(), first_instant);
      scheduler.charge(1s);
    });
  }
  run();
  EXPECT_EQ(scheduler.counts().dispatches, 2u);
}

TEST_F(Cpu, of_a_paused_process_runs_nothing_while_time_goes_on) {
  spawn("main", [&] {
    scheduler.sleep_until(Instant{10ms});
    EXPECT_EQ(scheduler.step_time(), Instant{50ms});
    mark("slept");
  });
  scheduler.call_at(Instant{1ms}, 0, [&] { scheduler.pause(process); });
  scheduler.call_at(Instant{50ms}, 0, [&] { scheduler.resume(process); });
  run();
  EXPECT_EQ(trace, "slept ");
}

using Waiting = Fixture;

TEST_F(Waiting, ends_at_the_deadline) {
  spawn("main", [&] {
    EXPECT_EQ(scheduler.park(Instant{7ms}), Wake::timed_out);
    EXPECT_EQ(scheduler.step_time(), Instant{7ms});
    EXPECT_EQ(scheduler.park(Instant{9ms}), Wake::timed_out);
    EXPECT_EQ(scheduler.step_time(), Instant{9ms});
    mark("done");
  });
  run();
  EXPECT_EQ(trace, "done ");
}

TEST_F(Waiting, ends_by_an_unpark_and_an_old_deadline_disturbs_no_later_wait) {
  const FiberId fiber = spawn("main", [&] {
    EXPECT_EQ(scheduler.park(Instant{10ms}), Wake::notified);
    EXPECT_EQ(scheduler.step_time(), Instant{2ms});
    EXPECT_EQ(scheduler.park(Instant{20ms}), Wake::timed_out);
    EXPECT_EQ(scheduler.step_time(), Instant{20ms});
    EXPECT_EQ(scheduler.park(Instant{25ms}), Wake::timed_out);
    EXPECT_EQ(scheduler.step_time(), Instant{25ms});
    mark("done");
  });
  scheduler.call_at(Instant{2ms}, 0, [&] { scheduler.unpark(fiber); });
  run();
  EXPECT_EQ(trace, "done ");
}

TEST_F(Waiting, with_an_earlier_deadline_than_the_last_ends_at_the_earlier) {
  const FiberId fiber = spawn("main", [&] {
    EXPECT_EQ(scheduler.park(Instant{30s}), Wake::notified);
    EXPECT_EQ(scheduler.park(Instant{5ms}), Wake::timed_out);
    EXPECT_EQ(scheduler.step_time(), Instant{5ms});
    EXPECT_EQ(scheduler.park(Instant{40s}), Wake::timed_out);
    EXPECT_EQ(scheduler.step_time(), Instant{40s});
    mark("done");
  });
  scheduler.call_at(Instant{2ms}, 0, [&] { scheduler.unpark(fiber); });
  run();
  EXPECT_EQ(trace, "done ");
}

TEST_F(Waiting, does_not_begin_when_an_unpark_came_before) {
  spawn("main", [&] {
    scheduler.unpark(scheduler.running());
    EXPECT_EQ(scheduler.park(never), Wake::notified);
    EXPECT_EQ(scheduler.park(Instant{1ms}), Wake::timed_out);
    mark("done");
  });
  run();
  EXPECT_EQ(trace, "done ");
}

TEST_F(Waiting, asleep_is_not_ended_by_an_unpark_which_the_next_park_gets) {
  const FiberId fiber = spawn("main", [&] {
    EXPECT_TRUE(scheduler.sleep_until(Instant{10ms}));
    EXPECT_EQ(scheduler.step_time(), Instant{10ms});
    EXPECT_EQ(scheduler.park(never), Wake::notified);
    mark("done");
  });
  scheduler.call_at(Instant{2ms}, 0, [&] { scheduler.unpark(fiber); });
  run();
  EXPECT_EQ(trace, "done ");
}

TEST_F(Waiting, for_a_deadline_that_has_passed_lets_others_run) {
  spawn("a", [&] {
    for (int i = 0; i < 3; ++i) {
      mark("a");
      scheduler.park(Instant{});
    }
  });
  spawn("b", [&] {
    for (int i = 0; i < 3; ++i) {
      mark("b");
      scheduler.park(Instant{});
    }
  });
  run();
  EXPECT_TRUE(trace == "a b a b a b " || trace == "b a b a b a ") << trace;
}

TEST_F(Waiting, of_a_cancelled_fiber_ends_at_once_now_and_later) {
  const FiberId fiber = spawn("main", [&] {
    EXPECT_EQ(scheduler.park(never), Wake::cancelled);
    EXPECT_TRUE(scheduler.is_cancelled());
    EXPECT_EQ(scheduler.park(Instant{1h}), Wake::cancelled);
    EXPECT_FALSE(scheduler.sleep_until(Instant{1h}));
    EXPECT_LT(scheduler.now(), Instant{4ms});
    mark("done");
  });
  scheduler.call_at(Instant{3ms}, 0, [&] { scheduler.cancel(fiber); });
  run();
  EXPECT_EQ(trace, "done ");
}

TEST_F(Waiting, ids_of_ended_fibers_are_harmless) {
  spawn("rest", [&] { scheduler.sleep_until(Instant{1s}); });
  const FiberId first = spawn("first", [] {});
  run(1ms);
  const FiberId second = spawn("second", [&] {
    EXPECT_EQ(scheduler.park(Instant{10ms}), Wake::timed_out);
    mark("done");
  });
  EXPECT_NE(first, second);
  scheduler.unpark(first);
  scheduler.cancel(first);
  run();
  EXPECT_EQ(trace, "done ");
}

using Killing = Fixture;

TEST_F(Killing, leaves_all_fibers_where_they_are) {
  int unwound = 0;
  struct CountsUnwinding {
    int& count;
    ~CountsUnwinding() { ++count; }
  };
  for (const auto* name : {"sleeper", "waiter"}) {
    spawn(name, [&] {
      const CountsUnwinding unwinds{unwound};
      scheduler.park(Instant{10ms});
      mark("woke");
    });
  }
  scheduler.call_at(Instant{5ms}, 0, [&] { scheduler.kill(process); });
  run();
  EXPECT_EQ(trace, "");
  EXPECT_EQ(unwound, 0);
  EXPECT_EQ(scheduler.pending(), 0u);
  EXPECT_FALSE(scheduler.is_alive(process));
}

TEST_F(Killing, ones_own_process_does_not_return) {
  spawn("main", [&] {
    mark("before");
    scheduler.kill(process);
    mark("after");
  });
  spawn("other", [&] { scheduler.park(never); });
  run();
  EXPECT_EQ(trace, "before ");
}

TEST_F(Killing, at_the_nth_suspension_happens_there) {
  spawn("main", [&] {
    for (int i = 1; i < 10; ++i) {
      mark(fmt::format("{}", i));
      scheduler.sleep_until(scheduler.now() + 1ms);
    }
  });
  scheduler.at_suspension(process, 4, [&] { scheduler.kill(process); });
  run();
  EXPECT_EQ(trace, "1 2 3 4 ");
  EXPECT_EQ(scheduler.suspensions(process), 4u);
}

TEST_F(Killing, is_not_needed_once_the_last_fiber_has_ended) {
  const ProcessId other =
      scheduler.start_process(NodeId(2), 2, [&] { mark(fmt::format("exit@{}", scheduler.now())); });
  scheduler.spawn(other, "main", [&] {
    scheduler.spawn(other, "child", [&] { scheduler.sleep_until(Instant{2ms}); });
  });
  run();
  EXPECT_EQ(trace, "exit@2000000 ");
  EXPECT_FALSE(scheduler.is_alive(other));
}

// The order in which fibers of these names run when all become ready at once.
std::string order_of(std::uint64_t seed, const std::vector<std::string>& names) {
  Recorder recorder;
  Scheduler scheduler(seed, recorder);
  const ProcessId process = scheduler.start_process(NodeId(1), 1);
  std::string order;
  for (const auto& name : names) {
    scheduler.spawn(process, name, [&] {
      scheduler.sleep_until(Instant{1ms});
      order += name;
    });
  }
  scheduler.run_until(Instant{1s});
  return order;
}

TEST(Ties, are_broken_by_the_seed_and_not_by_who_came_first) {
  EXPECT_EQ(order_of(1, {"a", "b", "c", "d"}), order_of(1, {"d", "b", "c", "a"}));
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 200; ++seed) orders.insert(order_of(seed, {"a", "b", "c"}));
  EXPECT_EQ(orders.size(), 6u);
}

RC_GTEST_PROP(Ties, among_the_rest_stay_when_one_fiber_is_left_out, (std::uint64_t seed)) {
  std::string all = order_of(seed, {"a", "b", "c", "d", "e"});
  std::erase(all, 'c');
  RC_ASSERT(all == order_of(seed, {"a", "b", "d", "e"}));
}

TEST(Runs, end_at_a_condition_or_at_the_limit_or_when_stopped) {
  Recorder recorder;
  Scheduler scheduler(1, recorder);
  int count = 0;
  for (int i = 1; i <= 10; ++i) {
    scheduler.call_at(Instant{i * 1ms}, 0, [&] {
      if (++count == 8) scheduler.stop();
    });
  }
  EXPECT_TRUE(scheduler.run_until([&] { return count == 3; }, Instant{1s}));
  EXPECT_EQ(scheduler.now(), Instant{3ms});
  EXPECT_FALSE(scheduler.run_until([&] { return count == 9; }, Instant{5ms}));
  EXPECT_EQ(count, 5);
  scheduler.run_until(Instant{1s});
  EXPECT_EQ(count, 8);
  EXPECT_EQ(scheduler.now(), Instant{8ms});
  scheduler.run_until(Instant{1s});
  EXPECT_EQ(count, 10);
}

TEST(SchedulerDeathTest, a_fiber_that_never_waits_is_a_bug) {
  EXPECT_DEATH(
      {
        Recorder recorder;
        Scheduler scheduler(1, recorder);
        scheduler.spawn(scheduler.start_process(NodeId(1), 1), "spinner", [&] {
          while (true) scheduler.charge(1s);
        });
        scheduler.run_until(Instant{1s});
      },
      "spinner");
}

}  // namespace
}  // namespace brokersim::sim
