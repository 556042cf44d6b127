#include "reports/quorum_leaders.h"

#include <algorithm>

namespace brokersim::reports {

void QuorumLeaders::observe(const Event& e, const FaultSpans& faults) {
  if (const auto* announced = std::get_if<QuorumLeaderAnnounced>(&e.body)) {
    begin(e, announced->epoch, faults);
  } else if (const auto* role = std::get_if<QuorumRoleChanged>(&e.body)) {
    if (role->role == "leader") {
      begin(e, role->epoch, faults);
    } else {
      end(e, role->why, faults);
    }
  } else if (const auto* stopped = std::get_if<NodeStopped>(&e.body)) {
    end(e, name_of(stopped->how), faults);
    if (!leaders_.empty() && leaders_.back().leader == e.node) is_paused_ = false;
  } else if (std::holds_alternative<NodePaused>(e.body)) {
    is_paused_ = active() == e.node;
    end(e, "pause", faults);
  } else if (std::holds_alternative<NodeResumed>(e.body)) {
    // Nobody took over: the same reign goes on, after a gap.
    if (is_paused_ && !leaders_.empty() && leaders_.back().leader == e.node)
      leaders_.push_back({.leader = e.node,
                          .epoch = leaders_.back().epoch,
                          .from = e.at,
                          .until = {},
                          .why_ended = {}});
  } else if (const auto* hw = std::get_if<HighWatermarkAdvanced>(&e.body)) {
    if (e.node == active() && hw->partition == metadata_partition()) progress_at_ = e.at;
  }
}

void QuorumLeaders::begin(const Event& e, LeaderEpoch epoch, const FaultSpans& faults) {
  if (!leaders_.empty() && epoch <= leaders_.back().epoch) return;
  if (active().is_set()) {
    // It was cut off and does not know yet. It led as long as it could commit.
    QuorumLeader& old = leaders_.back();
    const FaultSpan* fault = faults.blamed(old.leader, progress_at_, e.at);
    old.until = fault == nullptr ? e.at : std::max({fault->from, progress_at_, old.from});
    old.why_ended = fault == nullptr ? "superseded" : fault->what;
    old.fault = fault == nullptr ? 0 : fault->number;
  }
  leaders_.push_back(
      {.leader = e.node, .epoch = epoch, .from = e.at, .until = {}, .why_ended = {}});
  progress_at_ = e.at;
  is_paused_ = false;
}

void QuorumLeaders::end(const Event& e, std::string_view why, const FaultSpans& faults) {
  if (!active().is_set() || active() != e.node) return;
  QuorumLeader& leader = leaders_.back();
  leader.until = e.at;
  leader.why_ended = why;
  const FaultSpan* fault = faults.blamed(e.node, e.at, e.at);
  leader.fault = fault == nullptr ? 0 : fault->number;
}

NodeId QuorumLeaders::active() const {
  return leaders_.empty() || leaders_.back().until ? no_node : leaders_.back().leader;
}

bool QuorumLeaders::changed(Instant first, Instant last) const {
  return std::any_of(leaders_.begin(), leaders_.end(), [&](const QuorumLeader& leader) {
    return leader.from > first && leader.from <= last;
  });
}

}  // namespace brokersim::reports
