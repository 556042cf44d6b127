// Entries of a plan that could do nothing: they name a client, a topic, a partition or a machine
// that the plan does not have, or not what they are to be done with.
//
// In a file they are mistakes, found when it is read. What is drawn or shrunk leaves them out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scenarios/document.h"
#include "scenarios/field_reader.h"
#include "scenarios/plan.h"

namespace brokersim::scenarios {

// Which field makes it so, and what would do instead.
struct InVain {
  std::string_view field;
  std::string why;
};
std::optional<InVain> why_in_vain(const Plan& plan, const Operation& operation);
std::optional<InVain> why_in_vain(const Plan& plan, const Consumer& consumer);
std::optional<InVain> why_in_vain(const Plan& plan, const Task& task);
// Of machines, and of leaders and followers of partitions.
std::optional<InVain> why_in_vain(const Plan& plan, const Fault& fault);

// `plan` is what was read of `root`.
void check_not_in_vain(const Entries& root, const Plan& plan, ReadError& error);
// Of faults only the targets go that are not there, unless none is left.
void drop_in_vain(Plan& plan);

}  // namespace brokersim::scenarios
