#include "reports/cast.h"

#include <fmt/format.h>

namespace brokersim::reports {

Cast::Cast(const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (const auto* started = std::get_if<NodeStarted>(&event.body)) {
      names_[event.node] = started->name;
    }
  }
}

std::string Cast::name_of(NodeId node) const {
  const auto at = names_.find(node);
  if (at != names_.end()) return at->second;
  return node.is_set() ? fmt::format("node {}", node) : std::string();
}

std::string Cast::short_name(NodeId node) const {
  const std::string name = name_of(node);
  for (const std::string_view prefix : {"broker-", "controller-"}) {
    if (name.starts_with(prefix)) return name.substr(0, 1) + name.substr(prefix.size());
  }
  return name;
}

Part Cast::part_of(NodeId node) const {
  const std::string name = name_of(node);
  if (name.starts_with("broker-")) return Part::broker;
  return name.starts_with("controller-") ? Part::controller : Part::client;
}

void ActiveController::observe(const Event& event) {
  if (const auto* announced = std::get_if<QuorumLeaderAnnounced>(&event.body)) {
    if (announced->epoch < epoch_) return;
    epoch_ = announced->epoch;
    node_ = event.node;
  } else if (const auto* role = std::get_if<QuorumRoleChanged>(&event.body)) {
    // A quorum of one announces nothing.
    if (role->role != "leader" || role->epoch <= epoch_) return;
    epoch_ = role->epoch;
    node_ = event.node;
  }
}

}  // namespace brokersim::reports
