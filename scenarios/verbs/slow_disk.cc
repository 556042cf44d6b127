// A story says: slow_disk c1 by=500ms
//
// Syncs and cold reads take so much longer. What is in the page cache is as fast as ever.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed slow_disk_step(Stage& stage, const Step& step) {
  TRY(const Duration extra, duration_or(step, "by", 100ms));
  return strike(stage, step, "slow_disk", {}, {{"extra", extra}});
}

}  // namespace

Verb slow_disk_verb() {
  return {.group = "world",
          .name = "slow_disk",
          .example = "slow_disk c1 by=500ms",
          .meaning = "syncs and cold reads take longer",
          .least_words = 1,
          .most_words = 9,
          .keys = {"by"},
          .run = slow_disk_step};
}

}  // namespace brokersim::scenarios::verbs
