// What a serving process says of itself: one JSON object a line.
//
//   {"time":"2026-11-28T14:40:20.123Z","level":"warn","node":1,"kind":"connection_refused",
//    "event":611,"peer":"10.0.0.7:51312","reason":"tls_hello","detail":"…","suppressed":12}
//
// time, level and kind are always there; node, event and by (the events that caused it) where there
// are any; the rest is the kind's own, as in trace files. What clients can bring about as often as
// they like is told only so often in a while: refused connections for each node and reason, notes
// for each node and text. `suppressed` says how many were not told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/event.h"

namespace brokersim::live {

enum class Level : std::uint8_t { error, warn, info, debug };
std::string_view name_of(Level level);
std::optional<Level> level_named(std::string_view name);
// What somebody who runs a cluster wants to be told of is info, what may need them is warn.
Level level_of(const EventBody& event);

// Lets `most` pass in each window of time, and counts the others.
class RateLimit {
 public:
  static constexpr std::uint64_t most = 10;
  static constexpr Duration window = 10s;

  // How many were held back since the last that passed; nothing if this one is, too.
  std::optional<std::uint64_t> admit(Instant now);

 private:
  Instant window_ends_{};
  std::uint64_t passed_ = 0;
  std::uint64_t held_back_ = 0;
};

class EventLog {
 public:
  using Write = std::function<void(std::string line)>;
  using Clock = std::function<WallTime()>;
  EventLog(Level level, Write write, Clock clock)
      : level_(level), write_(std::move(write)), clock_(std::move(clock)) {}

  void event(const Event& event);
  // What is no event of a node's: that it cannot start, or go on.
  void say(Level level, NodeId node, std::string_view kind, std::string_view why);

 private:
  std::string begin(Level level, NodeId node, std::string_view kind) const;
  // Null if the event may be told as often as it comes.
  RateLimit* limit_of(const Event& event);

  const Level level_;
  const Write write_;
  const Clock clock_;
  std::map<std::pair<NodeId, CloseReason>, RateLimit> refusals_;
  std::map<std::pair<NodeId, std::string>, RateLimit> notes_;
};

// "2026-11-28T14:40:20.123Z"
std::string time_text(WallTime time);

}  // namespace brokersim::live
