// A story says: power_loss b1
//
// The machine is off: what was not synced may be gone, and peers notice nothing until they send.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed power_loss_step(Stage& stage, const Step& step) {
  return strike(stage, step, "power_loss");
}

}  // namespace

Verb power_loss_verb() {
  return {.group = "world",
          .name = "power_loss",
          .example = "power_loss b1",
          .meaning = "the machine is off; what was not synced may be gone",
          .least_words = 1,
          .most_words = 9,
          .run = power_loss_step};
}

}  // namespace brokersim::scenarios::verbs
