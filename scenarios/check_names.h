// Names in a file that others decide: settings, bugs, kinds of faults and their parameters.
//
// They are checked while their places are still known, so that the message can say where.
#pragma once

#include "scenarios/document.h"
#include "scenarios/field_reader.h"

namespace brokersim::scenarios {

// A table of Kafka's names to values, or to lists of values.
void check_settings(const Node& settings, ReadError& error);
void check_bugs(const Node& bugs, ReadError& error);
// A list of faults, or of kinds of a mix.
void check_faults(const Node& faults, ReadError& error);

}  // namespace brokersim::scenarios
