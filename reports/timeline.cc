#include "reports/timeline.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reports/election_text.h"
#include "reports/summary.h"
#include "reports/text_width.h"
#include "reports/timeline_parts.h"

namespace brokersim::reports {

namespace {

constexpr double tick_distance = 62;
constexpr double widest_name = 190;

bool is_busy(const PartitionHistory& p, Instant end) {
  return !p.elections.empty() || !p.truncations.empty() || p.without_leader(end) > Duration{};
}

// The lanes to show, in the order of their names.
std::vector<PartitionHistory> chosen_lanes(const Elections& elections, std::size_t most) {
  std::vector<PartitionHistory> all = elections.partitions();
  if (all.size() <= most) return all;
  const Instant end = elections.end();
  const auto weight = [&](const PartitionHistory& p) {
    return std::pair(is_busy(p, end), p.without_leader(end));
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const auto& a, const auto& b) { return weight(a) > weight(b); });
  std::size_t kept = 0;
  while (kept < most && is_busy(all[kept], end)) ++kept;
  all.resize(std::max<std::size_t>(kept, 1));
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.partition < b.partition; });
  return all;
}

// A long end in which nothing changes is not worth its space.
Instant shown_end(const Elections& elections) {
  const Instant end = elections.end();
  const Instant latest = elections.latest_change();
  const Instant enough = latest + latest.since_start / 8;
  return enough < Instant{end.since_start / 4 * 3} ? enough : end;
}

// Names of lanes, and of replicas beside their bars, stand left of the axis.
double left_edge(const std::vector<PartitionHistory>& lanes) {
  double widest = text_width("no leader 00.0 s", timeline_small);
  for (const auto& lane : lanes)
    widest = std::max(widest, text_width(fmt::format("{}", lane.partition), timeline_name, true));
  return timeline_margin + std::min(widest, widest_name) + 26;
}

void paint_axis(Scene& scene, const TimeAxis& axis, double top, double bottom) {
  for (const auto& tick : axis.ticks(tick_distance)) {
    const double x = axis.at(tick.at);
    scene.add(Line{.from = {x, top - 7}, .to = {x, bottom}, .color = Color::grid, .tag = {}});
    scene.add(Text{.at = {x, timeline_margin + 4},
                   .text = tick.label,
                   .size = timeline_small,
                   .color = Color::muted,
                   .align = Align::middle,
                   .tag = {}});
  }
}

// Nothing is left out without a word.
void paint_notes(TimelineCanvas& canvas, const std::vector<PartitionHistory>& lanes) {
  const auto note = [&](std::string text) {
    canvas.note(std::move(text), canvas.axis.left());
    canvas.y += timeline_line + 2;
  };
  if (canvas.axis.end() < canvas.elections.end())
    note(fmt::format("not shown: {} to {}, in which nothing changes",
                     brief(canvas.axis.end().since_start),
                     brief(canvas.elections.end().since_start)));
  const auto all = canvas.elections.partitions();
  const auto busy = static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(),
                    [&](const PartitionHistory& p) { return is_busy(p, canvas.elections.end()); }));
  if (lanes.size() < busy)
    note(
        fmt::format("showing the {} that were longest without a leader, of {} on which something "
                    "happened",
                    counted(lanes.size(), "partition"), busy));
  if (lanes.size() < all.size())
    note(fmt::format("not shown: {} that kept their leader all the time",
                     counted(all.size() - std::max(busy, lanes.size()), "partition")));
  if (canvas.badges_left_out > 0)
    note(fmt::format("left out where they would overlap: {}; the table has all",
                     counted(canvas.badges_left_out, "election number")));
}

std::string description(const Elections& all, std::size_t lanes) {
  return fmt::format(
      "Time runs to the right, {} in all. A lane for each of {}: its leader and epoch, its in-sync "
      "replicas, and hatched while nobody led. {} and {} are marked.",
      brief(all.end().since_start), counted(lanes, "partition"),
      counted(all.faults().all().size(), "fault"), counted(all.all().size(), "election"));
}

}  // namespace

Scene timeline(const Elections& elections, const TimelineLimits& limits) {
  const auto lanes = chosen_lanes(elections, limits.lanes);
  const Instant end = shown_end(elections);
  const TimeAxis axis(end, left_edge(lanes), limits.width - timeline_margin - 6);
  TimelineCanvas canvas{.elections = elections, .axis = axis, .marks = {}, .upper = {}};
  const double top = canvas.y = timeline_margin + 18;
  paint_faults(canvas, limits.faults);
  paint_quorum(canvas);
  for (const auto& lane : lanes) paint_partition(canvas, lane);
  const double bottom = canvas.y - 9;
  paint_notes(canvas, lanes);
  canvas.y += 6;
  paint_legend(canvas);

  Scene scene{.name = "elections",
              .title = "Who led what, when",
              .description = description(elections, lanes.size()),
              .width = limits.width,
              .height = canvas.y + timeline_margin - 4,
              .marks = {}};
  paint_axis(scene, axis, top, bottom);
  for (auto* layer : {&canvas.marks, &canvas.upper})
    for (Mark& mark : *layer) scene.add(std::move(mark));
  return scene;
}

}  // namespace brokersim::reports
