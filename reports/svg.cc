#include "reports/svg.h"

#include <cmath>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "reports/numbers.h"
#include "reports/text_width.h"

namespace brokersim::reports {

namespace {

constexpr double baseline = 0.36;  // Of a text's size, from its middle down to its baseline.
constexpr double svg_head_length = 6;
constexpr double badge_radius = 7.5;
constexpr std::size_t shortest_fitted = 4;  // Shorter texts overflow nothing.

std::string xy(Point p) { return number_text(p.x) + " " + number_text(p.y); }

std::string dashes(Stroke stroke) {
  switch (stroke) {
    case Stroke::solid: return {};
    case Stroke::dashed: return " stroke-dasharray=\"4 3\"";
    case Stroke::dotted: return " stroke-dasharray=\"1 2.5\"";
  }
  return {};
}

std::string hatch_id(const Scene& scene, Color color) {
  return fmt::format("{}-hatch-{}", scene.name, static_cast<int>(color));
}

class SvgPainter {
 public:
  explicit SvgPainter(const Scene& scene) : scene_(scene) {}

  std::string all() {
    for (const Mark& mark : scene_.marks) std::visit([this](const auto& m) { paint(m); }, mark);
    return hatches() + out_;
  }

 private:
  void paint(const Box& box) {
    begin(box.tag);
    const auto rect = [&](std::string_view fill, Color outline) {
      std::string text =
          fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}")", number_text(box.corner.x),
                      number_text(box.corner.y), number_text(box.width), number_text(box.height));
      if (box.radius > 0) text += fmt::format(R"( rx="{}")", number_text(box.radius));
      text += fmt::format(R"( fill="{}")", fill);
      if (outline != Color::none)
        text += fmt::format(R"( stroke="{}" stroke-width="{}"{})", light(outline),
                            number_text(box.outline_width), dashes(box.stroke));
      out_ += text + "/>";
    };
    if (box.is_hatched) {
      rect(light(box.fill), Color::none);
      hatched_.insert(box.outline);
      rect(fmt::format("url(#{})", hatch_id(scene_, box.outline)),
           box.outline_width > 0 ? box.outline : Color::none);
    } else {
      rect(light(box.fill), box.outline);
    }
    end(box.tag);
  }

  void paint(const Line& line) {
    begin(line.tag);
    const double dx = line.to.x - line.from.x;
    const double dy = line.to.y - line.from.y;
    const double length = std::hypot(dx, dy);
    Point stop = line.to;
    if (line.has_head && length > svg_head_length) {
      const double share = (length - svg_head_length + 1) / length;
      stop = {line.from.x + dx * share, line.from.y + dy * share};
    }
    stroke(fmt::format("M{}L{}", xy(line.from), xy(stop)), line.color, line.width, line.stroke);
    if (line.has_head && length > 0) head(line, dx / length, dy / length);
    end(line.tag);
  }

  void head(const Line& line, double along_x, double along_y) {
    const double half = 1.7 + line.width / 2;
    const Point root{line.to.x - along_x * svg_head_length, line.to.y - along_y * svg_head_length};
    const Point left{root.x - along_y * half, root.y + along_x * half};
    const Point right{root.x + along_y * half, root.y - along_x * half};
    out_ += fmt::format(R"(<path d="M{}L{}L{}Z" fill="{}"/>)", xy(line.to), xy(left), xy(right),
                        light(line.color));
  }

  void paint(const Path& path) {
    if (path.points.empty()) return;
    begin(path.tag);
    std::string d;
    for (const Point& p : path.points) d += (d.empty() ? "M" : "L") + xy(p);
    stroke(d, path.color, path.width, path.stroke);
    end(path.tag);
  }

  void stroke(std::string_view d, Color color, double width, Stroke style) {
    out_ += fmt::format(R"(<path d="{}" fill="none" stroke="{}" stroke-width="{}"{}/>)", d,
                        light(color), number_text(width), dashes(style));
  }

  void paint(const Dot& dot) {
    begin(dot.tag);
    out_ +=
        fmt::format(R"(<circle cx="{}" cy="{}" r="{}" fill="{}" stroke="{}" stroke-width=".6"/>)",
                    number_text(dot.center.x), number_text(dot.center.y), number_text(dot.radius),
                    light(dot.color), light(Color::background));
    end(dot.tag);
  }

  void paint(const Badge& badge) {
    begin(badge.tag);
    const double radius = badge.text.size() > 2 ? badge_radius + 2 : badge_radius;
    out_ += fmt::format(R"(<circle cx="{}" cy="{}" r="{}" fill="{}" stroke="{}"/>)",
                        number_text(badge.center.x), number_text(badge.center.y),
                        number_text(radius), light(badge.color), light(Color::background));
    write({.at = badge.center,
           .text = badge.text,
           .size = 9.5,
           .color = Color::background,
           .align = Align::middle,
           .is_bold = true});
    end(badge.tag);
  }

  void paint(const Cross& cross) {
    begin(cross.tag);
    const double half = cross.size / 2;
    const auto [x, y] = cross.center;
    stroke(fmt::format("M{}L{}M{}L{}", xy({x - half, y - half}), xy({x + half, y + half}),
                       xy({x - half, y + half}), xy({x + half, y - half})),
           cross.color, 1.4, Stroke::solid);
    end(cross.tag);
  }

  void paint(const Pointer& pointer) {
    begin(pointer.tag);
    const double half = pointer.size / 2;
    const auto [x, y] = pointer.tip;
    out_ += fmt::format(R"(<path d="M{}L{}L{}Z" fill="{}"/>)", xy(pointer.tip),
                        xy({x - half, y - pointer.size * 0.85}),
                        xy({x + half, y - pointer.size * 0.85}), light(pointer.color));
    end(pointer.tag);
  }

  void paint(const Text& text) {
    begin(text.tag);
    write(text);
    end(text.tag);
  }

  void write(const Text& text) {
    out_ += fmt::format(R"(<text x="{}" y="{}" font-size="{}" fill="{}")", number_text(text.at.x),
                        number_text(text.at.y + text.size * baseline), number_text(text.size),
                        light(text.color));
    if (text.align == Align::middle) out_ += R"( text-anchor="middle")";
    if (text.align == Align::end) out_ += R"( text-anchor="end")";
    if (text.is_bold) out_ += R"( font-weight="bold")";
    // Layouts count on Helvetica's widths: where a wider font stands in for it, the text is
    // squeezed.
    if (text.text.size() >= shortest_fitted)
      out_ += fmt::format(R"( textLength="{}" lengthAdjust="spacingAndGlyphs")",
                          number_text(text_width(text.text, text.size, text.is_bold)));
    if (text.has_halo)
      out_ += fmt::format(
          R"( stroke="{}" stroke-width="3" stroke-linejoin="round" paint-order="stroke")",
          light(Color::background));
    out_ += fmt::format(">{}</text>", escaped(text.text));
  }

  static bool needs_group(const Tag& tag) {
    return !tag.tooltip.empty() || !tag.anchor.empty() || !tag.category.empty();
  }

  void begin(const Tag& tag) {
    if (!tag.link.empty()) out_ += fmt::format(R"(<a href="{}">)", escaped(tag.link));
    if (!needs_group(tag)) return;
    out_ += "<g";
    if (!tag.anchor.empty()) out_ += fmt::format(R"( id="{}")", escaped(tag.anchor));
    if (!tag.category.empty()) out_ += fmt::format(R"( class="{}")", escaped(tag.category));
    out_ += ">";
    if (!tag.tooltip.empty()) out_ += fmt::format("<title>{}</title>", escaped(tag.tooltip));
  }

  void end(const Tag& tag) {
    if (needs_group(tag)) out_ += "</g>";
    if (!tag.link.empty()) out_ += "</a>";
    out_ += "\n";
  }

  // One pattern for each colour of hatching that was used.
  std::string hatches() const {
    if (hatched_.empty()) return {};
    std::string text = "<defs>";
    for (const Color color : hatched_)
      text += fmt::format(
          R"svg(<pattern id="{}" width="6" height="6" patternUnits="userSpaceOnUse" )svg"
          R"svg(patternTransform="rotate(45)"><path d="M1.5 0V6" stroke="{}" stroke-width="3"/>)svg"
          R"svg(</pattern>)svg",
          hatch_id(scene_, color), light(color));
    return text + "</defs>\n";
  }

  const Scene& scene_;
  std::string out_;
  std::set<Color> hatched_;
};

std::string opening(const Scene& scene, std::string_view more) {
  return fmt::format(R"(<svg{} width="{}" height="{}" viewBox="0 0 {} {}" role="img" )"
                     R"(aria-labelledby="{}-title {}-description" font-family="{}">)"
                     "\n"
                     R"(<title id="{}-title">{}</title><desc id="{}-description">{}</desc>)"
                     "\n",
                     more, number_text(scene.width), number_text(scene.height),
                     number_text(scene.width), number_text(scene.height), scene.name, scene.name,
                     picture_font, scene.name, escaped(scene.title), scene.name,
                     escaped(scene.description));
}

}  // namespace

Markup svg(const Scene& scene) {
  return Markup::raw(opening(scene, "") + SvgPainter(scene).all() + "</svg>\n");
}

std::string svg_file(const Scene& scene) {
  return opening(scene, R"( xmlns="http://www.w3.org/2000/svg")") + "<style>\n" + palette_css() +
         "</style>\n" +
         fmt::format(R"(<rect width="100%" height="100%" fill="{}"/>)", light(Color::background)) +
         "\n" + SvgPainter(scene).all() + "</svg>\n";
}

}  // namespace brokersim::reports
