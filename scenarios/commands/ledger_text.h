// What a ledger tells of all its campaigns together, for people.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/summary.h"
#include "scenarios/seed_ledger.h"

namespace brokersim::scenarios {

// A row for each scenario and one for all, the seeds that failed, and what took effect.
// `properties`: as many as there are today.
std::string ledger_text(const std::vector<LedgerEntry>& entries, std::size_t properties,
                        reports::Style style = {});

}  // namespace brokersim::scenarios
