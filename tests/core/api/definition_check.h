// Compares a description, row by row, with a definition of the protocol as Kafka publishes them.
//
// Not compared is what no byte depends on: texts, `listeners` and `deprecatedVersions`, and
// `mapKey`, by which Kafka's own classes find an element.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/api/types.h"

namespace brokersim::api {

using nlohmann::json;

// An optional folder of data next to the sources; empty if it is not there.
inline std::string shared_folder(const std::string& name) {
  const auto path = std::string(BROKERSIM_SOURCE_DIR) + "/../shared/" + name + "/";
  return std::ifstream(path + "README.md") ? path : "";
}

inline json read_definition(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return json::parse(file, nullptr, true, /*ignore_comments=*/true);
}

// maxWaitMs, MaxWaitMs and max_wait_ms are one name.
inline std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '_') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

// Collects where the two differ, one text each.
class DefinitionCheck {
 public:
  DefinitionCheck(const wire::Description& description, const json& definition)
      : description_(description), name_(definition.at("name")) {
    for (const auto& common : definition.value("commonStructs", json::array())) {
      structs_[common.at("name")] = common.at("fields");
    }
    const auto valid = versions(definition.at("validVersions"));
    // KIP-996, KIP-1099, KIP-1228 and the last part of KIP-890 are younger than the definitions.
    newest_ = valid.last;
    constexpr std::array<std::string_view, 5> younger{"vote", "writetxnmarkers", "produce",
                                                      "txnoffsetcommit", "consumergroupdescribe"};
    const bool may_be_newer =
        std::any_of(younger.begin(), younger.end(),
                    [this](std::string_view name) { return plain_name(name_).starts_with(name); });
    expect(description.versions.first >= valid.first, name_, "has versions that are too old");
    expect(may_be_newer || description.versions.last <= newest_, name_,
           "has versions that are too new");
    const auto flexible = versions(definition.at("flexibleVersions"));
    expect(
        description.flexible == (flexible.empty() ? wire::Description{}.flexible : flexible.first),
        name_, "is flexible from another version on");
    expect(description.key == definition.value("apiKey", -1), name_, "has another key");
  }

  void compare(const wire::RecordInfo& info, const json& definition) {
    compare(info, definition.at("fields"), description_.versions, name_);
  }

  const std::vector<std::string>& differences() const { return differences_; }

 private:
  using Versions = wire::Versions;

  void expect(bool condition, const std::string& path, std::string_view otherwise) {
    if (!condition) differences_.push_back(path + " " + std::string(otherwise));
  }

  static Versions versions(const std::string& text) {
    if (text == "none") return wire::no_versions;
    const auto number = [](const std::string& s) {
      return static_cast<std::int16_t>(std::stoi(s));
    };
    if (text.back() == '+') return {.first = number(text)};
    const auto dash = text.find('-');
    if (dash == std::string::npos) return {number(text), number(text)};
    return {number(text), number(text.substr(dash + 1))};
  }

  static Versions both(Versions a, Versions b) {
    const Versions common{std::max(a.first, b.first), std::min(a.last, b.last)};
    return common.empty() ? wire::no_versions : common;
  }

  void compare(const wire::RecordInfo& info, const json& fields, Versions context,
               const std::string& path) {
    std::size_t known = 0;
    std::ptrdiff_t last_place = -1;
    for (const auto& field : fields) {
      if (both(versions_of(field), context).empty()) continue;
      const std::string name = field.at("name");
      const auto row = std::find_if(info.fields.begin(), info.fields.end(), [&](const auto& f) {
        return plain_name(f.name) == plain_name(name);
      });
      expect(row != info.fields.end(), path + "." + name, "is not described");
      if (row == info.fields.end()) continue;
      ++known;
      if (row->presence.tag < 0) {
        const auto place = row - info.fields.begin();
        expect(std::exchange(last_place, place) < place, path + "." + name, "is out of order");
      }
      compare(info, *row, field, context, path + "." + name);
    }
    for (const auto& row : info.fields) known += row.presence.present.first > newest_;
    expect(known == info.fields.size(), path, "describes more");
  }

  void compare(const wire::RecordInfo& info, const wire::Field& row, const json& field,
               Versions context, const std::string& path) {
    const auto present = both(versions_of(field), context);
    expect(both(row.presence.present, context) == present, path, "is in other versions");
    const auto nullable = versions(field.value("nullableVersions", "none"));
    expect(both(row.presence.nullable, present) == both(nullable, present), path,
           "is nullable in other versions");
    expect(row.presence.tag == tag_of(field), path, "has another tag");
    const auto tagged = versions(field.value("taggedVersions", "none"));
    expect(both(tagged, present) == (row.presence.tag < 0 ? wire::no_versions : present), path,
           "is tagged in other versions");
    // Where no version lacks a field, none can drop it.
    if (present != context) {
      const auto ignorable = field.value("ignorable", json(false));
      expect(row.presence.ignorable == (ignorable == true || ignorable == "true"), path,
             "may be dropped, or may not");
    }
    compare_default(info, row, field, path);
    compare_type(row, field, present, path);
  }

  // Some fields that are tagged wherever they are say so only once.
  static Versions versions_of(const json& field) {
    return versions(field.contains("versions") ? field.at("versions") : field.at("taggedVersions"));
  }

  static int tag_of(const json& field) {
    const auto tag = field.value("tag", json(-1));
    return tag.is_string() ? std::stoi(tag.get<std::string>()) : tag.get<int>();
  }

  void compare_type(const wire::Field& row, const json& field, Versions present,
                    const std::string& path) {
    const auto* type = row.type->kind == wire::Kind::nullable ? row.type->element : row.type;
    std::string name = field.at("type");
    const bool is_array = name.rfind("[]", 0) == 0;
    if (is_array) name = name.substr(2);
    const auto kind = kinds().find(name);
    const auto* element = type->kind == wire::Kind::array ? type->element : type;
    const bool agrees =
        (type->kind == wire::Kind::array) == is_array &&
        element->kind == (kind == kinds().end() ? wire::Kind::record : kind->second);
    expect(agrees, path, "has another type");
    if (!agrees) return;
    compare_meaning(*element, field, path);
    if (element->kind != wire::Kind::record) return;
    compare(*element->record(), field.contains("fields") ? field.at("fields") : structs_.at(name),
            present, path);
  }

  // Integers that mean a node or an error have a type of their own.
  void compare_meaning(const wire::Type& type, const json& field, const std::string& path) {
    const auto entity = field.value("entityType", "");  // Some nodes' ids go without.
    const bool is_node = &type == &wire::type_of<NodeId>;
    expect(is_node ? entity.empty() || entity == "brokerId" : entity != "brokerId", path,
           "is a node's id, or is none");
    const bool is_error = plain_name(field.at("name").get<std::string>()).ends_with("errorcode");
    expect(is_error == (&type == &wire::type_of<ErrorCode>), path, "is an error code, or is none");
  }

  // A tagged field is left out if it has its default, and one that a version lacks has it after
  // decoding.
  void compare_default(const wire::RecordInfo& info, const wire::Field& row, const json& field,
                       const std::string& path) {
    const auto* v = row.of(info.initial());
    const auto value = field.value("default", json(0));
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    if (const auto initial = integer(*row.type, v)) {
      const auto expected = text == "true"    ? 1
                            : text == "false" ? 0
                            : text.empty()    ? 0
                                              : std::stoll(text, nullptr, 0);
      expect(*initial == expected, path, "has another default");
    } else if (row.type->kind == wire::Kind::nullable) {
      // Kafka's are empty unless the default is null. Ours are null also where they are always
      // there, so that nobody can see the difference.
      const bool is_null = row.type->elements(v).count == 0;
      const bool must_agree = row.presence.tag >= 0;
      expect(is_null == (text == "null") || (is_null && !must_agree), path, "has another default");
    } else {
      expect(is_empty(*row.type, v), path, "has another default");
    }
  }

  static bool is_empty(const wire::Type& type, const void* v) {
    switch (type.kind) {
      case wire::Kind::string: return static_cast<const std::string*>(v)->empty();
      case wire::Kind::bytes: return static_cast<const Bytes*>(v)->empty();
      case wire::Kind::records: return static_cast<const wire::Records*>(v)->bytes.empty();
      case wire::Kind::array: return type.elements(v).count == 0;
      case wire::Kind::uuid: return *static_cast<const Uuid*>(v) == no_uuid;
      case wire::Kind::float64: return load<double>(v) == 0;
      case wire::Kind::record: return type.same(v, type.record()->initial());
      default: return false;
    }
  }

  template <class T>
  static T load(const void* v) {
    T value;
    std::memcpy(&value, v, sizeof value);
    return value;
  }
  static std::optional<std::int64_t> integer(const wire::Type& type, const void* v) {
    switch (type.kind) {
      case wire::Kind::boolean: return load<bool>(v);
      case wire::Kind::int8: return load<std::int8_t>(v);
      case wire::Kind::int16: return load<std::int16_t>(v);
      case wire::Kind::uint16: return load<std::uint16_t>(v);
      case wire::Kind::int32: return load<std::int32_t>(v);
      case wire::Kind::uint32: return load<std::uint32_t>(v);
      case wire::Kind::int64: return load<std::int64_t>(v);
      default: return std::nullopt;
    }
  }

  static const std::map<std::string, wire::Kind>& kinds() {
    using wire::Kind;
    static const std::map<std::string, Kind> kinds{
        {"bool", Kind::boolean},  {"int8", Kind::int8},       {"int16", Kind::int16},
        {"uint16", Kind::uint16}, {"int32", Kind::int32},     {"uint32", Kind::uint32},
        {"int64", Kind::int64},   {"float64", Kind::float64}, {"uuid", Kind::uuid},
        {"string", Kind::string}, {"bytes", Kind::bytes},     {"records", Kind::records}};
    return kinds;
  }

  wire::Description description_;
  std::string name_;
  std::int16_t newest_ = 0;
  std::map<std::string, json> structs_;
  std::vector<std::string> differences_;
};

// Empty if T is described as `definition` says.
template <class T>
std::vector<std::string> differences_from(const json& definition) {
  DefinitionCheck check(T::description, definition);
  check.compare(*wire::info_of<T>(), definition);
  return check.differences();
}

// `path` is that of the definition's file.
template <class T>
void expect_defined_like(const std::string& path) {
  const auto differences = differences_from<T>(read_definition(path));
  EXPECT_EQ(differences, std::vector<std::string>{}) << path;
}

}  // namespace brokersim::api
