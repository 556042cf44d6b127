// Virtual time and who runs next. One step is either a callback of the world (a delivery, a timer
// of a fault) or one dispatch of a fiber, which runs until it waits.
//
//   now        heap of what is due ──► callback of the world
//                                 └─► a fiber's deadline ──┐
//   unpark, cancel, spawn ───────────────────────────────► run queue of its process ──► dispatch
//
// CPU takes virtual time: a process runs one fiber at a time, each dispatch costs a fixed time plus
// what the fiber charges, and the next starts when the CPU is free. Ties at one instant are broken
// by keys: of a fiber its path of names and how often it was woken, of a callback what its creator
// says. No order depends on how many other things happened before.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/env.h"
#include "sim/fiber.h"
#include "sim/fiber_state.h"
#include "sim/random.h"

namespace brokersim::sim {

class Recorder;

// Nothing happens earlier; code may take an instant of 0 for "unset".
inline constexpr Instant first_instant{1us};

// Names a pending callback; harmless once that has run. By default it names none.
struct TimerId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};

// One incarnation of a node: a CPU with its fibers. Never reused.
struct ProcessId {
  std::uint32_t value = 0;
  friend auto operator<=>(ProcessId, ProcessId) = default;
};

class Scheduler {
 public:
  struct Costs {
    Duration dispatch = 1us;
    Duration clock_reading = 20ns;
  };

  Scheduler(std::uint64_t seed, Recorder& recorder);
  Scheduler(std::uint64_t seed, Recorder& recorder, Costs costs);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // ---- Time ----

  // What running code sees: the start of this step, plus the CPU the running fiber has used.
  Instant now() const { return step_ + used_; }
  // The start of this step: never goes back. Events bear this time.
  Instant step_time() const { return step_; }
  // The running fiber uses CPU. Without one, nothing happens.
  void charge(Duration cpu);
  const Costs& costs() const { return costs_; }

  // ---- The world's callbacks ----

  // Runs `callback`, outside of all fibers, at `at` (at the earliest now). `key` breaks ties: make
  // it from the entities involved (Random::draw), never from a count over the whole run.
  TimerId call_at(Instant at, std::uint64_t key, std::function<void()> callback);
  void cancel(TimerId timer);

  // ---- Processes ----

  // `on_exit` is called, outside of all fibers, when its last fiber has ended by itself.
  ProcessId start_process(NodeId node, std::uint64_t key, std::function<void()> on_exit = {});
  // No fiber of it is ever resumed. If the running fiber is one of them, does not return.
  void kill(ProcessId process);
  // While paused nothing of it runs; its deadlines pass.
  void pause(ProcessId process);
  void resume(ProcessId process);
  bool is_alive(ProcessId process) const;
  // How often fibers of it have waited: crash points.
  std::uint64_t suspensions(ProcessId process) const;
  // At the nth wait of the process (from 1), once its fiber has been switched out, runs `action`.
  void at_suspension(ProcessId process, std::uint64_t nth, std::function<void()> action);

  // ---- Fibers ----

  // A child of the running fiber if that is of the same process, else a root of the process.
  FiberId spawn(ProcessId process, std::string_view name, std::function<void()> body);
  // The running fiber waits for unpark, cancel or its deadline; a deadline that has passed lets the
  // others run first. After cancel() returns at once, always.
  Wake park(Instant deadline);
  bool sleep_until(Instant time);  // False if cancelled. An unpark does not end it.
  // These do nothing if the fiber has ended.
  void unpark(FiberId fiber);
  void cancel(FiberId fiber);

  FiberId running() const;           // 0 outside of all fibers.
  bool is_cancelled() const;         // Of the running fiber.
  std::string running_name() const;  // "main/replica-fetcher-2", for reports; "world" outside.

  // ---- Running ----

  // Runs everything due until `time`, and time is then `time`; unless `stop` was called before.
  void run_until(Instant time);
  // Runs until the condition holds, checked after each step; false if `limit` came first.
  bool run_until(const std::function<bool()>& condition, Instant limit);
  // Ends the current run after this step.
  void stop() { stopping_ = true; }

  struct Counts {
    std::uint64_t dispatches = 0;
    std::uint64_t callbacks = 0;
    std::uint64_t deadlines = 0;  // Fibers' deadlines that came due, needed or not.
  };
  const Counts& counts() const { return counts_; }
  std::size_t pending() const { return heap_.size() - dead_; }

 private:
  // Ordered by time, then key, then place: 16 bytes keep the heap in cache.
  struct Due {
    std::int64_t time;
    std::uint64_t key_and_place;
    friend auto operator<=>(const Due&, const Due&) = default;
    std::uint32_t place() const { return static_cast<std::uint32_t>(key_and_place); }
  };
  class DueHeap {
   public:
    void push(Due due);
    Due pop();
    const Due& top() const { return heap_.front(); }
    bool empty() const { return heap_.empty(); }
    std::size_t size() const { return heap_.size(); }
    template <class Dead>
    void erase_if(Dead dead);

   private:
    std::vector<Due> heap_;  // std::push_heap and pop_heap with std::greater.
  };

  enum class Kind : std::uint8_t { dead, callback, deadline, cpu };
  // What an entry of the heap stands for; one each.
  struct Slot {
    Kind kind = Kind::dead;
    std::uint32_t generation = 1;  // So that a TimerId that was never set names none.
    std::uint32_t subject = 0;     // A task or a process.
    std::function<void()> callback;
  };

  struct Task {
    FiberState state;
    std::uint32_t generation = 0;
    std::uint32_t process = 0;
    std::uint32_t deadline_slot = none;
    Instant deadline = never;
    Instant deadline_due = never;  // When deadline_slot comes due: at `deadline` or before.
    std::uint64_t key = 0;
    std::uint64_t wakes = 0;
    std::uint64_t refused_waits = 0;
    Fiber* fiber = nullptr;
    std::string path;
  };
  struct Process {
    NodeId node;
    std::uint64_t key = 0;
    bool is_alive = true;
    bool is_paused = false;
    std::uint32_t cpu_slot = none;  // Set while a dispatch is due.
    Instant cpu_free{};
    std::function<void()> on_exit;
    std::uint64_t fibers = 0;  // That have not ended.
    std::uint64_t suspensions = 0;
    std::uint64_t action_at = 0;
    std::function<void()> action;
    DueHeap ready;  // Its places are tasks.
  };
  static constexpr std::uint32_t none = 0xffffffff;

  std::uint32_t schedule(Instant at, std::uint64_t key, Kind kind, std::uint32_t subject);
  void discard(std::uint32_t slot);
  void release(std::uint32_t slot);
  void drop_dead_entries();

  Task* find(FiberId fiber);
  std::uint32_t new_task();
  void retire(std::uint32_t index);
  void enqueue(std::uint32_t index);
  void set_deadline(std::uint32_t index, Instant deadline);
  void schedule_cpu(std::uint32_t process);
  std::uint64_t tie_of(const Task& task) const;

  bool step(Instant limit);
  void on_deadline(std::uint32_t index);
  void dispatch(std::uint32_t process);
  bool run_task(std::uint32_t index);
  Wake wait(FiberState::Wait how, Instant deadline);

  Recorder& recorder_;
  Costs costs_;
  Random ties_;
  Fibers fibers_;
  Instant step_ = first_instant;
  Duration used_{};
  std::uint32_t running_ = none;
  bool stopping_ = false;
  DueHeap heap_;
  std::size_t dead_ = 0;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<std::uint32_t> free_tasks_;
  std::vector<std::unique_ptr<Process>> processes_;
  Counts counts_;
};

}  // namespace brokersim::sim
