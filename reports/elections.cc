// Elections from committed metadata. What the world saw of logs, answers and machines says what
// they cost; what core decided and announced only splits their time and says why.
#include "reports/elections.h"

#include <algorithm>

#include <fmt/format.h>

namespace brokersim::reports {

namespace {

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

Duration outage_after(const PartitionHistory& history, std::size_t place, Instant end) {
  const auto& until = history.reigns[place].until;
  return until ? std::max(history.led_again(place, end) - *until, Duration{}) : Duration{};
}

}  // namespace

std::string_view name_of(ElectionVerdict verdict) {
  switch (verdict) {
    case ElectionVerdict::clean: return "clean";
    case ElectionVerdict::lost_unreplicated: return "clean, but lost records of acks=1";
    case ElectionVerdict::lost_acknowledged: return "clean, but lost acknowledged records";
    case ElectionVerdict::unclean: return "unclean";
  }
  return "?";
}

ElectionVerdict Election::verdict() const {
  if (!is_clean) return ElectionVerdict::unclean;
  if (lost_records == 0) return ElectionVerdict::clean;
  return lost_records > lost_by_acks_1 ? ElectionVerdict::lost_acknowledged
                                       : ElectionVerdict::lost_unreplicated;
}

Duration PartitionHistory::lifetime(Instant end) const {
  if (reigns.empty()) return {};
  Duration life = end - reigns.front().from;
  for (std::size_t i = 0; i < reigns.size(); ++i) {
    if (!reigns[i].deleted_at) continue;
    life -= (i + 1 < reigns.size() ? reigns[i + 1].from : end) - *reigns[i].deleted_at;
  }
  return life;
}

Instant PartitionHistory::led_again(std::size_t place, Instant end) const {
  if (reigns[place].deleted_at) return *reigns[place].deleted_at;
  return place + 1 < reigns.size() ? reigns[place + 1].from : end;
}

Duration PartitionHistory::without_leader(Instant end) const {
  Duration sum{};
  for (std::size_t i = 0; i < reigns.size(); ++i) sum += outage_after(*this, i, end);
  return sum;
}

Duration PartitionHistory::longest_outage(Instant end) const {
  Duration longest{};
  for (std::size_t i = 0; i < reigns.size(); ++i)
    longest = std::max(longest, outage_after(*this, i, end));
  return longest;
}

Elections elections_of(const std::vector<Event>& events) {
  Elections elections;
  for (const Event& event : events) elections.observe(event);
  return elections;
}

// ---- Asking ------------------------------------------------------------------------------------

std::vector<PartitionHistory> Elections::partitions() const {
  std::vector<PartitionHistory> all;
  for (const auto& [name, partition] : partitions_)
    if (!partition.history.isr.empty()) all.push_back(partition.history);
  return all;
}

Instant Elections::latest_change() const {
  Instant latest{};
  const auto note = [&](Instant from, const std::optional<Instant>& until = {}) {
    latest = std::max({latest, from, until.value_or(from)});
  };
  for (const FaultSpan& fault : faults_.all()) note(fault.from, fault.until);
  for (const QuorumLeader& leader : quorum_.all()) note(leader.from, leader.until);
  for (const Election& election : elections_) note(election.committed_at);
  for (const auto& [name, partition] : partitions_) {
    for (const Reign& reign : partition.history.reigns) note(reign.from, reign.until);
    for (const IsrStep& step : partition.history.isr) note(step.at);
    for (const Truncation& cut : partition.history.truncations) note(cut.at);
  }
  return latest;
}

std::string Elections::name_of_node(NodeId node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() || found->second.name.empty() ? fmt::format("node {}", node)
                                                             : found->second.name;
}

std::string Elections::short_name_of(NodeId node) const {
  if (!node.is_set()) return "none";
  const auto found = nodes_.find(node);
  if (found == nodes_.end() || found->second.name.empty()) return fmt::format("b{}", node);
  const std::string& name = found->second.name;
  for (const std::string_view role : {"broker-", "controller-"})
    if (name.starts_with(role)) return name.substr(0, 1) + name.substr(role.size());
  return name;
}

Elections::Partition* Elections::find(const TopicPartition& partition) {
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? nullptr : &found->second;
}

// ---- Machines and faults -----------------------------------------------------------------------

void Elections::observe(const Event& e) {
  end_ = std::max(end_, e.at);
  std::visit([&](const auto& body) { on(e, body); }, e.body);
  quorum_.observe(e, faults_);
}

void Elections::on(const Event& e, const NodeStarted& body) {
  Node& node = nodes_[e.node];
  node.name = body.name;
  node.is_running = true;
  node.is_paused = false;
}

void Elections::on(const Event& e, const NodeStopped& body) {
  nodes_[e.node].is_running = false;
  lose(e.node, e.at, name_of(body.how));
}

void Elections::on(const Event& e, const NodePaused&) {
  nodes_[e.node].is_paused = true;
  lose(e.node, e.at, "pause");
}

void Elections::on(const Event& e, const NodeResumed&) {
  Node& node = nodes_[e.node];
  node.is_paused = false;
  if (!node.is_running) return;
  for (auto& [name, partition] : partitions_) {
    if (partition.leader != e.node || !partition.lost_at || partition.lost_by != "pause") continue;
    // Nobody took over: the same reign goes on, after a gap.
    partition.history.reigns.push_back(
        {.leader = e.node, .epoch = partition.epoch, .from = e.at, .until = {}});
    partition.lost_at.reset();
    partition.lost = no_node;
  }
}

void Elections::on(const Event& e, const FaultBegan& body) {
  std::vector<NodeId> touched = body.targets;
  touched.insert(touched.end(), body.peers.begin(), body.peers.end());
  // What is down already cannot be taken down.
  if (takes_down(body))
    std::erase_if(touched, [&](NodeId node) { return !nodes_[node].is_running; });
  faults_.begin(e.at, body, std::move(touched));
}

void Elections::on(const Event& e, const FaultEnded& body) { faults_.end(e.at, body); }

void Elections::lose(NodeId node, Instant at, std::string_view how) {
  faults_.touch(at, node);
  nodes_[node].fenced_at.reset();
  for (auto& [name, partition] : partitions_) {
    if (partition.leader != node || partition.lost_at) continue;
    partition.lost_at = at;
    partition.lost = node;
    partition.lost_by = how;
    const FaultSpan* fault = faults_.blamed(node, at, at);
    partition.fault = fault == nullptr ? 0 : fault->number;
    end_reign(partition, at);
  }
}

void Elections::end_reign(Partition& partition, Instant at) {
  auto& reigns = partition.history.reigns;
  if (!reigns.empty() && !reigns.back().until)
    reigns.back().until = std::max(at, reigns.back().from);
}

// ---- Decisions ---------------------------------------------------------------------------------

void Elections::on(const Event& e, const SessionExpired& body) {
  nodes_[body.broker].heard_at = e.at - body.silent_ms * 1ms;
}

void Elections::on(const Event& e, const BrokerFenced& body) {
  Node& node = nodes_[body.broker];
  node.is_fenced = true;
  if (!node.fenced_at) node.fenced_at = e.at;
}

void Elections::on(const Event&, const BrokerUnfenced& body) {
  nodes_[body.broker].is_fenced = false;
  nodes_[body.broker].fenced_at.reset();
}

void Elections::on(const Event& e, const LeaderElected& body) {
  Partition& partition = partitions_[body.partition];
  partition.decisions[body.leader_epoch] = {e.at, body.why};
}

void Elections::on(const Event& e, const PartitionCommitted& body) {
  Partition& partition = partitions_[body.partition];
  PartitionHistory& history = partition.history;
  history.partition = body.partition;
  const bool is_moved = body.replicas.size() < history.replicas.size();
  history.replicas = body.replicas;
  if (partition.is_known && partition.leader != body.leader) {
    elect(e, body, partition);
    // The last step of a move: who leads then has joined with it.
    if (is_moved) elections_.back().is_clean = true;
  }
  // Those before were never committed, or had the same leader.
  auto& decisions = partition.decisions;
  decisions.erase(decisions.begin(), decisions.upper_bound(body.leader_epoch));
  partition.is_known = true;
  partition.leader = body.leader;
  partition.epoch = body.leader_epoch;
  partition.elr = body.elr;
  if (history.isr.empty() || history.isr.back().isr != body.isr)
    history.isr.push_back({e.at, body.isr});
}

// Another topic by that name begins anew, in the same lane.
void Elections::on(const Event& e, const TopicRemoved& body) {
  for (auto& [name, partition] : partitions_) {
    if (name.topic != body.topic) continue;
    end_reign(partition, e.at);
    PartitionHistory history = std::move(partition.history);
    if (!history.reigns.empty()) history.reigns.back().deleted_at = e.at;
    history.isr.push_back({e.at, {}});
    partition = {};
    partition.history = std::move(history);
  }
}

void Elections::on(const Event& e, const LogNamed& body) {
  Partition* partition = find(body.partition);
  if (partition != nullptr) (void)partition->logs.cut(e.node, 0, partition->leader);
}

void Elections::elect(const Event& e, const PartitionCommitted& body, Partition& partition) {
  Election election;
  election.number = static_cast<std::int32_t>(elections_.size()) + 1;
  election.partition = body.partition;
  election.from = partition.leader;
  election.to = body.leader;
  election.epoch_before = partition.epoch;
  election.leader_epoch = body.leader_epoch;
  const auto decided = partition.decisions.find(body.leader_epoch);
  const Decision* decision = decided == partition.decisions.end() ? nullptr : &decided->second;
  if (decision != nullptr) election.why = decision->why;
  election.isr_before = partition.history.isr.back().isr;
  election.isr_after = body.isr;
  election.is_clean = !body.leader.is_set() || contains(election.isr_before, body.leader) ||
                      contains(partition.elr, body.leader);
  election.committed = e.id;
  election.committed_at = e.at;
  // Who was to lead and never did may have been struck before it was elected.
  const bool has_never_led = partition.leader.is_set() && partition.lost != partition.leader;
  if (!partition.lost_at || has_never_led) blame_a_fault(partition, election.why, e.at);
  end_reign(partition, *partition.lost_at);
  election.lost_at = *partition.lost_at;
  election.lost_by = partition.lost_by;
  election.fault = partition.fault;
  election.quorum_changed = quorum_.changed(election.lost_at, e.at);
  if (election.from.is_set()) {
    election.high_watermark = partition.high_watermark;
    if (sees_logs_) election.old_end_offset = partition.logs.end_offset(election.from);
  }
  election.candidates = candidates(election, partition);
  split_time(election, decision);
  partition.latest = elections_.size();
  partition.history.elections.push_back(election.number);
  elections_.push_back(std::move(election));
  if (!sees_logs_ || !body.leader.is_set()) return;
  for (const auto& loss : partition.logs.lost_under(body.leader)) charge(elections_.back(), loss);
}

void Elections::charge(Election& election, const PartitionLogs::Loss& loss) {
  election.lost_records += loss.records;
  if (loss.by_leader_alone) election.lost_by_acks_1 += loss.records;
}

// What a leader acknowledges that does not know yet is lost by the election that ended its epoch.
void Elections::note_late_losses(Partition& partition) {
  for (const auto& loss : partition.logs.lost_under(partition.leader)) {
    for (const std::int32_t number : partition.history.elections) {
      Election& election = elections_[static_cast<std::size_t>(number) - 1];
      if (!election.to.is_set() || election.leader_epoch <= loss.epoch) continue;
      charge(election, loss);
      break;
    }
  }
}

// The old leader's machine runs: a fault cut it off, or it gave leadership away.
void Elections::blame_a_fault(Partition& partition, std::string_view why,
                              Instant committed_at) const {
  const bool was_without_leader = partition.lost_at.has_value();
  if (!was_without_leader) {
    partition.lost_at = committed_at;
    partition.lost_by.clear();
    partition.fault = 0;
  }
  const bool is_about_it = why.find(name_of_node(partition.leader) + " ") != std::string_view::npos;
  if (!is_about_it) return;
  // A fault may be over when its consequence is decided: what it did began with the silence.
  const Node& node = nodes_.at(partition.leader);
  const Instant since = node.fenced_at ? node.heard_at.value_or(committed_at) : committed_at;
  const FaultSpan* fault = faults_.blamed(partition.leader, since, committed_at);
  if (fault == nullptr) return;
  partition.fault = fault->number;
  partition.lost_by = fault->what;
  if (node.fenced_at && !was_without_leader) {
    partition.lost_at = std::max(fault->from, partition.progress_at);
  }
}

void Elections::split_time(Election& election, const Decision* decision) const {
  const auto old = nodes_.find(election.from);
  if (old != nodes_.end() && old->second.fenced_at && *old->second.fenced_at >= election.lost_at) {
    election.detect = *old->second.fenced_at - election.lost_at;
    election.decide = election.committed_at - *old->second.fenced_at;
  } else if (decision != nullptr && election.lost_at < election.committed_at) {
    election.decide = election.committed_at - std::max(decision->at, election.lost_at);
  }
}

std::vector<Candidate> Elections::candidates(const Election& election,
                                             const Partition& partition) const {
  std::vector<Candidate> all;
  for (const NodeId id : partition.history.replicas) {
    const auto found = nodes_.find(id);
    const Node* node = found == nodes_.end() ? nullptr : &found->second;
    Candidate candidate{.node = id, .end_offset = {}, .why_not = {}};
    if (sees_logs_) {
      candidate.end_offset = partition.logs.end_offset(id);
      candidate.last_epoch = partition.logs.last_epoch(id);
    }
    candidate.is_in_isr = contains(election.isr_before, id);
    candidate.is_alive = node == nullptr || node->is_alive();
    candidate.is_chosen = id == election.to;
    candidate.why_not = why_not(candidate, node, election);
    all.push_back(std::move(candidate));
  }
  return all;
}

std::string Elections::why_not(const Candidate& candidate, const Node* node,
                               const Election& election) {
  if (candidate.is_chosen) return {};
  if (node != nullptr && !node->is_running) return "down";
  if (node != nullptr && node->is_paused) return "paused";
  if (node != nullptr && node->is_fenced) return "fenced";
  if (!candidate.is_in_isr) return "not in the ISR";
  if (candidate.node == election.from) return "gives up leadership";
  return "later in line";
}

// ---- What follows ------------------------------------------------------------------------------

void Elections::on(const Event& e, const BecameLeader& body) {
  Partition* partition = find(body.partition);
  if (partition == nullptr || partition->leader != e.node || partition->epoch != body.leader_epoch)
    return;
  auto& reigns = partition->history.reigns;
  if (!reigns.empty() && !reigns.back().until && reigns.back().epoch == body.leader_epoch) return;
  end_reign(*partition, e.at);  // A new epoch of the same leader.
  reigns.push_back({.leader = e.node, .epoch = body.leader_epoch, .from = e.at, .until = {}});
  partition->progress_at = e.at;
  partition->high_watermark = body.high_watermark;
  if (partition->latest) {
    Election& election = elections_[*partition->latest];
    if (election.to == e.node && !election.spread) {
      election.spread = e.at - election.committed_at;
      election.without_leader = e.at - election.lost_at;
    }
  }
  partition->lost_at.reset();
  partition->lost = no_node;
}

void Elections::on(const Event& e, const HighWatermarkAdvanced& body) {
  Partition* partition = find(body.partition);
  if (partition == nullptr || partition->leader != e.node) return;
  partition->high_watermark = body.high_watermark;
  partition->progress_at = e.at;
}

void Elections::on(const Event& e, const ProduceAnswered& body) {
  Partition* partition = find(body.partition);
  if (partition == nullptr || body.error != 0 || body.acks == 0) return;
  partition->logs.acknowledge(e.node, body.batch, body.acks);
  const bool is_stale = partition->leader.is_set() && partition->leader != e.node;
  if (sees_logs_ && is_stale) note_late_losses(*partition);
  if (partition->latest) {
    Election& election = elections_[*partition->latest];
    if (election.to == e.node && election.spread) {
      election.recover = e.at - election.committed_at - *election.spread;
      if (partition->acked_at) election.felt = e.at - *partition->acked_at;
      partition->latest.reset();
    }
  }
  partition->acked_at = e.at;
}

void Elections::on(const Event& e, const BatchStored& body) {
  if (body.partition == metadata_partition()) return;
  sees_logs_ = true;
  partitions_[body.partition].logs.store(e.node, body.batch);
}

void Elections::on(const Event& e, const LogCut& body) {
  if (body.partition == metadata_partition()) return;
  Partition& partition = partitions_[body.partition];
  const auto removed = partition.logs.cut(e.node, body.end_offset, partition.leader);
  if (removed.records == 0) return;
  auto& history = partition.history;
  history.truncations.push_back(
      {.node = e.node,
       .event = e.id,
       .at = e.at,
       .from = removed.from,
       .to = removed.to,
       .records = removed.records,
       .acknowledged = removed.acknowledged,
       .gone = removed.gone,
       .by_power_loss = body.by_power_loss,
       .election = history.elections.empty() ? 0 : history.elections.back()});
}

}  // namespace brokersim::reports
