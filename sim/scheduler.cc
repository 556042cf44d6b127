#include "sim/scheduler.h"

#include <algorithm>
#include <functional>

#include "sim/recorder.h"

namespace brokersim::sim {
namespace {

// Of a tie's draw; the highest bit says that it is a dispatch. At one instant all that wakes fibers
// comes before any of them runs, so that their keys alone decide which runs first.
constexpr std::uint64_t key_bits = 0x7fffffff00000000u;
constexpr std::uint64_t dispatch_bit = 0x8000000000000000u;

}  // namespace

// ---- The heap ----------------------------------------------------------------------------------

void Scheduler::DueHeap::push(Due due) {
  heap_.push_back(due);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

Scheduler::Due Scheduler::DueHeap::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  const Due due = heap_.back();
  heap_.pop_back();
  return due;
}

template <class Dead>
void Scheduler::DueHeap::erase_if(Dead dead) {
  std::erase_if(heap_, dead);
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
}

std::uint32_t Scheduler::schedule(Instant at, std::uint64_t key, Kind kind, std::uint32_t subject) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t place = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[place];
  slot.kind = kind;
  slot.subject = subject;
  const std::uint64_t last = kind == Kind::cpu ? dispatch_bit : 0;
  heap_.push({std::max(at, step_).ns(), last | (key & key_bits) | place});
  return place;
}

// The entry stays in the heap until it comes due or the dead are too many.
void Scheduler::discard(std::uint32_t place) {
  slots_[place].kind = Kind::dead;
  slots_[place].callback = nullptr;
  ++dead_;
  if (dead_ > 64 && dead_ > heap_.size() / 2) drop_dead_entries();
}

void Scheduler::release(std::uint32_t place) {
  ++slots_[place].generation;
  free_slots_.push_back(place);
}

void Scheduler::drop_dead_entries() {
  heap_.erase_if([this](Due due) {
    const bool is_dead = slots_[due.place()].kind == Kind::dead;
    if (is_dead) release(due.place());
    return is_dead;
  });
  dead_ = 0;
}

// ---- Time and callbacks ------------------------------------------------------------------------

Scheduler::Scheduler(std::uint64_t seed, Recorder& recorder) : Scheduler(seed, recorder, Costs{}) {}

Scheduler::Scheduler(std::uint64_t seed, Recorder& recorder, Costs costs)
    : recorder_(recorder), costs_(costs), ties_(seed, "scheduler.tie") {
  recorder_.set_time(step_);
}

Scheduler::~Scheduler() { REQUIRE(running_ == none); }

void Scheduler::charge(Duration cpu) {
  REQUIRE(cpu >= 0ns, cpu.count());
  if (running_ == none) return;
  used_ += cpu;
  ASSERT(used_ < 10min, running_name());  // A fiber that loops without waiting.
}

TimerId Scheduler::call_at(Instant at, std::uint64_t key, std::function<void()> callback) {
  const std::uint32_t place = schedule(at, ties_.draw(key), Kind::callback, 0);
  slots_[place].callback = std::move(callback);
  return {place, slots_[place].generation};
}

void Scheduler::cancel(TimerId timer) {
  if (timer.slot >= slots_.size()) return;
  const Slot& slot = slots_[timer.slot];
  if (slot.generation == timer.generation && slot.kind == Kind::callback) discard(timer.slot);
}

// ---- Processes ---------------------------------------------------------------------------------

ProcessId Scheduler::start_process(NodeId node, std::uint64_t key, std::function<void()> on_exit) {
  auto process = std::make_unique<Process>();
  process->node = node;
  process->key = mix(key);
  process->on_exit = std::move(on_exit);
  process->cpu_free = now();
  processes_.push_back(std::move(process));
  return {static_cast<std::uint32_t>(processes_.size() - 1)};
}

void Scheduler::kill(ProcessId id) {
  Process& process = *processes_[id.value];
  if (!process.is_alive) return;
  process.is_alive = false;
  process.ready = {};
  if (process.cpu_slot != none) discard(std::exchange(process.cpu_slot, none));
  for (std::uint32_t i = 0; i < tasks_.size(); ++i) {
    const Task& task = *tasks_[i];
    if (i == running_ || task.process != id.value || !task.state.has_begun()) continue;
    fibers_.abandon(*task.fiber);
    retire(i);
  }
  if (running_ != none && tasks_[running_]->process == id.value) fibers_.suspend();
}

void Scheduler::pause(ProcessId id) {
  Process& process = *processes_[id.value];
  process.is_paused = true;
  if (process.cpu_slot != none) discard(std::exchange(process.cpu_slot, none));
}

void Scheduler::resume(ProcessId id) {
  Process& process = *processes_[id.value];
  process.is_paused = false;
  process.cpu_free = std::max(process.cpu_free, now());
  schedule_cpu(id.value);
}

bool Scheduler::is_alive(ProcessId id) const { return processes_[id.value]->is_alive; }

std::uint64_t Scheduler::suspensions(ProcessId id) const {
  return processes_[id.value]->suspensions;
}

void Scheduler::at_suspension(ProcessId id, std::uint64_t nth, std::function<void()> action) {
  Process& process = *processes_[id.value];
  process.action_at = nth;
  process.action = std::move(action);
}

// ---- Fibers ------------------------------------------------------------------------------------

Scheduler::Task* Scheduler::find(FiberId fiber) {
  const auto index = static_cast<std::uint32_t>(fiber.value);
  if (index >= tasks_.size()) return nullptr;
  Task& task = *tasks_[index];
  return task.generation == fiber.value >> 32 && task.state.has_begun() ? &task : nullptr;
}

std::uint32_t Scheduler::new_task() {
  if (free_tasks_.empty()) {
    free_tasks_.push_back(static_cast<std::uint32_t>(tasks_.size()));
    tasks_.push_back(std::make_unique<Task>());
  }
  const std::uint32_t index = free_tasks_.back();
  free_tasks_.pop_back();
  return index;
}

void Scheduler::retire(std::uint32_t index) {
  Task& task = *tasks_[index];
  if (task.deadline_slot != none) discard(task.deadline_slot);
  const std::uint32_t generation = task.generation;
  task = Task{};
  task.generation = generation;
  free_tasks_.push_back(index);
}

FiberId Scheduler::spawn(ProcessId process, std::string_view name, std::function<void()> body) {
  REQUIRE(is_alive(process), process.value);
  const std::uint32_t index = new_task();
  Task& task = *tasks_[index];
  const bool has_parent = running_ != none && tasks_[running_]->process == process.value;
  const std::uint64_t parent = has_parent ? tasks_[running_]->key : processes_[process.value]->key;
  if (has_parent) task.path = tasks_[running_]->path + "/";
  task.path += name;
  task.key = mix(parent + key_of(name));
  task.process = process.value;
  ++processes_[process.value]->fibers;
  ++task.generation;
  task.fiber = fibers_.create(std::move(body));
  task.state.begin();
  enqueue(index);
  return {std::uint64_t{task.generation} << 32 | index};
}

std::uint64_t Scheduler::tie_of(const Task& task) const { return ties_.draw(task.key, task.wakes); }

// The fiber has become ready.
void Scheduler::enqueue(std::uint32_t index) {
  Task& task = *tasks_[index];
  ++task.wakes;
  processes_[task.process]->ready.push({now().ns(), (tie_of(task) & key_bits) | index});
  schedule_cpu(task.process);
}

void Scheduler::schedule_cpu(std::uint32_t index) {
  Process& process = *processes_[index];
  const bool is_running = running_ != none && tasks_[running_]->process == index;
  if (process.cpu_slot != none || process.is_paused || is_running || process.ready.empty()) return;
  const Due& head = process.ready.top();
  const Instant at = std::max(process.cpu_free, Instant{Duration(head.time)});
  process.cpu_slot = schedule(at, head.key_and_place, Kind::cpu, index);
}

// An entry that comes due too early is moved then: most deadlines are far off and never needed.
void Scheduler::set_deadline(std::uint32_t index, Instant deadline) {
  Task& task = *tasks_[index];
  task.deadline = deadline;
  if (deadline == never) return;
  if (task.deadline_slot != none && task.deadline_due <= deadline) return;
  if (task.deadline_slot != none) discard(task.deadline_slot);
  task.deadline_slot = schedule(deadline, tie_of(task), Kind::deadline, index);
  task.deadline_due = deadline;
}

Wake Scheduler::wait(FiberState::Wait how, Instant deadline) {
  REQUIRE(running_ != none);
  const std::uint32_t index = running_;
  Task& task = *tasks_[index];
  if (const auto at_once = task.state.wait(how)) {
    if (*at_once == Wake::cancelled) {
      ASSERT(++task.refused_waits < 1'000'000, task.path);  // It ignores its cancellation.
      charge(costs_.clock_reading);
    }
    return *at_once;
  }
  if (deadline > now()) {
    set_deadline(index, deadline);
  } else if (task.state.expire()) {
    enqueue(index);
  }
  fibers_.suspend();
  return task.state.wake();
}

Wake Scheduler::park(Instant deadline) { return wait(FiberState::Wait::park, deadline); }

bool Scheduler::sleep_until(Instant time) {
  return wait(FiberState::Wait::sleep, time) != Wake::cancelled;
}

void Scheduler::unpark(FiberId fiber) {
  Task* const task = find(fiber);
  if (task && task->state.unpark()) enqueue(static_cast<std::uint32_t>(fiber.value));
}

void Scheduler::cancel(FiberId fiber) {
  Task* const task = find(fiber);
  if (task && task->state.cancel()) enqueue(static_cast<std::uint32_t>(fiber.value));
}

FiberId Scheduler::running() const {
  if (running_ == none) return {};
  return {std::uint64_t{tasks_[running_]->generation} << 32 | running_};
}

bool Scheduler::is_cancelled() const {
  REQUIRE(running_ != none);
  return tasks_[running_]->state.is_cancelled();
}

std::string Scheduler::running_name() const {
  return running_ == none ? "world" : tasks_[running_]->path;
}

// ---- Running -----------------------------------------------------------------------------------

bool Scheduler::step(Instant limit) {
  while (!heap_.empty() && heap_.top().time <= limit.ns()) {
    const Due due = heap_.pop();
    Slot& slot = slots_[due.place()];
    const Kind kind = slot.kind;
    const std::uint32_t subject = slot.subject;
    std::function<void()> callback = std::move(slot.callback);
    slot.callback = nullptr;
    release(due.place());
    if (kind == Kind::dead) {
      --dead_;
      continue;
    }
    step_ = Instant{Duration(due.time)};
    recorder_.set_time(step_);
    switch (kind) {
      case Kind::callback:
        ++counts_.callbacks;
        recorder_.feed(Item::callback, due.key_and_place >> 32, 0, 0);
        callback();
        break;
      case Kind::deadline: on_deadline(subject); break;
      case Kind::cpu: dispatch(subject); break;
      case Kind::dead: break;
    }
    return true;
  }
  return false;
}

void Scheduler::on_deadline(std::uint32_t index) {
  ++counts_.deadlines;
  Task& task = *tasks_[index];
  task.deadline_slot = none;
  if (!task.state.is_waiting()) return;
  if (task.deadline > step_) {
    set_deadline(index, task.deadline);
  } else if (task.state.expire()) {
    enqueue(index);
  }
}

void Scheduler::dispatch(std::uint32_t index) {
  Process& process = *processes_[index];
  process.cpu_slot = none;
  used_ = costs_.dispatch;
  const bool has_waited = run_task(process.ready.pop().place());
  process.cpu_free = step_ + std::exchange(used_, 0ns);
  if (has_waited && ++process.suspensions == process.action_at) process.action();
  if (process.is_alive && process.fibers == 0) {
    process.is_alive = false;
    if (process.on_exit) process.on_exit();
  }
  schedule_cpu(index);
}

// Returns whether the fiber lives on, waiting.
bool Scheduler::run_task(std::uint32_t index) {
  Task& task = *tasks_[index];
  ++counts_.dispatches;
  recorder_.feed(Item::dispatch, task.process, task.key, task.wakes);
  task.state.run();
  running_ = index;
  const bool has_ended = fibers_.resume(*task.fiber);
  running_ = none;
  const bool is_alive = processes_[task.process]->is_alive;
  if (!has_ended && is_alive) return true;
  if (!has_ended) fibers_.abandon(*task.fiber);
  --processes_[task.process]->fibers;
  retire(index);
  return false;
}

void Scheduler::run_until(Instant time) {
  stopping_ = false;
  while (!stopping_ && step(time)) {
  }
  if (stopping_) return;
  step_ = std::max(step_, time);
  recorder_.set_time(step_);
}

bool Scheduler::run_until(const std::function<bool()>& condition, Instant limit) {
  stopping_ = false;
  while (!condition()) {
    if (stopping_) return false;
    if (step(limit)) continue;
    step_ = std::max(step_, limit);
    recorder_.set_time(step_);
    return condition();
  }
  return true;
}

}  // namespace brokersim::sim
