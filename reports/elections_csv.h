// elections.csv: one line for each election, for spreadsheets. RFC 4180, units in the header, empty
// where the events do not tell.
#pragma once

#include <string>
#include <string_view>

#include "reports/elections.h"

namespace brokersim::reports {

std::string elections_csv(const Elections& elections);

// Quoted where it has to be.
std::string csv_field(std::string_view text);

}  // namespace brokersim::reports
