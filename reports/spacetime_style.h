// How a space-time diagram looks: the lines of its arrows, and the legend that says what they mean.
#pragma once

#include "reports/scene.h"
#include "reports/spacetime_story.h"

namespace brokersim::reports {

struct ArrowStyle {
  Color color;
  double width;
  Stroke stroke;
  Color text;
};
ArrowStyle style_of(Story::Arrow::Kind kind);

inline constexpr double band_width = 7;  // Of a leader's.

// Two rows from the height `y` on; returns the height of the second.
double add_spacetime_legend(Scene& scene, double y);

}  // namespace brokersim::reports
