// What the verbs of faults have in common: faults of the catalogue (sim/fault.h) that begin when a
// story says so, and last until it says so again.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "scenarios/verbs/verb.h"

namespace brokersim::scenarios::verbs {

// Strikes the machines that are the step's words; for good if `lasting` is 0. An error if there is
// one that it cannot strike.
Printed strike(Stage& stage, const Step& step, std::string_view kind, Duration lasting = {},
               const std::map<std::string, sim::Fault::Parameter>& parameters = {});

// Lifts faults of these kinds from each of the step's words, and says so where there is none.
Printed lift_from(Stage& stage, const Step& step, const std::set<std::string>& kinds,
                  std::string_view otherwise);

// Lays a fault on the links between the step's words and what the key names; without the key,
// between them and all others.
Printed strike_links(Stage& stage, const Step& step, std::string_view kind, std::string_view key,
                     std::map<std::string, sim::Fault::Parameter> parameters = {});

}  // namespace brokersim::scenarios::verbs
