// The syntax of server.properties, as java.util.Properties reads it.
#include "scenarios/properties_text.h"

#include <gtest/gtest.h>

namespace brokersim::scenarios {
namespace {

struct Parsed {
  std::string name, value;
  int line;
};

void expect(std::string_view text, const std::vector<Parsed>& expected) {
  const auto properties = parse_properties(text);
  ASSERT_TRUE(properties.has_value()) << properties.error();
  ASSERT_EQ(properties->size(), expected.size()) << text;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*properties)[i].name, expected[i].name) << text;
    EXPECT_EQ((*properties)[i].value, expected[i].value) << text;
    EXPECT_EQ((*properties)[i].line, expected[i].line) << text;
  }
}

TEST(PropertiesText, a_name_ends_at_an_equals_sign_a_colon_or_a_blank) {
  for (const auto* line : {"key=value", "key:value", "key value", "key\tvalue", "  key = value",
                           "key : value  ", "key=value\r\n", "\fkey\f=\fvalue"}) {
    expect(line, {{"key", "value", 1}});
  }
  expect("key==value", {{"key", "=value", 1}});
  expect("key = : value", {{"key", ": value", 1}});
  expect("listeners=PLAINTEXT://:9092", {{"listeners", "PLAINTEXT://:9092", 1}});
  expect("key", {{"key", "", 1}});
  expect("key=", {{"key", "", 1}});
}

TEST(PropertiesText, comments_and_empty_lines_say_nothing) {
  expect("# one\n\n  ! two\n \t\nkey=#value\n#a=b\\\nnext=1",
         {{"key", "#value", 5}, {"next", "1", 7}});
  expect("", {});
}

TEST(PropertiesText, a_line_that_ends_in_an_odd_backslash_goes_on) {
  expect("a=1,\\\n   2,\\\n\t3\nb=4", {{"a", "1,2,3", 1}, {"b", "4", 4}});
  expect("a=1\\\\\nb=2", {{"a", "1\\", 1}, {"b", "2", 2}});
  expect("a=1\\\\\\\nb=2", {{"a", "1\\b=2", 1}});
  expect("a=1\\\r\n  2\r\nb=3\rc=4", {{"a", "12", 1}, {"b", "3", 3}, {"c", "4", 4}});
  expect("a=1\\\n# no comment", {{"a", "1# no comment", 1}});
  expect("a=1\\", {{"a", "1", 1}});
}

TEST(PropertiesText, escapes_stand_for_characters) {
  expect("a\\ b\\=c\\:d=e", {{"a b=c:d", "e", 1}});
  expect("a=\\t\\n\\r\\f.\\q\\#", {{"a", "\t\n\r\f.q#", 1}});
  expect("a=\\u0041\\u00e9\\u20AC", {{"a", "A\u00e9\u20ac", 1}});
  for (const auto* text : {"a=1\nb=\\u12", "a=1\nb=\\u12g4", "a=1\nb\\u=1"}) {
    const auto properties = parse_properties(text);
    ASSERT_FALSE(properties.has_value()) << text;
    EXPECT_EQ(properties.error(), "2: \\u wants four hexadecimal digits");
  }
}

}  // namespace
}  // namespace brokersim::scenarios
