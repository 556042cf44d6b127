// Reads a table of a document into a struct, field by field; whatever is left over is an error.
//
//   FieldReader read(node, error);
//   read("at", fault.at);
//   read("kind", fault.kind);
//   read.finish();
//
// `error` keeps the first thing that is wrong, with its place. A field that is absent keeps its
// value. What a type looks like in a file is the overload of `read_value` for it.
#pragma once

#include <concepts>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/processing_guarantee.h"
#include "core/base/time.h"
#include "scenarios/document.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

// The first thing that is wrong with a file; empty while nothing is.
class ReadError {
 public:
  void set(const Place& place, const std::string& what) {
    if (text_.empty()) text_ = prefix(place) + what;
  }
  explicit operator bool() const { return !text_.empty(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class FieldReader {
 public:
  FieldReader(const Entries& table, ReadError& error) : table_(&table), error_(error) {}
  // Of something that must be a table.
  FieldReader(const Node& node, ReadError& error) : error_(error) {
    table_ = std::get_if<Entries>(&node.value);
    if (table_ == nullptr) error_.set(node.place, "a table is wanted here");
  }

  // Returns whether the field is there.
  template <class T>
  bool operator()(std::string_view key, T&& value) {
    known_.emplace_back(key);
    const Node* node = table_ ? find(*table_, key) : nullptr;
    if (node) read_value(*node, value, error_);
    return node != nullptr;
  }
  // A field that there must be.
  template <class T>
  void need(std::string_view key, const Place& place, T&& value) {
    if (!(*this)(key, value)) error_.set(place, "there is no '" + std::string(key) + "' here");
  }
  // Complains about what nobody asked for.
  void finish();

 private:
  const Entries* table_ = nullptr;
  ReadError& error_;
  std::vector<std::string> known_;
};

// A number that may be a word as well: acks.
template <class T>
struct Acks {
  T& value;
};
template <class T>
Acks(T&) -> Acks<T>;

// A number from 0 on, where -1 would mean nothing.
template <class T>
struct Natural {
  T& value;
};
template <class T>
Natural(T&) -> Natural<T>;

void read_value(const Node& node, bool& value, ReadError& error);
// A text; of a plain number or truth value its spelling, as settings have it.
void read_value(const Node& node, std::string& value, ReadError& error);
void read_value(const Node& node, Duration& value, ReadError& error);
void read_value(const Node& node, Partitioner& value, ReadError& error);
void read_value(const Node& node, Operation::Kind& value, ReadError& error);
void read_value(const Node& node, Parses& value, ReadError& error);
void read_value(const Node& node, client::Assignor& value, ReadError& error);
void read_value(const Node& node, client::IsolationLevel& value, ReadError& error);
void read_value(const Node& node, client::OffsetReset& value, ReadError& error);
void read_value(const Node& node, ProcessingGuarantee& value, ReadError& error);
void read_value(const Node& node, client::GroupProtocol& value, ReadError& error);
void read_value(const Node& node, wire::Codec& value, ReadError& error);
void read_value(const Node& node, Fault::Parameter& value, ReadError& error);
void read_value(const Node& node, const Acks<std::int16_t>& acks, ReadError& error);
void read_value(const Node& node, const Natural<std::int64_t>& number, ReadError& error);
// A whole number of at least `least` and at most `most`.
std::int64_t read_number(const Node& node, std::int64_t least, std::int64_t most, ReadError& error);

template <std::integral T>
void read_value(const Node& node, T& value, ReadError& error) {
  constexpr auto most = std::numeric_limits<T>::max();
  constexpr auto limit = std::numeric_limits<std::int64_t>::max();
  const std::int64_t bound = std::cmp_less(most, limit) ? static_cast<std::int64_t>(most) : limit;
  value = static_cast<T>(read_number(node, std::is_signed_v<T> ? -1 : 0, bound, error));
}

// What a struct consists of: `static void visit(auto& value, auto&& f)` calls f(name, member).
template <class T>
struct Fields;
template <class T>
concept HasFields = requires {
  sizeof(Fields<T>);
};

template <HasFields T>
void read_value(const Node& node, T& value, ReadError& error) {
  FieldReader read(node, error);
  Fields<T>::visit(value, read);
  read.finish();
}

template <class T>
void read_value(const Node& node, std::vector<T>& values, ReadError& error) {
  const auto* items = std::get_if<Items>(&node.value);
  if (items == nullptr) return error.set(node.place, "a list in [ ] is wanted here");
  values.clear();
  for (const auto& item : *items) read_value(item, values.emplace_back(), error);
}

template <class T>
void read_value(const Node& node, std::map<std::string, T>& values, ReadError& error) {
  const auto* table = std::get_if<Entries>(&node.value);
  if (table == nullptr) return error.set(node.place, "a table is wanted here");
  for (const auto& entry : *table) read_value(entry.node, values[entry.key], error);
}

}  // namespace brokersim::scenarios
