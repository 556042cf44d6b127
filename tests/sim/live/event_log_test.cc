// The lines a serving process logs: what each holds, which level wants it, and how many of a kind.
#include "sim/live/event_log.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace brokersim::live {
namespace {

struct Logged {
  explicit Logged(Level level)
      : log(
            level, [this](std::string line) { lines.push_back(std::move(line)); },
            [] { return WallTime{1'764'340'820'123}; }) {}
  std::vector<std::string> lines;
  EventLog log;
};

Event refusal(Instant at, NodeId node = NodeId(1)) {
  return {.id = EventId{7},
          .at = at,
          .node = node,
          .body = ConnectionRefused{"10.0.0.7:51312", CloseReason::tls_hello, "a \"quote\""}};
}

TEST(EventLog, a_line_is_one_object_with_time_level_node_and_kind) {
  Logged logged(Level::info);
  logged.log.event(refusal(Instant{1s}));
  logged.log.event({.id = EventId{9},
                    .node = NodeId(101),
                    .causes = EventCauses(EventId{3}, EventId{4}),
                    .body = BrokerUnfenced{NodeId(1)}});
  logged.log.say(Level::error, no_node, "start_failed", "no port");
  EXPECT_EQ(logged.lines,
            (std::vector<std::string>{
                R"({"time":"2025-11-28T14:40:20.123Z","level":"warn","node":1,)"
                R"("kind":"connection_refused","event":7,"peer":"10.0.0.7:51312",)"
                R"("reason":"tls_hello","detail":"a \"quote\""})",
                R"({"time":"2025-11-28T14:40:20.123Z","level":"info","node":101,)"
                R"("kind":"broker_unfenced","event":9,"by":[3,4],"broker":1})",
                R"({"time":"2025-11-28T14:40:20.123Z","level":"error","kind":"start_failed",)"
                R"("why":"no port"})"}));
}

TEST(EventLog, a_level_wants_what_is_as_grave_or_more) {
  const Event debug{.body = BecameLeader{}};
  const Event info{.body = LeaderElected{.to = NodeId(1)}};
  const Event warn{.body = LeaderElected{.to = no_node}};
  std::size_t expected = 0;
  for (const Level level : {Level::error, Level::warn, Level::info, Level::debug}) {
    Logged logged(level);
    for (const auto& event : {debug, info, warn}) logged.log.event(event);
    EXPECT_EQ(logged.lines.size(), expected++) << name_of(level);
    EXPECT_EQ(level_named(name_of(level)), level);
  }
  EXPECT_EQ(level_named("loud"), std::nullopt);
}

TEST(EventLog, of_many_refusals_some_are_told_and_the_others_counted) {
  Logged logged(Level::warn);
  for (int i = 0; i < 100; ++i) logged.log.event(refusal(Instant{1s}));
  EXPECT_EQ(logged.lines.size(), RateLimit::most);
  // Another node's are others.
  logged.log.event(refusal(Instant{1s}, NodeId(2)));
  EXPECT_EQ(logged.lines.size(), RateLimit::most + 1);
  logged.log.event(refusal(Instant{1s} + RateLimit::window));
  EXPECT_NE(logged.lines.back().find(R"("suppressed":90})"), std::string::npos);
  logged.log.event(refusal(Instant{2s} + RateLimit::window));
  EXPECT_EQ(logged.lines.back().find("suppressed"), std::string::npos);
}

// A client that looks for its coordinator asks again and again.
TEST(EventLog, a_note_is_told_so_often_and_holds_up_no_other) {
  Logged logged(Level::warn);
  const auto note = [&](std::string text, Instant at = Instant{1s}) {
    logged.log.event({.at = at, .node = NodeId(1), .body = Note{std::move(text)}});
  };
  for (int i = 0; i < 100; ++i) note("__consumer_offsets cannot be created");
  EXPECT_EQ(logged.lines.size(), RateLimit::most);
  note("node 1 stops");
  EXPECT_EQ(logged.lines.size(), RateLimit::most + 1);
  note("__consumer_offsets cannot be created", Instant{1s} + RateLimit::window);
  EXPECT_NE(logged.lines.back().find(R"("suppressed":90})"), std::string::npos);
}

}  // namespace
}  // namespace brokersim::live
