// Whether a cluster has converged, as BS-V01 understands it: for drivers that end a run as soon as
// it has.
#pragma once

#include <optional>
#include <string>

#include "core/base/time.h"
#include "properties/ledger.h"

namespace brokersim::properties {

struct Unfinished {
  std::string kind;  // "no_leader", "isr_not_full", "logs_differ"
  std::string what;  // For people: "orders-0 has no running leader".
};

// The first thing that is not as it should be long after the last fault; nothing: all converged.
std::optional<Unfinished> first_unfinished(const Ledger& ledger, Instant now);

}  // namespace brokersim::properties
