// Work that blocks — fsync, cold reads, looking up names — on threads of its own, so that the one
// thread of the protocol never waits for a disk. Each node has its own: a disk that hangs holds up
// the node whose disk it is, and no other.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/time.h"

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
  // Finishes what has been handed in, but waits for that no longer than `patience`: what has not
  // begun then is dropped, and what has is left to itself, so that it must own what it uses.
  // Returns whether all was done. Nothing may be handed in after that.
  bool finish_within(Duration patience);

 private:
  // What threads and their owner share: a thread that is left to itself outlives the owner.
  struct Shared {
    void work();

    OnDone on_done;
    std::mutex mutex;
    std::condition_variable has_work;
    std::condition_variable has_ended;
    std::deque<std::pair<std::uint64_t, std::function<void()>>> waiting;
    std::size_t running = 0;  // Threads that have not ended,
    std::size_t idle = 0;     // and those of them that wait for work.
    bool is_ending = false;
  };

  const std::size_t most_threads_;
  const std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

}  // namespace brokersim::live
