// A story says: pause b1
//
// Nothing runs on the machine, while time and the network go on: a long garbage collection, a VM
// that is moved.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed pause_step(Stage& stage, const Step& step) { return strike(stage, step, "pause"); }

}  // namespace

Verb pause_verb() {
  return {.group = "world",
          .name = "pause",
          .example = "pause b1",
          .meaning = "nothing runs on the machine while time goes on, until `resume`",
          .least_words = 1,
          .most_words = 9,
          .run = pause_step};
}

}  // namespace brokersim::scenarios::verbs
