// A story says: restart b1 down=5s
//
// The process is asked to end, in order: a broker hands its leaderships over first. It is started
// again `down` after it was asked; one that has not ended by then is killed, as supervisors do.
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/strike.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed restart_step(Stage& stage, const Step& step) {
  TRY(const Duration down, duration_or(step, "down", 5s));
  return strike(stage, step, "restart", down);
}

}  // namespace

Verb restart_verb() {
  return {.group = "world",
          .name = "restart",
          .example = "restart b1 down=5s",
          .meaning = "the process is asked to end, in order, and started again after `down`",
          .least_words = 1,
          .most_words = 9,
          .keys = {"down"},
          .run = restart_step};
}

}  // namespace brokersim::scenarios::verbs
