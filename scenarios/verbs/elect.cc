// A story says: elect preferred orders-0
//     elect unclean orders-0
//
// An administrator asks the controller to elect (ElectLeaders): the first replica, if it is in
// sync; or, where nobody in sync is left, any other.
#include <fmt/format.h>

#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration elect_patience = 30s;

Printed elect_step(Stage& stage, const Step& step) {
  TRY(const Word how, word(step, 0));
  TRY(const std::size_t type, choice_of(how, {"preferred", "unclean"}));
  std::vector<TopicPartition> partitions;
  for (std::size_t i = 1; i < step.words().size(); ++i) {
    TRY(const Word name, word(step, i));
    TRY(auto partition, partition_of(name));
    partitions.push_back(std::move(partition));
  }
  TRY(const auto subjects, subjects_or(step, stage.told()));
  std::string refused;
  stage.administrate([&](Env& env, client::Admin& admin) {
    const auto results = admin.elect_leaders(env, static_cast<client::ElectionType>(type),
                                             partitions, env.now() + elect_patience);
    if (!results) refused = fmt::format("refused: {}\n", results.error());
    if (!results) return;
    for (const auto& [partition, error] : *results) {
      if (error == api::ErrorCode::none) continue;
      refused += fmt::format("refused for {}: {}\n", partition, error);
    }
  });
  return stage.tell(subjects) + refused;
}

}  // namespace

Verb elect_verb() {
  return {.group = "clients",
          .name = "elect",
          .example = "elect preferred orders-0",
          .meaning = "an administrator asks for the preferred leader, or for an unclean one",
          .least_words = 2,
          .most_words = 9,
          .keys = {"tell"},
          .run = elect_step};
}

}  // namespace brokersim::scenarios::verbs
