// The colours of pictures and pages by what they mean, each in a light and a dark version.
//
// The hues are Okabe and Ito's, darkened until text on white has a contrast of 4.5:1. Colour never
// carries meaning alone. Pictures are painted in the light version by presentation attributes; a
// page's style sheet turns those into the dark version without touching the picture.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/ids.h"

namespace brokersim::reports {

enum class Color : std::uint8_t {
  none,
  background,  // Of the page, and of text on what is painted in a strong colour.
  foreground,  // Text.
  muted,       // Text of minor importance.
  panel,       // Behind headings of lanes, code, cells.
  grid,        // Lines that only guide the eye.
  lane,        // Lines and borders that are part of the picture.
  quiet,       // Background traffic: heartbeats, fetches without news.
  leader,      // Leaders and data.
  broker_1,
  broker_2,
  broker_3,
  broker_4,
  broker_5,
  control,    // The control plane: quorum, elections, metadata.
  consume,    // Reads, and what is as it should be.
  violation,  // What went wrong: faults, outages, contradictions.
  violation_text,
  violation_ground,  // Behind either.
  highlight,         // Behind a row or note to be seen first.
};

// Repeats after five brokers: pictures say names beside colours.
Color color_of_broker(NodeId broker);

struct Shade {
  Color color;
  std::string_view name;   // As a custom property of CSS: "violation-text".
  std::string_view light;  // "#B84300"
  std::string_view dark;
};
std::span<const Shade> shades();  // All but `none`. Equal light versions have equal dark ones.

std::string_view light(Color color);  // "none" for none.

// Rules of CSS: custom properties for either mode, and pictures in dark mode.
std::string palette_css();

}  // namespace brokersim::reports
