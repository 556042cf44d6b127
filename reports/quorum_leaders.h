// Who led the quorum of controllers, and when nobody did.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "reports/fault_spans.h"

namespace brokersim::reports {

struct QuorumLeader {
  NodeId leader;
  LeaderEpoch epoch{-1};
  Instant from;
  std::optional<Instant> until;  // Empty: to the end of the run.
  std::string why_ended;         // "crash", "fetch timeout"; empty while it leads.
  std::int32_t fault = 0;        // That ended it; 0: none is known.
};

class QuorumLeaders {
 public:
  // `faults` are those that began up to this event.
  void observe(const Event& event, const FaultSpans& faults);

  // In the order of their beginning. The first is no election that a fault forced.
  const std::vector<QuorumLeader>& all() const { return leaders_; }
  // Whoever leads now; none between two.
  NodeId active() const;
  // Whether a leader began after `first`, up to `last`.
  bool changed(Instant first, Instant last) const;

 private:
  void begin(const Event& e, LeaderEpoch epoch, const FaultSpans& faults);
  void end(const Event& e, std::string_view why, const FaultSpans& faults);

  std::vector<QuorumLeader> leaders_;
  Instant progress_at_;  // The latest leader's last commit.
  bool is_paused_ = false;
};

}  // namespace brokersim::reports
