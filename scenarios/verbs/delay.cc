// A story says: delay b1 to=b2 by=200ms
//
// Bytes between b1 and b2 take so much longer, in both directions; without `by`, they wait until
// `heal`, and no connection breaks.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed delay_step(Stage& stage, const Step& step) {
  if (step.find("by") == nullptr) return strike_links(stage, step, "link_stall", "to");
  TRY(const Duration extra, duration_or(step, "by", {}));
  return strike_links(stage, step, "slow_link", "to", {{"extra", extra}});
}

}  // namespace

Verb delay_verb() {
  return {.group = "world",
          .name = "delay",
          .example = "delay b1 to=b2 by=200ms",
          .meaning = "bytes take longer, both ways; without `by`, as long as it is not healed",
          .least_words = 1,
          .most_words = 9,
          .keys = {"to", "by"},
          .run = delay_step};
}

}  // namespace brokersim::scenarios::verbs
