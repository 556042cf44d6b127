#include "reports/dot.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "reports/numbers.h"
#include "reports/text_width.h"

namespace brokersim::reports {

namespace {

constexpr std::string_view bold_font = "Helvetica-Bold";
constexpr double points_per_inch = 72;
constexpr double head_length = 5;
constexpr double halo_margin = 1;

std::string inches(double points) { return fmt::format("{:.4f}", points / points_per_inch); }

std::string_view style_of(Stroke stroke) {
  switch (stroke) {
    case Stroke::solid: return "solid";
    case Stroke::dashed: return "dashed";
    case Stroke::dotted: return "dotted";
  }
  return "solid";
}

// In Graphviz y grows upward, a node's place is its middle, and its size is in inches.
class DotPainter {
 public:
  explicit DotPainter(const Scene& scene) : scene_(scene) {}

  std::string all() {
    out_ = fmt::format(
        "digraph {} {{\n"
        "graph [bgcolor=\"{}\",outputorder=breadthfirst,notranslate=true,splines=line,pad=0,"
        "margin=0,bb=\"0,0,{},{}\"];\n"
        "node [shape=box,label=\"\",fixedsize=true,margin=0,penwidth=0,style=filled,"
        "fontname=\"{}\"];\n"
        "edge [arrowhead=none,arrowsize=0.5];\n",
        dot_quoted(scene_.name), light(Color::background), number_text(scene_.width),
        number_text(scene_.height), picture_font);
    corner({0, 0});
    corner({scene_.width, scene_.height});
    for (const Mark& mark : scene_.marks) std::visit([this](const auto& m) { paint(m); }, mark);
    return out_ + "}\n";
  }

 private:
  // Graphviz computes the picture's size from what is in it.
  void corner(Point at) {
    out_ += fmt::format("c{} [pos=\"{}\",width=0.01,height=0.01,style=invis];\n", corners_++,
                        position(at));
  }

  void paint(const Box& box) {
    const Color fill = box.is_hatched ? Color::violation_ground : box.fill;
    const Color outline = box.outline == Color::none ? fill : box.outline;
    const double width = box.outline == Color::none ? 0
                         : box.is_hatched           ? std::max(box.outline_width, 0.8)
                                                    : box.outline_width;
    std::string style = fill == Color::none ? "solid" : "filled";
    if (box.radius > 0) style += ",rounded";
    if (box.stroke != Stroke::solid) style += fmt::format(",{}", style_of(box.stroke));
    std::string more = fmt::format("color=\"{}\",penwidth={},style=\"{}\"", light(outline),
                                   number_text(width), style);
    if (fill != Color::none) more += fmt::format(",fillcolor=\"{}\"", light(fill));
    node({box.corner.x + box.width / 2, box.corner.y + box.height / 2}, box.width, box.height,
         more + tag(box.tag));
  }

  void paint(const Line& line) {
    const double dx = line.to.x - line.from.x;
    const double dy = line.to.y - line.from.y;
    const double length = std::hypot(dx, dy);
    const bool has_head = line.has_head && length > 0;
    const double share = has_head ? std::max(0.0, (length - head_length) / length) : 1;
    std::string spline = has_head ? "e," + position(line.to) + " " : "";
    for (const int third : {0, 1, 2, 3}) {
      const double at = share * third / 3;
      spline += position({line.from.x + dx * at, line.from.y + dy * at}) + (third < 3 ? " " : "");
    }
    edge(line.from, line.to,
         fmt::format("pos=\"{}\",color=\"{}\",penwidth={},style={}{}{}", spline, light(line.color),
                     number_text(line.width), style_of(line.stroke),
                     has_head ? ",arrowhead=normal" : "", tag(line.tag)));
  }

  void paint(const Path& path) {
    for (std::size_t i = 1; i < path.points.size(); ++i)
      paint(Line{.from = path.points[i - 1],
                 .to = path.points[i],
                 .color = path.color,
                 .width = path.width,
                 .stroke = path.stroke,
                 .tag = i == 1 ? path.tag : Tag{.tooltip = path.tag.tooltip}});
  }

  void paint(const Dot& dot) {
    node(dot.center, dot.radius * 2, dot.radius * 2,
         fmt::format("shape=circle,fillcolor=\"{}\",color=\"{}\",penwidth=0.6{}", light(dot.color),
                     light(Color::background), tag(dot.tag)));
  }

  void paint(const Badge& badge) {
    const double diameter = badge.text.size() > 2 ? 19 : 15;
    node(badge.center, diameter, diameter,
         fmt::format("shape=circle,fillcolor=\"{}\",color=\"{}\",penwidth=1,label={},fontsize=9.5,"
                     "fontcolor=\"{}\",fontname=\"{}\"{}",
                     light(badge.color), light(Color::background), dot_quoted(badge.text),
                     light(Color::background), bold_font, tag(badge.tag)));
  }

  void paint(const Cross& cross) {
    const double half = cross.size / 2;
    const auto [x, y] = cross.center;
    paint(Line{.from = {x - half, y - half},
               .to = {x + half, y + half},
               .color = cross.color,
               .width = 1.4,
               .tag = cross.tag});
    paint(Line{.from = {x - half, y + half},
               .to = {x + half, y - half},
               .color = cross.color,
               .width = 1.4});
  }

  void paint(const Pointer& pointer) {
    const double height = pointer.size * 0.85;
    node({pointer.tip.x, pointer.tip.y - height / 2}, pointer.size, height,
         fmt::format("shape=polygon,sides=3,orientation=180,fillcolor=\"{}\",color=\"{}\"{}",
                     light(pointer.color), light(pointer.color), tag(pointer.tag)));
  }

  void paint(const Text& text) {
    const double wide = text_width(text.text, text.size, text.is_bold);
    if (text.has_halo) halo(text, wide);
    const double left = text.at.x;
    const double right = scene_.width - text.at.x;
    const double room = text.align == Align::start ? right
                        : text.align == Align::end ? left
                                                   : 2 * std::min(left, right);
    const double width = std::max(wide * 1.3, std::min(wide * 2.4 + 24, room));
    const std::string_view justified = text.align == Align::start ? "\\l"
                                       : text.align == Align::end ? "\\r"
                                                                  : "";
    std::string label = dot_quoted(text.text);
    label.insert(label.size() - 1, justified);
    node(
        {middle(text, width), text.at.y}, width, text.size + 2,
        fmt::format("style=solid,label={},fontsize={},fontcolor=\"{}\"{}{}", label,
                    number_text(text.size), light(text.color),
                    text.is_bold ? fmt::format(",fontname=\"{}\"", bold_font) : "", tag(text.tag)));
  }

  void halo(const Text& text, double wide) {
    node({middle(text, wide), text.at.y}, wide + 2 * halo_margin, text.size + 1.5,
         fmt::format("fillcolor=\"{}D8\"", light(Color::background)));
  }

  // Of a box of this width that holds the text at its place.
  static double middle(const Text& text, double width) {
    if (text.align == Align::start) return text.at.x + width / 2;
    if (text.align == Align::end) return text.at.x - width / 2;
    return text.at.x;
  }

  std::string position(Point p) const {
    return fmt::format("{},{}", number_text(p.x), number_text(scene_.height - p.y));
  }

  void node(Point center, double width, double height, std::string_view more) {
    out_ += fmt::format("n{} [pos=\"{}\",width={},height={},{}];\n", nodes_++, position(center),
                        inches(width), inches(height), more);
  }

  // An edge needs ends; these show nothing.
  void edge(Point from, Point to, std::string_view more) {
    const int first = nodes_;
    for (const Point p : {from, to})
      out_ += fmt::format("n{} [pos=\"{}\",shape=point,width=0.001,style=invis];\n", nodes_++,
                          position(p));
    out_ += fmt::format("n{} -> n{} [{}];\n", first, first + 1, more);
  }

  static std::string tag(const Tag& tag) {
    std::string text;
    if (!tag.tooltip.empty()) text += ",tooltip=" + dot_quoted(tag.tooltip);
    if (!tag.anchor.empty()) text += ",id=" + dot_quoted(tag.anchor);
    if (!tag.category.empty()) text += ",class=" + dot_quoted(tag.category);
    return text;
  }

  const Scene& scene_;
  std::string out_;
  int corners_ = 0;
  int nodes_ = 0;
};

}  // namespace

std::string dot_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '&') {
      out += "&amp;";  // Graphviz knows HTML's entities everywhere.
    } else {
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out + "\"";
}

std::string dot(const Scene& scene) { return DotPainter(scene).all(); }

}  // namespace brokersim::reports
