// A story says: crash b1
//
// The process ends at once. What it wrote stays; its kernel closes its connections.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed crash_step(Stage& stage, const Step& step) { return strike(stage, step, "crash"); }

}  // namespace

Verb crash_verb() {
  return {.group = "world",
          .name = "crash",
          .example = "crash b1",
          .meaning = "the process ends at once; its files stay, its connections are closed",
          .least_words = 1,
          .most_words = 9,
          .run = crash_step};
}

}  // namespace brokersim::scenarios::verbs
