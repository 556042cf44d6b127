// The comparison with published definitions finds each kind of difference: one description, and
// definitions that differ from it in one thing each.
#include "tests/core/api/definition_check.h"

#include <functional>

#include <gtest/gtest.h>

#include "core/wire/describe.h"

namespace brokersim::api {

// Not in the unnamed namespace, where nobody compares it.
struct Sample {
  struct Part {
    FIELDS(Part)
    FIELD(std::int64_t, index) = 0;
    END_FIELDS
  };
  MESSAGE(Sample, .key = 7, .versions = {0, 3}, .flexible = 2)
  FIELD(NodeId, broker_id);
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::int32_t, timeout_ms, since(1).may_drop()) = 60000;
  FIELD(Nullable<std::string>, reason, null({1}));
  FIELD(std::vector<Part>, parts, between(1, 2));
  FIELD(Nullable<std::string>, note, since(2).null().tagged(1));
  FIELD(bool, flag, since(2).tagged(0)) = false;
  END_FIELDS
};

struct Plain {
  MESSAGE(Plain, .key = 8, .versions = {0, 0})
  FIELD(std::int16_t, error_code) = 0;
  END_FIELDS
};

namespace {

json definition() {
  return json::parse(R"({
    "apiKey": 7, "name": "Sample", "validVersions": "0-3", "flexibleVersions": "2+",
    "fields": [
      {"name": "BrokerId", "type": "int32", "versions": "0+", "entityType": "brokerId"},
      {"name": "ErrorCode", "type": "int16", "versions": "0+"},
      {"name": "TimeoutMs", "type": "int32", "versions": "1+", "default": "60000",
       "ignorable": true},
      {"name": "Reason", "type": "string", "versions": "0+", "nullableVersions": "1+"},
      {"name": "Parts", "type": "[]Part", "versions": "1-2"},
      {"name": "Note", "type": "string", "versions": "2+", "nullableVersions": "2+",
       "taggedVersions": "2+", "tag": 1, "default": "null"},
      {"name": "Flag", "type": "bool", "versions": "2+", "taggedVersions": "2+", "tag": 0}
    ],
    "commonStructs": [
      {"name": "Part", "versions": "0+", "fields": [
        {"name": "Index", "type": "int64", "versions": "0+"}]}
    ]
  })");
}

using Change = std::function<void(json&)>;

// A change of one key of the field at `place`.
Change with(std::size_t place, std::string key, json value) {
  return [=](json& d) { d["fields"][place][key] = value; };
}

TEST(DefinitionCheck, finds_nothing_where_nothing_differs) {
  EXPECT_EQ(differences_from<Sample>(definition()), std::vector<std::string>{});
}

TEST(DefinitionCheck, finds_each_kind_of_difference) {
  const std::vector<std::pair<Change, std::string>> cases = {
      {[](json& d) { d["apiKey"] = 8; }, "Sample has another key"},
      {[](json& d) { d["validVersions"] = "1-3"; }, "Sample has versions that are too old"},
      {[](json& d) { d["validVersions"] = "0-2"; }, "Sample has versions that are too new"},
      {[](json& d) { d["flexibleVersions"] = "none"; },
       "Sample is flexible from another version on"},
      {[](json& d) {
         d["fields"].push_back({{"name", "New"}, {"type", "int8"}, {"versions", "3"}});
       },
       "Sample.New is not described"},
      {[](json& d) { d["fields"].erase(3); }, "Sample describes more"},
      {[](json& d) { std::swap(d["fields"][0], d["fields"][1]); },
       "Sample.BrokerId is out of order"},
      {with(2, "versions", "2+"), "Sample.TimeoutMs is in other versions"},
      {with(4, "versions", "1-3"), "Sample.Parts is in other versions"},
      {with(3, "nullableVersions", "0+"), "Sample.Reason is nullable in other versions"},
      {with(6, "tag", 2), "Sample.Flag has another tag"},
      {with(6, "taggedVersions", "3+"), "Sample.Flag is tagged in other versions"},
      {with(2, "ignorable", false), "Sample.TimeoutMs may be dropped, or may not"},
      {with(2, "default", "30000"), "Sample.TimeoutMs has another default"},
      {with(5, "default", ""), "Sample.Note has another default"},
      {with(6, "default", "true"), "Sample.Flag has another default"},
      {with(2, "type", "uint32"), "Sample.TimeoutMs has another type"},
      {with(4, "type", "Part"), "Sample.Parts has another type"},
      {with(2, "entityType", "brokerId"), "Sample.TimeoutMs is a node's id, or is none"},
      {with(0, "entityType", "topicName"), "Sample.BrokerId is a node's id, or is none"},
      {[](json& d) { d["commonStructs"][0]["fields"][0]["type"] = "int32"; },
       "Sample.Parts.Index has another type"},
  };
  for (const auto& [change, difference] : cases) {
    auto changed = definition();
    change(changed);
    EXPECT_EQ(differences_from<Sample>(changed), std::vector<std::string>{difference});
  }
}

TEST(DefinitionCheck, finds_an_error_code_that_is_a_plain_number) {
  const auto plain = json::parse(R"({
    "apiKey": 8, "name": "Plain", "validVersions": "0", "flexibleVersions": "none",
    "fields": [{"name": "ErrorCode", "type": "int16", "versions": "0+"}]})");
  EXPECT_EQ(differences_from<Plain>(plain),
            std::vector<std::string>{"Plain.ErrorCode is an error code, or is none"});
}

}  // namespace
}  // namespace brokersim::api
