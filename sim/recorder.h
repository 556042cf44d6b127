// What happened, as one sequence: events, and the scheduler's, network's and disks' every action.
//
// All of it feeds the run's hash, in a byte order of its own, so that two runs are the same exactly
// if their hashes are. Events also go to the listeners (taps' consumers, properties, the trace
// file); without listeners an event costs its hashing and a place among the last few.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/event.h"

namespace brokersim::sim {

// 128 bits over a sequence of words. Each step is a bijection of the state: no word is forgotten.
class RollingHash {
 public:
  void add(std::uint64_t word) {
    word *= 0x87c37b91114253d5u;
    word = (word << 31) | (word >> 33);
    word *= 0x4cf5ad432745937fu;
    const std::uint64_t mixed = high_ ^ word;
    high_ = low_;
    low_ = (((mixed << 27) | (mixed >> 37)) + low_) * 5 + 0x52dce729;
  }
  // The length, then words in little-endian order, the last padded with zeros.
  void add(ByteView bytes);

  std::string hex() const;  // 32 digits.
  friend bool operator==(const RollingHash&, const RollingHash&) = default;

 private:
  std::uint64_t high_ = 0x6a09e667f3bcc908;
  std::uint64_t low_ = 0xbb67ae8584caa73b;
};

// What an item of the sequence is. The numbers are hashed: add at the end.
enum class Item : std::uint8_t {
  event = 1,     // a: id
  dispatch,      // a: process, b: fiber's key, c: its wake count
  callback,      // a: its key
  connection,    // opened, closed, reset
  sent,          // bytes given to a connection
  delivered,     // bytes arrived at the other end
  disk_written,  // appended or truncated
  disk_synced,
  disk_lost,  // by power loss
};
std::string_view name_of(Item item);

class Recorder {
 public:
  using Listener = std::function<void(const Event&)>;
  struct Checkpoint {
    std::uint64_t items = 0;  // Hashed before it.
    RollingHash hash;
  };
  // One hashed item, for whoever looks for the first difference of two runs.
  struct Trace {
    std::uint64_t number = 0;
    Item item{};
    Instant at;
    std::uint64_t a = 0, b = 0, c = 0;
    const Event* event = nullptr;  // Of Item::event.
  };

  // Checkpoints are kept every 2^`checkpoint_log2` items.
  explicit Recorder(int checkpoint_log2 = 12) : checkpoint_log2_(checkpoint_log2) {}
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // ---- Feeding ----

  // The instant of all that follows. Never goes back.
  void set_time(Instant time) { time_ = time; }
  void feed(Item item, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    hash_.add(static_cast<std::uint64_t>(time_.ns()) << 8 | static_cast<std::uint64_t>(item));
    hash_.add(a);
    hash_.add(b);
    hash_.add(c);
    if (++items_ >= next_look_) [[unlikely]]
      look(item, a, b, c, nullptr);
  }
  // Returns the event's id. A listener may cause events: they are heard after this one.
  EventId record(NodeId node, EventBody body, EventCauses causes = {});

  // ---- Listening ----

  // Called for each later event, in order.
  void listen(Listener listener) { listeners_.push_back(std::move(listener)); }
  // Called for each item with first <= number < last (from 1).
  void watch(std::uint64_t first, std::uint64_t last, std::function<void(const Trace&)> watcher);

  // ---- Asking ----

  Instant now() const { return time_; }
  const RollingHash& hash() const { return hash_; }
  std::uint64_t items() const { return items_; }
  std::uint64_t events() const { return events_; }
  const std::vector<Checkpoint>& checkpoints() const { return checkpoints_; }
  // The last events, oldest first, at most `kept` of them.
  std::vector<Event> last_events() const;
  static constexpr std::size_t kept = 20;

 private:
  void look(Item item, std::uint64_t a, std::uint64_t b, std::uint64_t c, const Event* event);
  void plan_look();
  void hash_event(const Event& event);
  void tell(const Event& event);

  int checkpoint_log2_;
  Instant time_{};
  RollingHash hash_;
  std::uint64_t items_ = 0;
  std::uint64_t events_ = 0;
  // The next item at which there is a checkpoint to keep or a watcher to tell.
  std::uint64_t next_look_ = 0;
  std::vector<Checkpoint> checkpoints_;
  std::function<void(const Trace&)> watcher_;
  std::uint64_t watch_first_ = 0, watch_last_ = 0;
  std::vector<Listener> listeners_;
  bool is_telling_ = false;
  std::vector<Event> untold_;
  std::vector<Event> last_;  // A ring once full; events_ % kept is its oldest.
};

}  // namespace brokersim::sim
