#include "sim/metadata_tap.h"

#include <algorithm>
#include <set>
#include <utility>

namespace brokersim::sim {

MetadataTap::MetadataTap(Recorder& recorder, std::vector<NodeId> voters,
                         controller::TopicDefaults topic_defaults)
    : recorder_(recorder), voters_(std::move(voters)), topic_defaults_(std::move(topic_defaults)) {
  for (const NodeId voter : voters_) logs_[voter];
}

// ---- The controllers' logs ---------------------------------------------------------------------

void MetadataTap::on_batch(NodeId node, const wire::Batch& batch) {
  const auto log = logs_.find(node);
  if (log == logs_.end()) return;  // A broker's copy.
  log->second.last_epoch = batch.header.leader_epoch;
  log->second.batches.insert_or_assign(batch.header.base_offset, batch);
}

void MetadataTap::on_cut(NodeId node, Offset end_offset) {
  const auto found = logs_.find(node);
  if (found == logs_.end()) return;
  Log& log = found->second;
  log.batches.erase(log.batches.lower_bound(end_offset), log.batches.end());
  log.synced = std::min(log.synced, end_offset);
  log.last_epoch =
      log.batches.empty() ? no_epoch : log.batches.rbegin()->second.header.leader_epoch;
}

void MetadataTap::on_synced(NodeId node, Offset end_offset) {
  const auto log = logs_.find(node);
  if (log == logs_.end()) return;
  log->second.synced = end_offset;
  commit_what_may_be();
}

// ---- Committing --------------------------------------------------------------------------------

Offset MetadataTap::synced_end_in(const Log& log, LeaderEpoch epoch) {
  for (auto batch = log.batches.rbegin(); batch != log.batches.rend(); ++batch) {
    const auto& header = batch->second.header;
    if (header.leader_epoch < epoch) break;
    if (header.leader_epoch == epoch && header.next_offset() <= log.synced) {
      return header.next_offset();
    }
  }
  return 0;
}

void MetadataTap::commit_what_may_be() {
  LeaderEpoch latest = no_epoch;
  for (const auto& [node, log] : logs_) latest = std::max(latest, log.last_epoch);
  std::vector<std::pair<Offset, NodeId>> ends;
  for (const auto& [node, log] : logs_) ends.emplace_back(synced_end_in(log, latest), node);
  std::sort(ends.rbegin(), ends.rend());
  const auto [end, holder] = ends[voters_.size() / 2];  // So far a majority is, at least.
  if (end <= committed_end_) return;
  const auto& batches = logs_[holder].batches;
  for (auto batch = batches.lower_bound(committed_end_); batch != batches.end(); ++batch) {
    if (batch->second.header.next_offset() > end) break;
    commit(batch->second);
  }
  committed_end_ = end;
  // The last batch stays: its epoch still counts.
  for (auto& [node, log] : logs_) {
    while (log.batches.size() > 1 && std::next(log.batches.begin())->first < committed_end_) {
      log.batches.erase(log.batches.begin());
    }
  }
}

std::optional<LeaderEpoch> MetadataTap::epoch_before(Offset end) const {
  const auto batch = committed_.find(end);
  if (batch == committed_.end()) return std::nullopt;
  return batch->second.header.leader_epoch;
}

controller::Image MetadataTap::replay_to(Offset end) const {
  controller::Image image;
  for (const auto& [behind, batch] : committed_) {
    if (behind > end) break;
    if (batch.header.is_control()) continue;
    const auto records = wire::records_of(batch);
    if (!records) continue;  // As told when it was committed.
    for (const auto& [offset, record] : *records) {
      const auto decoded = controller::decode_record(record.value.value_or(Bytes()));
      if (decoded) (void)image.apply(*decoded, end - 1);
    }
  }
  return image;
}

void MetadataTap::commit(const wire::Batch& batch) {
  committed_.emplace(batch.header.next_offset(), batch);
  if (batch.header.is_control()) return;
  const auto records = wire::records_of(batch);
  if (!records) {
    recorder_.record(no_node, Note{"committed metadata that is no batch of records"});
    return;
  }
  std::vector<EventBody> events;
  std::set<std::string> topics;
  for (const auto& [offset, record] : *records) {
    const auto decoded = controller::decode_record(record.value.value_or(Bytes()));
    const auto delta =
        decoded ? image_.apply(*decoded, offset)
                : Expected<controller::Delta, std::string_view>(Unexpected(decoded.error()));
    if (!delta) {
      events.emplace_back(Note{fmt::format("committed metadata at offset {} cannot be applied: {}",
                                           offset, delta.error())});
      continue;
    }
    for (const auto& config : delta->configs) topics.insert(config.name);
    const bool is_new = std::holds_alternative<controller::PartitionRecord>(*decoded);
    for (const auto& partition : delta->partitions) {
      if (is_new) topics.insert(partition.topic);
    }
    tell(*delta, offset, events);
  }
  for (const auto& name : topics) {
    if (const auto* topic = image_.find_topic(name)) {
      recorder_.record(no_node, topic_event(*topic));
    }
  }
  for (auto& event : events) recorder_.record(no_node, std::move(event));
}

void MetadataTap::tell(const controller::Delta& delta, Offset offset,
                       std::vector<EventBody>& events) const {
  for (const auto& name : delta.partitions) {
    const auto* partition = image_.find_partition(name);
    if (partition == nullptr) continue;
    events.emplace_back(PartitionCommitted{
        name, partition->leader, partition->leader_epoch, partition->partition_epoch,
        partition->replicas, partition->isr, offset, partition->elr, partition->last_known_elr});
  }
  for (const NodeId id : delta.brokers) {
    const auto* broker = image_.find_broker(id);
    if (broker == nullptr) continue;
    events.emplace_back(BrokerCommitted{id, broker->epoch, broker->is_fenced, offset});
  }
}

TopicCommitted MetadataTap::topic_event(const controller::Topic& topic) const {
  const controller::TopicConfigs configs(image_, topic.name, topic_defaults_);
  const auto replicas =
      topic.partitions.empty() ? 0 : topic.partitions.begin()->second.replicas.size();
  return {topic.name, static_cast<std::int32_t>(topic.partitions.size()),
          static_cast<std::int32_t>(replicas),
          static_cast<std::int32_t>(configs.number("min.insync.replicas")),
          configs.flag("unclean.leader.election.enable")};
}

}  // namespace brokersim::sim
