#include "scenarios/document.h"

#include <algorithm>

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace brokersim::scenarios {
namespace {

using Error = std::string;

Place place_of(const toml::source_region& region, const std::string& file) {
  return {.file = file, .line = region.begin.line, .column = region.begin.column};
}

Expected<Entries, Error> entries_of(const toml::table& table, const std::string& file);

Expected<Node, Error> node_of(const toml::node& from, const std::string& file) {
  Node node{.value = false, .place = place_of(from.source(), file)};
  if (const auto* boolean = from.as_boolean()) {
    node.value = boolean->get();
  } else if (const auto* integer = from.as_integer()) {
    node.value = integer->get();
  } else if (const auto* text = from.as_string()) {
    node.value = text->get();
  } else if (const auto* array = from.as_array()) {
    Items items;
    for (const auto& element : *array) {
      TRY(auto item, node_of(element, file));
      items.push_back(std::move(item));
    }
    node.value = std::move(items);
  } else if (const auto* table = from.as_table()) {
    TRY(auto entries, entries_of(*table, file));
    node.value = std::move(entries);
  } else {
    return Unexpected(prefix(node.place) + "a text, a whole number, true or false is wanted here");
  }
  return node;
}

Expected<Entries, Error> entries_of(const toml::table& table, const std::string& file) {
  Entries entries;
  for (const auto& [key, value] : table) {
    TRY(auto node, node_of(value, file));
    entries.push_back(Entry{.key = std::string(key.str()),
                            .place = place_of(key.source(), file),
                            .node = std::move(node)});
  }
  return entries;
}

Expected<Entries, Error> parse(std::string_view text, const std::string& file) {
  const auto parsed = toml::parse(text, file);
  if (parsed) return entries_of(parsed.table(), file);
  const auto& error = parsed.error();
  return Unexpected(prefix(place_of(error.source(), file)) + std::string(error.description()));
}

// Splits at dots outside quotes: settings."replica.lag.time.max.ms".
std::vector<std::string> split_key(std::string_view key) {
  std::vector<std::string> parts(1);
  char quote = 0;
  for (const char c : key) {
    if (quote != 0 ? c == quote : c == '"' || c == '\'') {
      quote = quote != 0 ? '\0' : c;
    } else if (c == '.' && quote == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Node value_of(const Override& override_) {
  const std::string where = "--set " + override_.key;
  auto parsed = parse("value = " + override_.value, where);
  if (!parsed || parsed->size() != 1) return {.value = override_.value, .place = {.file = where}};
  auto node = std::move(parsed->front().node);
  node.place = {.file = where};
  return node;
}

Entry& entry(Entries& table, const std::string& key, const Place& place) {
  const auto at = std::lower_bound(table.begin(), table.end(), key,
                                   [](const Entry& e, const auto& k) { return e.key < k; });
  if (at != table.end() && at->key == key) return *at;
  return *table.insert(
      at, Entry{.key = key, .place = place, .node = {.value = Entries{}, .place = place}});
}

// Sets `value` at the path from its `depth` on. False where the path leads through a plain value.
bool set(Entries& table, const std::vector<std::string>& path, std::size_t depth,
         const Node& value) {
  // A setting's name has dots of its own, which are easily left unquoted.
  const bool is_name_with_dots = depth > 0 && path[depth - 1] == "settings";
  auto key = path[depth];
  if (is_name_with_dots) key = fmt::format("{}", fmt::join(path.begin() + 1, path.end(), "."));
  auto& next = entry(table, key, value.place).node;
  if (is_name_with_dots || depth + 1 == path.size()) {
    next = value;
    return true;
  }
  if (auto* inner = std::get_if<Entries>(&next.value)) return set(*inner, path, depth + 1, value);
  auto* items = std::get_if<Items>(&next.value);
  if (items == nullptr) return false;
  return std::all_of(items->begin(), items->end(), [&](Node& item) {
    auto* inner = std::get_if<Entries>(&item.value);
    return inner != nullptr && set(*inner, path, depth + 1, value);
  });
}

}  // namespace

std::string prefix(const Place& place) {
  if (place.line == 0) return place.file + ": ";
  return fmt::format("{}:{}:{}: ", place.file, place.line, place.column);
}

const Node* find(const Entries& table, std::string_view key) {
  for (const auto& entry : table) {
    if (entry.key == key) return &entry.node;
  }
  return nullptr;
}

const Entries* table_in(const Entries& table, std::string_view key) {
  const Node* node = find(table, key);
  return node ? std::get_if<Entries>(&node->value) : nullptr;
}

std::vector<const Entries*> tables_in(const Entries& table, std::string_view key) {
  std::vector<const Entries*> tables;
  const Node* node = find(table, key);
  if (node == nullptr) return tables;
  if (const auto* one = std::get_if<Entries>(&node->value)) tables.push_back(one);
  const auto* items = std::get_if<Items>(&node->value);
  for (std::size_t i = 0; items && i < items->size(); ++i) {
    if (const auto* one = std::get_if<Entries>(&(*items)[i].value)) tables.push_back(one);
  }
  return tables;
}

std::vector<Node> items_of(const Node& node) {
  if (const auto* items = std::get_if<Items>(&node.value)) return *items;
  return {node};
}

std::vector<Node> items_in(const Entries& table, std::string_view key) {
  const Node* node = find(table, key);
  return node ? items_of(*node) : std::vector<Node>();
}

Place place_of_field(const Node& table, std::string_view key) {
  const auto* entries = std::get_if<Entries>(&table.value);
  const Node* field = entries ? find(*entries, key) : nullptr;
  return field ? field->place : table.place;
}

Expected<Override, std::string> parse_override(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return Unexpected(fmt::format("--set {}: KEY=VALUE is wanted", text));
  }
  return Override{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Expected<Entries, std::string> parse_document(std::string_view text, const std::string& file,
                                              const std::vector<Override>& overrides) {
  TRY(auto root, parse(text, file));
  for (const auto& override_ : overrides) {
    const auto value = value_of(override_);
    if (!set(root, split_key(override_.key), 0, value)) {
      return Unexpected(prefix(value.place) + "this is not a table, so nothing can be set in it");
    }
  }
  return root;
}

}  // namespace brokersim::scenarios
