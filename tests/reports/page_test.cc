// Pages: complete without network and scripts, dark mode for everything that is painted, and no way
// from a run's data into markup.

#include "reports/page.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "reports/palette.h"
#include "tests/reports/has.h"

namespace brokersim::reports {
namespace {

TEST(Markup, text_is_escaped_and_markup_is_not_escaped_twice) {
  const Markup inner = element("b", "<&>");
  EXPECT_EQ(inner.str(), "<b>&lt;&amp;&gt;</b>");
  EXPECT_EQ(element("p", {{"title", "a\"b"}, {"id", ""}}, inner).str(),
            "<p title=\"a&quot;b\"><b>&lt;&amp;&gt;</b></p>");
}

TEST(Markup, what_xml_does_not_know_is_replaced) {
  EXPECT_EQ(escaped(std::string("a\x01"
                                "b\n",
                                4)),
            "a\xEF\xBF\xBD"
            "b\n");
  EXPECT_EQ(escaped("caf\xC3\xA9 \xE2\x86\x92"), "caf\xC3\xA9 \xE2\x86\x92");
  EXPECT_EQ(escaped("\xC3"), "\xEF\xBF\xBD");                                  // Cut short.
  EXPECT_EQ(escaped("\xFFz"), "\xEF\xBF\xBDz");                                // Never in UTF-8.
  EXPECT_EQ(escaped("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // A surrogate.
}

TEST(Markup, json_cannot_end_the_script_around_it) {
  EXPECT_EQ(json_in_script(R"({"a":"</script>"})"), R"({"a":"\u003c/script>"})");
}

TEST(Page, loads_nothing_and_says_so) {
  const auto text = html({.title = "A <title>", .links = {}, .body = element("p", "body")});
  EXPECT_TRUE(text.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
  EXPECT_TRUE(has(text, "content=\"default-src 'none'; style-src 'unsafe-inline'; "));
  EXPECT_TRUE(has(text, "<title>A &lt;title&gt;</title>"));
  for (const char* loader : {"src=", "@import", "url(", "<link", "http://", "https://", "style="})
    EXPECT_FALSE(has(text, loader)) << loader;
}

TEST(Page, a_table_marks_rows_and_fills_missing_cells) {
  const auto text =
      table({.columns = {{.title = "#", .is_number = true}, {.title = "what"}},
             .rows = {{.cells = {Markup::text("1")}, .anchor = "E1", .is_marked = true}},
             .filter = ""})
          .str();
  EXPECT_TRUE(has(text, "<th scope=\"col\" class=\"number\">#</th><th scope=\"col\">what</th>"));
  EXPECT_TRUE(
      has(text, "<tr id=\"E1\" class=\"marked\"><td class=\"number\">1</td><td></td></tr>"));
}

TEST(Palette, equal_colours_are_equal_in_the_dark_too) {
  std::map<std::string_view, std::string_view> dark;
  for (const Shade& shade : shades()) {
    const auto [at, is_new] = dark.emplace(shade.light, shade.dark);
    EXPECT_EQ(at->second, shade.dark) << shade.name;
    EXPECT_EQ(light(shade.color), shade.light);
  }
}

// WCAG 2: text needs 4.5:1 against what it stands on, in both modes.
double luminance(std::string_view hex) {
  double sum = 0;
  const double weights[] = {0.2126, 0.7152, 0.0722};
  for (std::size_t i = 0; i < 3; ++i) {
    const double c = std::stoi(std::string(hex.substr(1 + 2 * i, 2)), nullptr, 16) / 255.0;
    sum += weights[i] * (c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
  }
  return sum;
}
double contrast(std::string_view a, std::string_view b) {
  const double x = luminance(a);
  const double y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}
const Shade& shade(Color color) {
  for (const Shade& s : shades())
    if (s.color == color) return s;
  return shades().front();
}

TEST(Palette, text_is_legible_on_the_page_and_on_bars_in_both_modes) {
  const Shade& ground = shade(Color::background);
  for (const Color color : {Color::foreground, Color::muted, Color::leader, Color::broker_1,
                            Color::broker_2, Color::broker_3, Color::broker_4, Color::broker_5,
                            Color::control, Color::consume, Color::violation_text}) {
    EXPECT_GE(contrast(shade(color).light, ground.light), 4.5) << shade(color).name;
    EXPECT_GE(contrast(shade(color).dark, ground.dark), 4.5) << shade(color).name;
  }
  const Shade& marked = shade(Color::highlight);
  EXPECT_GE(contrast(shade(Color::violation_text).light, marked.light), 4.5);
  EXPECT_GE(contrast(shade(Color::violation_text).dark, marked.dark), 4.5);
}

TEST(Palette, brokers_repeat_hues_only_after_the_fifth) {
  EXPECT_EQ(color_of_broker(NodeId(1)), Color::broker_1);
  EXPECT_EQ(color_of_broker(NodeId(5)), Color::broker_5);
  EXPECT_EQ(color_of_broker(NodeId(6)), Color::broker_1);
  EXPECT_EQ(color_of_broker(NodeId(0)), Color::broker_5);
  EXPECT_EQ(color_of_broker(no_node), Color::muted);
}

}  // namespace
}  // namespace brokersim::reports
