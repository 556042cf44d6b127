// A story says: isr orders-0
//
// The partition as the controllers have committed it: leader, leader epoch, in-sync replicas.
#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

Printed isr_step(Stage& stage, const Step& step) {
  std::string text;
  for (std::size_t i = 0; i < step.words().size(); ++i) {
    TRY(const Word name, word(step, i));
    TRY(const auto partition, partition_of(name));
    const auto* state = stage.cluster().metadata().find_partition(partition);
    if (!state) return error_at(name.column, fmt::format("there is no partition '{}'", name.text));
    text += fmt::format("{}  leader {}  epoch {}  isr {}\n", partition, short_name(state->leader),
                        state->leader_epoch, short_names(state->isr));
  }
  return text;
}

}  // namespace

Verb isr_verb() {
  return {.group = "look",
          .name = "isr",
          .example = "isr orders-0",
          .meaning = "leader, epoch and in-sync replicas, as committed",
          .least_words = 1,
          .most_words = 9,
          .run = isr_step};
}

}  // namespace brokersim::scenarios::verbs
