// trace.jsonl: a run as a file, one JSON object a line: a header, events and messages in order of
// time, and the verdict. Every report can be made of it, and of nothing else.
//
//   {"brokersim_trace":1,"seed":42,"title":"leader-failover","version":"0.1.0",…}
//   {"e":1,"t":1000,"n":1,"k":"node_started","name":"broker-1","incarnation":0}
//   {"m":1,"t":2000,"until":2180,"from":1,"to":2,"fate":"arrived","api":"Fetch",…}
//   {"end":{"verdict":"pass",…}}
//
// core/base/event_json.h says how an event is written, core/base/message.h how a message,
// reports/trace_end.h how the end. Reading gives back equal ones, and takes no line on trust.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/event.h"
#include "core/base/expected.h"
#include "core/base/message.h"
#include "reports/run_result.h"

namespace brokersim::reports {

struct TraceHeader {
  static constexpr int version_of_file = 1;
  std::uint64_t seed = 0;
  std::string title;      // Of the scenario or plan; for people.
  std::string version;    // Of the program that ran it.
  std::string cluster;    // "3 brokers + 3 controllers, …"
  std::string reproduce;  // The line to type; empty: unknown.
  std::string plan;       // The plan's file as text; empty: unknown.
  friend bool operator==(const TraceHeader&, const TraceHeader&) = default;
};

class TraceWriter {
 public:
  // `out` outlives the writer.
  TraceWriter(std::ostream& out, const TraceHeader& header);
  void write(const Event& event);
  void write(const Message& message);
  void end(const RunResult& run);

 private:
  std::ostream& out_;
};

struct Trace {
  TraceHeader header;
  std::vector<Event> events;
  std::vector<Message> messages;  // In the order of sending.
  bool has_end = false;           // Otherwise the run was interrupted, and has no verdict.
  RunResult run;                  // As far as header and end tell; no elections, no wall time.
};

// What read_trace() reads again, and writes again to the byte.
void write_trace(std::ostream& out, const Trace& trace);

struct TraceError {
  std::size_t line = 0;  // From 1.
  std::string message;
};

Expected<Trace, TraceError> read_trace(std::istream& in);
// The message says what is wrong with the line.
Expected<Event, std::string> parse_event(std::string_view line);
Expected<Message, std::string> parse_message(std::string_view line);

}  // namespace brokersim::reports
