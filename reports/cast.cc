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

// ---- Roles -------------------------------------------------------------------------------------

void Roles::observe(const Event& event) {
  if (const auto* started = std::get_if<NodeStarted>(&event.body)) {
    nodes_[started->name] = event.node;
  } else if (const auto* committed = std::get_if<PartitionCommitted>(&event.body)) {
    partitions_[fmt::format("{}", committed->partition)] = *committed;
  } else if (const auto* announced = std::get_if<QuorumLeaderAnnounced>(&event.body)) {
    if (announced->epoch < quorum_epoch_) return;
    quorum_epoch_ = announced->epoch;
    controller_ = event.node;
  } else if (const auto* role = std::get_if<QuorumRoleChanged>(&event.body)) {
    // A quorum of one announces nothing.
    if (role->role != "leader" || role->epoch <= quorum_epoch_) return;
    quorum_epoch_ = role->epoch;
    controller_ = event.node;
  }
}

std::string Roles::resolved(std::string_view detail) const {
  std::string text;
  while (!detail.empty()) {
    const auto end = std::min(detail.find_first_of(", "), detail.size());
    const auto nodes = resolve(detail.substr(0, end));
    std::string name(detail.substr(0, end));
    for (const auto& [known, node] : nodes_) {
      if (!nodes.empty() && node == nodes.front()) name = known;
    }
    text += name;
    const auto next = std::min(detail.find_first_not_of(", ", end), detail.size());
    text += detail.substr(end, next - end);
    detail.remove_prefix(next);
  }
  return text;
}

std::vector<NodeId> Roles::targets_in(std::string_view detail) const {
  std::vector<NodeId> targets;
  detail = detail.substr(0, detail.find('|'));
  while (!detail.empty()) {
    const auto begin = detail.find_first_not_of(", ");
    if (begin == std::string_view::npos) break;
    detail.remove_prefix(begin);
    const auto end = std::min(detail.find_first_of(", "), detail.size());
    for (const NodeId node : resolve(detail.substr(0, end))) targets.push_back(node);
    detail.remove_prefix(end);
  }
  return targets;
}

std::vector<NodeId> Roles::resolve(std::string_view target) const {
  if (target.empty()) return {};
  if (target == "controller") {
    return controller_.is_set() ? std::vector{controller_} : std::vector<NodeId>{};
  }
  if (const auto node = nodes_.find(target); node != nodes_.end()) return {node->second};
  const auto colon = std::min(target.find(':'), target.size() - 1);
  const auto found = partitions_.find(target.substr(colon + 1));
  if (found == partitions_.end()) return {};
  const PartitionCommitted& partition = found->second;
  if (target.starts_with("leader:")) {
    return partition.leader.is_set() ? std::vector{partition.leader} : std::vector<NodeId>{};
  }
  for (const NodeId replica : partition.replicas) {
    if (replica != partition.leader) return {replica};
  }
  return {};
}

}  // namespace brokersim::reports
