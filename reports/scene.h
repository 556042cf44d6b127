// A picture as data: what a layout has decided, down to coordinates, and nothing of any format.
//
//   layout (timeline, space-time diagram) -> Scene -> reports/svg.h or reports/dot.h
//
// The unit is the point; x grows to the right, y downward. Marks are painted in their order. Every
// mark has a colour by meaning (reports/palette.h) and may carry a Tag: a tooltip, an anchor to
// link to, a class for style sheets, a link.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reports/palette.h"

namespace brokersim::reports {

// Of every text; text_width.h measures it.
inline constexpr std::string_view picture_font = "Helvetica,Arial,sans-serif";

struct Point {
  double x = 0;
  double y = 0;
};

struct Tag {
  std::string tooltip;
  std::string anchor;    // "e611", "E3"; unique on its page.
  std::string category;  // Class for style sheets: "fault", "message".
  std::string link;      // "#E3"
};

enum class Stroke : std::uint8_t { solid, dashed, dotted };

// A band, bar or frame. Hatched ones show their ground between stripes of the stroke's colour.
struct Box {
  Point corner;  // Upper left.
  double width = 0;
  double height = 0;
  Color fill = Color::none;
  Color outline = Color::none;
  double outline_width = 1;
  Stroke stroke = Stroke::solid;
  double radius = 0;
  bool is_hatched = false;
  Tag tag = {};
};

// Straight; with an arrow's head at `to` where asked for.
struct Line {
  Point from;
  Point to;
  Color color = Color::lane;
  double width = 1;
  Stroke stroke = Stroke::solid;
  bool has_head = false;
  Tag tag = {};
};

// Connected straight pieces: a step line of offsets over time.
struct Path {
  std::vector<Point> points;
  Color color = Color::lane;
  double width = 1;
  Stroke stroke = Stroke::solid;
  Tag tag = {};
};

struct Dot {
  Point center;
  double radius = 2;
  Color color = Color::foreground;
  Tag tag = {};
};

// A disc with a number on it, repeated in texts and tables.
struct Badge {
  Point center;
  std::string text;
  Color color = Color::foreground;
  Tag tag = {};
};

// Where something was lost.
struct Cross {
  Point center;
  double size = 5;
  Color color = Color::violation;
  Tag tag = {};
};

// A small triangle that points down at its tip.
struct Pointer {
  Point tip;
  double size = 8;
  Color color = Color::violation;
  Tag tag = {};
};

enum class Align : std::uint8_t { start, middle, end };

struct Text {
  Point at;  // Vertically its middle, horizontally as aligned.
  std::string text;
  double size = 9;
  Color color = Color::foreground;
  Align align = Align::start;
  bool is_bold = false;
  bool has_halo = false;  // Keeps it legible across lines.
  Tag tag = {};
};

using Mark = std::variant<Box, Line, Path, Dot, Badge, Cross, Pointer, Text>;

struct Scene {
  std::string name;         // Of files, and of ids inside: "elections".
  std::string title;        // What the picture is.
  std::string description;  // What it shows, for those who do not see it.
  double width = 0;
  double height = 0;
  std::vector<Mark> marks;

  void add(Mark mark) { marks.push_back(std::move(mark)); }
};

}  // namespace brokersim::reports
