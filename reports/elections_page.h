// The election report: a page that explains itself, and the same for programs and documents.
#pragma once

#include <string>
#include <vector>

#include "core/base/event.h"
#include "reports/elections.h"
#include "reports/page.h"
#include "reports/run_result.h"

namespace brokersim::reports {

struct ElectionReport {
  std::string html;  // elections.html
  std::string csv;   // elections.csv
  std::string svg;   // elections.svg, a picture of its own.
  std::string dot;   // elections.dot, for `dot -Knop2 -Tsvg`.
};

// `run.elections` is not read: `events` tell. `links` lead to the other pages of the report.
ElectionReport election_report(const RunResult& run, const std::vector<Event>& events,
                               const std::vector<PageLink>& links = {});

// Parts that other pages show, too.
Markup timeline_panel(const Elections& elections);
Markup property_table(const properties::Verdict& verdict);

}  // namespace brokersim::reports
