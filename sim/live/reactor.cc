#include "sim/live/reactor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

#include "core/base/assert.h"

namespace brokersim::live {
namespace {

constexpr std::size_t job_threads = 2;  // They format what is scraped.
constexpr Duration time_slice = 1ms;
// Between two looks at the sockets; so many fibers may run at most.
constexpr std::size_t dispatches_per_poll = 64;

std::int64_t monotonic_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

class Reactor::Doorbell final : public Watcher {
 public:
  explicit Doorbell(Reactor& reactor)
      : reactor_(reactor), descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    ASSERT(descriptor_ >= 0, errno);
    reactor_.watch(descriptor_, *this);
  }
  ~Doorbell() override { close(descriptor_); }

  // On any thread: the job of this fiber is done.
  void ring(FiberId fiber) {
    {
      const std::lock_guard lock(mutex_);
      done_.push_back(fiber);
    }
    const std::uint64_t one = 1;
    (void)!write(descriptor_, &one, sizeof one);
  }
  void on_ready(bool, bool) override {
    std::uint64_t rung = 0;
    (void)!read(descriptor_, &rung, sizeof rung);
    std::vector<FiberId> done;
    {
      const std::lock_guard lock(mutex_);
      done.swap(done_);
    }
    for (const FiberId fiber : done) reactor_.unpark(fiber);
  }

 private:
  Reactor& reactor_;
  const int descriptor_;
  std::mutex mutex_;
  std::vector<FiberId> done_;
};

Reactor::Reactor() : began_ns_(monotonic_ns()), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  ASSERT(epoll_ >= 0, errno);
  doorbell_ = std::make_shared<Doorbell>(*this);
  jobs_ = make_jobs(job_threads);
}

Reactor::~Reactor() {
  constexpr Duration patience = 100ms;  // No fiber is left that could hear of their end.
  jobs_->finish_within(patience);
  jobs_.reset();
  doorbell_.reset();
  close(epoll_);
}

// As in the simulation, nothing happens at an instant of 0.
Instant Reactor::now() const { return Instant{Duration(monotonic_ns() - began_ns_ + 1000)}; }

// ---- Fibers ------------------------------------------------------------------------------------

Reactor::Task* Reactor::find(FiberId fiber) {
  const auto index = static_cast<std::uint32_t>(fiber.value);
  if (index >= tasks_.size()) return nullptr;
  Task& task = *tasks_[index];
  return task.generation == fiber.value >> 32 && task.state.has_begun() ? &task : nullptr;
}

FiberId Reactor::id_of(std::uint32_t index) const {
  return {std::uint64_t{tasks_[index]->generation} << 32 | index};
}

FiberId Reactor::spawn(std::string_view name, std::function<void()> body) {
  if (free_tasks_.empty()) {
    free_tasks_.push_back(static_cast<std::uint32_t>(tasks_.size()));
    tasks_.push_back(std::make_unique<Task>());
  }
  const std::uint32_t index = free_tasks_.back();
  free_tasks_.pop_back();
  Task& task = *tasks_[index];
  const std::uint32_t generation = task.generation + 1;
  task = Task{};
  task.generation = generation;
  task.name = name;
  task.fiber = fibers_.create(std::move(body));
  ++alive_;
  task.state.begin();
  ready_.push_back(index);
  return id_of(index);
}

Wake Reactor::wait(sim::FiberState::Wait how, Instant deadline) {
  REQUIRE(running_ != none);
  const std::uint32_t index = running_;
  Task& task = *tasks_[index];
  if (const auto at_once = task.state.wait(how)) return *at_once;
  if (deadline > now()) {
    set_deadline(index, deadline);
  } else if (task.state.expire()) {
    ready_.push_back(index);
  }
  fibers_.suspend();
  return task.state.wake();
}

Wake Reactor::park(Instant deadline) { return wait(sim::FiberState::Wait::park, deadline); }

bool Reactor::sleep_until(Instant time) {
  return wait(sim::FiberState::Wait::sleep, time) != Wake::cancelled;
}

void Reactor::unpark(FiberId fiber) {
  Task* const task = find(fiber);
  if (task && task->state.unpark()) ready_.push_back(static_cast<std::uint32_t>(fiber.value));
}

void Reactor::cancel(FiberId fiber) {
  Task* const task = find(fiber);
  if (task && task->state.cancel()) ready_.push_back(static_cast<std::uint32_t>(fiber.value));
}

FiberId Reactor::running() const { return running_ == none ? FiberId{} : id_of(running_); }

bool Reactor::is_cancelled() const {
  REQUIRE(running_ != none);
  return tasks_[running_]->state.is_cancelled();
}

std::string Reactor::running_name() const {
  return running_ == none ? "reactor" : tasks_[running_]->name;
}

// ---- The outside -------------------------------------------------------------------------------

void Reactor::watch(int descriptor, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  const int result = epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  ASSERT(result == 0, descriptor, errno);
}

void Reactor::forget(int descriptor) { epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr); }

Reactor::Unpark Reactor::unpark_from_elsewhere() const {
  return [bell = doorbell_](FiberId fiber) { bell->ring(fiber); };
}

std::unique_ptr<Jobs> Reactor::make_jobs(std::size_t most_threads) {
  const auto on_done = [unpark = unpark_from_elsewhere()](std::uint64_t tag) {
    unpark(FiberId{tag});
  };
  return std::make_unique<Jobs>(most_threads, on_done);
}

bool Reactor::give_way() { return now() - running_since_ < time_slice || sleep_until(Instant{}); }

bool Reactor::run_elsewhere(Jobs& jobs, std::function<void()> work) {
  const auto is_done = std::make_shared<std::atomic<bool>>(false);
  const FiberId self = running();
  jobs.submit(self.value, [work = std::move(work), is_done] {
    work();
    *is_done = true;
  });
  while (!*is_done) {
    if (park(never) == Wake::cancelled) return false;
  }
  return true;
}

// ---- Running -----------------------------------------------------------------------------------

void Reactor::run() {
  while (alive_ > 0) {
    expire_deadlines();
    for (std::size_t n = 0; n < dispatches_per_poll && !ready_.empty(); ++n) {
      const std::uint32_t index = ready_.front();
      ready_.pop_front();
      run_task(index);
    }
    if (alive_ > 0) poll(ready_.empty() ? patience() : 0);
  }
}

void Reactor::run_task(std::uint32_t index) {
  Task& task = *tasks_[index];
  task.state.run();
  running_ = index;
  running_since_ = now();
  const bool has_ended = fibers_.resume(*task.fiber);
  running_ = none;
  if (!has_ended) return;
  task.state = {};
  free_tasks_.push_back(index);
  --alive_;
}

// One entry a fiber: it is moved when it comes due too early, since most deadlines are far off and
// never needed.
void Reactor::set_deadline(std::uint32_t index, Instant deadline) {
  Task& task = *tasks_[index];
  task.deadline = deadline;
  if (deadline >= task.queued) return;
  task.queued = deadline;
  deadlines_.push({deadline, index});
  if (deadlines_.size() > 4 * tasks_.size() + 64) drop_replaced_deadlines();
}

// Whoever waits by turns for long and for a little leaves an entry behind each time.
void Reactor::drop_replaced_deadlines() {
  std::vector<Deadline> kept;
  for (std::uint32_t index = 0; index < tasks_.size(); ++index) {
    if (tasks_[index]->queued != never) kept.push_back({tasks_[index]->queued, index});
  }
  deadlines_ = decltype(deadlines_)(std::greater<>(), std::move(kept));
}

void Reactor::expire_deadlines() {
  const Instant time = now();
  while (!deadlines_.empty() && deadlines_.top().at <= time) {
    const Deadline due = deadlines_.top();
    deadlines_.pop();
    Task& task = *tasks_[due.task];
    if (task.queued != due.at) continue;  // An earlier one took its place.
    task.queued = never;
    if (!task.state.is_waiting()) continue;
    if (task.deadline > time) {
      set_deadline(due.task, task.deadline);
    } else if (task.state.expire()) {
      ready_.push_back(due.task);
    }
  }
}

int Reactor::patience() const {
  if (deadlines_.empty()) return -1;
  const Duration left = deadlines_.top().at - now();
  // Rounded up: waking too early would only mean to wait again.
  return static_cast<int>(std::clamp<std::int64_t>((left + 999'999ns) / 1ms, 0, 60'000));
}

void Reactor::poll(int timeout_ms) {
  std::array<epoll_event, 64> events{};
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  if (count < 0) {
    ASSERT(errno == EINTR, errno);
    return;
  }
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    const bool is_broken = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
    static_cast<Watcher*>(event.data.ptr)
        ->on_ready(is_broken || (event.events & (EPOLLIN | EPOLLRDHUP)) != 0,
                   is_broken || (event.events & EPOLLOUT) != 0);
  }
}

}  // namespace brokersim::live
