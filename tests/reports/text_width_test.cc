// Text is measured by a table: known widths, lines broken at blanks, and shortening in UTF-8.

#include "reports/text_width.h"

#include <gtest/gtest.h>

namespace brokersim::reports {
namespace {

TEST(TextWidth, adds_the_widths_of_characters) {
  EXPECT_DOUBLE_EQ(text_width("il", 10), 4.44);          // 222 + 222
  EXPECT_DOUBLE_EQ(text_width("W.", 10), 12.22);         // 944 + 278
  EXPECT_DOUBLE_EQ(text_width("\xE2\x86\x92", 10), 10);  // An arrow, outside the table.
  EXPECT_GT(text_width("W", 10, true), text_width("W", 10));
}

TEST(WrappedLines, break_at_blanks_and_lose_nothing) {
  const auto lines = wrapped_lines("one two three", 10, text_width("one two", 10));
  EXPECT_EQ(lines, (std::vector<std::string>{"one two", "three"}));
}

TEST(WrappedLines, a_word_wider_than_the_line_stands_alone) {
  const auto lines = wrapped_lines("a incomprehensibilities b", 10, 20);
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "incomprehensibilities", "b"}));
}

TEST(Shortened, ends_in_an_ellipsis_and_fits) {
  EXPECT_EQ(shortened("short", 10, 100), "short");
  const auto text = shortened("partition b1 from all others", 10, 60);
  EXPECT_TRUE(text.ends_with("\xE2\x80\xA6"));
  EXPECT_LE(text_width(text, 10), 60);
  EXPECT_GT(text.size(), 8U);
}

TEST(Shortened, never_cuts_a_character_in_two) {
  const auto text = shortened("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 10, 31);
  EXPECT_EQ(text, "\xC3\xA9\xC3\xA9\xE2\x80\xA6");
}

}  // namespace
}  // namespace brokersim::reports
