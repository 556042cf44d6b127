// How Metadata responses add up to a client's view.
#include "core/client/cluster_view.h"

#include <tuple>

namespace brokersim::client {

using api::ErrorCode;

namespace {

constexpr std::int32_t denials_to_be_believed = 2;

bool is_other_topic(const TopicView& known, const Uuid& id) {
  return known.id != no_uuid && id != no_uuid && known.id != id;
}

}  // namespace

bool ClusterView::apply(const api::MetadataResponse& response) {
  const ClusterView before = *this;
  brokers_.clear();
  for (const auto& broker : response.brokers) {
    brokers_[broker.node_id] = {broker.host, static_cast<std::uint16_t>(broker.port)};
  }
  controller_ = response.controller_id;
  for (const auto& topic : response.topics) {
    if (!topic.name) continue;
    TopicView& view = topics_[*topic.name];
    view.error = topic.error_code;
    if (view.error == ErrorCode::unknown_topic_or_partition) {
      ++denials_[*topic.name];
    } else {
      denials_.erase(*topic.name);
    }
    if (topic.error_code != ErrorCode::none) continue;  // What was known may still be true.
    if (is_other_topic(view, topic.topic_id)) view.partitions.clear();
    view.id = topic.topic_id;
    for (const auto& partition : topic.partitions) {
      PartitionView& known = view.partitions[partition.partition_index];
      if (partition.leader_epoch.is_set() && partition.leader_epoch < known.leader_epoch) continue;
      known = {.leader = partition.leader_id,
               .leader_epoch = partition.leader_epoch,
               .replicas = partition.replica_nodes,
               .isr = partition.isr_nodes};
    }
  }
  return std::tie(brokers_, topics_, controller_) !=
         std::tie(before.brokers_, before.topics_, before.controller_);
}

void ClusterView::learn_leader(const TopicPartition& partition, NodeId leader, LeaderEpoch epoch) {
  const auto topic = topics_.find(partition.topic);
  if (topic == topics_.end()) return;
  const auto known = topic->second.partitions.find(partition.partition);
  if (known == topic->second.partitions.end() || epoch <= known->second.leader_epoch) return;
  known->second.leader = leader;
  known->second.leader_epoch = epoch;
}

std::optional<Address> ClusterView::address_of(NodeId broker) const {
  const auto found = brokers_.find(broker);
  if (found == brokers_.end()) return std::nullopt;
  return found->second;
}

const TopicView* ClusterView::find(const std::string& topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : &found->second;
}

const PartitionView* ClusterView::find(const TopicPartition& partition) const {
  const TopicView* topic = find(partition.topic);
  if (topic == nullptr) return nullptr;
  const auto found = topic->partitions.find(partition.partition);
  return found == topic->partitions.end() ? nullptr : &found->second;
}

std::optional<NodeId> ClusterView::leader_of(const TopicPartition& partition) const {
  const PartitionView* known = find(partition);
  if (known == nullptr || brokers_.count(known->leader) == 0) return std::nullopt;
  return known->leader;
}

bool ClusterView::may_be_absent(const std::string& topic) const { return denials_.contains(topic); }

bool ClusterView::is_absent(const std::string& topic) const {
  const auto found = denials_.find(topic);
  return found != denials_.end() && found->second >= denials_to_be_believed;
}

std::int32_t ClusterView::partition_count(const std::string& topic) const {
  const TopicView* known = find(topic);
  return known ? static_cast<std::int32_t>(known->partitions.size()) : 0;
}

}  // namespace brokersim::client
