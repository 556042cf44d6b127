#include "scenarios/tally.h"

#include <algorithm>
#include <utility>

#include "scenarios/coordinator_states.h"

namespace brokersim::scenarios {

namespace {

constexpr const char* transactions_lost = "transaction_coordinators_lost_in_";
constexpr const char* groups_lost = "group_coordinators_lost_in_";

}  // namespace

Tally::Tally() {
  for (const char* name : {"anomalies_of_transaction_version_1",
                           "compactions",
                           "controller_changes",
                           "coordinator_changes",
                           "deletions",
                           "elections",
                           "eligible_elections",
                           "fencings",
                           "group_assignments",
                           "group_commits",
                           "group_descriptions",
                           "group_downgrades",
                           "group_rebalances",
                           "group_upgrades",
                           "handovers",
                           "inputs_processed",
                           "inputs_processed_again",
                           "isr_changes",
                           "isr_expansions",
                           "isr_shrinks",
                           "losses_by_power",
                           "moves",
                           "offsets_expired",
                           "outputs_read",
                           "outputs_repeated",
                           "quorum_elections",
                           "record_deletions",
                           "reads_of_followers",
                           "records_acknowledged",
                           "records_read",
                           "records_sent",
                           "recoveries",
                           "repeats_recognized",
                           "snapshots_fetched",
                           "snapshots_loaded",
                           "snapshots_taken",
                           "topics_grown",
                           "topics_made_again",
                           "torn_tails",
                           "transaction_coordinator_changes",
                           "transactional_offsets",
                           "transactions_aborted",
                           "transactions_committed",
                           "transactions_of_unknown_end",
                           "truncations",
                           "unclean_elections",
                           "voter_changes",
                           "zombies_fenced"}) {
    counts_[name] = 0;
  }
  for (const auto& state : transaction_states()) counts_[transactions_lost + state] = 0;
  for (const auto& state : group_states()) counts_[groups_lost + state] = 0;
}

std::vector<std::string> Tally::names() const {
  std::vector<std::string> names;
  for (const auto& [name, count] : counts_) names.push_back(name);
  return names;
}

void Tally::observe(const Event& event) {
  if (const auto* elected = std::get_if<LeaderElected>(&event.body)) on(*elected);
  if (const auto* isr = std::get_if<IsrChanged>(&event.body)) on(*isr);
  if (const auto* state = std::get_if<PartitionCommitted>(&event.body)) on(*state);
  if (const auto* read = std::get_if<FetchAnswered>(&event.body)) on(*read, event.node);
  if (const auto* cut = std::get_if<LogCut>(&event.body)) on(*cut);
  if (const auto* recovered = std::get_if<LogRecovered>(&event.body)) on(*recovered);
  if (const auto* answer = std::get_if<ProduceAnswered>(&event.body)) on(*answer);
  if (const auto* quorum = std::get_if<QuorumRoleChanged>(&event.body)) on(*quorum);
  if (std::holds_alternative<SendInvoked>(event.body)) count("records_sent");
  if (std::holds_alternative<RecordDeletionAsked>(event.body)) count("record_deletions");
  if (const auto* sent = std::get_if<SendEnded>(&event.body)) on(*sent);
  if (const auto* read = std::get_if<RecordDelivered>(&event.body)) on(*read);
  if (const auto* leads = std::get_if<QuorumLeaderAnnounced>(&event.body)) on(*leads, event.node);
  if (const auto* compacted = std::get_if<LogCompacted>(&event.body)) {
    if (!compacted->removed.empty()) count("compactions");
  }
  if (const auto* begun = std::get_if<LogBegun>(&event.body)) {
    if (begun->partition != metadata_partition()) count("deletions");
  }
  if (const auto* removed = std::get_if<TopicRemoved>(&event.body)) {
    removed_topics_.insert(removed->topic);
  }
  if (const auto* made = std::get_if<TopicCommitted>(&event.body)) {
    const bool is_another = removed_topics_.erase(made->topic) > 0;
    if (is_another) count("topics_made_again");
    auto& partitions = topic_partitions_[made->topic];
    const bool has_grown = !is_another && partitions > 0 && made->partitions > partitions;
    if (has_grown) count("topics_grown");
    partitions = made->partitions;
  }
  if (std::holds_alternative<SnapshotTaken>(event.body)) count("snapshots_taken");
  if (std::holds_alternative<VotersCommitted>(event.body)) {
    if (std::exchange(has_voters_, true)) count("voter_changes");
  }
  if (std::holds_alternative<SnapshotFetched>(event.body)) count("snapshots_fetched");
  if (std::holds_alternative<SnapshotLoaded>(event.body)) count("snapshots_loaded");
  if (std::holds_alternative<LogTruncated>(event.body)) count("truncations");
  if (std::holds_alternative<BrokerFenced>(event.body)) count("fencings");
  if (const auto* group = std::get_if<GroupStateChanged>(&event.body)) on(*group, event.node);
  if (const auto* synced = std::get_if<SyncGroupAnswered>(&event.body)) {
    if (synced->error == 0) count("group_assignments");
    if (synced->error == 0) coordinates(synced->group, event.node);
  }
  if (const auto* beat = std::get_if<ConsumerGroupHeartbeatAnswered>(&event.body)) {
    if (beat->error == 0 && beat->is_told) count("group_assignments");
    if (beat->error == 0) coordinates(beat->group, event.node);
  }
  if (std::holds_alternative<ConsumerGroupDescribed>(event.body)) count("group_descriptions");
  if (const auto* commit = std::get_if<OffsetCommitAnswered>(&event.body)) {
    if (commit->error == 0) count("group_commits");
    if (commit->error == 0) coordinates(commit->group, event.node);
    if (commit->error == 0) has_offset_.insert({commit->group, commit->partition});
  }
  if (const auto* fetch = std::get_if<OffsetFetchAnswered>(&event.body)) {
    const bool is_none = fetch->error == 0 && fetch->offset < 0;
    if (is_none && has_offset_.erase({fetch->group, fetch->partition}) > 0) {
      count("offsets_expired");
    }
  }
  observe_transactions(event);
  if (const auto* stopped = std::get_if<NodeStopped>(&event.body)) {
    if (stopped->how != NodeStopped::How::shutdown) lose_coordinator(event.node);
  }
}

void Tally::observe_transactions(const Event& event) {
  if (const auto* processed = std::get_if<RecordProcessed>(&event.body)) on(*processed);
  if (const auto* began = std::get_if<TransactionBegan>(&event.body)) {
    began_[began->client] = event.at.ns();
  }
  if (const auto* ended = std::get_if<TransactionEnded>(&event.body)) on(*ended);
  if (const auto* part = std::get_if<TxnOffsetCommitAnswered>(&event.body)) {
    if (part->error == 0) count("transactional_offsets");
    note_fencing(part->error);
  }
  if (const auto* ended = std::get_if<EndTxnAnswered>(&event.body)) on(*ended);
  if (const auto* changed = std::get_if<TransactionStateChanged>(&event.body)) {
    on(*changed, event.node);
    if (changed->state.starts_with("Prepare")) {
      prepared_[changed->transactional_id] = event.at.ns();
    }
  }
}

// The first to be answered after a transaction was prepared had that done. It is late if its client
// has begun another transaction between asking and that: it has ended the other one (KAFKA-17754).
void Tally::on(const EndTxnAnswered& body) {
  note_fencing(body.error);
  if (body.error != 0) return;
  const auto prepared = prepared_.extract(body.transactional_id);
  const auto began = began_.find(body.peer);
  if (prepared.empty() || began == began_.end()) return;
  const bool is_late = body.asked_at_ns < began->second && began->second < prepared.mapped();
  if (is_late) count("anomalies_of_transaction_version_1");
}

void Tally::on(const TransactionEnded& body) {
  began_.erase(body.client);
  if (body.outcome != Outcome::ok) {
    count("transactions_of_unknown_end");
  } else {
    count(body.is_commit ? "transactions_committed" : "transactions_aborted");
  }
}

// A producer, or a member of a group, that others have taken the place of.
void Tally::note_fencing(std::int32_t error) {
  constexpr std::int32_t illegal_generation = 22;
  constexpr std::int32_t unknown_member_id = 25;
  constexpr std::int32_t invalid_producer_epoch = 47;
  constexpr std::int32_t producer_fenced = 90;
  const bool is_fenced = error == illegal_generation || error == unknown_member_id ||
                         error == invalid_producer_epoch || error == producer_fenced;
  if (is_fenced) count("zombies_fenced");
}

void Tally::on(const TransactionStateChanged& body, NodeId node) {
  auto& known = transactions_[body.transactional_id];
  if (known.coordinator.is_set() && known.coordinator != node) {
    count("transaction_coordinator_changes");
  }
  known = {.coordinator = node, .state = body.state};
}

void Tally::on(const GroupStateChanged& body, NodeId node) {
  if (body.state == "PreparingRebalance" || body.state == "Reconciling") count("group_rebalances");
  auto& known = groups_[body.group];
  note_kind(body.state, known);
  if (!is_in_memory_only(body.state)) known.loaded = body.state;
  known.coordinator = node;
  known.state = body.state;
  known.is_lost = false;
}

// Some states are of one kind of groups only. One that nobody was in does not count (KIP-848).
void Tally::note_kind(const std::string& state, Coordinated& group) {
  const bool is_classic = state == "PreparingRebalance" || state == "CompletingRebalance";
  const bool is_of_consumers = state == "Assigning" || state == "Reconciling";
  if (!is_classic && !is_of_consumers) return;
  const auto before = std::exchange(group.is_of_consumers, is_of_consumers);
  if (!before || *before == is_of_consumers || group.state == "Empty") return;
  count(is_of_consumers ? "group_upgrades" : "group_downgrades");
}

// By the states of what it coordinated, each once however much of it was in that one. What it
// coordinated it then no longer does until it says so.
void Tally::lose_coordinator(NodeId node) {
  const auto lose = [&](auto& all, const char* name) {
    std::set<std::string> states;
    for (auto& [key, known] : all) {
      if (known.coordinator != node || known.is_lost || known.state.empty()) continue;
      states.insert(known.state);
      known.is_lost = true;
    }
    for (const auto& state : states) count(name + state);
  };
  lose(transactions_, transactions_lost);
  lose(groups_, groups_lost);
}

// A change is from one broker that a group works with to another, which found it in the log.
void Tally::coordinates(const std::string& group, NodeId node) {
  auto& partner = partners_[group];
  if (partner.is_set() && partner != node) count("coordinator_changes");
  partner = node;
  auto& known = groups_[group];
  if (known.coordinator == node && !known.is_lost) return;
  known.coordinator = node;
  known.state = known.loaded;
  known.is_lost = false;
}

void Tally::on(const LeaderElected& body) {
  count("elections");
  if (!body.is_clean) count("unclean_elections");
  const auto& isr = body.isr_before;
  const bool was_in_sync = std::find(isr.begin(), isr.end(), body.to) != isr.end();
  const bool is_about_isr = body.leader_epoch == LeaderEpoch{0} || body.why.starts_with("Alter");
  if (body.is_clean && body.to.is_set() && !was_in_sync && !is_about_isr) {
    count("eligible_elections");
  }
  if (body.why.ends_with("is shutting down")) count("handovers");
}

void Tally::on(const IsrChanged& body) {
  count("isr_changes");
  if (body.after.size() < body.before.size()) count("isr_shrinks");
  if (body.after.size() > body.before.size()) count("isr_expansions");
}

// A move ends with other replicas than it began with: meanwhile there are those that come and go.
void Tally::on(const PartitionCommitted& body) {
  auto& known = partitions_[body.partition];
  if (known.replicas.size() > body.replicas.size()) count("moves");
  known = body;
}

// Of a consumer, and there was something to read.
void Tally::on(const FetchAnswered& body, NodeId node) {
  if (body.replica.is_set() || body.batches.empty()) return;
  const auto known = partitions_.find(body.partition);
  if (known != partitions_.end() && known->second.leader != node) count("reads_of_followers");
}

void Tally::on(const LogCut& body) {
  if (body.by_power_loss) count("losses_by_power");
}

// A batch that was answered before came again, and was known.
void Tally::on(const ProduceAnswered& body) {
  const BatchRef& batch = body.batch;
  if (body.error != 0 || batch.producer_id < 0) return;
  const bool is_new =
      answered_
          .emplace(body.partition, batch.producer_id, batch.producer_epoch, batch.base_sequence)
          .second;
  if (!is_new) count("repeats_recognized");
}

void Tally::on(const LogRecovered& body) {
  count("recoveries");
  if (body.bytes_cut > 0) count("torn_tails");
}

void Tally::on(const QuorumRoleChanged& body) {
  if (body.role == "leader") count("quorum_elections");
}

// Nobody acknowledges what is sent with acks=0.
void Tally::on(const SendEnded& body) {
  if (body.outcome == Outcome::ok && body.acks != 0) count("records_acknowledged");
}

void Tally::on(const RecordDelivered& body) {
  if (!delivered_[body.partition].insert({body.offset, body.record}).second) return;
  count("records_read");
  const auto output = outputs_.find(body.record);
  if (output == outputs_.end()) return;
  count("outputs_read");
  if (std::exchange(output->second, true)) count("outputs_repeated");
}

// Whoever processes a record again makes the same of it.
void Tally::on(const RecordProcessed& body) {
  count("inputs_processed");
  const bool is_first = processed_.emplace(body.group, body.partition, body.offset).second;
  if (!is_first) count("inputs_processed_again");
  for (const auto output : body.outputs) outputs_.try_emplace(output, false);
}

// A change is from one controller to another, as the others are told.
void Tally::on(const QuorumLeaderAnnounced& body, NodeId node) {
  if (body.epoch <= quorum_epoch_) return;
  if (quorum_leader_.is_set() && quorum_leader_ != node) count("controller_changes");
  quorum_epoch_ = body.epoch;
  quorum_leader_ = node;
}

}  // namespace brokersim::scenarios
