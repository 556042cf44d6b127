// A story says: reassign orders-0 to=(b2,b3)
//     reassign orders-0                    ends a move under way
//
// An administrator asks the controller to move a partition to these brokers
// (AlterPartitionReassignments). The move takes its time: run until the replicas are in sync.
#include <fmt/format.h>

#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration reassign_patience = 30s;

Read<std::optional<std::vector<NodeId>>> target_of(Stage& stage, const Step& step) {
  const auto* argument = step.find("to");
  if (argument == nullptr) return std::optional<std::vector<NodeId>>();
  std::vector<NodeId> replicas;
  for (const Word& name : argument->values) {
    TRY(const NodeId broker, broker_of(stage, name));
    replicas.push_back(broker);
  }
  return std::optional(std::move(replicas));
}

Printed reassign_step(Stage& stage, const Step& step) {
  TRY(const Word name, word(step, 0));
  TRY(const auto partition, partition_of(name));
  TRY(const auto target, target_of(stage, step));
  TRY(const auto subjects, subjects_or(step, stage.told()));
  std::string refused;
  stage.administrate([&](Env& env, client::Admin& admin) {
    const auto done = admin.reassign(env, partition, target, env.now() + reassign_patience);
    if (!done) refused = fmt::format("refused: {}\n", done.error());
  });
  return stage.tell(subjects) + refused;
}

}  // namespace

Verb reassign_verb() {
  return {
      .group = "clients",
      .name = "reassign",
      .example = "reassign orders-0 to=(b2,b3)",
      .meaning = "an administrator moves a partition to these brokers, or ends a move under way",
      .least_words = 1,
      .most_words = 1,
      .keys = {"to", "tell"},
      .run = reassign_step};
}

}  // namespace brokersim::scenarios::verbs
