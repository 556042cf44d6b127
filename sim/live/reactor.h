// Real time and who runs next: fibers on one thread, woken by readiness of sockets (epoll), by
// deadlines, by each other, and by jobs that blocked on another thread.
//
//   Reactor reactor;
//   reactor.spawn("main", [&] { …; reactor.park(deadline); … });
//   reactor.run();                      // until no fiber is left
//
// Everything but a job's work runs on the thread that calls run().
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/env.h"
#include "sim/fiber.h"
#include "sim/fiber_state.h"
#include "sim/live/jobs.h"

namespace brokersim::live {

// Whoever is told that a file descriptor became ready. Outside of all fibers: it may unpark.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_ready(bool may_read, bool may_write) = 0;
};

class Reactor {
 public:
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  Instant now() const;  // Monotonic, since the reactor was made.

  // ---- Fibers: as sim::Scheduler has them, without virtual time ----

  FiberId spawn(std::string_view name, std::function<void()> body);
  Wake park(Instant deadline);
  bool sleep_until(Instant time);
  void unpark(FiberId fiber);
  void cancel(FiberId fiber);
  FiberId running() const;
  bool is_cancelled() const;
  std::string running_name() const;
  std::size_t fibers() const { return alive_; }

  // ---- The outside ----

  // Edge-triggered, from now until `forget`; `watcher` outlives that.
  void watch(int descriptor, Watcher& watcher);
  void forget(int descriptor);
  // Runs `work` on another thread while the calling fiber waits; false if cancelled, and then the
  // work still runs to its end, so that it must own what it uses.
  bool run_elsewhere(Jobs& jobs, std::function<void()> work);
  // For run_elsewhere, and to end before the reactor does.
  std::unique_ptr<Jobs> make_jobs(std::size_t most_threads);
  // For what is of no node. The end hardly waits for it: it is left to itself, and owns what it
  // uses.
  Jobs& jobs() { return *jobs_; }
  // Unparks a fiber, on any thread; may be called when the reactor has ended.
  using Unpark = std::function<void(FiberId)>;
  Unpark unpark_from_elsewhere() const;

  // A fiber that finds everything at hand never waits. One that has run for long gives way to the
  // others here; false if cancelled.
  bool give_way();

  // Runs until no fiber is left.
  void run();

  // How many are kept, those among them that are needed no more.
  std::size_t deadlines() const { return deadlines_.size(); }

 private:
  struct Task {
    sim::FiberState state;
    std::uint32_t generation = 0;
    Instant deadline = never;  // Of its wait.
    Instant queued = never;    // When its entry among the deadlines comes due: then or before.
    sim::Fiber* fiber = nullptr;
    std::string name;
  };
  struct Deadline {
    Instant at;
    std::uint32_t task = 0;
    friend bool operator>(const Deadline& a, const Deadline& b) { return a.at > b.at; }
  };
  class Doorbell;  // Jobs ring it when they are done.
  static constexpr std::uint32_t none = 0xffffffff;

  Task* find(FiberId fiber);
  FiberId id_of(std::uint32_t index) const;
  Wake wait(sim::FiberState::Wait how, Instant deadline);
  void run_task(std::uint32_t index);
  void set_deadline(std::uint32_t index, Instant deadline);
  void drop_replaced_deadlines();
  void expire_deadlines();
  int patience() const;  // Milliseconds that epoll may wait; -1: for ever.
  void poll(int timeout_ms);

  const std::int64_t began_ns_;
  sim::Fibers fibers_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<std::uint32_t> free_tasks_;
  std::deque<std::uint32_t> ready_;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
  std::uint32_t running_ = none;
  Instant running_since_;
  std::size_t alive_ = 0;
  int epoll_ = -1;
  std::shared_ptr<Doorbell> doorbell_;  // A job that is left to itself rings it when we are gone.
  std::unique_ptr<Jobs> jobs_;
};

}  // namespace brokersim::live
