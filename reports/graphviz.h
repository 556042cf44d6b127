// Runs Graphviz: DOT in, SVG out. It may be missing, fail or hang; that costs one picture and one
// clear sentence, never a report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"
#include "core/base/time.h"

namespace brokersim::reports {

struct Graphviz {
  std::string program = "dot";  // Found on the PATH, or a path.
  Duration patience = 10s;      // Of real time; after it the program is killed.
};

// Who computes the layout: nobody, since every place is given (reports/dot.h), or Graphviz.
enum class Layout : std::uint8_t { given, by_graphviz };

// The SVG, ready to stand inside a page: no prologue, no scripts, fit for the palette. The error is
// one sentence: "Graphviz is not installed (dot was not found)".
Expected<std::string, std::string> svg_by_graphviz(std::string_view dot, Layout layout,
                                                   const Graphviz& graphviz = {});

// What Graphviz wrote, from "<svg" on: tooltips as <title>, no names that Graphviz gave by itself
// (two pictures may share a page), and what SVG 1.1 does not know replaced.
std::string cleaned_svg(std::string_view svg);

}  // namespace brokersim::reports
