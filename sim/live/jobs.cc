#include "sim/live/jobs.h"

namespace brokersim::live {

Jobs::Jobs(std::size_t threads, std::function<void()> on_done) : on_done_(std::move(on_done)) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

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
  }
  has_work_.notify_one();
}

std::vector<std::uint64_t> Jobs::take_done() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

void Jobs::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    has_work_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto [tag, run] = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    run();
    run = nullptr;  // What it owns goes before anybody hears of its end.
    lock.lock();
    done_.push_back(tag);
    lock.unlock();
    on_done_();
    lock.lock();
  }
}

}  // namespace brokersim::live
