// What nodes have told of their logs, and what losses of power took of it all the same.
#include "properties/flush_promises.h"

#include <algorithm>

#include "properties/ledger.h"
#include "properties/topic_names.h"

namespace brokersim::properties {

namespace {

// The entry of the log that ends where `offset` begins.
const LogEntry* entry_before(const ReplicaLog& log, Offset offset) {
  const auto at = log.find(offset - 1);
  if (!at || log.entries()[*at].batch.last_offset + 1 != offset) return nullptr;
  return &log.entries()[*at];
}

}  // namespace

bool FlushPromises::is_broken(const TopicPartition& partition, NodeId node,
                              std::uint64_t prefix) const {
  const auto broken = broken_.find({partition, node});
  return broken != broken_.end() && broken->second.contains(prefix);
}

void FlushPromises::note(const EventBody& body) {
  const auto limit = [this](const std::string& topic, Offset flush_messages) {
    const auto [at, is_new] = limits_.try_emplace(name_in_kafka(topic), flush_messages);
    if (!is_new) at->second = std::max(at->second, flush_messages);
    has_any_ = has_any_ || flush_messages != LogSettingsCommitted::never;
  };
  if (const auto* settings = std::get_if<LogSettingsCommitted>(&body)) {
    limit(settings->topic, settings->flush_messages);
  } else if (const auto* topic = std::get_if<TopicCommitted>(&body)) {
    // Of a topic that begins with the setting that has been told.
    limits_.try_emplace(name_in_kafka(topic->topic), LogSettingsCommitted::never);
  } else if (const auto* fault = std::get_if<FaultBegan>(&body)) {
    if (fault->what == "disk_error")
      failed_disks_.insert(fault->targets.begin(), fault->targets.end());
  }
}

Offset FlushPromises::limit_of(const std::string& topic) const {
  const auto limit = limits_.find(name_in_kafka(topic));
  return limit == limits_.end() ? LogSettingsCommitted::never : std::max<Offset>(1, limit->second);
}

void FlushPromises::take(const Event& event, const Ledger& ledger) {
  const auto promising = [&](const TopicPartition& name) -> const Partition* {
    return limit_of(name.topic) == LogSettingsCommitted::never ? nullptr : ledger.find(name);
  };
  if (const auto* produced = std::get_if<ProduceAnswered>(&event.body)) {
    if (produced->error != 0 || produced->acks == 0) return;
    if (const auto* partition = promising(produced->partition))
      on_produced(event, *produced, *partition);
  } else if (const auto* fetched = std::get_if<FetchAnswered>(&event.body)) {
    if (fetched->error != 0) return;
    if (const auto* partition = promising(fetched->partition))
      on_fetched(event, *fetched, *partition, ledger);
  } else if (const auto* cut = std::get_if<LogCut>(&event.body)) {
    if (const auto* partition = promising(cut->partition)) on_cut(event, *cut, *partition);
  }
}

// What another leader wrote a deposed one may have got by now in the place of its own.
void FlushPromises::on_produced(const Event& e, const ProduceAnswered& answer,
                                const Partition& partition) {
  const ReplicaLog* log = partition.log_of(e.node);
  if (log == nullptr || partition.state.leader != e.node) return;
  const auto at = log->find(answer.batch.base_offset);
  if (!at) return;
  const BatchRef& batch = log->entries()[*at].batch;
  const bool is_it =
      batch.digest == answer.batch.digest && batch.leader_epoch == partition.state.leader_epoch;
  if (is_it) tell(partition, e.node, batch.last_offset + 1, e.id);
}

// Both speak of what the log was when the request came, at the earliest.
void FlushPromises::on_fetched(const Event& e, const FetchAnswered& answer,
                               const Partition& partition, const Ledger& ledger) {
  if (!taken_.empty()) {
    look(e, e.node, answer, partition);
    if (answer.replica.is_set()) look(e, answer.replica, answer, partition);
  }
  const auto was_there = [&](const LogEntry* entry) {
    return entry != nullptr && entry->at.ns() < answer.asked_at_ns;
  };
  const ReplicaLog* leader = partition.log_of(e.node);
  if (leader != nullptr && partition.state.leader == e.node) {
    const LogEntry* entry = entry_before(*leader, answer.high_watermark);
    if (was_there(entry) && entry->batch.leader_epoch == partition.state.leader_epoch)
      tell(partition, e.node, answer.high_watermark, e.id);
  }
  if (!answer.replica.is_set()) return;
  const ReplicaLog* follower = partition.log_of(answer.replica);
  if (follower == nullptr) return;
  const LogEntry* entry = entry_before(*follower, answer.fetch_offset);
  if (was_there(entry) && entry->stored > ledger.node(answer.replica).started)
    tell(partition, answer.replica, answer.fetch_offset, e.id);
}

void FlushPromises::tell(const Partition& partition, NodeId node, Offset end, EventId by) {
  Told& told = told_[{partition.name, node}];
  if (end > told.end) told = {end, by};
}

void FlushPromises::on_cut(const Event& e, const LogCut& cut, const Partition& partition) {
  const Copy copy{partition.name, e.node};
  if (!cut.by_power_loss) taken_.erase(copy);
  const auto told = told_.find(copy);
  if (told == told_.end()) return;
  if (cut.by_power_loss && !failed_disks_.contains(e.node)) take_away(e, partition, told->second);
  told->second.end = std::min(told->second.end, cut.end_offset);
}

void FlushPromises::take_away(const Event& e, const Partition& partition, const Told& told) {
  const Offset limit = limit_of(partition.name.topic);
  const Offset promised = told.end - (limit - 1);
  std::size_t count = 0;
  for (const LogEntry& lost : partition.last_cut) {
    if (lost.batch.last_offset >= promised) break;
    broken_[{partition.name, e.node}].insert(lost.prefix);
    ++count;
  }
  if (count == 0) return;
  Taken taken{e.at, partition.last_cut_at + count - 1, partition.last_cut[count - 1].prefix, {}};
  taken.breach = {{},       e.node,  partition.name, partition.last_cut.front().batch,
                  told.end, told.by, limit};
  taken_.try_emplace({partition.name, e.node}, std::move(taken));
}

// It has asked, or answers who asked, since it lost power.
void FlushPromises::look(const Event& e, NodeId node, const FetchAnswered& answer,
                         const Partition& partition) {
  const auto found = taken_.find({partition.name, node});
  if (found == taken_.end() || answer.asked_at_ns <= found->second.at.ns()) return;
  const Taken taken = std::move(found->second);
  taken_.erase(found);
  const ReplicaLog* log = partition.log_of(node);
  if (log != nullptr && log->holds(taken.index, taken.prefix)) return;
  last_breach_ = taken.breach;
  last_breach_->found_by = e.id;
}

}  // namespace brokersim::properties
