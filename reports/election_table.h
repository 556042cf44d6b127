// The table that explains each election: who could have been elected and why not, what was cut, and
// where the time without a leader went, as a bar of four parts.
#pragma once

#include "reports/elections.h"
#include "reports/markup.h"
#include "reports/scene.h"

namespace brokersim::reports {

Markup election_table(const Elections& elections);

// What the four parts mean, and which setting shortens each.
Markup time_definitions();

// The bar of one election, as long as `full` at its longest.
Scene time_bar(const Election& election, Duration full);

}  // namespace brokersim::reports
