#include "reports/trace_file.h"

#include <algorithm>
#include <istream>
#include <ostream>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/event_json.h"
#include "core/base/uuid_text.h"
#include "reports/trace_end.h"

namespace brokersim::reports {
namespace {

using Json = nlohmann::json;

template <class T>
struct Names;  // The enumerators that appear in events.
template <>
struct Names<NodeStopped::How> {
  static constexpr std::array values{NodeStopped::How::shutdown, NodeStopped::How::crash,
                                     NodeStopped::How::power_loss};
};
template <>
struct Names<BatchRole> {
  static constexpr std::array values{BatchRole::data, BatchRole::control, BatchRole::transactional,
                                     BatchRole::commit, BatchRole::abort};
};
template <>
struct Names<Message::Fate> {
  static constexpr std::array values{Message::Fate::arrived, Message::Fate::lost,
                                     Message::Fate::under_way};
};
template <>
struct Names<CloseReason> {
  static constexpr auto values = all_close_reasons;
};
template <>
struct Names<Outcome> {
  static constexpr std::array values{Outcome::ok, Outcome::failed, Outcome::unknown};
};
template <>
struct Names<ProcessingGuarantee> {
  static constexpr std::array values{ProcessingGuarantee::at_least_once,
                                     ProcessingGuarantee::exactly_once,
                                     ProcessingGuarantee::at_most_once};
};

// Sets one event's fields from an object's members; remembers the first that does not fit.
struct FieldReader {
  const Json& object;
  std::string& error;

  void operator()(std::string_view name, auto& value) const {
    const auto at = object.find(std::string(name));
    const bool fits = at != object.end() && read(*at, value);
    if (!fits && error.empty()) error = fmt::format("missing or unfit: \"{}\"", name);
  }

 private:
  static bool read(const Json& json, bool& value) {
    if (!json.is_boolean()) return false;
    value = json.get<bool>();
    return true;
  }
  template <class T>
  requires std::is_integral_v<T>
  static bool read(const Json& json, T& value) {
    if (!json.is_number_integer()) return false;
    const auto wide = json.get<std::int64_t>();
    value = static_cast<T>(wide);
    return value == wide;
  }
  static bool read(const Json& json, std::uint64_t& digest) {
    const auto* const text = json.get_ptr<const std::string*>();
    if (text == nullptr || text->size() != 16) return false;
    digest = 0;
    for (const char c : *text) {
      const auto digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) return false;
      digest = digest << 4 | digit;
    }
    return true;
  }
  template <class T>
  requires std::is_enum_v<T>
  static bool read(const Json& json, T& value) {
    const auto* const text = json.get_ptr<const std::string*>();
    if (text == nullptr) return false;
    for (const T candidate : Names<T>::values) {
      if (name_of(candidate) != *text) continue;
      value = candidate;
      return true;
    }
    return false;
  }
  template <class Tag, class Rep>
  static bool read(const Json& json, StrongInt<Tag, Rep>& value) {
    return read(json, value.value);
  }
  static bool read(const Json& json, std::string& value) {
    const auto* const text = json.get_ptr<const std::string*>();
    if (text != nullptr) value = *text;
    return text != nullptr;
  }
  static bool read(const Json& json, Uuid& value) {
    const auto* const text = json.get_ptr<const std::string*>();
    const auto id = text == nullptr ? std::nullopt : parse_uuid(*text);
    if (id) value = *id;
    return id.has_value();
  }
  static bool read(const Json& json, TopicPartition& value) {
    const auto* const text = json.get_ptr<const std::string*>();
    const auto dash = text == nullptr ? std::string::npos : text->rfind('-');
    if (dash == std::string::npos) return false;
    value.topic = text->substr(0, dash);
    return read(Json::parse(text->substr(dash + 1), nullptr, false), value.partition);
  }
  static bool read(const Json& json, Instant& at) {
    std::int64_t ns = 0;
    if (!read(json, ns)) return false;
    at = Instant{Duration(ns)};
    return true;
  }
  static bool read(const Json& json, BatchRef& value) { return read_object(json, value); }
  static bool read(const Json& json, AbortedTransaction& value) { return read_object(json, value); }
  static bool read(const Json& json, MessagePart& value) { return read_object(json, value); }
  template <class T>
  static bool read_object(const Json& json, T& value) {
    if (!json.is_object()) return false;
    std::string unfit;
    T::visit(value, FieldReader{json, unfit});
    return unfit.empty();
  }
  template <class T>
  static bool read(const Json& json, std::vector<T>& values) {
    if (!json.is_array()) return false;
    values.clear();
    for (const Json& element : json) {
      if (!read(element, values.emplace_back())) return false;
    }
    return true;
  }
};

template <std::size_t I = 0>
bool make_body(std::string_view kind, EventBody& body) {
  if constexpr (I < std::variant_size_v<EventKind>) {
    if (std::variant_alternative_t<I, EventKind>::kind != kind) return make_body<I + 1>(kind, body);
    body.emplace<I>();
    return true;
  } else {
    return false;
  }
}

// The members every event has, read as fields of their own.
struct Envelope {
  std::int64_t id = 0;
  std::int64_t at = 0;
  std::string kind;
  static void visit(auto& e, auto&& f) {
    f("e", e.id);
    f("t", e.at);
    f("k", e.kind);
  }
};

struct Causes {
  std::vector<std::int64_t> ids;
  static void visit(auto& e, auto&& f) { f("by", e.ids); }
};

// The members of the header that are text.
struct Texts {
  static void visit(auto& header, auto&& f) {
    f("title", header.title);
    f("version", header.version);
    f("cluster", header.cluster);
    f("reproduce", header.reproduce);
    f("plan", header.plan);
  }
};

Expected<TraceHeader, std::string> parse_header(const std::string& line) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object() || !object.contains("brokersim_trace")) {
    return Unexpected<std::string>("not a trace of brokersim");
  }
  if (object["brokersim_trace"] != TraceHeader::version_of_file) {
    return Unexpected<std::string>("a trace of another version");
  }
  TraceHeader header;
  const auto seed = object.find("seed");
  const bool has_seed = seed != object.end() && seed->is_number_unsigned();
  if (has_seed) header.seed = seed->get<std::uint64_t>();
  std::string error = has_seed ? "" : "missing or unfit: \"seed\"";
  Texts::visit(header, FieldReader{object, error});
  if (!error.empty()) return Unexpected(std::move(error));
  return header;
}

RunResult run_of(const TraceHeader& header) {
  RunResult run;
  run.seed = header.seed;
  run.scenario = header.title;
  run.version = header.version;
  run.cluster = header.cluster;
  run.reproduce = header.reproduce;
  return run;
}

// One line after the header.
Expected<Done, std::string> read_line(const std::string& line, Trace& trace) {
  if (trace.has_end) return Unexpected<std::string>("a line after the end");
  if (is_trace_end(line)) {
    trace.has_end = true;
    return read_trace_end(line, trace.run);
  }
  if (line.starts_with("{\"m\":")) {
    TRY(auto message, parse_message(line));
    trace.messages.push_back(std::move(message));
  } else {
    TRY(auto event, parse_event(line));
    trace.events.push_back(std::move(event));
  }
  return Done{};
}

}  // namespace

TraceWriter::TraceWriter(std::ostream& out, const TraceHeader& header) : out_(out) {
  out_ << fmt::format("{{\"brokersim_trace\":{},\"seed\":{}", TraceHeader::version_of_file,
                      header.seed);
  Texts::visit(header, [this](std::string_view name, const std::string& text) {
    out_ << fmt::format(",\"{}\":{}", name, json_quoted(text));
  });
  out_ << "}\n";
}

void TraceWriter::write(const Event& event) { out_ << to_json(event) << '\n'; }
void TraceWriter::write(const Message& message) { out_ << to_json(message) << '\n'; }
void TraceWriter::end(const RunResult& run) { out_ << trace_end(run) << '\n'; }

void write_trace(std::ostream& out, const Trace& trace) {
  TraceWriter writer(out, trace.header);
  auto message = trace.messages.begin();
  const auto write_messages = [&](Instant until) {
    for (; message != trace.messages.end() && message->sent <= until; ++message) {
      writer.write(*message);
    }
  };
  for (const Event& event : trace.events) {
    writer.write(event);
    write_messages(event.at);
  }
  write_messages(never);
  if (trace.has_end) writer.end(trace.run);
}

Expected<Event, std::string> parse_event(std::string_view line) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return Unexpected<std::string>("not a JSON object");
  std::string error;
  const FieldReader reader{object, error};

  Envelope envelope;
  Envelope::visit(envelope, reader);
  Event event;
  if (object.contains("n")) reader("n", event.node);
  Causes causes;
  if (object.contains("by")) Causes::visit(causes, reader);
  if (!error.empty()) return Unexpected(std::move(error));

  if (envelope.id <= 0) return Unexpected<std::string>("ids count from 1");
  event.id.value = static_cast<std::uint64_t>(envelope.id);
  event.at = Instant{Duration(envelope.at)};
  if (causes.ids.size() > event.causes.ids.size()) {
    return Unexpected<std::string>("too many causes");
  }
  for (std::size_t i = 0; i < causes.ids.size(); ++i) {
    if (causes.ids[i] <= 0) return Unexpected<std::string>("ids count from 1");
    event.causes.ids[i].value = static_cast<std::uint64_t>(causes.ids[i]);
  }
  if (!make_body(envelope.kind, event.body)) {
    return Unexpected(fmt::format("unknown kind of event: \"{}\"", envelope.kind));
  }
  std::visit([&reader](auto& body) { body.visit(body, reader); }, event.body);
  if (!error.empty()) return Unexpected(std::move(error));
  return event;
}

Expected<Message, std::string> parse_message(std::string_view line) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return Unexpected<std::string>("not a JSON object");
  std::string error;
  Message message;
  Message::visit(message, FieldReader{object, error});
  if (!error.empty()) return Unexpected(std::move(error));
  if (message.number <= 0) return Unexpected<std::string>("messages count from 1");
  return message;
}

Expected<Trace, TraceError> read_trace(std::istream& in) {
  std::string line;
  std::getline(in, line);
  auto header = parse_header(line);
  if (!header) return Unexpected(TraceError{1, header.error()});
  Trace trace;
  trace.header = *std::move(header);
  trace.run = run_of(trace.header);
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    const auto done = read_line(line, trace);
    if (!done) return Unexpected(TraceError{number, done.error()});
  }
  std::sort(trace.messages.begin(), trace.messages.end(),
            [](const Message& a, const Message& b) { return a.number < b.number; });
  return trace;
}

}  // namespace brokersim::reports
