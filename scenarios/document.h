// A TOML file as a plain tree that remembers where everything stood, and what is set from outside.
//
// The one place that knows the TOML library. Kinds of value that no file here needs (fractions,
// dates) are errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/expected.h"

namespace brokersim::scenarios {

struct Place {
  std::string file;
  std::uint32_t line = 0;  // From 1; 0: unknown.
  std::uint32_t column = 0;
};
// "chaos.toml:12:7: "
std::string prefix(const Place& place);

struct Node;
using Items = std::vector<Node>;
struct Entry;
using Entries = std::vector<Entry>;  // Sorted by key.

struct Node {
  std::variant<bool, std::int64_t, std::string, Items, Entries> value;
  Place place;
};
struct Entry {
  std::string key;
  Place place;  // Of the key.
  Node node;
};

// The entry of a table, or null.
const Node* find(const Entries& table, std::string_view key);
// The same where it is a table itself.
const Entries* table_in(const Entries& table, std::string_view key);
// The tables of a list of tables, or the one table.
std::vector<const Entries*> tables_in(const Entries& table, std::string_view key);
// The items of a list, or the one value that stands for a list of it.
std::vector<Node> items_of(const Node& node);
// The same of an entry of a table; none if there is no such entry.
std::vector<Node> items_in(const Entries& table, std::string_view key);
// Of a table's entry, or where that is missing of the table.
Place place_of_field(const Node& table, std::string_view key);

// What --set gives: a dotted key and the text of a value, as in the file; quotes around a text may
// be left out.
struct Override {
  std::string key;
  std::string value;
};
// "a.b=c", as after --set.
Expected<Override, std::string> parse_override(std::string_view text);

// The root table, with the overrides applied in their order. A key that leads through an array of
// tables sets it in each of them. Errors name file, line and column.
Expected<Entries, std::string> parse_document(std::string_view text, const std::string& file,
                                              const std::vector<Override>& overrides = {});

}  // namespace brokersim::scenarios
