// The space-time diagram of a failing run: who told whom what, when, and where two facts contradict
// each other. Lanes side by side, time downward.
//
//   events, messages -> Story (what) -> SpacetimeLayout (where) -> Scene
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "core/base/message.h"
#include "properties/property.h"
#include "reports/scene.h"
#include "reports/spacetime_story.h"

namespace brokersim::reports {

struct SpacetimeOptions {
  StoryLimits limits = {};
  // Marks link to the rows of these events, "#e42", where the page has them; 0: no links.
  EventId first_row;
  EventId last_row;
};

struct Spacetime {
  Scene scene;
  std::string notice;  // How much is shown, and how much is not.
  // What the marks "fact-1" and "fact-2" say; empty where there is no such anchor.
  std::array<std::string, 2> facts = {};
};

Spacetime spacetime(const std::vector<Event>& events, const std::vector<Message>& messages,
                    const properties::Violation& violation, const SpacetimeOptions& options = {});

}  // namespace brokersim::reports
