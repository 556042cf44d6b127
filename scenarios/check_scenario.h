// What is wrong with a scenario that is well formed: words that name nothing in it, counts that
// cannot be. With the place, and the nearest word that would do.
#pragma once

#include "scenarios/document.h"
#include "scenarios/field_reader.h"
#include "scenarios/scenario.h"

namespace brokersim::scenarios {

// `root` is the document that the scenario was read from.
void check_scenario(const Entries& root, const Scenario& scenario, ReadError& error);

}  // namespace brokersim::scenarios
