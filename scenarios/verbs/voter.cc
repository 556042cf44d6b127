// A story says: voter add c4
//     voter remove c1
//
// An administrator gives a controller a vote in the quorum, or takes it from one (KIP-853), and
// waits until that is committed.
#include <algorithm>

#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration voter_patience = 30s;

Read<const broker::NodeConfig*> controller_of(Stage& stage, const Word& name) {
  for (const auto& node : stage.cluster().nodes()) {
    if (node.is_controller && short_name(node.node_id) == name.text) return &node;
  }
  return error_at(name.column, fmt::format("there is no controller '{}'", name.text));
}

Printed voter_step(Stage& stage, const Step& step) {
  TRY(const Word change, word(step, 0));
  TRY(const Word name, word(step, 1));
  if (change.text != "add" && change.text != "remove") {
    return error_at(change.column, "a voter is added or removed: voter add c4");
  }
  TRY(const auto* node, controller_of(stage, name));
  TRY(const auto subjects, subjects_or(step, stage.told()));
  const auto key = replica_of(node->node_id);
  std::string refused;
  stage.administrate([&](Env& env, client::Admin& admin) {
    const Instant deadline = env.now() + voter_patience;
    const auto done = change.text == "add"
                          ? admin.add_voter(env, key.id, key.directory, node->listener, deadline)
                          : admin.remove_voter(env, key.id, key.directory, deadline);
    if (!done) refused = fmt::format("refused: {}\n", done.error());
  });
  return stage.tell(subjects) + refused;
}

}  // namespace

Verb voter_verb() {
  return {.group = "clients",
          .name = "voter",
          .example = "voter add c4",
          .meaning = "an administrator gives a controller a vote in the quorum, or removes it",
          .least_words = 2,
          .most_words = 2,
          .keys = {"tell"},
          .run = voter_step};
}

}  // namespace brokersim::scenarios::verbs
