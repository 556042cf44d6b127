// What a run was found to be: the outcome of a trial.
#pragma once

#include <string>
#include <vector>

#include "properties/property.h"

namespace brokersim::properties {

struct Verdict {
  // One line per property, in the order of all.h.
  struct Finding {
    std::string id;
    std::string name;
    bool is_judged = true;  // Otherwise the history lacks what the property needs.
    std::int64_t violations = 0;
    std::string lacks;  // What it lacks: "disk, metadata".
  };

  std::vector<Finding> findings;
  std::vector<Violation> violations;  // One per fingerprint, in order of detection.
  std::int64_t events = 0;

  bool passed() const { return violations.empty(); }
};

}  // namespace brokersim::properties
