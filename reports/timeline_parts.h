// The parts of the timeline, top to bottom, each painted below the one before.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "reports/elections.h"
#include "reports/scene.h"
#include "reports/time_axis.h"

namespace brokersim::reports {

inline constexpr double timeline_margin = 12;
inline constexpr double timeline_small = 8.5;  // Size of most texts.
inline constexpr double timeline_name = 11;    // Of names of lanes.
inline constexpr double timeline_line = 12;    // Height of a line of text.

struct TimelineCanvas {
  const Elections& elections;
  const TimeAxis& axis;
  double y = 0;             // Where the next part begins.
  std::vector<Mark> marks;  // In their order,
  std::vector<Mark> upper;  // and painted over all of them.
  std::size_t badges_left_out = 0;

  void name_lane(std::string_view name, double middle, Color color = Color::foreground);
  void note(std::string text, double x);
  // The first of the texts that fits into a bar of this width.
  void label_bar(double x, double width, double middle, std::initializer_list<std::string> texts,
                 Text style);
  // Nobody leads.
  void gap(Instant from, Instant until, double height, std::string_view what);
};

void paint_faults(TimelineCanvas& canvas, std::size_t most);
void paint_quorum(TimelineCanvas& canvas);
void paint_partition(TimelineCanvas& canvas, const PartitionHistory& lane);
void paint_legend(TimelineCanvas& canvas);

}  // namespace brokersim::reports
