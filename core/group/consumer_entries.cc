#include "core/group/consumer_entries.h"

#include <utility>

namespace brokersim::group {

Entry entry_of(const std::string& group, const KnownTopics& topics) {
  ConsumerGroupPartitionMetadataValue value;
  for (const auto& [name, topic] : topics) {
    value.topics.push_back(
        {.topic_id = topic.id, .topic_name = name, .num_partitions = topic.partitions});
  }
  return ConsumerGroupPartitionMetadataEntry{{group}, std::move(value)};
}

Entry entry_of(const std::string& group, const std::string& member,
               const MemberAssignment& assignment) {
  using Value = ConsumerGroupCurrentMemberAssignmentValue;
  Value value{.member_epoch = assignment.epoch,
              .previous_member_epoch = assignment.previous_epoch,
              .state = static_cast<std::int8_t>(assignment.state)};
  value.assigned_partitions = listed<Value::TopicPartitions>(assignment.assigned);
  value.partitions_pending_revocation =
      listed<Value::TopicPartitions>(assignment.pending_revocation);
  return ConsumerGroupCurrentMemberAssignmentEntry{{group, member}, std::move(value)};
}

Entry target_entry_of(const std::string& group, const std::string& member,
                      const PartitionSet& target) {
  using Value = ConsumerGroupTargetAssignmentMemberValue;
  Value value;
  value.topic_partitions = listed<Value::TopicPartition>(target);
  return ConsumerGroupTargetAssignmentMemberEntry{{group, member}, std::move(value)};
}

KnownTopics topics_in(const ConsumerGroupPartitionMetadataValue& value) {
  KnownTopics topics;
  for (const auto& topic : value.topics) {
    topics[topic.topic_name] = {topic.topic_id, topic.num_partitions};
  }
  return topics;
}

// A state that nobody knows is one of a member that has what it has.
MemberAssignment assignment_in(const ConsumerGroupCurrentMemberAssignmentValue& value) {
  const auto state = static_cast<MemberState>(value.state);
  const bool is_known = state == MemberState::stable ||
                        state == MemberState::unrevoked_partitions ||
                        state == MemberState::unreleased_partitions;
  return {.epoch = value.member_epoch,
          .previous_epoch = value.previous_member_epoch,
          .state = is_known ? state : MemberState::stable,
          .assigned = set_of(value.assigned_partitions),
          .pending_revocation = set_of(value.partitions_pending_revocation)};
}

}  // namespace brokersim::group
