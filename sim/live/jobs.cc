#include "sim/live/jobs.h"

namespace brokersim::live {

Jobs::Jobs(std::size_t most_threads, OnDone on_done)
    : most_threads_(most_threads), on_done_(std::move(on_done)) {}

Jobs::~Jobs() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  has_work_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Jobs::submit(std::uint64_t tag, std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(tag, std::move(work));
    if (waiting_.size() > idle_ && threads_.size() < most_threads_) {
      threads_.emplace_back([this] { this->work(); });
    }
  }
  has_work_.notify_one();
}

std::size_t Jobs::waiting() {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void Jobs::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    has_work_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    auto [tag, run] = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    run();
    run = nullptr;  // What it owns goes before anybody hears of its end.
    on_done_(tag);
    lock.lock();
  }
}

}  // namespace brokersim::live
