// A story says: expect orders-0 leader=b2 epoch=1 isr=(b2,b3)
//     expect b1 state=running fenced=no
//     expect quorum leader=c2
//
// What must be so for the story to mean what it says: an error if it is not, which no rewriting
// makes good. Prints nothing.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/condition.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed expect_step(Stage& stage, const Step& step) {
  TRY(const Condition condition, condition_of(stage, step));
  if (const auto problem = condition()) return not_so(*problem);
  return "";
}

}  // namespace

Verb expect_verb() {
  return {.group = "judge",
          .name = "expect",
          .example = "expect orders-0 leader=b2 epoch=1 isr=(b2,b3)",
          .meaning = "what must be so, whatever is rewritten",
          .least_words = 1,
          .most_words = 1,
          .keys = condition_keys(),
          .run = expect_step};
}

}  // namespace brokersim::scenarios::verbs
