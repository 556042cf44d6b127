#include "sim/live/jobs.h"

namespace brokersim::live {

Jobs::Jobs(std::size_t most_threads, OnDone on_done)
    : most_threads_(most_threads), shared_(std::make_shared<Shared>()) {
  shared_->on_done = std::move(on_done);
}

Jobs::~Jobs() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->is_ending = true;
  }
  shared_->has_work.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Jobs::submit(std::uint64_t tag, std::function<void()> work) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->waiting.emplace_back(tag, std::move(work));
    if (shared_->waiting.size() > shared_->idle && threads_.size() < most_threads_) {
      threads_.emplace_back([shared = shared_] { shared->work(); });
      ++shared_->running;
    }
  }
  shared_->has_work.notify_one();
}

std::size_t Jobs::waiting() {
  const std::lock_guard lock(shared_->mutex);
  return shared_->waiting.size();
}

bool Jobs::finish_within(Duration patience) {
  bool is_done = true;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->is_ending = true;
    shared_->has_work.notify_all();
    is_done = shared_->has_ended.wait_for(lock, patience, [this] { return shared_->running == 0; });
    shared_->waiting.clear();
  }
  for (auto& thread : threads_) {
    if (is_done) {
      thread.join();
    } else {
      thread.detach();
    }
  }
  threads_.clear();
  return is_done;
}

void Jobs::Shared::work() {
  std::unique_lock lock(mutex);
  while (true) {
    ++idle;
    has_work.wait(lock, [this] { return is_ending || !waiting.empty(); });
    --idle;
    if (waiting.empty()) break;
    auto [tag, run] = std::move(waiting.front());
    waiting.pop_front();
    lock.unlock();
    run();
    run = nullptr;  // What it owns goes before anybody hears of its end.
    on_done(tag);
    lock.lock();
  }
  --running;
  has_ended.notify_all();
}

}  // namespace brokersim::live
