#include "sim/group_log_tap.h"

#include <variant>
#include <vector>

#include "core/group/records.h"
#include "sim/consumer_assignment.h"

namespace brokersim::sim {

namespace {

template <class Topics>
std::vector<TopicPartition> known_of(const Topics& topics, const TopicName& topic_name) {
  std::vector<TopicPartition> partitions;
  for (const auto& topic : topics) {
    const auto name = topic_named("", topic.topic_id, topic_name);
    if (name.empty()) continue;
    for (const auto partition : topic.partitions) partitions.push_back({name, partition});
  }
  return partitions;
}

// What one record says: nothing, or of each member.
class GroupRecordReader {
 public:
  using Instances = std::map<std::pair<std::string, std::string>, std::string>;

  GroupRecordReader(const TopicName& topic_name, Instances& instances)
      : topic_name_(topic_name), instances_(instances) {}

  std::vector<GroupStateStored> said;

  void operator()(const group::GroupMetadataEntry& entry) {
    const std::string what(GroupStateStored::of_generation);
    GroupStateStored of_group{.group = entry.key.group, .what = what};
    if (entry.value) of_group.epoch = entry.value->generation;
    if (!entry.value || entry.value->members.empty()) return said.push_back(of_group);
    for (const auto& member : entry.value->members) {
      auto of_member = of_group;
      of_member.member = member.group_instance_id.value_or(member.member_id);
      of_member.assigned = partitions_in(member.assignment);
      said.push_back(std::move(of_member));
    }
  }

  void operator()(const group::ConsumerGroupMetadataEntry& entry) {
    GroupStateStored of_group{.group = entry.key.group_id,
                              .what = std::string(GroupStateStored::of_epoch)};
    if (entry.value) of_group.epoch = entry.value->epoch;
    said.push_back(std::move(of_group));
  }

  void operator()(const group::ConsumerGroupMemberMetadataEntry& entry) {
    if (!entry.value || !entry.value->instance_id) return;
    instances_[{entry.key.group_id, entry.key.member_id}] = *entry.value->instance_id;
  }

  void operator()(const group::ConsumerGroupCurrentMemberAssignmentEntry& entry) {
    const auto& key = entry.key;
    GroupStateStored of_member{.group = key.group_id,
                               .what = std::string(GroupStateStored::of_member),
                               .member = key.member_id};
    const auto instance = instances_.find({key.group_id, key.member_id});
    if (instance != instances_.end()) of_member.member = instance->second;
    if (entry.value) {
      of_member.epoch = entry.value->member_epoch;
      of_member.assigned = known_of(entry.value->assigned_partitions, topic_name_);
      of_member.pending = known_of(entry.value->partitions_pending_revocation, topic_name_);
    }
    said.push_back(std::move(of_member));
  }

  template <class Entry>
  void operator()(const Entry&) {}

 private:
  const TopicName& topic_name_;
  Instances& instances_;
};

}  // namespace

void GroupLogTap::on_batch(NodeId node, const TopicPartition& partition, const wire::Batch& batch) {
  const auto& header = batch.header;
  // What is in a transaction are offsets.
  if (header.is_control() || header.is_transactional()) return;
  if (!told_[partition].emplace(header.base_offset, header.leader_epoch).second) return;
  const auto records = wire::records_of(batch);
  if (!records) return;
  for (const auto& each : *records) {
    const auto entry = group::decode_entry(each.record);
    if (!entry) continue;
    GroupRecordReader reader(topic_name_, instances_);
    std::visit(reader, *entry);
    for (auto& stored : reader.said) {
      stored.partition = partition;
      stored.offset = each.offset;
      stored.leader_epoch = header.leader_epoch;
      recorder_.record(node, std::move(stored));
    }
  }
}

}  // namespace brokersim::sim
