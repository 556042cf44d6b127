// What a space-time diagram shows of a run, still without any geometry: the events and messages
// that lead to two contradicting facts, as marks and arrows between lanes.
//
//   all events and messages -> those about the failing partition -> the window around the facts
//   -> the weightiest, up to a limit
//
// The least weighty are left out first: state changes, losses and what touches the record in
// question stay, routine traffic goes. What is left out is counted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "core/base/message.h"
#include "properties/property.h"
#include "reports/cast.h"

namespace brokersim::reports {

struct StoryLimits {
  std::size_t items = 80;  // Marks and arrows.
  std::size_t lanes = 12;
};

// What the failure is about.
struct Focus {
  std::optional<TopicPartition> partition;
  std::array<EventId, 2> facts{};
  Offset offset = -1;             // Of the record in question; -1: none is.
  std::vector<std::int64_t> ops;  // The client operations that sent it.
};
Focus focus_of(const properties::Violation& violation, const std::vector<Event>& events);

struct Story {
  // Something that happened at one place.
  struct Mark {
    enum class Kind : std::uint8_t { plain, state, election, loss };
    EventId id;
    NodeId lane;
    Instant at;
    Kind kind = Kind::plain;
    int fact = 0;  // 1 or 2: one of the two that contradict each other.
    std::string text;
    int weight = 0;
  };
  struct Arrow {
    enum class Kind : std::uint8_t { produce, ack, control, read, replication, heartbeat };
    enum class End : std::uint8_t { arrives, lost, later };
    std::int64_t number = 0;
    NodeId from;
    NodeId to;
    Instant sent;
    Instant ended;
    Kind kind = Kind::control;
    End end = End::arrives;
    std::string text;
    std::string tooltip;
    int weight = 0;
    int repeats = 1;  // It stands for so many equal ones.
  };
  struct Band {
    enum class Kind : std::uint8_t { leader, stale, down };
    NodeId lane;
    Instant from;
    Instant until;
    Kind kind = Kind::leader;
    std::string text;
  };
  struct FaultBox {
    std::int32_t fault = 0;
    std::vector<NodeId> lanes;
    Instant from;
    Instant until;
    std::string text;
  };
  struct Outage {
    Instant from;
    Instant until;
  };
  struct Lane {
    NodeId node;
    std::string name;
    std::string state;  // When the picture begins: "leads epoch 4, LEO 43".
  };

  Instant begin;
  Instant end;
  std::vector<Lane> lanes;  // Clients, controllers, brokers.
  std::vector<Mark> marks;  // In order of time, as are all others.
  std::vector<Arrow> arrows;
  std::vector<Band> bands;
  std::vector<FaultBox> faults;
  std::vector<Outage> outages;  // Nobody usable led the partition.
  std::size_t left_out = 0;     // Marks and arrows between begin and end, of the same partition.
  std::size_t hidden_lanes = 0;

  std::size_t shown() const { return marks.size() + arrows.size(); }
};

Story tell_story(const std::vector<Event>& events, const std::vector<Message>& messages,
                 const properties::Violation& violation, const StoryLimits& limits = {});

// ---- Its steps ---------------------------------------------------------------------------------

std::vector<Story::Mark> marks_of(const std::vector<Event>& events, const Focus& focus,
                                  const Cast& cast);
std::vector<Story::Arrow> arrows_of(const std::vector<Message>& messages, const Focus& focus,
                                    const Cast& cast);
// Keeps what belongs into the picture and sets its begin and end.
void choose(Story& story, const Focus& focus, const std::vector<Event>& events,
            std::size_t at_most);

}  // namespace brokersim::reports
