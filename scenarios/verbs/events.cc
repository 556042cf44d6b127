// A story says: events (cuts,roles) of=b1 since=2s
//
// What happened so far, of these subjects, whether it was told or not: on one machine, of one
// partition, since the story's clock said so.
#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

Read<Subjects> subjects_of(const Step& step) {
  Step asked = step;
  asked.arguments = {*step.words()[0]};
  asked.arguments[0].key = "tell";
  return subjects_or(asked, {});
}

Printed events_step(Stage& stage, const Step& step) {
  TRY(const auto subjects, subjects_of(step));
  TRY(const Duration since, duration_or(step, "since", {}));
  std::string who;
  if (const auto* of = step.find("of")) {
    TRY(const Word name, single(*of));
    who = name.text;
    if (const auto* machine = stage.find(who)) who = short_name(machine->name());
  }
  std::optional<TopicPartition> partition;
  if (const auto* of = step.find("partition")) {
    TRY(const Word name, single(*of));
    TRY(partition, partition_of(name));
  }
  return stage.recall([&](const Fact& fact) {
    return subjects.contains(fact.subject) && fact.at >= stage.zero() + since &&
           (who.empty() || fact.who == who) && (!partition || fact.partition == partition);
  });
}

}  // namespace

Verb events_verb() {
  return {.group = "look",
          .name = "events",
          .example = "events (cuts,roles) of=b1 since=2s",
          .meaning = "what happened so far of these subjects, told or not",
          .least_words = 1,
          .most_words = 1,
          .keys = {"of", "partition", "since"},
          .run = events_step};
}

}  // namespace brokersim::scenarios::verbs
