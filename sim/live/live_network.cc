#include "sim/live/live_network.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "core/signal.h"
#include "sim/live/endpoint.h"
#include "sim/live/live_files.h"

namespace brokersim::live {
namespace {

// A writer waits while so much is queued that the peer has not read.
constexpr std::size_t queue_limit = 4 << 20;
constexpr std::size_t pieces_per_write = 64;

bool would_block(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINPROGRESS;
}

// The fibers that wait for one thing of a descriptor.
class Waiting {
 public:
  explicit Waiting(Reactor& reactor) : reactor_(reactor) {}
  Wake wait(Instant deadline) {
    fibers_.push_back(reactor_.running());
    const Wake wake = reactor_.park(deadline);
    std::erase(fibers_, reactor_.running());
    return wake;
  }
  void wake_all() {
    for (const FiberId fiber : std::exchange(fibers_, {})) reactor_.unpark(fiber);
  }

 private:
  Reactor& reactor_;
  std::vector<FiberId> fibers_;
};

IoError error_of(Wake wake) {
  return wake == Wake::cancelled ? IoError::cancelled : IoError::timed_out;
}

// Of a connection that was made. That the kernel has given the peer up is no deadline of a caller:
// it lasts, and whoever tries again until his deadline would never wait.
IoError stream_error_of(int error_number) {
  return error_number == ETIMEDOUT ? IoError::reset : live::error_of(error_number);
}

class LiveStream final : public Stream, private Watcher {
 public:
  LiveStream(Reactor& reactor, int descriptor, Address peer)
      : reactor_(reactor),
        descriptor_(descriptor),
        peer_(std::move(peer)),
        may_read_(reactor),
        may_write_(reactor) {
    const int yes = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    reactor_.watch(descriptor_, *this);
  }
  ~LiveStream() override { close(); }

  IoResult<std::size_t> read(Env&, std::span<std::uint8_t> into, Instant deadline) override {
    if (!reactor_.give_way()) return Unexpected(IoError::cancelled);
    while (true) {
      if (is_closed()) return Unexpected(IoError::closed);
      const ssize_t n = ::recv(descriptor_, into.data(), into.size(), 0);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno == EINTR) continue;
      if (!would_block(errno)) return Unexpected(stream_error_of(errno));
      const Wake wake = may_read_.wait(deadline);
      if (wake != Wake::notified) return Unexpected(error_of(wake));
    }
  }

  IoResult<Done> write(Env&, Rope bytes, Instant deadline) override {
    if (!reactor_.give_way()) return Unexpected(IoError::cancelled);
    while (!is_closed() && !broken_ && queued_ > queue_limit) {
      const Wake wake = may_write_.wait(deadline);
      if (wake != Wake::notified) return Unexpected(error_of(wake));
    }
    if (broken_) return Unexpected(*broken_);
    if (is_closed()) return Unexpected(IoError::closed);
    queued_ += bytes.size();
    for (const auto& slice : bytes.slices()) queue_.push_back(slice);
    flush();
    if (broken_) return Unexpected(*broken_);
    return Done{};
  }

  IoResult<Done> drain(Env&, Instant deadline) override {
    while (!is_closed() && !broken_ && queued_ > 0) {
      const Wake wake = may_write_.wait(deadline);
      if (wake != Wake::notified) return Unexpected(error_of(wake));
    }
    if (queued_ > 0) return Unexpected(broken_.value_or(IoError::closed));
    return Done{};
  }

  std::size_t queued() const override { return queued_; }

  void close() override {
    if (is_closed()) return;
    reactor_.forget(descriptor_);
    ::close(std::exchange(descriptor_, -1));
    may_read_.wake_all();
    may_write_.wake_all();
  }

  const Address& peer() const override { return peer_; }

 private:
  bool is_closed() const { return descriptor_ < 0; }

  void on_ready(bool may_read, bool may_write) override {
    if (may_read) may_read_.wake_all();
    if (!may_write) return;
    flush();
    if (queued_ <= queue_limit || broken_) may_write_.wake_all();
  }

  void flush() {
    while (!queue_.empty() && !broken_) {
      std::array<iovec, pieces_per_write> pieces{};
      const std::size_t count = std::min(queue_.size(), pieces.size());
      for (std::size_t i = 0; i < count; ++i) {
        pieces[i] = {const_cast<std::uint8_t*>(queue_[i].data()), queue_[i].size()};
      }
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = count;
      const ssize_t n = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && would_block(errno)) return;
      if (n < 0) {
        broken_ = stream_error_of(errno);
        return;
      }
      drop(static_cast<std::size_t>(n));
    }
  }

  void drop(std::size_t bytes) {
    queued_ -= bytes;
    while (bytes > 0) {
      Slice& front = queue_.front();
      const std::size_t taken = std::min(bytes, front.size());
      bytes -= taken;
      if (taken == front.size()) {
        queue_.pop_front();
      } else {
        front = front.from(taken);
      }
    }
  }

  Reactor& reactor_;
  int descriptor_;
  const Address peer_;
  Waiting may_read_;
  Waiting may_write_;
  std::deque<Slice> queue_;
  std::size_t queued_ = 0;
  std::optional<IoError> broken_;
};

// Whether a failed accept is of that connection only, or passes: the next may succeed (accept(2)).
bool is_of_one_connection(int error_number) {
  switch (error_number) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EPERM: return true;
    default: return false;
  }
}

bool is_shortage(int error_number) {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
         error_number == ENOMEM;
}

// Numbers are given out from below: a quarter is kept for files, which a node cannot do without.
int most_connections() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto most = std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max());
  return static_cast<int>(most - most / 4);
}

class LiveListener final : public Listener, private Watcher {
 public:
  LiveListener(Reactor& reactor, int descriptor)
      : reactor_(reactor),
        descriptor_(descriptor),
        first_refused_(most_connections()),
        may_accept_(reactor) {
    reactor_.watch(descriptor_, *this);
  }
  ~LiveListener() override { close(); }

  IoResult<std::unique_ptr<Stream>> accept(Env&) override {
    while (true) {
      if (!reactor_.give_way()) return Unexpected(IoError::cancelled);
      if (descriptor_ < 0) return Unexpected(IoError::closed);
      Endpoint from;
      const int accepted =
          ::accept4(descriptor_, from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted >= first_refused_) {
        ::close(accepted);
        return Unexpected(IoError::exhausted);
      }
      if (accepted >= 0) {
        return std::make_unique<LiveStream>(reactor_, accepted, address_of(from));
      }
      if (is_of_one_connection(errno)) continue;
      // Who waits may find a descriptor free a little later.
      const bool is_short = is_shortage(errno);
      if (!would_block(errno) && !is_short) return Unexpected(live::error_of(errno));
      const Instant deadline = is_short ? reactor_.now() + 100ms : never;
      if (may_accept_.wait(deadline) == Wake::cancelled) return Unexpected(IoError::cancelled);
    }
  }

  void close() override {
    if (descriptor_ < 0) return;
    reactor_.forget(descriptor_);
    ::close(std::exchange(descriptor_, -1));
    may_accept_.wake_all();
  }

 private:
  void on_ready(bool, bool) override { may_accept_.wake_all(); }

  Reactor& reactor_;
  int descriptor_;
  const int first_refused_;
  Waiting may_accept_;
};

// Waits until a connection has been made or refused.
class Connecting final : private Watcher {
 public:
  Connecting(Reactor& reactor, int descriptor)
      : reactor_(reactor), descriptor_(descriptor), is_made_(reactor) {
    reactor_.watch(descriptor_, *this);
  }
  ~Connecting() override { reactor_.forget(descriptor_); }
  Wake wait(Instant deadline) {
    Wake wake = Wake::notified;
    while (!is_ready_ && wake == Wake::notified) wake = is_made_.wait(deadline);
    return wake;
  }

 private:
  void on_ready(bool, bool) override {
    is_ready_ = true;
    is_made_.wake_all();
  }

  Reactor& reactor_;
  const int descriptor_;
  bool is_ready_ = false;
  Waiting is_made_;
};

IoResult<Done> connect(Reactor& reactor, int descriptor, const Endpoint& to, Instant deadline) {
  if (::connect(descriptor, to.get(), to.size) == 0) return Done{};
  if (!would_block(errno)) return Unexpected(live::error_of(errno));
  Connecting connecting(reactor, descriptor);
  const Wake wake = connecting.wait(deadline);
  if (wake != Wake::notified) return Unexpected(error_of(wake));
  int error_number = 0;
  socklen_t size = sizeof error_number;
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error_number, &size);
  if (error_number != 0) return Unexpected(live::error_of(error_number));
  return Done{};
}

IoResult<std::unique_ptr<Stream>> connect_at(Reactor& reactor, const Endpoint& endpoint,
                                             const Address& to, Instant deadline) {
  const int descriptor =
      ::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return Unexpected(live::error_of(errno));
  const auto connected = connect(reactor, descriptor, endpoint, deadline);
  if (!connected) {
    ::close(descriptor);
    return Unexpected(connected.error());
  }
  return std::make_unique<LiveStream>(reactor, descriptor, to);
}

IoError error_of_listening(int error_number) {
  switch (error_number) {
    case EADDRINUSE: return IoError::exists;
    case EADDRNOTAVAIL: return IoError::not_found;
    case EACCES: return IoError::refused;
    default: return live::error_of(error_number);
  }
}

}  // namespace

IoResult<std::unique_ptr<Listener>> listen_on(Reactor& reactor, const Address& address) {
  const auto endpoint = numeric(address);
  if (!endpoint) return Unexpected(IoError::not_found);
  const int descriptor =
      ::socket(endpoint->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return Unexpected(live::error_of(errno));
  const int yes = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool is_bound = ::bind(descriptor, endpoint->get(), endpoint->size) == 0 &&
                        ::listen(descriptor, SOMAXCONN) == 0;
  if (!is_bound) {
    const int error_number = errno;
    ::close(descriptor);
    return Unexpected(error_of_listening(error_number));
  }
  return std::make_unique<LiveListener>(reactor, descriptor);
}

IoResult<std::unique_ptr<Stream>> connect_to(Reactor& reactor, Lookups& lookups, const Address& to,
                                             Instant deadline) {
  const auto endpoint = numeric(to);
  if (endpoint) return connect_at(reactor, *endpoint, to, deadline);
  TRY(const auto found, lookups.find(to.host, deadline));
  // Each gets its share of the time: one that is silent does not use up all of it.
  IoError error = IoError::not_found;
  for (std::size_t left = found.size(); left > 0; --left) {
    const Instant now = reactor.now();
    const auto share = std::max(deadline - now, Duration{}) / static_cast<std::int64_t>(left);
    const auto& each = found[found.size() - left];
    auto stream = connect_at(reactor, at_port(each, to.port), to, now + share);
    if (stream || stream.error() == IoError::cancelled) return stream;
    error = stream.error();
  }
  return Unexpected(error);
}

}  // namespace brokersim::live
