// A story says: heal b1
//     heal
//
// Partitions, delays, slow disks and skewed clocks are over: all of them, or those that were laid
// on b1. Machines that do not run stay so.
#include <algorithm>

#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

bool is_of_machines(const sim::Fault& fault) {
  return fault.kind == "crash" || fault.kind == "power_loss" || fault.kind == "restart" ||
         fault.kind == "pause";
}

Printed heal_step(Stage& stage, const Step& step) {
  std::vector<std::string> meant;
  for (const auto* argument : step.words()) {
    TRY(const auto names, machines_of(stage, *argument));
    meant.insert(meant.end(), names.begin(), names.end());
  }
  const auto count = stage.lift([&](const sim::Fault& fault) {
    if (is_of_machines(fault)) return false;
    return meant.empty() ||
           std::any_of(fault.targets.begin(), fault.targets.end(), [&](const auto& target) {
             return std::find(meant.begin(), meant.end(), target) != meant.end();
           });
  });
  if (count == 0) return error_at(step.verb.column, "there is nothing to heal");
  return "";
}

}  // namespace

Verb heal_verb() {
  return {.group = "world",
          .name = "heal",
          .example = "heal b1",
          .meaning = "links, disks and clocks are well again: all, or those struck at b1",
          .most_words = 9,
          .run = heal_step};
}

}  // namespace brokersim::scenarios::verbs
