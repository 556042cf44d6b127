// Who plays a part in a run: its machines by node id, as the events name them, and what each of
// them is to the others at a given time.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/event.h"

namespace brokersim::reports {

enum class Part : std::uint8_t { client, controller, broker };

class Cast {
 public:
  explicit Cast(const std::vector<Event>& events);

  // "broker-2"; "node 7" for one that never started, "" for the world.
  std::string name_of(NodeId node) const;
  // "b2", "c1"; clients keep their names.
  std::string short_name(NodeId node) const;
  Part part_of(NodeId node) const;
  const std::map<NodeId, std::string>& names() const { return names_; }

 private:
  std::map<NodeId, std::string> names_;
};

// Follows the events, to say whom a fault strikes: its targets may be named by what they are.
class Roles {
 public:
  void observe(const Event& event);
  // Of "broker-1, leader:my-topic-0 | broker-3 …" those before the bar.
  std::vector<NodeId> targets_in(std::string_view detail) const;
  // The same text with the names of those that are meant.
  std::string resolved(std::string_view detail) const;
  NodeId active_controller() const { return controller_; }

 private:
  std::vector<NodeId> resolve(std::string_view target) const;

  std::map<std::string, NodeId, std::less<>> nodes_;
  std::map<std::string, PartitionCommitted, std::less<>> partitions_;
  NodeId controller_ = no_node;
  LeaderEpoch quorum_epoch_ = no_epoch;
};

}  // namespace brokersim::reports
