// A story says: start b1
//
// After `crash` or `power_loss`: the machine has power, and its program starts again.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed start_step(Stage& stage, const Step& step) {
  return lift_from(stage, step, {"crash", "power_loss"}, "is not down");
}

}  // namespace

Verb start_verb() {
  return {.group = "world",
          .name = "start",
          .example = "start b1",
          .meaning = "what `crash` or `power_loss` ended starts again",
          .least_words = 1,
          .most_words = 9,
          .run = start_step};
}

}  // namespace brokersim::scenarios::verbs
