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

// Which controller is active, as the events tell.
class ActiveController {
 public:
  void observe(const Event& event);
  NodeId node() const { return node_; }

 private:
  NodeId node_ = no_node;
  LeaderEpoch epoch_ = no_epoch;
};

}  // namespace brokersim::reports
