// Work that blocks — fsync, cold reads, looking up names — on threads of its own, so that the one
// thread of the protocol never waits for a disk.
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
  // `on_done` is called on a job's thread after each job.
  Jobs(std::size_t threads, std::function<void()> on_done);
  ~Jobs();  // Finishes what has been handed in.
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  void submit(std::uint64_t tag, std::function<void()> work);
  // The tags of the jobs that are done, each once.
  std::vector<std::uint64_t> take_done();

 private:
  void work();

  const std::function<void()> on_done_;
  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<std::pair<std::uint64_t, std::function<void()>>> waiting_;
  std::vector<std::uint64_t> done_;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace brokersim::live
