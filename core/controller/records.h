// The records of the cluster metadata log (KIP-631): what the controllers agree on.
//
// A record stands in a batch as Kafka frames it: uvarint frame version, uvarint type, uvarint
// version, body.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/wire/schema.h"

namespace brokersim::controller {

using wire::Nullable;

inline constexpr NodeId leader_unchanged{-2};

// A broker has started; its epoch is the offset of this record.
struct RegisterBrokerRecord {
  struct BrokerEndpoint {
    FIELDS(BrokerEndpoint)
    FIELD(std::string, name);
    FIELD(std::string, host);
    FIELD(std::uint16_t, port) = 0;
    FIELD(std::int16_t, security_protocol) = 0;
    END_FIELDS
  };
  struct BrokerFeature {
    FIELDS(BrokerFeature)
    FIELD(std::string, name);
    FIELD(std::int16_t, min_supported_version) = 0;
    FIELD(std::int16_t, max_supported_version) = 0;
    END_FIELDS
  };

  MESSAGE(RegisterBrokerRecord, .key = 0, .versions = {0, 3}, .flexible = 0)
  FIELD(NodeId, broker_id);
  FIELD(bool, is_migrating_zk_broker, since(2)) = false;
  FIELD(Uuid, incarnation_id) = {};
  FIELD(BrokerEpoch, broker_epoch);
  FIELD(std::vector<BrokerEndpoint>, end_points);
  FIELD(std::vector<BrokerFeature>, features);
  FIELD(Nullable<std::string>, rack, null());
  FIELD(bool, fenced) = true;
  FIELD(bool, in_controlled_shutdown, since(1)) = false;
  FIELD(std::vector<Uuid>, log_dirs, since(3).tagged(0));
  END_FIELDS
};

struct UnregisterBrokerRecord {
  MESSAGE(UnregisterBrokerRecord, .key = 1, .versions = {0, 0}, .flexible = 0)
  FIELD(NodeId, broker_id);
  FIELD(BrokerEpoch, broker_epoch);
  END_FIELDS
};

struct TopicRecord {
  MESSAGE(TopicRecord, .key = 2, .versions = {0, 0}, .flexible = 0)
  FIELD(std::string, name);
  FIELD(Uuid, topic_id) = {};
  END_FIELDS
};

// A new partition, with its whole state.
struct PartitionRecord {
  MESSAGE(PartitionRecord, .key = 3, .versions = {0, 2}, .flexible = 0)
  FIELD(std::int32_t, partition_id) = -1;
  FIELD(Uuid, topic_id) = {};
  FIELD(std::vector<NodeId>, replicas);
  FIELD(std::vector<NodeId>, isr);
  FIELD(std::vector<NodeId>, removing_replicas);
  FIELD(std::vector<NodeId>, adding_replicas);
  FIELD(NodeId, leader) = no_node;
  FIELD(std::int8_t, leader_recovery_state, tagged(0)) = 0;
  FIELD(LeaderEpoch, leader_epoch) = no_epoch;
  FIELD(PartitionEpoch, partition_epoch){-1};
  FIELD(std::vector<Uuid>, directories, since(1));
  FIELD(Nullable<std::vector<NodeId>>, eligible_leader_replicas, since(2).null().tagged(1));
  FIELD(Nullable<std::vector<NodeId>>, last_known_elr, since(2).null().tagged(2));
  END_FIELDS
};

// A configuration value; null removes it. `resource_type` is 2 for topics, 4 for brokers.
struct ConfigRecord {
  MESSAGE(ConfigRecord, .key = 4, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int8_t, resource_type) = 0;
  FIELD(std::string, resource_name);
  FIELD(std::string, name);
  FIELD(Nullable<std::string>, value, null());
  END_FIELDS
};

// What changes in a partition; what is absent stays. A leader, even the same, raises the leader
// epoch, any change the partition epoch (KIP-497).
struct PartitionChangeRecord {
  MESSAGE(PartitionChangeRecord, .key = 5, .versions = {0, 2}, .flexible = 0)
  FIELD(std::int32_t, partition_id) = -1;
  FIELD(Uuid, topic_id) = {};
  FIELD(Nullable<std::vector<NodeId>>, isr, null().tagged(0));
  FIELD(NodeId, leader, tagged(1)) = leader_unchanged;
  FIELD(Nullable<std::vector<NodeId>>, replicas, null().tagged(2));
  FIELD(Nullable<std::vector<NodeId>>, removing_replicas, null().tagged(3));
  FIELD(Nullable<std::vector<NodeId>>, adding_replicas, null().tagged(4));
  FIELD(std::int8_t, leader_recovery_state, tagged(5)) = -1;
  FIELD(Nullable<std::vector<Uuid>>, directories, since(1).null().tagged(8));
  FIELD(Nullable<std::vector<NodeId>>, eligible_leader_replicas, since(2).null().tagged(6));
  FIELD(Nullable<std::vector<NodeId>>, last_known_elr, since(2).null().tagged(7));
  END_FIELDS
};

// The broker may neither lead nor be in sync.
struct FenceBrokerRecord {
  MESSAGE(FenceBrokerRecord, .key = 7, .versions = {0, 0}, .flexible = 0)
  FIELD(NodeId, id);
  FIELD(BrokerEpoch, epoch);
  END_FIELDS
};

struct UnfenceBrokerRecord {
  MESSAGE(UnfenceBrokerRecord, .key = 8, .versions = {0, 0}, .flexible = 0)
  FIELD(NodeId, id);
  FIELD(BrokerEpoch, epoch);
  END_FIELDS
};

struct RemoveTopicRecord {
  MESSAGE(RemoveTopicRecord, .key = 9, .versions = {0, 0}, .flexible = 0)
  FIELD(Uuid, topic_id) = {};
  END_FIELDS
};

// A finalized feature; level 0 removes it.
struct FeatureLevelRecord {
  MESSAGE(FeatureLevelRecord, .key = 12, .versions = {0, 0}, .flexible = 0)
  FIELD(std::string, name);
  FIELD(std::int16_t, feature_level) = 0;
  END_FIELDS
};

struct ProducerIdsRecord {
  MESSAGE(ProducerIdsRecord, .key = 15, .versions = {0, 0}, .flexible = 0)
  FIELD(NodeId, broker_id);
  FIELD(BrokerEpoch, broker_epoch) = no_broker_epoch;
  FIELD(std::int64_t, next_producer_id) = 0;
  END_FIELDS
};

// What changes in a registration. `fenced` is 1 to fence, -1 to unfence, 0 for no change;
// `in_controlled_shutdown` is 1 or 0 for no change.
struct BrokerRegistrationChangeRecord {
  MESSAGE(BrokerRegistrationChangeRecord, .key = 17, .versions = {0, 2}, .flexible = 0)
  FIELD(NodeId, broker_id);
  FIELD(BrokerEpoch, broker_epoch);
  FIELD(std::int8_t, fenced, tagged(0)) = 0;
  FIELD(std::int8_t, in_controlled_shutdown, since(1).tagged(1)) = 0;
  FIELD(std::vector<Uuid>, log_dirs, since(2).tagged(2));
  END_FIELDS
};

// Moves the high watermark of an idle quorum (KIP-835).
struct NoOpRecord {
  MESSAGE(NoOpRecord, .key = 20, .versions = {0, 0}, .flexible = 0)
  END_FIELDS
};

using MetadataRecord =
    std::variant<RegisterBrokerRecord, UnregisterBrokerRecord, TopicRecord, PartitionRecord,
                 ConfigRecord, PartitionChangeRecord, FenceBrokerRecord, UnfenceBrokerRecord,
                 RemoveTopicRecord, FeatureLevelRecord, ProducerIdsRecord,
                 BrokerRegistrationChangeRecord, NoOpRecord>;

// The record's framed bytes, in the newest version of its type.
Bytes encode_record(const MetadataRecord& record);
// The error says what is wrong: unknown frame, type or version, or bytes that are no such record.
Expected<MetadataRecord, std::string_view> decode_record(ByteView framed);

// For people: "TopicRecord {"name":"orders",…}".
std::string_view name_of(const MetadataRecord& record);
std::string to_string(const MetadataRecord& record);

}  // namespace brokersim::controller
