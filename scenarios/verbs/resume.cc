// A story says: resume b1
//
// After `pause`: the program goes on where it was, and finds that time has passed.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed resume_step(Stage& stage, const Step& step) {
  return lift_from(stage, step, {"pause"}, "is not paused");
}

}  // namespace

Verb resume_verb() {
  return {.group = "world",
          .name = "resume",
          .example = "resume b1",
          .meaning = "what `pause` stopped goes on",
          .least_words = 1,
          .most_words = 9,
          .run = resume_step};
}

}  // namespace brokersim::scenarios::verbs
