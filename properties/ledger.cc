// How the shared history takes in events, and when a batch counts as committed.
#include "properties/ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "properties/excuses.h"
#include "properties/topic_names.h"

namespace brokersim::properties {

namespace {

// How many entries of `prefix` the log begins with.
std::size_t common_prefix(const std::vector<LogEntry>& prefix, const ReplicaLog* log) {
  if (log == nullptr) return 0;
  const auto& entries = log->entries();
  std::size_t low = 0;
  std::size_t high = std::min(prefix.size(), entries.size());
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (prefix[middle].prefix == entries[middle].prefix) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Offset end_of_first(const std::vector<LogEntry>& entries, std::size_t count) {
  return count == 0 ? 0 : entries[count - 1].batch.last_offset + 1;
}

// Whom those in sync follow while the leader does not know yet that it leads; null once it does, or
// if nobody ever has. What they have besides they may truncate: it is not committed for their being
// in sync alone.
const ReplicaLog* still_followed(const Partition& partition) {
  if (partition.acting_since.value != 0) return nullptr;
  const Replica* latest = nullptr;
  for (const Replica& replica : partition.replicas) {
    if (latest == nullptr || replica.acting_epoch > latest->acting_epoch) latest = &replica;
  }
  const bool is_deposed = latest != nullptr && latest->acting_epoch >= LeaderEpoch{0} &&
                          latest->acting_epoch < partition.state.leader_epoch;
  return is_deposed ? &latest->log : nullptr;
}

// Never more than there are replicas.
std::int32_t in_effect(std::int32_t min_insync, const Partition& partition) {
  const auto replicas = static_cast<std::int32_t>(partition.state.replicas.size());
  return std::max(1, replicas > 0 ? std::min(min_insync, replicas) : min_insync);
}

Replica& replica_at(Partition& partition, NodeId node) {
  for (Replica& replica : partition.replicas)
    if (replica.node == node) return replica;
  partition.replicas.push_back({.node = node});
  return partition.replicas.back();
}

}  // namespace

// Of several requests each may have been the one, or a copy that comes later: what that deletes is
// told, too.
void AskedDeletions::told_to_begin_at(Offset start) {
  if (start <= told_start_) return;
  told_start_ = start;
  std::erase_if(open_, [&](Offset least) { return least <= start; });
  if (has_asked_all_) ask_before(start);
}

bool PartitionState::has_in_sync(NodeId node) const {
  return std::find(isr.begin(), isr.end(), node) != isr.end();
}

std::vector<NodeId> PartitionState::electable() const {
  auto all = isr;
  all.insert(all.end(), elr.begin(), elr.end());
  return all;
}

bool PartitionState::is_electable(NodeId node) const {
  return has_in_sync(node) || std::find(elr.begin(), elr.end(), node) != elr.end();
}

bool PartitionState::is_last_known(NodeId node) const {
  return isr.empty() && last_known_elr == std::vector{node};
}

const Replica* Partition::replica(NodeId node) const {
  for (const Replica& replica : replicas)
    if (replica.node == node) return &replica;
  return nullptr;
}

const ReplicaLog* Partition::log_of(NodeId node) const {
  const Replica* found = replica(node);
  return found == nullptr ? nullptr : &found->log;
}

bool Partition::is_current(NodeId node) const {
  LeaderEpoch floor{-1};
  if (!rebases.empty()) floor = rebases.back().epoch;
  if (!unclean_elections.empty()) floor = std::max(floor, unclean_elections.back().epoch);
  if (floor < LeaderEpoch{0}) return true;
  const Replica* found = replica(node);
  return found != nullptr && found->acting_epoch >= floor;
}

bool Partition::is_current(NodeId node, std::int64_t asked_at_ns) const {
  if (!rebases.empty() && asked_at_ns <= rebases.back().at.ns()) return false;
  const auto& unclean = unclean_elections;
  if (!unclean.empty() && asked_at_ns <= unclean.back().at.ns()) return false;
  return is_current(node);
}

// ---- Asking ------------------------------------------------------------------------------------

// Most ask about the partition that the present event has told of.
std::optional<std::size_t> Ledger::index_of(const TopicPartition& name) const {
  if (latest_ < partitions_.size() && partitions_[latest_].name == name) return latest_;
  const auto at = index_.find(name);
  if (at == index_.end()) return std::nullopt;
  return at->second;
}

const Partition* Ledger::find(const TopicPartition& name) const {
  const auto at = index_of(name);
  return at ? &partitions_[*at] : nullptr;
}

const Partition* Ledger::find_present(const TopicPartition& name) const {
  const auto latest = made_again_.find(name.topic);
  return find(latest == made_again_.end() ? name : TopicPartition{latest->second, name.partition});
}

const TopicHistory& Ledger::topic(const std::string& name) const {
  static const TopicHistory unknown;
  const auto at = topics_.find(name);
  return at == topics_.end() ? unknown : at->second;
}

const NodeHistory& Ledger::node(NodeId id) const {
  static const NodeHistory unknown;
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? unknown : at->second;
}

std::string Ledger::name_of(NodeId id) const {
  const std::string& name = node(id).name;
  return name.empty() ? fmt::format("node {}", id) : name;
}

std::int32_t Ledger::min_insync(const Partition& partition) const {
  return in_effect(topic(partition.name.topic).min_insync_replicas, partition);
}

std::int32_t Ledger::least_min_insync(const Partition& partition, LeaderEpoch since) const {
  const TopicHistory& history = topic(partition.name.topic);
  const auto begun = partition.epochs_begun.find(since);
  const EventId from = begun == partition.epochs_begun.end() ? EventId{} : begun->second;
  std::int32_t least = history.min_insync_replicas;
  const auto& changes = history.min_insync_changes;
  for (auto at = changes.rbegin(); at != changes.rend(); ++at) {
    least = std::min(least, at->second);
    if (at->first < from) break;  // In force when the epoch began.
  }
  return in_effect(least, partition);
}

// ---- Taking in events --------------------------------------------------------------------------

void Ledger::observe(const Event& event) {
  std::visit([this, &event](const auto& body) { on(event, body); }, event.body);
  flush_promises_.observe(event, *this);
}

NodeHistory& Ledger::node_at(NodeId id) { return nodes_[id]; }

Partition& Ledger::partition_at(const TopicPartition& name) {
  const auto [at, is_new] = index_.try_emplace(name, partitions_.size());
  if (is_new) {
    partitions_.emplace_back();
    partitions_.back().name = name;
  }
  latest_ = at->second;
  return partitions_[latest_];
}

void Ledger::on(const Event& e, const NodeStarted& body) {
  NodeHistory& node = node_at(e.node);
  node.is_running = true;
  node.is_paused = false;
  node.incarnation = body.incarnation;
  node.name = body.name;
  node.started = e.id;
}

void Ledger::on(const Event& e, const NodeStopped& body) {
  NodeHistory& node = node_at(e.node);
  node.is_running = false;
  node.is_paused = false;
  if (body.how == NodeStopped::How::power_loss) node.last_power_loss = e.id;
  for (Partition& partition : partitions_)
    if (partition.state.leader == e.node) partition.acting_since = {};
}

void Ledger::on(const Event& e, const NodePaused&) { node_at(e.node).is_paused = true; }
void Ledger::on(const Event& e, const NodeResumed&) { node_at(e.node).is_paused = false; }
void Ledger::on(const Event& e, const FaultsLifted&) { faults_lifted_ = e.at; }

void Ledger::on(const Event& e, const BatchStored& body) {
  Partition& partition = partition_at(body.partition);
  // What a loss of power brings back nobody has done.
  const auto node = nodes_.find(e.node);
  const bool is_stopped = node != nodes_.end() && !node->second.is_running;
  const bool leads =
      e.node == partition.state.leader && body.batch.leader_epoch == partition.state.leader_epoch;
  if (leads && !is_stopped) act_as_leader(partition, e);
  ReplicaLog& log = replica_at(partition, e.node).log;
  forget_deleted(partition);
  log.store(e, before_compaction(partition, log, e, body.batch));
  extend_committed(partition);
}

void Ledger::on(const Event&, const LogCompacted& body) {
  partition_at(body.partition).compactions.add(body);
}

// All that is known of the log is that it begins inside a committed batch, of which compaction has
// left nothing.
bool Ledger::begins_in_gone_batch(const Partition& partition, const ReplicaLog& log) {
  if (!log.ends_in_gap()) return false;
  const std::size_t at = log.entries().size() - 1;
  if (at >= partition.committed.size()) return false;
  const BatchRef& batch = partition.committed[at].batch;
  return batch.base_offset == log.entries()[at].batch.base_offset &&
         batch.last_offset >= log.end_offset() && partition.compactions.is_gone(batch);
}

// The batch as it was written, where what is stored is what compaction has left of it; what it took
// whole before is stored first. Only of what is committed can that be known.
BatchRef Ledger::before_compaction(const Partition& partition, ReplicaLog& log, const Event& e,
                                   const BatchRef& batch) {
  if (partition.compactions.empty()) return batch;
  const auto& committed = partition.committed;
  const bool begins_in_gone = begins_in_gone_batch(partition, log);
  const std::size_t size = log.entries().size() - (begins_in_gone ? 1 : 0);
  const bool is_prefix =
      size <= committed.size() && (size == 0 || log.holds(size - 1, committed[size - 1].prefix));
  if (!is_prefix) return batch;
  std::size_t at = size;
  while (at < committed.size() && committed[at].batch.last_offset < batch.base_offset) {
    if (!partition.compactions.is_gone(committed[at].batch)) return batch;
    ++at;
  }
  const bool is_known =
      at < committed.size() && (committed[at].batch == batch ||
                                partition.compactions.is_form_of(batch, committed[at].batch));
  const bool is_next = at == committed.size() && batch.base_offset == partition.committed_end();
  if (!is_known && !is_next) return batch;
  if (begins_in_gone) log.drop_gap();
  for (std::size_t i = size; i < at; ++i) log.store(e, committed[i].batch);
  return is_known ? committed[at].batch : batch;
}

void Ledger::on(const Event& e, const LogCut& body) {
  Partition& partition = partition_at(body.partition);
  ReplicaLog& log = replica_at(partition, e.node).log;
  partition.last_cut = log.cut(body.end_offset, body.by_power_loss);
  partition.last_cut_at = log.entries().size();
  forget_deleted(partition);
}

// What a replica or its leader has deleted is no longer compared.
void Ledger::forget_deleted(Partition& partition) {
  const ReplicaLog* leader = partition.log_of(partition.state.leader);
  if (leader == nullptr) return;
  for (Replica& replica : partition.replicas)
    if (&replica.log != leader) replica.log.take_deleted_of(*leader);
}

void Ledger::on(const Event& e, const LogSynced& body) {
  replica_at(partition_at(body.partition), e.node).log.sync(body.end_offset);
}

void Ledger::on(const Event& e, const LogBegun& body) {
  Partition& partition = partition_at(body.partition);
  ReplicaLog& log = replica_at(partition, e.node).log;
  log.begin_at(body.start_offset);
  const bool had_it = body.start_offset <= log.end_offset();
  if (!had_it) begin_with_deleted(partition, log, e, body);
  forget_deleted(partition);
}

// The log, whose end lies before its beginning, has all that lies before that.
void Ledger::begin_with_deleted(const Partition& partition, ReplicaLog& log, const Event& e,
                                const LogBegun& begun) {
  const Offset start = begun.start_offset;
  // Of a topic's log what lies before is what was committed: only that is ever deleted (BS-R01).
  // DeleteRecords may end inside a batch, and power loss take that batch where the log's start is
  // kept (KIP-107): nobody knows a batch that ends there then.
  if (begun.partition != metadata_partition()) {
    const auto& committed = partition.committed;
    const bool was_committed = start <= partition.committed_end();
    if (was_committed) {
      const auto count = first_reaching(committed, start) - committed.begin();
      log.begin_behind(committed, static_cast<std::size_t>(count));
    }
    // What was committed when it was deleted may be given up by now.
    if (was_committed || !partition.rebases.empty()) log.skip_to(start, e.at);
    return;
  }
  // Offset and epoch of a batch name all that lies before it (log matching), wherever it is found.
  for (const Replica& other : partition.replicas) {
    const auto at = other.log.find(start - 1);
    if (!at || other.node == e.node) continue;
    const BatchRef& before = other.log.entries()[*at].batch;
    const bool is_it = before.last_offset + 1 == start && before.leader_epoch == begun.epoch;
    if (is_it) return log.begin_behind(other.log.entries(), *at + 1);
  }
}

void Ledger::on(const Event& e, const TopicCommitted& body) {
  TopicHistory& topic = topics_[body.topic];
  topic.replication_factor = body.replication_factor;
  topic.may_elect_uncleanly = body.may_elect_uncleanly;
  topic.min_insync_replicas = body.min_insync_replicas;
  auto& changes = topic.min_insync_changes;
  if (changes.empty() || changes.back().second != body.min_insync_replicas)
    changes.emplace_back(e.id, body.min_insync_replicas);
  if (was_made_again(body.topic)) made_again_[name_in_kafka(body.topic)] = body.topic;
}

// Nobody leads it, and nobody is in sync: what its logs held is past.
void Ledger::on(const Event&, const TopicRemoved& body) {
  for (Partition& partition : partitions_) {
    if (partition.name.topic != body.topic) continue;
    partition.is_removed = true;
    partition.state = {};
    partition.acting_since = {};
  }
}

void Ledger::on(const Event& e, const PartitionCommitted& body) {
  Partition& partition = partition_at(body.partition);
  PartitionState next{body.leader,   body.leader_epoch, body.partition_epoch,
                      body.replicas, body.isr,          e.id,
                      e.at,          body.elr,          body.last_known_elr};
  const bool is_election = next.leader_epoch != partition.state.leader_epoch;
  const bool was_electable = partition.state.is_electable(next.leader);
  // With the last step of a move a new replica may join and lead at once; where nobody may be
  // elected uncleanly a move ends in no other way.
  const bool is_moved = next.replicas.size() < partition.state.replicas.size() &&
                        !topic(body.partition.topic).may_elect_uncleanly;
  const bool is_unclean = is_election && next.leader.is_set() && partition.state.event.value != 0 &&
                          !was_electable && !is_moved;
  if (is_election) {
    partition.epochs_begun.emplace(next.leader_epoch, e.id);
    partition.elected_over = partition.state;
    partition.acting_since = {};
  }
  // Who returns to the in-sync set has everything that is committed.
  for (Replica& replica : partition.replicas)
    if (next.has_in_sync(replica.node) && !partition.state.has_in_sync(replica.node))
      replica.log.forget_lost();
  partition.state = std::move(next);
  forget_deleted(partition);
  if (is_unclean) {
    elect_uncleanly(partition, e);
  } else if (is_election && partition.state.leader.is_set()) {
    partition.unclean_elections_asked = 0;  // Not needed any more.
  }
  extend_committed(partition);
}

void Ledger::elect_uncleanly(Partition& partition, const Event& e) {
  const NodeId leader = partition.state.leader;
  auto& asked = partition.unclean_elections_asked;
  const bool is_allowed = asked > 0 || topic(partition.name.topic).may_elect_uncleanly ||
                          partition.elected_over.is_last_known(leader);
  if (asked > 0) --asked;
  partition.unclean_elections.push_back({e.id, partition.state.leader_epoch, 0, is_allowed, e.at});
  const std::size_t kept = common_prefix(partition.committed, partition.log_of(leader));
  cut_uncleanly(partition, end_of_first(partition.committed, kept));
}

// Whether the topic permits it or not (KIP-460).
void Ledger::on(const Event&, const UncleanElectionAsked& body) {
  if (body.is_of_all)
    for (Partition& partition : partitions_) ++partition.unclean_elections_asked;
  for (const auto& name : body.partitions)
    if (index_.contains(name)) ++partition_at(name).unclean_elections_asked;
}

void Ledger::on(const Event&, const RecordDeletionAsked& body) {
  for (std::size_t i = 0; i < body.partitions.size() && i < body.offsets.size(); ++i) {
    const Partition* known = find_present(body.partitions[i]);
    if (known == nullptr) continue;
    Partition& partition = partition_at(known->name);
    if (body.offsets[i] < 0) {
      partition.deletions.ask_all(partition.shown_end);
    } else {
      partition.deletions.ask_before(body.offsets[i]);
    }
  }
}

void Ledger::on(const Event& e, const BrokerCommitted& body) {
  NodeHistory& node = node_at(body.broker);
  node.is_fenced = body.is_fenced;
  node.fenced_by = e.id;
}

void Ledger::on(const Event& e, const ProduceAnswered& body) {
  if (body.error != 0) return;
  Partition& partition = partition_at(body.partition);
  if (e.node == partition.state.leader) act_as_leader(partition, e);
  if (body.acks == -1 && partition.is_current(e.node, body.asked_at_ns))
    show(partition, body.batch.last_offset + 1, e.id);
}

void Ledger::on(const Event& e, const FetchAnswered& body) {
  if (body.error != 0) return;
  Partition& partition = partition_at(body.partition);
  for (Replica& replica : partition.replicas)
    if (replica.node == e.node) replica.log.told_to_begin_at(body.log_start_offset);
  partition.deletions.told_to_begin_at(body.log_start_offset);
  if (e.node == partition.state.leader) act_as_leader(partition, e);
  if (partition.is_current(e.node, body.asked_at_ns)) show(partition, body.high_watermark, e.id);
}

void Ledger::on(const Event& e, const BecameLeader& body) {
  Replica& replica = replica_at(partition_at(body.partition), e.node);
  replica.acting_epoch = body.leader_epoch;
  replica.became_leader = e.id;
}

// ---- What is committed -------------------------------------------------------------------------

// An election is judged when the leader first acts, not when it is committed: a machine that is
// down may be elected, and is replaced as soon as its new incarnation registers.
void Ledger::act_as_leader(Partition& partition, const Event& e) {
  if (partition.acting_since.value != 0) return;
  partition.acting_since = e.id;
  rebase(partition, e);
  // What it begins with beyond that counts at once: it may have nobody to wait for.
  extend_committed(partition);
}

// Even if nothing is lost the logs may part there: a deposed leader that was in sync with itself
// alone goes on, and so does one that is deposed before it has acted.
void Ledger::cut_uncleanly(Partition& partition, Offset offset) {
  auto& election = partition.unclean_elections.back();
  election.cut = offset;
  if (election.is_allowed) give_up_from(partition, offset);
}

void Ledger::give_up_from(Partition& partition, Offset offset) {
  partition.lowest_excused_cut = std::min(partition.lowest_excused_cut, offset);
  const auto& topic = partition.name.topic;
  has_lost_decisions_ |= topic == transactions_topic || topic == offsets_topic;
}

void Ledger::rebase(Partition& partition, const Event& e) {
  const NodeId leader = partition.state.leader;
  const std::size_t kept = common_prefix(partition.committed, partition.log_of(leader));
  const Offset offset = end_of_first(partition.committed, kept);
  const LeaderEpoch epoch = partition.state.leader_epoch;
  if (!partition.unclean_elections.empty() && partition.unclean_elections.back().epoch == epoch)
    cut_uncleanly(partition, offset);
  if (kept == partition.committed.size()) return;
  const LogEntry lost = partition.committed[kept];
  const std::int32_t copies = least_min_insync(partition, lost.batch.leader_epoch);
  const Excuse excuse = excuse_for(*this, partition, {lost, kept, copies});
  const bool was_shown = lost.batch.last_offset < partition.shown_end;
  partition.rebases.push_back({e.id, epoch, leader, kept, offset, lost, was_shown, excuse, e.at});
  if (excuse != Excuse::none && partition.name.topic == offsets_topic) ++excused_losses_of_groups_;
  if (excuse != Excuse::none) give_up_from(partition, offset);
  partition.committed.resize(kept);
  partition.shown_end = std::min(partition.shown_end, offset);
}

// A batch becomes committed when all in-sync replicas hold it, and all that are eligible besides
// (KIP-966). One that power loss took from a member counts as held: a leader that has seen the
// member's fetch cannot know better until the member leaves the in-sync set. What the leader itself
// began without nobody commits any more.
void Ledger::extend_committed(Partition& partition) {
  const auto electable = partition.state.electable();
  const ReplicaLog* longest = nullptr;
  for (const NodeId node : electable) {
    const ReplicaLog* log = partition.log_of(node);
    if (log == nullptr) return;
    if (longest == nullptr || log->entries().size() > longest->entries().size()) longest = log;
  }
  if (longest == nullptr) return;
  auto& committed = partition.committed;
  // A leader that has yet to act may lack part of it: that is the rebase's affair.
  if (!committed.empty() && !longest->holds(committed.size() - 1, committed.back().prefix)) return;
  const ReplicaLog* followed = still_followed(partition);
  for (std::size_t at = committed.size(); at < longest->entries().size(); ++at) {
    const LogEntry& next = longest->entries()[at];
    if (followed != nullptr && !followed->holds(at, next.prefix)) return;
    for (const NodeId node : electable) {
      const ReplicaLog* log = partition.log_of(node);
      const bool leads = node == partition.state.leader && partition.acting_since.value != 0;
      const bool counts_as_held = !leads && log->has_lost(at, next.prefix);
      if (!log->holds(at, next.prefix) && !counts_as_held) return;
    }
    committed.push_back(next);
  }
}

void Ledger::show(Partition& partition, Offset end, EventId by) {
  end = std::min(end, partition.committed_end());
  if (end <= partition.shown_end) return;
  partition.shown_end = end;
  partition.shown_by = by;
}

}  // namespace brokersim::properties
