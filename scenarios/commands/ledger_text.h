// What a ledger tells of all its campaigns together, for people.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/expected.h"
#include "reports/summary.h"
#include "scenarios/seed_ledger.h"

namespace brokersim::scenarios {

// Those of these scenarios. The error: that the ledger `file` has none of one of them.
Expected<std::vector<LedgerEntry>, std::string> campaigns_of(
    const std::vector<std::string>& scenarios, std::vector<LedgerEntry> entries,
    const std::string& file);

// A row for each scenario and one for all, the seeds that failed, and what took effect.
// `properties`: as many as there are today.
std::string ledger_text(const std::vector<LedgerEntry>& entries, std::size_t properties,
                        reports::Style style = {});

}  // namespace brokersim::scenarios
