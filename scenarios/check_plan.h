// What a plan's file may say of numbers and names: what would make a run end badly, or be judged
// for what no cluster could do, is refused with its place.
#pragma once

#include "scenarios/document.h"
#include "scenarios/field_reader.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

// `plan` is what was read of `root`.
void check_plan(const Entries& root, const Plan& plan, ReadError& error);

}  // namespace brokersim::scenarios
