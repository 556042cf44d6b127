// Work that blocks — fsync, cold reads, looking up names — on threads of its own, so that the one
// thread of the protocol never waits for a disk. Each node has its own: a disk that hangs holds up
// the node whose disk it is, and no other.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace brokersim::live {

class Jobs {
 public:
  using OnDone = std::function<void(std::uint64_t tag)>;

  // Threads are made when there is work for them. `on_done` is called on one of them after each
  // job.
  Jobs(std::size_t most_threads, OnDone on_done);
  ~Jobs();  // Finishes what has been handed in.
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  void submit(std::uint64_t tag, std::function<void()> work);
  // How many were handed in and have not begun.
  std::size_t waiting();

 private:
  void work();

  const std::size_t most_threads_;
  const OnDone on_done_;
  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<std::pair<std::uint64_t, std::function<void()>>> waiting_;
  std::size_t idle_ = 0;  // Threads that wait for work.
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace brokersim::live
