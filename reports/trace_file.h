// trace.jsonl: a run's events as a file, one JSON object a line, the first a header.
//
//   {"brokersim_trace":1,"seed":42,"title":"leader-failover"}
//   {"e":1,"t":1000,"n":1,"k":"node_started","name":"broker-1","incarnation":0}
//
// core/base/event_json.h says how an event is written. Reading gives back equal events, and takes
// no line on trust.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/event.h"
#include "core/base/expected.h"

namespace brokersim::reports {

struct TraceHeader {
  static constexpr int version = 1;
  std::uint64_t seed = 0;
  std::string title;  // Of the scenario or plan; for people.
  friend bool operator==(const TraceHeader&, const TraceHeader&) = default;
};

class TraceWriter {
 public:
  // `out` outlives the writer.
  TraceWriter(std::ostream& out, const TraceHeader& header);
  void write(const Event& event);

 private:
  std::ostream& out_;
};

struct Trace {
  TraceHeader header;
  std::vector<Event> events;
};

struct TraceError {
  std::size_t line = 0;  // From 1.
  std::string message;
};

Expected<Trace, TraceError> read_trace(std::istream& in);
// The message says what is wrong with the line.
Expected<Event, std::string> parse_event(std::string_view line);

}  // namespace brokersim::reports
