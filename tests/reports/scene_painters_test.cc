// One scene, two painters: the same marks in the same order, the same bytes every time, and nothing
// from a run that could break out of its text.

#include <string>

#include <gtest/gtest.h>

#include "reports/dot.h"
#include "reports/scene.h"
#include "reports/svg.h"
#include "tests/reports/has.h"

namespace brokersim::reports {
namespace {

Scene scene_of(Mark mark) {
  Scene scene{.name = "example",
              .title = "An example",
              .description = "Shows one mark",
              .width = 200,
              .height = 100,
              .marks = {}};
  scene.add(std::move(mark));
  return scene;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

TEST(Svg, colours_are_attributes_so_that_no_policy_can_take_them_away) {
  const auto text = svg(scene_of(Box{.corner = {10, 20},
                                     .width = 30,
                                     .height = 5.5,
                                     .fill = Color::leader,
                                     .outline = Color::violation,
                                     .tag = {}}))
                        .str();
  EXPECT_TRUE(has(text, R"(<rect x="10" y="20" width="30" height="5.5" fill="#0072B2")"
                        R"( stroke="#C44E00")"));
  EXPECT_FALSE(has(text, "style="));
}

TEST(Svg, says_what_it_shows_to_those_who_do_not_see_it) {
  const auto text = svg(scene_of(Dot{})).str();
  EXPECT_TRUE(has(text, R"(role="img")"));
  EXPECT_TRUE(has(text, R"(<title id="example-title">An example</title>)"));
  EXPECT_TRUE(has(text, R"(<desc id="example-description">Shows one mark</desc>)"));
}

TEST(Svg, what_comes_from_a_run_stays_text) {
  const auto text = svg(scene_of(Text{.at = {1, 1},
                                      .text = "<script>&\"",
                                      .tag = {.tooltip = "</title><b>", .anchor = "e\"1"}}))
                        .str();
  EXPECT_TRUE(has(text, "&lt;script&gt;&amp;&quot;</text>"));
  EXPECT_TRUE(has(text, "<title>&lt;/title&gt;&lt;b&gt;</title>"));
  EXPECT_TRUE(has(text, R"(id="e&quot;1")"));
}

TEST(Svg, a_text_keeps_the_width_that_the_layout_counts_on_whatever_font_there_is) {
  // Helvetica's l, e, a, d, s: 222 + 556 + 556 + 556 + 500 thousandths of the size.
  const auto text = svg(scene_of(Text{.at = {1, 1}, .text = "leads", .size = 10, .tag = {}})).str();
  EXPECT_TRUE(has(text, R"(textLength="23.9" lengthAdjust="spacingAndGlyphs">leads<)")) << text;
}

TEST(Svg, each_colour_of_hatching_is_one_pattern_named_after_its_scene) {
  Scene scene = scene_of(
      Box{.width = 9, .height = 9, .outline = Color::violation, .is_hatched = true, .tag = {}});
  scene.add(scene.marks.front());
  const auto text = svg(scene).str();
  EXPECT_EQ(count(text, "<pattern "), 1U);
  EXPECT_EQ(count(text, R"(fill="url(#example-hatch-)"), 2U);
}

TEST(Svg, an_arrow_ends_in_its_head_at_the_place_asked_for) {
  const auto text =
      svg(scene_of(Line{.from = {0, 50}, .to = {100, 50}, .has_head = true, .tag = {}})).str();
  EXPECT_TRUE(has(text, "M0 50L95 50"));            // The line ends inside the head,
  EXPECT_TRUE(has(text, "<path d=\"M100 50L94 "));  // whose tip is the end.
}

TEST(Svg, a_file_of_its_own_brings_background_and_dark_mode) {
  const auto text = svg_file(scene_of(Dot{}));
  EXPECT_TRUE(text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_TRUE(has(text, "prefers-color-scheme:dark"));
  EXPECT_TRUE(has(text, R"(<rect width="100%" height="100%" fill="#FFFFFF"/>)"));
}

TEST(Dot, y_grows_upward_and_sizes_are_in_inches) {
  const auto text = dot(scene_of(
      Box{.corner = {10, 20}, .width = 72, .height = 36, .fill = Color::leader, .tag = {}}));
  EXPECT_TRUE(has(text, R"(pos="46,62",width=1.0000,height=0.5000)"));  // 100 - (20 + 18)
  EXPECT_TRUE(has(text, "outputorder=breadthfirst"));
  EXPECT_TRUE(has(text, R"(bb="0,0,200,100")"));
}

TEST(Dot, an_arrow_brings_its_own_spline) {
  const auto text =
      dot(scene_of(Line{.from = {0, 50}, .to = {95, 50}, .has_head = true, .tag = {}}));
  EXPECT_TRUE(has(text, R"([pos="e,95,50 0,50 30,50 60,50 90,50")"));
  EXPECT_TRUE(has(text, "arrowhead=normal"));
}

TEST(Dot, what_comes_from_a_run_stays_inside_its_quotes) {
  EXPECT_EQ(dot_quoted(R"(a "b" \n &lt;)"), R"("a \"b\" \\n &amp;lt;")");
  EXPECT_EQ(dot_quoted("two\nlines"), R"("two lines")");
}

TEST(Dot, a_texts_box_is_wide_enough_for_any_font_and_stays_in_the_picture) {
  const auto text = dot(scene_of(
      Text{.at = {190, 50}, .text = "a text of some length", .align = Align::end, .tag = {}}));
  EXPECT_TRUE(has(text, R"(label="a text of some length\r")"));
  const auto at = text.find("n0 [pos=\"");
  ASSERT_NE(at, std::string::npos);
  EXPECT_GT(std::stod(text.substr(at + 9)), 40.0);  // Its middle: right edge at 190.
}

TEST(Painters, paint_the_same_marks) {
  Scene scene = scene_of(Badge{.center = {10, 10}, .text = "3", .tag = {.anchor = "E3"}});
  scene.add(Cross{.center = {20, 20}, .tag = {}});
  scene.add(Pointer{.tip = {30, 30}, .tag = {}});
  scene.add(Path{.points = {{0, 0}, {5, 0}, {5, 5}}, .tag = {}});
  const auto drawn = svg(scene).str();
  const auto described = dot(scene);
  EXPECT_TRUE(has(drawn, R"(id="E3")"));
  EXPECT_TRUE(has(described, R"(id="E3")"));
  EXPECT_EQ(count(described, " -> "), 4U);  // Two of the cross, two of the path.
  EXPECT_TRUE(has(drawn, "M0 0L5 0L5 5"));
  EXPECT_TRUE(has(described, "sides=3"));
}

}  // namespace
}  // namespace brokersim::reports
