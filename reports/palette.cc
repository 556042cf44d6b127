#include "reports/palette.h"

#include <array>
#include <set>

#include <fmt/format.h>

namespace brokersim::reports {

namespace {

constexpr std::array all_shades = {
    Shade{Color::background, "background", "#FFFFFF", "#0D1117"},
    Shade{Color::foreground, "foreground", "#1F2328", "#E6EDF3"},
    Shade{Color::muted, "muted", "#59636E", "#9198A1"},
    Shade{Color::panel, "panel", "#F6F8FA", "#161B22"},
    Shade{Color::grid, "grid", "#E6EAEE", "#21282F"},
    Shade{Color::lane, "lane", "#B6BEC7", "#4A535E"},
    Shade{Color::quiet, "quiet", "#868F99", "#6E7781"},
    Shade{Color::leader, "leader", "#0072B2", "#56B4E9"},
    Shade{Color::broker_1, "broker-1", "#0072B2", "#56B4E9"},
    Shade{Color::broker_2, "broker-2", "#8A5A00", "#E69F00"},
    Shade{Color::broker_3, "broker-3", "#007A5A", "#2FBF9A"},
    Shade{Color::broker_4, "broker-4", "#6250B8", "#AC9DF0"},
    Shade{Color::broker_5, "broker-5", "#5B6470", "#A3ACB8"},
    Shade{Color::control, "control", "#A0527F", "#E3A1C4"},
    Shade{Color::consume, "consume", "#007A5A", "#2FBF9A"},
    Shade{Color::violation, "violation", "#C44E00", "#FF8A4C"},
    Shade{Color::violation_text, "violation-text", "#B84300", "#FF8A4C"},
    Shade{Color::violation_ground, "violation-ground", "#FBE9DD", "#33200F"},
    Shade{Color::highlight, "highlight", "#FFF1E5", "#3B2314"},
};

std::string properties_css(bool is_dark) {
  std::string css = ":root{";
  for (const Shade& shade : all_shades)
    css += fmt::format("--{}:{};", shade.name, is_dark ? shade.dark : shade.light);
  return css + "}\n";
}

}  // namespace

Color color_of_broker(NodeId broker) {
  constexpr std::array hues = {Color::broker_1, Color::broker_2, Color::broker_3, Color::broker_4,
                               Color::broker_5};
  if (!broker.is_set()) return Color::muted;
  const auto place = static_cast<std::size_t>(broker.value) + hues.size() - 1;
  return hues[place % hues.size()];
}

std::span<const Shade> shades() { return all_shades; }

std::string_view light(Color color) {
  if (color == Color::none) return "none";
  for (const Shade& shade : all_shades)
    if (shade.color == color) return shade.light;
  return "none";
}

std::string palette_css() {
  std::string css = properties_css(false);
  css += "@media (prefers-color-scheme:dark){\n" + properties_css(true);
  std::set<std::string_view> done;
  for (const Shade& shade : all_shades) {
    if (!done.insert(shade.light).second) continue;
    for (const char* attribute : {"fill", "stroke"})
      css += fmt::format("svg [{0}=\"{1}\" i]{{{0}:{2}}}\n", attribute, shade.light, shade.dark);
  }
  return css + "}\n";
}

}  // namespace brokersim::reports
