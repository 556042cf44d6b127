#include "sim/recorder.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include <fmt/format.h>

#include "sim/random.h"

namespace brokersim::sim {
namespace {

// Feeds one event's fields, in the order of their `visit`.
struct FieldHash {
  RollingHash& hash;

  void operator()(std::string_view, const auto& value) const { add(value); }

  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void add(const T& value) const {
    hash.add(static_cast<std::uint64_t>(value));
  }
  template <class Tag, class Rep>
  void add(const StrongInt<Tag, Rep>& value) const {
    add(value.value);
  }
  void add(const std::string& text) const { hash.add(as_bytes(text)); }
  void add(const TopicPartition& p) const {
    add(p.topic);
    add(p.partition);
  }
  // Drawn at random, and written into the files of which the event tells: their bytes are hashed.
  void add(const Uuid&) const {}
  void add(const BatchRef& batch) const { BatchRef::visit(batch, *this); }
  void add(const AbortedTransaction& aborted) const { AbortedTransaction::visit(aborted, *this); }
  template <class T>
  void add(const std::vector<T>& values) const {
    add(values.size());
    for (const T& value : values) add(value);
  }
};

}  // namespace

std::string_view name_of(Item item) {
  switch (item) {
    case Item::event: return "event";
    case Item::dispatch: return "dispatch";
    case Item::callback: return "callback";
    case Item::connection: return "connection";
    case Item::sent: return "sent";
    case Item::delivered: return "delivered";
    case Item::disk_written: return "disk_written";
    case Item::disk_synced: return "disk_synced";
    case Item::disk_lost: return "disk_lost";
  }
  __builtin_unreachable();
}

void RollingHash::add(ByteView bytes) {
  add(bytes.size());
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < 8; ++i) word |= std::uint64_t{bytes[at + i]} << (8 * i);
    add(word);
  }
  if (at == bytes.size()) return;
  std::uint64_t rest = 0;
  for (std::size_t i = 0; at + i < bytes.size(); ++i) rest |= std::uint64_t{bytes[at + i]} << 8 * i;
  add(rest);
}

std::string RollingHash::hex() const { return fmt::format("{:016x}{:016x}", high_, low_); }

void Recorder::hash_event(const Event& event) {
  hash_.add(static_cast<std::uint64_t>(time_.ns()) << 8 | static_cast<std::uint64_t>(Item::event));
  hash_.add(event.id.value);
  hash_.add(static_cast<std::uint64_t>(event.node.value));
  for (const EventId cause : event.causes.ids) hash_.add(cause.value);
  std::visit(
      [this](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        constexpr std::uint64_t kind = key_of(Body::kind);
        hash_.add(kind);
        Body::visit(body, FieldHash{hash_});
      },
      event.body);
}

EventId Recorder::record(NodeId node, EventBody body, EventCauses causes) {
  Event event{EventId{++events_}, time_, node, causes, std::move(body)};
  const EventId id = event.id;
  hash_event(event);
  if (++items_ >= next_look_) look(Item::event, id.value, 0, 0, &event);
  if (is_telling_) {
    untold_.push_back(event);
  } else if (!listeners_.empty()) {
    tell(event);
  }
  if (last_.size() < kept) {
    last_.push_back(std::move(event));
  } else {
    last_[(id.value - 1) % kept] = std::move(event);
  }
  return id;
}

void Recorder::tell(const Event& event) {
  is_telling_ = true;
  for (const Listener& listener : listeners_) listener(event);
  for (std::size_t i = 0; i < untold_.size(); ++i) {
    const Event later = untold_[i];
    for (const Listener& listener : listeners_) listener(later);
  }
  untold_.clear();
  is_telling_ = false;
}

std::vector<Event> Recorder::last_events() const {
  std::vector<Event> events = last_;
  std::sort(events.begin(), events.end(),
            [](const Event& a, const Event& b) { return a.id < b.id; });
  return events;
}

// ---- Checkpoints and watching: rare, so that feeding is one comparison --------------------------

void Recorder::watch(std::uint64_t first, std::uint64_t last,
                     std::function<void(const Trace&)> watcher) {
  watch_first_ = first;
  watch_last_ = last;
  watcher_ = std::move(watcher);
  plan_look();
}

void Recorder::plan_look() {
  const std::uint64_t every = std::uint64_t{1} << checkpoint_log2_;
  next_look_ = (items_ / every + 1) * every;
  if (items_ + 1 < watch_last_)
    next_look_ = std::min(next_look_, std::max(items_ + 1, watch_first_));
}

void Recorder::look(Item item, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                    const Event* event) {
  if (items_ % (std::uint64_t{1} << checkpoint_log2_) == 0) checkpoints_.push_back({items_, hash_});
  if (watcher_ && items_ >= watch_first_ && items_ < watch_last_) {
    watcher_({items_, item, time_, a, b, c, event});
  }
  plan_look();
}

}  // namespace brokersim::sim
