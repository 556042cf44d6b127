// A story says: skew b1 ahead=1h
//
// The wall clock of the machine jumps ahead, or behind. What it measures durations with does not.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed skew_step(Stage& stage, const Step& step) {
  TRY(const Duration ahead, duration_or(step, "ahead", {}));
  TRY(const Duration behind, duration_or(step, "behind", {}));
  return strike(stage, step, "clock_skew", {}, {{"ahead", ahead}, {"behind", behind}});
}

}  // namespace

Verb skew_verb() {
  return {.group = "world",
          .name = "skew",
          .example = "skew b1 ahead=1h",
          .meaning = "the wall clock jumps ahead or behind",
          .least_words = 1,
          .most_words = 9,
          .keys = {"ahead", "behind"},
          .run = skew_step};
}

}  // namespace brokersim::scenarios::verbs
