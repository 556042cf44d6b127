// One partition's lane: its leaders, its elections, its in-sync replicas, its truncations.
#include <algorithm>

#include <fmt/format.h>

#include "reports/election_text.h"
#include "reports/summary.h"
#include "reports/text_width.h"
#include "reports/timeline_parts.h"

namespace brokersim::reports {

namespace {

constexpr double bar_height = 19;
constexpr double thin_height = 3.5;
constexpr double thin_distance = 8.5;
constexpr double badge_reach = 16;  // What a badge takes along the axis.
constexpr double lane_gap = 15;

bool is_in(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

void paint_reign(TimelineCanvas& canvas, const PartitionHistory& lane, std::size_t place) {
  const Elections& all = canvas.elections;
  const Reign& reign = lane.reigns[place];
  const Instant until = reign.until.value_or(all.end());
  const Instant next = lane.led_again(place, all.end());
  if (until < next) canvas.gap(until, next, bar_height, "nobody leads");
  const double x = canvas.axis.at(reign.from);
  const double width = std::max(canvas.axis.at(until) - x, 1.0);
  canvas.marks.push_back(Box{
      .corner = {x, canvas.y},
      .width = width,
      .height = bar_height,
      .fill = color_of_broker(reign.leader),
      .radius = std::min(2.0, width / 2),
      .tag = {.tooltip = fmt::format("{} leads {} in epoch {}: {} to {}",
                                     all.name_of_node(reign.leader), lane.partition, reign.epoch,
                                     brief(reign.from.since_start), brief(until.since_start)),
              .category = "reign"}});
  const double badge = place > 0 ? 5 : 0;
  const std::string name = all.short_name_of(reign.leader);
  canvas.label_bar(x + badge, width - badge, canvas.y + bar_height / 2 + 0.5,
                   {fmt::format("{} \xC2\xB7 e{}", name, reign.epoch), name},
                   {.size = 9.5, .color = Color::background, .is_bold = true, .tag = {}});
}

// Where the new leader begins to lead, or where it was decided that nobody can.
double place_of(const TimelineCanvas& canvas, const Election& e) {
  return canvas.axis.at(e.spread ? e.committed_at + *e.spread : e.committed_at);
}

void paint_badge(TimelineCanvas& canvas, const Election& e) {
  const Elections& all = canvas.elections;
  std::string tooltip =
      fmt::format("E{} {}: {} to {}, {}", e.number, e.partition, all.short_name_of(e.from),
                  all.short_name_of(e.to), cause_text(e));
  canvas.upper.push_back(Badge{.center = {place_of(canvas, e), canvas.y - 2},
                               .text = fmt::format("{}", e.number),
                               .color = is_alarming(e) ? Color::violation : Color::foreground,
                               .tag = {.tooltip = std::move(tooltip),
                                       .category = "election",
                                       .link = fmt::format("#E{}", e.number)}});
}

// Where there is no room for all, those that did harm come first.
void paint_badges(TimelineCanvas& canvas, const PartitionHistory& lane) {
  std::vector<const Election*> elections;
  for (const std::int32_t number : lane.elections)
    elections.push_back(&canvas.elections.all()[static_cast<std::size_t>(number) - 1]);
  std::stable_partition(elections.begin(), elections.end(),
                        [](const Election* e) { return is_alarming(*e); });
  std::vector<double> taken;
  for (const Election* e : elections) {
    const double x = place_of(canvas, *e);
    const bool has_room = std::none_of(taken.begin(), taken.end(), [&](double other) {
      return x < other + badge_reach && other < x + badge_reach;
    });
    if (has_room) {
      taken.push_back(x);
      paint_badge(canvas, *e);
    } else {
      ++canvas.badges_left_out;
    }
  }
}

void paint_replica(TimelineCanvas& canvas, const PartitionHistory& lane, NodeId replica) {
  canvas.marks.push_back(Text{.at = {canvas.axis.left() - 5, canvas.y + thin_height / 2},
                              .text = canvas.elections.short_name_of(replica),
                              .size = 8,
                              .color = Color::muted,
                              .align = Align::end,
                              .tag = {}});
  const auto& steps = lane.isr;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!is_in(steps[i].isr, replica)) continue;
    const double from = canvas.axis.at(steps[i].at);
    while (i + 1 < steps.size() && is_in(steps[i + 1].isr, replica)) ++i;
    const Instant until = i + 1 < steps.size() ? steps[i + 1].at : canvas.elections.end();
    canvas.marks.push_back(Box{.corner = {from, canvas.y},
                               .width = std::max(canvas.axis.at(until) - from, 1.0),
                               .height = thin_height,
                               .fill = color_of_broker(replica),
                               .tag = {.category = "in-sync"}});
  }
}

// A triangle at the replica's bar, and what was cut in the first free row of text below.
void paint_truncation(TimelineCanvas& canvas, const Truncation& cut, double tip, Rows& rows) {
  const double x = canvas.axis.at(cut.at);
  const bool is_gone = cut.gone > 0;
  const std::string text =
      fmt::format("\xE2\x96\xBC {} {} {}", canvas.elections.short_name_of(cut.node),
                  cut.by_power_loss ? "loses unsynced" : "truncates", truncation_text(cut));
  canvas.upper.push_back(Pointer{.tip = {x, tip},
                                 .color = is_gone ? Color::violation : Color::muted,
                                 .tag = {.tooltip = text, .category = "truncation"}});
  const double wide = text_width(text, timeline_small) + 6;
  const bool is_late = x + wide > canvas.axis.right();
  const double from = is_late ? x - wide : x - 3;
  const auto row = static_cast<double>(rows.place(from, from + wide));
  canvas.marks.push_back(Text{.at = {x + (is_late ? 3 : -3), canvas.y + 6 + row * timeline_line},
                              .text = text,
                              .size = timeline_small,
                              .color = is_gone ? Color::violation_text : Color::muted,
                              .align = is_late ? Align::end : Align::start,
                              .has_halo = true,
                              .tag = {}});
}

}  // namespace

void paint_partition(TimelineCanvas& canvas, const PartitionHistory& lane) {
  canvas.y += 5;  // For badges, which stand on the bar's upper edge.
  canvas.name_lane(fmt::format("{}", lane.partition), canvas.y + bar_height / 2);
  const Duration outage = lane.without_leader(canvas.elections.end());
  if (outage > Duration{})
    canvas.marks.push_back(Text{.at = {timeline_margin, canvas.y + bar_height + 6},
                                .text = fmt::format("no leader {}", brief(outage)),
                                .size = timeline_small,
                                .color = Color::violation_text,
                                .tag = {}});
  for (std::size_t i = 0; i < lane.reigns.size(); ++i) paint_reign(canvas, lane, i);
  paint_badges(canvas, lane);
  canvas.y += bar_height + 5;
  const double thin_top = canvas.y;
  for (const NodeId replica : lane.replicas) {
    paint_replica(canvas, lane, replica);
    canvas.y += thin_distance;
  }
  Rows rows;
  for (const Truncation& cut : lane.truncations) {
    const auto place = std::find(lane.replicas.begin(), lane.replicas.end(), cut.node);
    const auto row = static_cast<double>(place - lane.replicas.begin());
    paint_truncation(canvas, cut, thin_top + row * thin_distance + thin_height, rows);
  }
  canvas.y += static_cast<double>(rows.count()) * timeline_line + lane_gap;
}

}  // namespace brokersim::reports
