// When each fault of a run was there, and which nodes it touched: whom to blame when a leader is
// lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/event.h"

namespace brokersim::reports {

struct FaultSpan {
  std::int32_t number = 0;  // Printed as f1.
  std::string what;
  std::string detail;
  Instant from;
  std::optional<Instant> until;  // Empty: to the end of the run.
  std::int64_t effects = 0;
  std::vector<NodeId> targets;  // The machines that were meant when it began.
  std::vector<NodeId> peers;    // The other ends of links, where the plan names them.
  std::vector<NodeId> nodes;    // Touched.

  bool touches(NodeId node) const;
  bool is_active(Instant first, Instant last) const;
};

class FaultSpans {
 public:
  // `nodes` are those of its targets and peers that it touches.
  void begin(Instant at, const FaultBegan& body, std::vector<NodeId> nodes);
  void end(Instant at, const FaultEnded& body);
  // A node stopped or was paused: by a fault that began at the same instant, if there is one.
  void touch(Instant at, NodeId node);

  // The latest fault that touched the node and was active within the span; null if there is none.
  const FaultSpan* blamed(NodeId node, Instant first, Instant last) const;
  const std::vector<FaultSpan>& all() const { return spans_; }

 private:
  std::vector<FaultSpan> spans_;  // In the order of their beginning.
};

// Whether the fault takes its targets down, or holds them; others disturb what runs.
bool takes_down(const FaultBegan& body);

}  // namespace brokersim::reports
