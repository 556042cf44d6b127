#include "sim/live/event_log.h"

#include <array>
#include <ctime>

#include <fmt/chrono.h>

#include "core/base/event_json.h"

namespace brokersim::live {
namespace {

constexpr std::array all_levels{Level::error, Level::warn, Level::info, Level::debug};

struct LevelOf {
  Level operator()(const QuorumRoleChanged&) const { return Level::info; }
  Level operator()(const QuorumVotersChanged&) const { return Level::info; }
  Level operator()(const BrokerRegistered&) const { return Level::info; }
  Level operator()(const SessionExpired&) const { return Level::info; }
  Level operator()(const BrokerUnfenced&) const { return Level::info; }
  Level operator()(const IsrChanged&) const { return Level::info; }
  Level operator()(const LeaderElected& b) const {
    return b.is_clean && b.to != no_node ? Level::info : Level::warn;
  }
  Level operator()(const BrokerFenced&) const { return Level::warn; }
  Level operator()(const LogTruncated&) const { return Level::warn; }
  Level operator()(const LogRecovered& b) const {
    return b.bytes_cut > 0 ? Level::warn : Level::debug;
  }
  Level operator()(const ConnectionRefused&) const { return Level::warn; }
  Level operator()(const Note&) const { return Level::warn; }
  template <class Body>
  Level operator()(const Body&) const {
    return Level::debug;
  }
};

}  // namespace

std::string_view name_of(Level level) {
  switch (level) {
    case Level::error: return "error";
    case Level::warn: return "warn";
    case Level::info: return "info";
    case Level::debug: return "debug";
  }
  __builtin_unreachable();
}

std::optional<Level> level_named(std::string_view name) {
  for (const Level level : all_levels) {
    if (name_of(level) == name) return level;
  }
  return std::nullopt;
}

Level level_of(const EventBody& event) { return std::visit(LevelOf{}, event); }

std::optional<std::uint64_t> RateLimit::admit(Instant now) {
  if (now >= window_ends_) {
    window_ends_ = now + window;
    passed_ = 0;
  }
  if (passed_ >= most) {
    ++held_back_;
    return std::nullopt;
  }
  ++passed_;
  return std::exchange(held_back_, 0);
}

std::string time_text(WallTime time) {
  const auto seconds = static_cast<std::time_t>(time.ms / 1000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), time.ms % 1000);
}

std::string EventLog::begin(Level level, NodeId node, std::string_view kind) const {
  auto line = fmt::format(R"({{"time":"{}","level":"{}")", time_text(clock_()), name_of(level));
  if (node != no_node) line += fmt::format(R"(,"node":{})", node);
  return line + fmt::format(R"(,"kind":"{}")", kind);
}

RateLimit* EventLog::limit_of(const Event& event) {
  if (const auto* refused = std::get_if<ConnectionRefused>(&event.body)) {
    return &refusals_[{event.node, refused->reason}];
  }
  if (const auto* note = std::get_if<Note>(&event.body)) {
    constexpr std::size_t most_texts = 1000;
    if (notes_.size() >= most_texts) notes_.clear();  // Texts have names in them.
    return &notes_[{event.node, note->text}];
  }
  return nullptr;
}

void EventLog::event(const Event& event) {
  const Level level = level_of(event.body);
  if (level > level_) return;
  std::uint64_t suppressed = 0;
  if (RateLimit* limit = limit_of(event)) {
    const auto before = limit->admit(event.at);
    if (!before) return;
    suppressed = *before;
  }
  auto line = begin(level, event.node, kind_of(event.body));
  line += fmt::format(R"(,"event":{})", event.id.value);
  std::string causes;
  for (const EventId cause : event.causes.ids) {
    if (cause.value == 0) continue;
    causes += fmt::format("{}{}", causes.empty() ? "" : ",", cause.value);
  }
  if (!causes.empty()) line += fmt::format(R"(,"by":[{}])", causes);
  append_fields(line, event.body);
  if (suppressed > 0) line += fmt::format(R"(,"suppressed":{})", suppressed);
  write_(line + '}');
}

void EventLog::say(Level level, NodeId node, std::string_view kind, std::string_view why) {
  if (level > level_) return;
  write_(begin(level, node, kind) + fmt::format(R"(,"why":{}}})", json_quoted(why)));
}

}  // namespace brokersim::live
