// The records of consumer groups in __consumer_offsets (KIP-848): of each group its epoch, the
// topics its members want and the epoch of its target assignment; of each member what it says of
// itself, what it is to have, and what it has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/api/types.h"
#include "core/wire/schema.h"

namespace brokersim::group {

struct ConsumerGroupMetadataKey {
  MESSAGE(ConsumerGroupMetadataKey, .versions = {3, 3})
  FIELD(std::string, group_id);
  END_FIELDS
};

struct ConsumerGroupMetadataValue {
  MESSAGE(ConsumerGroupMetadataValue, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, epoch) = 0;
  END_FIELDS
};

struct ConsumerGroupPartitionMetadataKey {
  MESSAGE(ConsumerGroupPartitionMetadataKey, .versions = {4, 4})
  FIELD(std::string, group_id);
  END_FIELDS
};

struct ConsumerGroupPartitionMetadataValue {
  struct PartitionMetadata {
    FIELDS(PartitionMetadata)
    FIELD(std::int32_t, partition) = 0;
    FIELD(std::vector<std::string>, racks);
    END_FIELDS
  };
  struct TopicMetadata {
    FIELDS(TopicMetadata)
    FIELD(Uuid, topic_id){};
    FIELD(std::string, topic_name);
    FIELD(std::int32_t, num_partitions) = 0;
    FIELD(std::vector<PartitionMetadata>, partition_metadata);  // Empty, as Kafka 4 has it.
    END_FIELDS
  };

  MESSAGE(ConsumerGroupPartitionMetadataValue, .versions = {0, 0}, .flexible = 0)
  FIELD(std::vector<TopicMetadata>, topics);
  END_FIELDS
};

struct ConsumerGroupMemberMetadataKey {
  MESSAGE(ConsumerGroupMemberMetadataKey, .versions = {5, 5})
  FIELD(std::string, group_id);
  FIELD(std::string, member_id);
  END_FIELDS
};

struct ConsumerGroupMemberMetadataValue {
  struct ClassicProtocol {
    FIELDS(ClassicProtocol)
    FIELD(std::string, name);
    FIELD(Bytes, metadata);
    END_FIELDS
  };
  struct ClassicMemberMetadata {
    FIELDS(ClassicMemberMetadata)
    FIELD(std::int32_t, session_timeout_ms) = 0;
    FIELD(std::vector<ClassicProtocol>, supported_protocols);
    END_FIELDS
  };

  MESSAGE(ConsumerGroupMemberMetadataValue, .versions = {0, 0}, .flexible = 0)
  FIELD(wire::Nullable<std::string>, instance_id, null());
  FIELD(wire::Nullable<std::string>, rack_id, null());
  FIELD(std::string, client_id);
  FIELD(std::string, client_host);
  FIELD(std::vector<std::string>, subscribed_topic_names);
  FIELD(wire::Nullable<std::string>, subscribed_topic_regex, null());
  FIELD(std::int32_t, rebalance_timeout_ms) = -1;
  FIELD(wire::Nullable<std::string>, server_assignor, null());
  FIELD(wire::Nullable<ClassicMemberMetadata>, classic_member_metadata, null().tagged(0));
  END_FIELDS
};

struct ConsumerGroupTargetAssignmentMetadataKey {
  MESSAGE(ConsumerGroupTargetAssignmentMetadataKey, .versions = {6, 6})
  FIELD(std::string, group_id);
  END_FIELDS
};

struct ConsumerGroupTargetAssignmentMetadataValue {
  MESSAGE(ConsumerGroupTargetAssignmentMetadataValue, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, assignment_epoch) = 0;
  END_FIELDS
};

struct ConsumerGroupTargetAssignmentMemberKey {
  MESSAGE(ConsumerGroupTargetAssignmentMemberKey, .versions = {7, 7})
  FIELD(std::string, group_id);
  FIELD(std::string, member_id);
  END_FIELDS
};

struct ConsumerGroupTargetAssignmentMemberValue {
  struct TopicPartition {
    FIELDS(TopicPartition)
    FIELD(Uuid, topic_id){};
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };

  MESSAGE(ConsumerGroupTargetAssignmentMemberValue, .versions = {0, 0}, .flexible = 0)
  FIELD(std::vector<TopicPartition>, topic_partitions);
  END_FIELDS
};

struct ConsumerGroupCurrentMemberAssignmentKey {
  MESSAGE(ConsumerGroupCurrentMemberAssignmentKey, .versions = {8, 8})
  FIELD(std::string, group_id);
  FIELD(std::string, member_id);
  END_FIELDS
};

struct ConsumerGroupCurrentMemberAssignmentValue {
  struct TopicPartitions {
    FIELDS(TopicPartitions)
    FIELD(Uuid, topic_id){};
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };

  MESSAGE(ConsumerGroupCurrentMemberAssignmentValue, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int32_t, member_epoch) = 0;
  FIELD(std::int32_t, previous_member_epoch) = 0;
  FIELD(std::int8_t, state) = 0;
  FIELD(std::vector<TopicPartitions>, assigned_partitions);
  FIELD(std::vector<TopicPartitions>, partitions_pending_revocation);
  END_FIELDS
};

}  // namespace brokersim::group
