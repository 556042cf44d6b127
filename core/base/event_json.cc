#include "core/base/event_json.h"

#include <type_traits>

#include <fmt/format.h>

#include "core/base/message.h"
#include "core/base/uuid_text.h"

namespace brokersim {
namespace {

// Appends one member after the other.
struct JsonFields {
  std::string& out;

  void operator()(std::string_view name, const auto& value) const {
    if (out.back() != '{') out += ',';
    fmt::format_to(std::back_inserter(out), "\"{}\":", name);
    add(value);
  }

  template <class T>
  requires std::is_integral_v<T>
  void add(const T& value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  void add(std::uint64_t digest) const {
    fmt::format_to(std::back_inserter(out), "\"{:016x}\"", digest);
  }
  template <class T>
  requires std::is_enum_v<T>
  void add(const T& value) const { out += json_quoted(name_of(value)); }
  template <class Tag, class Rep>
  void add(const StrongInt<Tag, Rep>& value) const {
    add(value.value);
  }
  void add(Instant at) const { add(at.ns()); }
  void add(const std::string& text) const { out += json_quoted(text); }
  void add(const TopicPartition& p) const { out += json_quoted(fmt::format("{}", p)); }
  void add(const Uuid& id) const { out += json_quoted(uuid_text(id)); }
  void add(const BatchRef& batch) const { add_object(batch); }
  void add(const AbortedTransaction& aborted) const { add_object(aborted); }
  void add(const MessagePart& part) const { add_object(part); }
  template <class T>
  void add_object(const T& value) const {
    out += '{';
    T::visit(value, *this);
    out += '}';
  }
  template <class T>
  void add(const std::vector<T>& values) const {
    out += '[';
    for (const T& value : values) {
      if (out.back() != '[') out += ',';
      add(value);
    }
    out += ']';
  }
};

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string to_json(const Event& event) {
  std::string out = fmt::format("{{\"e\":{},\"t\":{}", event.id.value, event.at);
  if (event.node != no_node) out += fmt::format(",\"n\":{}", event.node);
  out += fmt::format(",\"k\":\"{}\"", kind_of(event.body));
  if (event.causes.ids[0].value != 0) {
    out += ",\"by\":[";
    for (const EventId cause : event.causes.ids) {
      if (cause.value == 0) continue;
      if (out.back() != '[') out += ',';
      out += fmt::format("{}", cause.value);
    }
    out += ']';
  }
  append_fields(out, event.body);
  return out + '}';
}

void append_fields(std::string& object, const EventBody& body) {
  std::visit([&object](const auto& b) { b.visit(b, JsonFields{object}); }, body);
}

std::string to_json(const Message& message) {
  std::string out = "{";
  Message::visit(message, JsonFields{out});
  return out + '}';
}

}  // namespace brokersim
