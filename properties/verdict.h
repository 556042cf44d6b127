// What a run was found to be: the outcome of a trial.
#pragma once

#include <string>
#include <vector>

#include "properties/property.h"

namespace brokersim::properties {

// Which of several symptoms, in order of detection, names the failure: the first broken promise of
// safety, since most of them end in a cluster that does not converge. Null if there is none.
template <class Symptom>
const Symptom* cause_of(const std::vector<Symptom>& symptoms) {
  for (const Symptom& symptom : symptoms) {
    if (symptom.id != "BS-V01") return &symptom;
  }
  return symptoms.empty() ? nullptr : &symptoms.front();
}

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
  // The properties for which the history had no witness.
  std::vector<std::string> unjudged() const {
    std::vector<std::string> ids;
    for (const auto& finding : findings) {
      if (!finding.is_judged) ids.push_back(finding.id);
    }
    return ids;
  }
  // Of the violated property: "acked record lost".
  std::string name_of(const Violation& violation) const {
    for (const auto& finding : findings) {
      if (finding.id == violation.id) return finding.name;
    }
    return violation.kind;
  }
  std::vector<std::string> fingerprints() const {
    std::vector<std::string> all;
    for (const auto& violation : violations) all.push_back(violation.fingerprint());
    return all;
  }
};

}  // namespace brokersim::properties
