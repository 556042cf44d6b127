// Compares a description, row by row, with a definition of the protocol as Kafka publishes them.
#pragma once

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/wire/schema.h"

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

class DefinitionCheck {
 public:
  DefinitionCheck(const wire::Description& description, const json& definition)
      : description_(description), name_(definition.at("name")) {
    for (const auto& common : definition.value("commonStructs", json::array())) {
      structs_[common.at("name")] = common.at("fields");
    }
    const auto valid = versions(definition.at("validVersions"));
    EXPECT_GE(description.versions.first, valid.first) << name_;
    // KIP-996 is younger than the definitions.
    newest_ = valid.last;
    const bool may_be_newer = plain_name(name_).rfind("vote", 0) == 0;
    EXPECT_TRUE(may_be_newer || description.versions.last <= newest_) << name_;
    const auto flexible = versions(definition.at("flexibleVersions"));
    if (flexible.empty()) {
      EXPECT_GT(description.flexible, newest_) << name_;
    } else {
      EXPECT_EQ(description.flexible, flexible.first) << name_;
    }
    EXPECT_EQ(description.key, definition.value("apiKey", -1)) << name_;
  }

  void compare(const wire::RecordInfo& info, const json& definition) {
    compare(info, definition.at("fields"), description_.versions, name_);
  }

 private:
  using Versions = wire::Versions;

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
    for (const auto& field : fields) {
      const auto present = both(versions(field.at("versions")), context);
      if (present.empty()) continue;
      const std::string name = field.at("name");
      const auto row = std::find_if(info.fields.begin(), info.fields.end(), [&](const auto& f) {
        return plain_name(f.name) == plain_name(name);
      });
      ASSERT_NE(row, info.fields.end()) << path << "." << name << " is not described";
      ++known;
      compare(info, *row, field, context, path + "." + name);
    }
    for (const auto& row : info.fields) known += row.presence.present.first > newest_;
    EXPECT_EQ(known, info.fields.size()) << path << " describes more";
  }

  void compare(const wire::RecordInfo& info, const wire::Field& row, const json& field,
               Versions context, const std::string& path) {
    const auto present = both(versions(field.at("versions")), context);
    EXPECT_EQ(both(row.presence.present, context), present) << path;
    const auto nullable = versions(field.value("nullableVersions", "none"));
    EXPECT_EQ(both(row.presence.nullable, present), both(nullable, present)) << path;
    EXPECT_EQ(row.presence.tag, tag_of(field)) << path;
    const auto ignorable = field.value("ignorable", json(false));
    if (present != context) {
      EXPECT_EQ(row.presence.ignorable, ignorable == true || ignorable == "true") << path;
    }
    compare_default(info, row, field, path);
    compare_type(row, field, present, path);
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
    ASSERT_EQ(type->kind == wire::Kind::array, is_array) << path;
    if (is_array) {
      type = type->element;
      name = name.substr(2);
    }
    const auto kind = kinds().find(name);
    ASSERT_EQ(type->kind, kind == kinds().end() ? wire::Kind::record : kind->second) << path;
    if (type->kind != wire::Kind::record) return;
    compare(*type->record(), field.contains("fields") ? field.at("fields") : structs_.at(name),
            present, path);
  }

  // A tagged field is left out if it has its default, so that both sides must agree on it.
  static void compare_default(const wire::RecordInfo& info, const wire::Field& row,
                              const json& field, const std::string& path) {
    const auto* v = row.of(info.initial());
    const auto value = field.value("default", json(0));
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    if (row.type->kind == wire::Kind::nullable && row.presence.tag >= 0) {
      EXPECT_EQ(row.type->elements(v).count == 0, text == "null") << path;
    }
    if (const auto initial = integer(*row.type, v)) {
      const auto expected = text == "true" ? 1 : text == "false" ? 0 : std::stoll(text, nullptr, 0);
      EXPECT_EQ(*initial, expected) << path;
    }
  }

  template <class T>
  static std::int64_t load(const void* v) {
    T value;
    std::memcpy(&value, v, sizeof value);
    return static_cast<std::int64_t>(value);
  }
  static std::optional<std::int64_t> integer(const wire::Type& type, const void* v) {
    switch (type.kind) {
      case wire::Kind::boolean: return load<bool>(v);
      case wire::Kind::int8: return load<std::int8_t>(v);
      case wire::Kind::int16: return load<std::int16_t>(v);
      case wire::Kind::uint16: return load<std::uint16_t>(v);
      case wire::Kind::int32: return load<std::int32_t>(v);
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
};

// `path` is that of the definition's file.
template <class T>
void expect_defined_like(const std::string& path) {
  const auto definition = read_definition(path);
  DefinitionCheck(T::description, definition).compare(*wire::info_of<T>(), definition);
}

}  // namespace brokersim::api
