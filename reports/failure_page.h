// The page of a failing run: which two facts contradict each other, and how that came about.
//
//   verdict · two facts · space-time diagram · who led what · client operations · all events ·
//   how to go on
//
// That is the order for a person who has thirty seconds, five minutes, an hour.
#pragma once

#include <string>
#include <vector>

#include "reports/page.h"
#include "reports/spacetime.h"
#include "reports/trace_file.h"

namespace brokersim::reports {

struct FailurePageParts {
  std::string promise;  // What the violated property says, as `brokersim explain` does.
  Markup timeline;      // Of elections; may be empty.
  Markup properties;    // All of them with their verdicts; may be empty.
  std::vector<PageLink> links;
  std::vector<std::string> downloads;  // Files beside the page.
};

// Requires that the run failed.
std::string failure_page(const Trace& trace, const FailurePageParts& parts);

// The rows of its event table.
struct EventRows {
  std::size_t first = 0;
  std::size_t last = 0;  // One past.
};
inline constexpr std::size_t most_event_rows = 5'000;
// All events, or as many as may be, up to a little after the facts.
EventRows event_rows(const std::vector<Event>& events, const properties::Violation& violation);

}  // namespace brokersim::reports
