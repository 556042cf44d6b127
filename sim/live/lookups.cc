#include "sim/live/lookups.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

namespace brokersim::live {
namespace {

constexpr std::size_t lookup_threads = 4;
// Names move seldom, and whoever cannot be reached is asked for again and again.
constexpr Duration believed_for = 30s;

std::vector<Endpoint> as_the_system_does(const std::string& host) { return look_up({host, 0}); }

}  // namespace

class Lookups::Lookup {
 public:
  explicit Lookup(Reactor& reactor) : unpark_(reactor.unpark_from_elsewhere()) {}

  // On a thread of its own.
  void run(const LookUp& how, const std::string& host) {
    auto found = how(host);
    const std::lock_guard lock(mutex_);
    found_ = std::move(found);
    found_at_ = Clock::now();
    for (const FiberId fiber : std::exchange(waiting_, {})) unpark_(fiber);
  }

  // Nothing while it is under way.
  std::optional<std::vector<Endpoint>> found() {
    const std::lock_guard lock(mutex_);
    return found_;
  }

  // That nobody knows a name may be over any moment.
  bool is_stale() {
    const std::lock_guard lock(mutex_);
    return found_ && (found_->empty() || Clock::now() >= found_at_ + believed_for);
  }

  // Until it is over, or the wait is.
  Wake wait(Reactor& reactor, Instant deadline) {
    {
      const std::lock_guard lock(mutex_);
      if (found_) return Wake::notified;
      waiting_.push_back(reactor.running());
    }
    const Wake wake = reactor.park(deadline);
    const std::lock_guard lock(mutex_);
    std::erase(waiting_, reactor.running());
    return wake;
  }

 private:
  using Clock = std::chrono::steady_clock;  // The reactor's may be gone when this is over.

  const Reactor::Unpark unpark_;
  std::mutex mutex_;
  std::optional<std::vector<Endpoint>> found_;
  Clock::time_point found_at_;
  std::vector<FiberId> waiting_;
};

Lookups::Lookups(Reactor& reactor) : Lookups(reactor, as_the_system_does) {}

Lookups::Lookups(Reactor& reactor, LookUp how)
    : reactor_(reactor), how_(std::move(how)), jobs_(lookup_threads, [](std::uint64_t) {}) {}

Lookups::~Lookups() {
  constexpr Duration patience = 100ms;  // No fiber is left that could hear of their end.
  jobs_.finish_within(patience);
}

std::shared_ptr<Lookups::Lookup> Lookups::latest(const std::string& host) {
  auto& known = lookups_[host];
  if (known && !known->is_stale()) return known;
  known = std::make_shared<Lookup>(reactor_);
  jobs_.submit(0, [lookup = known, how = how_, host] { lookup->run(how, host); });
  return known;
}

IoResult<std::vector<Endpoint>> Lookups::find(const std::string& host, Instant deadline) {
  const auto lookup = latest(host);
  Wake wake = Wake::notified;
  while (wake == Wake::notified && !lookup->found()) wake = lookup->wait(reactor_, deadline);
  if (wake == Wake::cancelled) return Unexpected(IoError::cancelled);
  auto found = lookup->found();
  if (!found) return Unexpected(IoError::timed_out);
  if (found->empty()) return Unexpected(IoError::not_found);
  return *std::move(found);
}

}  // namespace brokersim::live
