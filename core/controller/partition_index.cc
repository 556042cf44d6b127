#include "core/controller/partition_index.h"

#include <utility>
#include <variant>

namespace brokersim::controller {

namespace {

using Partitions = PartitionIndex::Partitions;

void put_or_take(Partitions& partitions, const TopicPartition& id, bool is_meant) {
  if (is_meant) {
    partitions[id.topic].insert(id.partition);
    return;
  }
  const auto topic = partitions.find(id.topic);
  if (topic == partitions.end()) return;
  topic->second.erase(id.partition);
  if (topic->second.empty()) partitions.erase(topic);
}

void put_or_take(std::map<NodeId, Partitions>& of_brokers, NodeId broker, const TopicPartition& id,
                 bool is_meant) {
  auto& partitions = of_brokers[broker];
  put_or_take(partitions, id, is_meant);
  if (partitions.empty()) of_brokers.erase(broker);
}

}  // namespace

PartitionIndex::PartitionIndex(const Image& image) {
  for (const auto& [name, topic] : image.topics()) {
    for (const auto& [id, partition] : topic.partitions) {
      change({name, id}, std::nullopt, entry_of(partition));
    }
  }
}

PartitionIndex::Entry PartitionIndex::entry_of(const Partition& p) {
  Entry entry{.holders = p.isr, .leader = p.leader};
  entry.holders.insert(entry.holders.end(), p.elr.begin(), p.elr.end());
  const bool is_moving = !p.adding_replicas.empty() || !p.removing_replicas.empty();
  const bool has_eligible_others = !p.elr.empty() || !p.last_known_elr.empty();
  entry.is_settled = p.has_leader() && p.leader == p.preferred_leader() && !is_moving &&
                     !has_eligible_others &&
                     p.leader_recovery_state == LeaderRecoveryState::recovered;
  return entry;
}

Expected<Delta, std::string_view> PartitionIndex::apply(const MetadataRecord& record, Offset offset,
                                                        Image& image) {
  std::optional<Entry> before;
  if (const auto* changed = std::get_if<PartitionChangeRecord>(&record)) {
    const auto* topic = image.find_topic(changed->topic_id);
    const auto* partition =
        topic ? image.find_partition({topic->name, changed->partition_id}) : nullptr;
    if (partition) before = entry_of(*partition);
  }
  auto delta = image.apply(record, offset);
  if (!delta) return delta;
  for (const auto& id : delta->partitions) change(id, before, entry_of(*image.find_partition(id)));
  for (const auto& topic : delta->removed_topics) {
    for (const auto& [id, partition] : topic.partitions) {
      change({topic.name, id}, entry_of(partition), std::nullopt);
    }
  }
  return delta;
}

void PartitionIndex::change(const TopicPartition& id, const std::optional<Entry>& before,
                            const std::optional<Entry>& after) {
  static const Entry nobody;
  const auto& from = before ? *before : nobody;
  const auto& to = after ? *after : nobody;
  for (const auto holder : from.holders) {
    if (!contains(to.holders, holder)) put_or_take(held_, holder, id, false);
  }
  for (const auto holder : to.holders) {
    if (!contains(from.holders, holder)) put_or_take(held_, holder, id, true);
  }
  if (from.leader != to.leader) {
    if (from.leader != no_node && --led_[from.leader] == 0) led_.erase(from.leader);
    if (to.leader != no_node) ++led_[to.leader];
  }
  put_or_take(leaderless_, id, after && to.leader == no_node);
  put_or_take(unsettled_, id, after && !to.is_settled);
}

const PartitionIndex::Partitions& PartitionIndex::held_by(NodeId broker) const {
  static const Partitions none;
  const auto found = held_.find(broker);
  return found == held_.end() ? none : found->second;
}

}  // namespace brokersim::controller
