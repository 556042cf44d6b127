// Paints a scene as SVG.
//
// Colours are presentation attributes, never style="…": a page keeps them under a policy that
// forbids inline styles, and its style sheet can turn them dark. Tooltips are <title> elements.
#pragma once

#include <string>

#include "reports/markup.h"
#include "reports/scene.h"

namespace brokersim::reports {

// For inside a page.
Markup svg(const Scene& scene);

// A file of its own, with a background and its own style sheet for dark mode.
std::string svg_file(const Scene& scene);

}  // namespace brokersim::reports
