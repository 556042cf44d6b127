// The seam: all that core may know of the world outside its own memory.
//
// `core` is written against this header and never asks what implements it: `sim/` does in virtual
// time with simulated networks and disks, `sim/live/` on real sockets and files.
//
//   Host   answers at once: clocks, randomness, events, files' cached contents, waking a fiber
//   Env    a Host on which the running fiber may also wait: sleep, connect, read, write, sync
//
// A function that takes Env& may suspend: what it read of shared state before such a call is stale
// after it. A function without Env& runs to completion.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/event.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/base/time.h"

namespace brokersim {

class Env;

enum class IoError : std::uint8_t {
  closed,     // We closed it ourselves.
  reset,      // The peer or the network broke the connection.
  refused,    // Nobody listens there.
  timed_out,  // The deadline passed first.
  cancelled,  // The waiting fiber was cancelled.
  not_found,
  exists,
  full,       // ENOSPC
  exhausted,  // The process has no descriptor to give away; another time it may have.
  failed,     // EIO: the device said no. What was not synced before may be gone.
};
std::string_view name_of(IoError error);

template <class T>
using IoResult = Expected<T, IoError>;

// ---- Streams -----------------------------------------------------------------------------------

struct Address {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const Address&, const Address&) = default;
};
// "broker-1:9092", "[::1]:9092"
std::string text_of(const Address& address);

// A connected byte stream (TCP). Destroying it closes it.
class Stream {
 public:
  virtual ~Stream() = default;
  // Waits for at least one byte; returns how many were read, 0 once the peer has closed in order.
  virtual IoResult<std::size_t> read(Env& env, std::span<std::uint8_t> into, Instant deadline) = 0;
  // Queues all of `bytes`; waits while the peer does not read (back-pressure).
  virtual IoResult<Done> write(Env& env, Rope bytes, Instant deadline) = 0;
  // Waits until nothing that was written is still queued on our side of the network.
  virtual IoResult<Done> drain(Env& env, Instant deadline) = 0;
  // How many bytes are.
  virtual std::size_t queued() const = 0;
  // Pending and later calls on either end end, and what is queued is dropped; never suspends.
  virtual void close() = 0;
  virtual const Address& peer() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;
  // `exhausted` says that somebody was turned away; any other error is final.
  virtual IoResult<std::unique_ptr<Stream>> accept(Env& env) = 0;
  virtual void close() = 0;
};

// ---- Files -------------------------------------------------------------------------------------

// An open file. Appends and truncations are in the page cache at once, and on the platter only
// after sync: power loss keeps a legal subset of what was not synced. One writer per file.
class File {
 public:
  virtual ~File() = default;
  virtual std::uint64_t size() const = 0;
  // Returns the position at which `bytes` begin.
  virtual IoResult<std::uint64_t> append(const Rope& bytes) = 0;
  virtual IoResult<Done> truncate(std::uint64_t size) = 0;
  // The bytes [at, at+length), cut at the end of the file, without copying; nothing if they are
  // not in the page cache.
  virtual std::optional<Rope> cached(std::uint64_t at, std::size_t length) const = 0;

  // The same bytes, read from the device where necessary.
  virtual IoResult<Rope> read(Env& env, std::uint64_t at, std::size_t length) = 0;
  // On return everything appended and truncated before the call survives power loss (the file's
  // name does only after Files::sync_directory). After an error nothing is known.
  virtual IoResult<Done> sync(Env& env) = 0;
};

enum class OpenMode : std::uint8_t { existing, create, create_new };

// Of the device that a node's files lie on, in bytes; `usable` is what may still be written.
struct DiskSpace {
  std::uint64_t total = 0;
  std::uint64_t usable = 0;
};

// A node's own file tree; paths are relative to its root, with '/' between names.
class Files {
 public:
  virtual ~Files() = default;
  virtual IoResult<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) = 0;
  virtual IoResult<Done> make_directory(std::string_view path) = 0;  // Fine if it exists.
  virtual IoResult<Done> rename(std::string_view from, std::string_view to) = 0;  // Replaces `to`.
  virtual IoResult<Done> remove(std::string_view path) = 0;  // A file, or a directory with all.
  virtual IoResult<std::vector<std::string>> list(std::string_view directory) const = 0;  // Sorted.
  virtual bool exists(std::string_view path) const = 0;
  virtual IoResult<DiskSpace> space() const = 0;

  // Names created, renamed and removed in `directory` before the call survive power loss.
  virtual IoResult<Done> sync_directory(Env& env, std::string_view directory) = 0;
};

// ---- The host ----------------------------------------------------------------------------------

// Names a fiber for waking and cancelling; never reused. An id of an ended fiber is harmless.
struct FiberId {
  std::uint64_t value = 0;
  friend auto operator<=>(FiberId, FiberId) = default;
};

enum class Wake : std::uint8_t { notified, timed_out, cancelled };

class Host {
 public:
  virtual ~Host() = default;

  virtual NodeId node() const = 0;

  // Monotonic. In the simulation each reading costs a little CPU, so no loop stays at one instant.
  virtual Instant now() = 0;
  // The node's wall clock: may be skewed, may drift, may jump.
  virtual WallTime wall_clock() = 0;
  // Uniform 64 bits, a function of the run's seed, this node, `purpose` and `key`: asking twice
  // gives the same answer, so the caller varies `key` (an epoch, a counter it keeps).
  virtual std::uint64_t random(std::string_view purpose, std::uint64_t key) = 0;
  // CPU time the caller used, beyond the fixed cost of a dispatch.
  virtual void charge(Duration cpu) = 0;

  virtual Files& files() = 0;

  // Explains what was decided. `causes` are ids earlier calls returned.
  virtual EventId emit(EventBody body, EventCauses causes = {}) = 0;

  // Starts `body` on a fiber of this node. `name` should be unique among siblings that live at the
  // same time; the scheduler's choices are keyed by it. The id may be cancelled.
  virtual FiberId spawn(std::string_view name, std::function<void(Env&)> body) = 0;
  // Ends the fiber's park with Wake::notified: the current one, else the next.
  virtual void unpark(FiberId fiber) = 0;
  // The fiber's current wait and all later ones end at once with `cancelled`.
  virtual void cancel(FiberId fiber) = 0;

  virtual IoResult<std::unique_ptr<Listener>> listen(std::uint16_t port) = 0;
};

class Env : public Host {
 public:
  virtual FiberId self() const = 0;
  virtual bool is_cancelled() const = 0;
  // Waits for unpark, cancel or the deadline. Use core/signal.h rather than this.
  virtual Wake park(Instant deadline) = 0;
  // Returns false if cancelled first.
  virtual bool sleep_until(Instant time) = 0;
  bool sleep(Duration duration) { return sleep_until(now() + duration); }

  virtual IoResult<std::unique_ptr<Stream>> connect(const Address& to, Instant deadline) = 0;
};

}  // namespace brokersim
