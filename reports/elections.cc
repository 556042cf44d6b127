// Elections from committed metadata; what core decided and announced only splits their time.
#include "reports/elections.h"

#include <algorithm>

namespace brokersim::reports {

void Elections::observe(const Event& e) {
  if (std::holds_alternative<NodeStopped>(e.body)) {
    on_lost(e.node, e.at);
  } else if (const auto* fenced = std::get_if<BrokerFenced>(&e.body)) {
    fenced_at_[fenced->broker] = e.at;
  } else if (const auto* elected = std::get_if<LeaderElected>(&e.body)) {
    Known& known = partitions_[elected->partition];
    known.decided_at = e.at;
    known.why = elected->why;
    known.is_clean = elected->is_clean;
  } else if (const auto* committed = std::get_if<PartitionCommitted>(&e.body)) {
    on_committed(e, *committed);
  } else if (const auto* leads = std::get_if<BecameLeader>(&e.body)) {
    on_leads(e, *leads);
  } else if (const auto* answer = std::get_if<ProduceAnswered>(&e.body)) {
    if (answer->error == 0) on_acked(e, *answer);
  }
}

void Elections::on_lost(NodeId node, Instant at) {
  for (auto& [name, known] : partitions_)
    if (known.is_known && known.leader == node && !known.lost_at) known.lost_at = at;
}

void Elections::on_committed(const Event& e, const PartitionCommitted& body) {
  Known& known = partitions_[body.partition];
  const Known before = known;
  known.leader = body.leader;
  known.isr = body.isr;
  known.is_known = true;
  if (!before.is_known || before.leader == body.leader) return;

  Election election;
  election.number = static_cast<std::int32_t>(elections_.size()) + 1;
  election.partition = body.partition;
  election.from = before.leader;
  election.to = body.leader;
  election.leader_epoch = body.leader_epoch;
  election.why = before.why;
  election.is_clean = !body.leader.is_set() || std::find(before.isr.begin(), before.isr.end(),
                                                         body.leader) != before.isr.end();
  election.isr_before = before.isr;
  election.isr_after = body.isr;
  election.committed = e.id;
  election.committed_at = e.at;
  if (!known.lost_at) known.lost_at = e.at;
  const auto fenced = fenced_at_.find(before.leader);
  if (fenced != fenced_at_.end() && fenced->second >= *known.lost_at) {
    election.detect = fenced->second - *known.lost_at;
    election.decide = e.at - fenced->second;
  } else if (before.decided_at) {
    election.decide = e.at - std::max(*before.decided_at, *known.lost_at);
  }
  known.decided_at.reset();
  known.why.clear();
  known.latest = elections_.size();
  elections_.push_back(std::move(election));
}

void Elections::on_leads(const Event& e, const BecameLeader& body) {
  Known& known = partitions_[body.partition];
  if (!known.latest) return;
  Election& election = elections_[*known.latest];
  if (election.to != e.node || election.leader_epoch != body.leader_epoch || election.spread)
    return;
  election.spread = e.at - election.committed_at;
  election.without_leader = e.at - *known.lost_at;
  known.lost_at.reset();
}

void Elections::on_acked(const Event& e, const ProduceAnswered& body) {
  const auto at = partitions_.find(body.partition);
  if (at == partitions_.end() || !at->second.latest) return;
  Election& election = elections_[*at->second.latest];
  if (election.to != e.node || !election.spread) return;
  election.recover = e.at - election.committed_at - *election.spread;
  at->second.latest.reset();
}

}  // namespace brokersim::reports
