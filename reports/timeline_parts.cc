#include "reports/timeline_parts.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/election_text.h"
#include "reports/summary.h"
#include "reports/text_width.h"

namespace brokersim::reports {

namespace {

constexpr double fault_row = 17;
constexpr double fault_height = 12;
constexpr double quorum_height = 14;

std::string fault_label(const Elections& all, const FaultSpan& fault) {
  std::string label = fmt::format("f{} {} {}", fault.number, fault.what, fault_scope(all, fault));
  if (fault.until && fault.effects == 0) label += " (no effect)";
  return label;
}

std::string fault_tooltip(const FaultSpan& span) {
  return fmt::format("f{} {} {}: {} to {}, {}", span.number, span.what, span.detail,
                     brief(span.from.since_start),
                     span.until ? brief(span.until->since_start) : "the end",
                     counted(static_cast<std::size_t>(span.effects), "effect"));
}

// A bar and its label, which stands after the bar, else before it, else in it.
struct LabelledBar {
  double from = 0;
  double to = 0;
  double first = 0;  // What bar and label take together.
  double last = 0;
  Text text;
};

LabelledBar labelled(const TimeAxis& axis, double from, double to, std::string label) {
  const double wide = text_width(label, timeline_small);
  LabelledBar bar{.from = from, .to = to, .first = from, .last = to + 8 + wide, .text = {}};
  bar.text.size = timeline_small;
  bar.text.text = std::move(label);
  bar.text.at.x = to + 4;
  if (wide <= axis.right() - to - 4) return bar;
  bar.last = to + 4;
  if (wide <= from - axis.left() - 4) {
    bar.text.at.x = from - 4;
    bar.text.align = Align::end;
    bar.first = from - 8 - wide;
  } else {
    bar.text.at.x = from + 5;
    bar.text.text = shortened(bar.text.text, timeline_small, std::max(to - from - 10, 12.0));
  }
  return bar;
}

void paint_fault(TimelineCanvas& canvas, const FaultSpan& span, Rows& rows) {
  const double from = canvas.axis.at(span.from);
  const double to = canvas.axis.at(span.until.value_or(canvas.elections.end()));
  LabelledBar bar =
      labelled(canvas.axis, from, std::max(to, from + 3), fault_label(canvas.elections, span));
  const auto row = static_cast<double>(rows.place(bar.first, bar.last));
  const double y = canvas.y + row * fault_row;
  const bool is_idle = span.until && span.effects == 0;
  bar.text.at.y = y + fault_height / 2;
  bar.text.color = is_idle ? Color::muted : Color::violation_text;
  canvas.marks.push_back(Box{.corner = {bar.from, y},
                             .width = bar.to - bar.from,
                             .height = fault_height,
                             .fill = is_idle ? Color::panel : Color::violation_ground,
                             .outline = is_idle ? Color::quiet : Color::violation,
                             .stroke = is_idle ? Stroke::dashed : Stroke::solid,
                             .radius = 2.5,
                             .tag = {.tooltip = fault_tooltip(span), .category = "fault"}});
  canvas.marks.push_back(std::move(bar.text));
}

void paint_quorum_leader(TimelineCanvas& canvas, const QuorumLeader& leader, Instant next) {
  const Elections& all = canvas.elections;
  const Instant until = leader.until.value_or(all.end());
  if (until < next) canvas.gap(until, next, quorum_height, "nobody leads the quorum");
  const double x = canvas.axis.at(leader.from);
  const double width = std::max(canvas.axis.at(until) - x, 1.0);
  std::string tooltip =
      fmt::format("{} leads the quorum in epoch {}: {} to {}", all.name_of_node(leader.leader),
                  leader.epoch, brief(leader.from.since_start), brief(until.since_start));
  if (!leader.why_ended.empty()) tooltip += ", ended by " + leader.why_ended;
  canvas.marks.push_back(Box{.corner = {x, canvas.y},
                             .width = width,
                             .height = quorum_height,
                             .fill = Color::panel,
                             .outline = Color::control,
                             .radius = 2.5,
                             .tag = {.tooltip = std::move(tooltip), .category = "quorum"}});
  const std::string name = all.short_name_of(leader.leader);
  canvas.label_bar(x, width, canvas.y + quorum_height / 2,
                   {fmt::format("{} \xC2\xB7 epoch {}", name, leader.epoch), name},
                   {.size = timeline_small, .tag = {}});
}

}  // namespace

void TimelineCanvas::name_lane(std::string_view name, double middle, Color color) {
  const double room = axis.left() - timeline_margin - 24;
  marks.push_back(Text{.at = {timeline_margin, middle},
                       .text = shortened(name, timeline_name, room, true),
                       .size = timeline_name,
                       .color = color,
                       .is_bold = true,
                       .tag = {.tooltip = std::string(name)}});
}

void TimelineCanvas::note(std::string text, double x) {
  marks.push_back(Text{.at = {x, y + 4},
                       .text = std::move(text),
                       .size = timeline_small,
                       .color = Color::muted,
                       .tag = {}});
}

void TimelineCanvas::label_bar(double x, double width, double middle,
                               std::initializer_list<std::string> texts, Text style) {
  for (const auto& text : texts) {
    if (text_width(text, style.size, style.is_bold) > width - 8) continue;
    style.at = {x + 5, middle};
    style.text = text;
    marks.push_back(std::move(style));
    return;
  }
}

void TimelineCanvas::gap(Instant from, Instant until, double height, std::string_view what) {
  const double x = axis.at(from);
  marks.push_back(
      Box{.corner = {x, y},
          .width = std::max(axis.at(until) - x, 1.5),
          .height = height,
          .fill = Color::background,
          .outline = Color::violation,
          .outline_width = 0,
          .is_hatched = true,
          .tag = {.tooltip = fmt::format("{}: {} to {}, {}", what, brief(from.since_start),
                                         brief(until.since_start), brief(until - from)),
                  .category = "outage"}});
}

void paint_faults(TimelineCanvas& canvas, std::size_t most) {
  const auto& all = canvas.elections.faults().all();
  if (all.empty()) return;
  canvas.name_lane("faults", canvas.y + fault_height / 2, Color::muted);
  Rows rows;
  const std::size_t shown = std::min(all.size(), most);
  for (std::size_t i = 0; i < shown; ++i) paint_fault(canvas, all[i], rows);
  canvas.y += static_cast<double>(rows.count()) * fault_row;
  if (shown < all.size()) {
    canvas.note(
        fmt::format("showing the first {} of {} faults; all are in the table", shown, all.size()),
        canvas.axis.left());
    canvas.y += fault_row;
  }
  canvas.y += 8;
}

void paint_quorum(TimelineCanvas& canvas) {
  const auto& leaders = canvas.elections.quorum().all();
  if (leaders.empty()) return;
  canvas.name_lane("quorum", canvas.y + quorum_height / 2, Color::muted);
  for (std::size_t i = 0; i < leaders.size(); ++i) {
    const bool is_last = i + 1 == leaders.size();
    paint_quorum_leader(canvas, leaders[i], is_last ? canvas.elections.end() : leaders[i + 1].from);
  }
  canvas.y += quorum_height + 14;
}

void paint_legend(TimelineCanvas& canvas) {
  const double middle = canvas.y + 4;
  double x = canvas.axis.left();
  const auto entry = [&](double symbol, std::string_view text, Mark mark) {
    canvas.marks.push_back(std::move(mark));
    canvas.note(std::string(text), x + symbol + 5);
    x += symbol + 5 + text_width(text, timeline_small) + 18;
  };
  const auto box = [&](double height, bool is_hatched) {
    return Box{.corner = {x, middle - height / 2},
               .width = 14,
               .height = height,
               .fill = is_hatched ? Color::background : Color::leader,
               .outline = is_hatched ? Color::violation : Color::none,
               .outline_width = 0,
               .is_hatched = is_hatched,
               .tag = {.category = "legend"}};
  };
  entry(14, "leader \xC2\xB7 epoch", box(10, false));
  entry(14, "replica in sync", box(3.5, false));
  entry(14, "nobody leads", box(10, true));
  entry(15, "election, as in the table",
        Badge{.center = {x + 7, middle}, .text = "1", .tag = {.category = "legend"}});
  entry(8, "log cut", Pointer{.tip = {x + 4, middle + 4}, .tag = {.category = "legend"}});
  canvas.y += timeline_line;
}

}  // namespace brokersim::reports
