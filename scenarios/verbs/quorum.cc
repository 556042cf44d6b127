// A story says: quorum
//
// Each controller's role, and what its quorum-state file holds: epoch, leader, and its vote.
#include <fmt/format.h>

#include "core/raft/quorum_state.h"
#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"
#include "scenarios/verbs/condition.h"

namespace brokersim::scenarios::verbs {

namespace {

std::string role_of(Stage& stage, NodeId node) {
  const auto& machine = *stage.world().find(node);
  if (machine.state() != sim::Machine::State::running) return std::string(state_name(machine));
  std::string role = "starting";
  for (const Event& event : stage.events()) {
    if (event.node != node) continue;
    if (std::holds_alternative<NodeStarted>(event.body)) role = "starting";
    if (const auto* changed = std::get_if<QuorumRoleChanged>(&event.body)) role = changed->role;
  }
  return role;
}

raft::QuorumState stored_state(Stage& stage, NodeId node) {
  const auto& disk = stage.world().find(node)->disk();
  for (const auto& path : disk.all_files()) {
    if (!path.ends_with("/quorum-state")) continue;
    const Bytes content = disk.content_of(path).flat();
    const auto state = raft::decode_quorum_state(as_text(content));
    if (state) return *state;
  }
  return {};
}

Printed quorum_step(Stage& stage, const Step&) {
  std::string text;
  for (const NodeId node : stage.controllers()) {
    const auto state = stored_state(stage, node);
    text += fmt::format("{}  {:<11}  epoch {}", short_name(node), role_of(stage, node),
                        state.leader_epoch);
    if (state.leader_id.is_set()) text += "  leader " + short_name(state.leader_id);
    if (state.voted_id.is_set()) text += "  voted for " + short_name(state.voted_id);
    text += "\n";
  }
  return text;
}

}  // namespace

Verb quorum_verb() {
  return {.group = "look",
          .name = "quorum",
          .example = "quorum",
          .meaning = "each controller's role, epoch, leader and vote",
          .run = quorum_step};
}

}  // namespace brokersim::scenarios::verbs
