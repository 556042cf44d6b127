// Paints a scene as text for Graphviz, which only has to paint: every place is given.
//
//   dot -Knop2 -Tsvg picture.dot
//
// The same marks in the same order as reports/svg.h, in the light colours. What Graphviz cannot do
// is said differently: hatching becomes an outlined box, a halo a translucent box behind the text.
// Boxes of text are far wider than the text, since otherwise Graphviz' output depends on fonts.
#pragma once

#include <string>

#include "reports/scene.h"

namespace brokersim::reports {

std::string dot(const Scene& scene);

// `text` as a quoted string of the DOT language, backslashes and quotes escaped.
std::string dot_quoted(std::string_view text);

}  // namespace brokersim::reports
