// Paints a story: grid, faults, lanes, bands, arrows, then labels, so that texts lie above lines.
#include "reports/spacetime.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "reports/spacetime_layout.h"
#include "reports/spacetime_style.h"
#include "reports/summary.h"
#include "reports/text_width.h"

namespace brokersim::reports {

namespace {

using Arrow = Story::Arrow;
using Band = Story::Band;
using MarkKind = Story::Mark::Kind;

constexpr double message_size = 8;
constexpr double least_distance = 26;  // Between times on the axis.
constexpr Duration least_outage = 5ms;

// As the sentence writes it.
std::string tenths(Instant at) {
  const std::int64_t tenths = at.ns() / 100'000;
  return fmt::format("{}.{} ms", tenths / 10, tenths % 10);
}

// Of gaps, where three digits are enough.
std::string rough(Duration duration) {
  const std::int64_t us = duration.count() / 1000;
  if (us < 10'000) return fmt::format("{}.{} ms", us / 1000, us % 1000 / 100);
  if (us < 1'000'000) return fmt::format("{} ms", us / 1000);
  return text_of(duration);
}

class Diagram {
 public:
  Diagram(const Story& story, const SpacetimeOptions& options)
      : story_(story), options_(options), layout_(story) {}

  Scene paint() {
    scene_.width = layout_.width();
    reserve_labels();
    paint_outages();
    paint_axis();
    paint_faults();
    paint_lanes();
    for (const auto& band : story_.bands) paint(band);
    paint_arrows();
    for (std::size_t i = 0; i < story_.marks.size(); ++i) paint_dot(story_.marks[i]);
    for (std::size_t i = 0; i < story_.marks.size(); ++i) paint_label(i);
    for (auto& text : late_) scene_.add(std::move(text));
    for (const auto& lane : story_.lanes) paint_head(lane);
    scene_.height = add_spacetime_legend(scene_, layout_.bottom() + 16) + 12;
    return std::move(scene_);
  }

 private:
  void line(Point from, Point to, Color color, double width, Stroke stroke = Stroke::solid,
            bool has_head = false, Tag tag = {}) {
    scene_.add(Line{from, to, color, width, stroke, has_head, std::move(tag)});
  }
  void text(Point at, std::string words, double size, Color color, Align align = Align::start,
            bool is_bold = false, bool has_halo = false) {
    scene_.add(Text{at, std::move(words), size, color, align, is_bold, has_halo, {}});
  }

  // Keeps the labels of messages off those of marks.
  void reserve_labels() {
    for (std::size_t i = 0; i < story_.marks.size(); ++i) {
      const auto& mark = story_.marks[i];
      const auto& label = layout_.label(i);
      const double y = layout_.y(mark.at);
      free_.take({label.left - 3, y - label.height / 2, label.left + label.width + 5,
                  y + label.height / 2});
      const double x = layout_.x(mark.lane);
      free_.take({x - 5, y - 4, x + 5, y + 4});
    }
  }

  // ---- Time ----

  void paint_axis() {
    double last = -least_distance;
    for (const auto& stop : layout_.stops()) {
      if (stop.y - last < least_distance) continue;
      const bool is_free = std::none_of(bracket_texts_.begin(), bracket_texts_.end(),
                                        [&](double y) { return std::abs(y - stop.y) < 22; });
      line({SpacetimeLayout::axis - 4, stop.y}, {layout_.width() - 6, stop.y}, Color::grid, 0.7);
      if (is_free) {
        text({SpacetimeLayout::axis - 10, stop.y}, tenths(stop.at), 7.8, Color::muted, Align::end);
      }
      last = stop.y;
    }
    for (const Fold& fold : layout_.folds()) {
      const double y = (fold.top + fold.bottom) / 2;
      const bool is_free = std::none_of(bracket_texts_.begin(), bracket_texts_.end(),
                                        [&](double other) { return std::abs(y - other) < 22; });
      for (const auto& lane : story_.lanes) {
        scene_.add(Box{{layout_.x(lane.node) - 4, y - 2.5}, 8, 5, Color::background});
      }
      if (!is_free) continue;
      text({SpacetimeLayout::axis - 10, y}, fmt::format("… {} …", rough(fold.length)), 7.4,
           Color::muted, Align::end);
    }
  }

  void paint_outages() {
    for (const auto& outage : story_.outages) {
      if (outage.until - outage.from < least_outage) continue;
      const double top = layout_.y(outage.from);
      const double bottom = layout_.y(outage.until);
      const std::string length = rough(outage.until - outage.from);
      scene_.add(Box{{SpacetimeLayout::axis - 6, top},
                     4,
                     std::max(bottom - top, 2.0),
                     Color::violation,
                     Color::none,
                     1,
                     Stroke::solid,
                     0,
                     false,
                     {.tooltip = "no usable leader for " + length, .category = "outage"}});
      const double y = (top + bottom) / 2;
      const double right = SpacetimeLayout::axis - 10;
      text({right, y - 5}, "no usable leader", 8, Color::violation_text, Align::end, true);
      text({right, y + 5}, length, 8, Color::violation_text, Align::end, true);
      bracket_texts_.push_back(y);
    }
  }

  // ---- Lanes ----

  void paint_faults() {
    for (const auto& fault : story_.faults) {
      const double top = layout_.y(fault.from);
      const double bottom = layout_.y(fault.until);
      for (const NodeId lane : fault.lanes) {
        scene_.add(Box{{layout_.x(lane) - 15, top},
                       30,
                       std::max(bottom - top, 4.0),
                       Color::violation_ground,
                       Color::violation,
                       0.8,
                       Stroke::dashed,
                       4,
                       false,
                       {.tooltip = fault.text, .category = "fault"}});
      }
      note_beside(fault.lanes.front(), top + 6, fault.text, Color::violation_text);
    }
  }

  // A note left of the lane or right of it, within the gap between lanes, where it is free.
  void note_beside(NodeId lane, double y, const std::string& words, Color color) {
    const auto lines = wrapped_lines(words, message_size, layout_.pitch() - 44, true);
    double width = 0;
    for (const auto& each : lines) width = std::max(width, text_width(each, message_size, true));
    const double height = static_cast<double>(lines.size()) * 10;
    const double x = layout_.x(lane);
    std::vector<Point> centers;
    for (const double down : {0.0, 11.0, 22.0, 33.0, 44.0, -11.0, -22.0}) {
      const double middle = y + down + height / 2 - 5;
      if (x - 22 - width > SpacetimeLayout::axis) centers.push_back({x - 22 - width / 2, middle});
      if (x + 22 + width < layout_.width()) centers.push_back({x + 22 + width / 2, middle});
    }
    Point center = centers.empty() ? Point{x, y} : centers.front();
    if (!free_.place(centers, width + 4, height, center))
      free_.take(area_around(center, width, height));
    double line_y = center.y - height / 2 + 5;
    for (const auto& each : lines) {
      late_.push_back(Text{{center.x, line_y},
                           each,
                           message_size,
                           color,
                           Align::middle,
                           true,
                           true,
                           {.category = "note"}});
      line_y += 10;
    }
  }
  static Area area_around(Point center, double width, double height) {
    return {center.x - width / 2, center.y - height / 2, center.x + width / 2,
            center.y + height / 2};
  }

  void paint_lanes() {
    for (const auto& lane : story_.lanes) {
      const double x = layout_.x(lane.node);
      line({x, layout_.top()}, {x, layout_.bottom()}, Color::lane, 1.1);
    }
  }

  void paint_head(const Story::Lane& lane) {
    const double x = layout_.x(lane.node);
    const double width = std::min(layout_.pitch() - 10, text_width(lane.name, 10, true) + 22);
    scene_.add(Box{{x - width / 2, 4}, width, 20, Color::panel, Color::lane, 1, Stroke::solid, 5});
    text({x, 14}, shortened(lane.name, 10, width - 6, true), 10, Color::foreground, Align::middle,
         true);
    double y = 32;
    for (const auto& words : wrapped_lines(lane.state, 8, layout_.pitch() - 14)) {
      text({x, y}, words, 8, Color::muted, Align::middle);
      y += 10;
    }
  }

  void paint(const Band& band) {
    const double top = layout_.y(band.from);
    const double height = std::max(layout_.y(band.until) - top, 1.5);
    const double x = layout_.x(band.lane);
    Box box{{x - band_width / 2, top}, band_width, height};
    box.tag = {.tooltip = band.text, .category = "role"};
    switch (band.kind) {
      case Band::Kind::leader: box.fill = Color::leader; break;
      case Band::Kind::stale:
        box.fill = Color::background;
        box.outline = Color::violation;
        box.is_hatched = true;
        note_beside(band.lane, top + 9,
                    fmt::format("{}, {}", band.text, rough(band.until - band.from)),
                    Color::violation_text);
        break;
      case Band::Kind::down:
        box.fill = Color::background;
        box.outline = Color::muted;
        box.stroke = Stroke::dotted;
        if (height > 14) note_beside(band.lane, top + height / 2, "down", Color::muted);
        break;
    }
    scene_.add(std::move(box));
  }

  // ---- Messages ----

  struct Ends {
    Point from;
    Point to;
  };
  Ends ends_of(const Arrow& arrow) const {
    Ends ends{{layout_.x(arrow.from), layout_.y(arrow.sent)}, {layout_.x(arrow.to), 0}};
    if (arrow.end == Arrow::End::arrives) {
      ends.to.y = layout_.y(arrow.ended);
    } else {
      ends.to.x = ends.from.x + (ends.to.x - ends.from.x) * 0.42;
      ends.to.y = ends.from.y + 7;
    }
    return ends;
  }

  void paint_arrows() {
    std::vector<const Arrow*> by_weight;
    for (const auto& arrow : story_.arrows) by_weight.push_back(&arrow);
    std::stable_sort(by_weight.begin(), by_weight.end(),
                     [](const Arrow* a, const Arrow* b) { return a->weight < b->weight; });
    for (const Arrow* arrow : by_weight) paint_line(*arrow);
    std::reverse(by_weight.begin(), by_weight.end());
    for (const Arrow* arrow : by_weight) paint_words(*arrow);
  }

  void paint_line(const Arrow& arrow) {
    const ArrowStyle style = style_of(arrow.kind);
    const auto [from, to] = ends_of(arrow);
    const bool arrives = arrow.end == Arrow::End::arrives;
    const bool is_lost = arrow.end == Arrow::End::lost;
    line(from, to, is_lost ? Color::violation : style.color, style.width,
         arrives ? style.stroke : Stroke::dashed, !is_lost,
         {.tooltip = arrow.tooltip, .category = "message"});
    if (is_lost) scene_.add(Cross{to, 5, Color::violation, {.category = "lost"}});
    scene_.add(Dot{from, 1.6, style.color});
  }

  // On its line, between lanes; the tooltip has it where there is no room.
  void paint_words(const Arrow& arrow) {
    const auto [from, to] = ends_of(arrow);
    std::string words = arrow.text;
    if (arrow.end == Arrow::End::lost) words += " (lost)";
    if (arrow.end == Arrow::End::later) words += " (arrives later)";
    if (arrow.repeats > 1) words += fmt::format(" ×{}", arrow.repeats);
    const double width = text_width(words, message_size);
    std::vector<Point> centers;
    const double distance = std::abs(to.x - from.x);
    for (const double gap : {0.5, 0.38, 0.62, 0.28, 0.72, 1.5, 1.35, 1.65, 2.5, 3.5}) {
      const double part = arrow.end == Arrow::End::arrives ? layout_.pitch() * gap / distance : gap;
      if (part > 0.95) continue;
      const Point on{from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part};
      for (const double dy : {-5.4, 6.0}) centers.push_back({on.x, on.y + dy});
    }
    Point center;
    if (!free_.place(centers, width + 2, 8.5, center)) return;
    const bool is_lost = arrow.end == Arrow::End::lost;
    late_.push_back(Text{center,
                         words,
                         message_size,
                         is_lost ? Color::violation_text : style_of(arrow.kind).text,
                         Align::middle,
                         false,
                         true,
                         {.tooltip = arrow.tooltip, .category = "message"}});
  }

  // ---- Marks ----

  static Color color_of(const Story::Mark& mark) {
    if (mark.fact != 0 || mark.kind == MarkKind::loss) return Color::violation;
    return mark.kind == MarkKind::election ? Color::control : Color::foreground;
  }

  Tag tag_of(const Story::Mark& mark) const {
    Tag tag{.tooltip = fmt::format("e{} {}: {}", mark.id.value, tenths(mark.at), mark.text),
            .category = mark.fact ? "fact" : "event"};
    if (mark.fact != 0) tag.anchor = fmt::format("fact-{}", mark.fact);
    const bool has_row = mark.id >= options_.first_row && mark.id <= options_.last_row;
    if (has_row && options_.first_row.value != 0) tag.link = fmt::format("#e{}", mark.id.value);
    return tag;
  }

  void paint_dot(const Story::Mark& mark) {
    const Point at{layout_.x(mark.lane), layout_.y(mark.at)};
    if (mark.fact != 0) {
      scene_.add(Badge{at, fmt::format("{}", mark.fact), Color::violation, tag_of(mark)});
    } else {
      scene_.add(Dot{at, mark.kind == MarkKind::plain ? 2.2 : 3.1, color_of(mark), tag_of(mark)});
    }
  }

  void paint_label(std::size_t index) {
    const auto& mark = story_.marks[index];
    const auto& label = layout_.label(index);
    const bool is_hot = mark.fact != 0 || mark.kind == MarkKind::loss;
    const bool has_box = is_hot || mark.kind == MarkKind::election;
    const Color color = is_hot ? Color::violation_text : color_of(mark);
    const double middle = layout_.y(mark.at);
    Box box{{label.left - 3, middle - label.height / 2}, label.width + 7, label.height};
    box.fill = mark.fact != 0 ? Color::highlight : Color::background;
    box.radius = 3;
    box.outline_width = 0.8;
    if (has_box) box.outline = is_hot ? Color::violation : Color::control;
    scene_.add(std::move(box));
    const double first =
        middle - static_cast<double>(label.lines.size() - 1) * SpacetimeLayout::line_height / 2;
    for (std::size_t i = 0; i < label.lines.size(); ++i) {
      const double y = first + static_cast<double>(i) * SpacetimeLayout::line_height;
      text({label.left, y}, label.lines[i], SpacetimeLayout::label_size, color, Align::start,
           is_hot);
    }
  }

  const Story& story_;
  const SpacetimeOptions& options_;
  const SpacetimeLayout layout_;
  Scene scene_;
  FreePlaces free_;
  std::vector<Mark> late_;             // Painted above everything else.
  std::vector<double> bracket_texts_;  // Heights on the axis that are taken.
};

std::string notice_of(const Story& story) {
  std::string text =
      fmt::format("{} of {} marks and messages from {} to {}", story.shown(),
                  story.shown() + story.left_out, tenths(story.begin), tenths(story.end));
  if (story.hidden_lanes > 0)
    text += fmt::format("; {} hidden", counted(story.hidden_lanes, "lane"));
  return text + "; heartbeats and fetches without news are not shown";
}

}  // namespace

Spacetime spacetime(const std::vector<Event>& events, const std::vector<Message>& messages,
                    const properties::Violation& violation, const SpacetimeOptions& options) {
  const Story story = tell_story(events, messages, violation, options.limits);
  Spacetime result;
  if (story.lanes.empty()) {
    result.notice = "the run has no events that tell of it";
    return result;
  }
  result.scene = Diagram(story, options).paint();
  result.scene.name = "spacetime";
  result.scene.title = "Space-time diagram";
  result.scene.description = violation.message;
  result.notice = notice_of(story);
  for (const auto& mark : story.marks) {
    if (mark.fact != 0) result.facts[static_cast<std::size_t>(mark.fact - 1)] = mark.text;
  }
  return result;
}

}  // namespace brokersim::reports
