// The records of __consumer_offsets, from which a coordinator's memory is rebuilt: what is
// committed, the last persisted generation of each classic group (KIP-98, KIP-211, KIP-345), and
// what consumer groups are made of (KIP-848).
//
// The version of a key is the kind of its record; key and value begin with their versions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/api/types.h"
#include "core/base/expected.h"
#include "core/coordination/partition_of.h"
#include "core/group/consumer_records.h"
#include "core/wire/record_batch.h"

namespace brokersim::group {

// The topic that holds these records; a group's are all in one of its partitions.
inline constexpr std::string_view offsets_topic = "__consumer_offsets";
using coordination::partition_of;

// Kinds 0 and 1 have the same layout; 1 is written.
struct OffsetCommitKey {
  MESSAGE(OffsetCommitKey, .versions = {0, 1})
  FIELD(std::string, group);
  FIELD(std::string, topic);
  FIELD(std::int32_t, partition) = 0;
  END_FIELDS
  friend auto operator<=>(const OffsetCommitKey&, const OffsetCommitKey&) = default;
};

struct OffsetCommitValue {
  MESSAGE(OffsetCommitValue, .versions = {0, 4}, .flexible = 4)
  FIELD(std::int64_t, offset) = 0;
  FIELD(LeaderEpoch, leader_epoch, since(3).may_drop()) = no_epoch;
  FIELD(std::string, metadata);
  FIELD(std::int64_t, commit_timestamp) = 0;
  FIELD(std::int64_t, expire_timestamp, between(1, 1).may_drop()) = -1;
  END_FIELDS
};

struct GroupMetadataKey {
  MESSAGE(GroupMetadataKey, .versions = {2, 2})
  FIELD(std::string, group);
  END_FIELDS
};

struct GroupMetadataValue {
  struct MemberMetadata {
    FIELDS(MemberMetadata)
    FIELD(std::string, member_id);
    FIELD(wire::Nullable<std::string>, group_instance_id, since(3).null().may_drop());
    FIELD(std::string, client_id);
    FIELD(std::string, client_host);
    FIELD(std::int32_t, rebalance_timeout, since(1).may_drop()) = -1;
    FIELD(std::int32_t, session_timeout) = 0;
    FIELD(Bytes, subscription);
    FIELD(Bytes, assignment);
    END_FIELDS
  };

  MESSAGE(GroupMetadataValue, .versions = {0, 4}, .flexible = 4)
  FIELD(std::string, protocol_type);
  FIELD(std::int32_t, generation) = 0;
  FIELD(wire::Nullable<std::string>, protocol, null());
  FIELD(wire::Nullable<std::string>, leader, null());
  FIELD(std::int64_t, current_state_timestamp, since(2).may_drop()) = -1;
  FIELD(std::vector<MemberMetadata>, members);
  END_FIELDS
};

// An entry without a value is a tombstone: it deletes what the key names.
template <class Key, class Value>
struct EntryOf {
  Key key;
  std::optional<Value> value;
};
using OffsetCommitEntry = EntryOf<OffsetCommitKey, OffsetCommitValue>;
using GroupMetadataEntry = EntryOf<GroupMetadataKey, GroupMetadataValue>;
using ConsumerGroupMetadataEntry = EntryOf<ConsumerGroupMetadataKey, ConsumerGroupMetadataValue>;
using ConsumerGroupPartitionMetadataEntry =
    EntryOf<ConsumerGroupPartitionMetadataKey, ConsumerGroupPartitionMetadataValue>;
using ConsumerGroupMemberMetadataEntry =
    EntryOf<ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue>;
using ConsumerGroupTargetAssignmentMetadataEntry =
    EntryOf<ConsumerGroupTargetAssignmentMetadataKey, ConsumerGroupTargetAssignmentMetadataValue>;
using ConsumerGroupTargetAssignmentMemberEntry =
    EntryOf<ConsumerGroupTargetAssignmentMemberKey, ConsumerGroupTargetAssignmentMemberValue>;
using ConsumerGroupCurrentMemberAssignmentEntry =
    EntryOf<ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupCurrentMemberAssignmentValue>;
// A kind that this build does not know, as a newer coordinator may have left it.
struct UnknownEntry {
  std::int16_t kind = 0;
};
using Entry = std::variant<OffsetCommitEntry, GroupMetadataEntry, ConsumerGroupMetadataEntry,
                           ConsumerGroupPartitionMetadataEntry, ConsumerGroupMemberMetadataEntry,
                           ConsumerGroupTargetAssignmentMetadataEntry,
                           ConsumerGroupTargetAssignmentMemberEntry,
                           ConsumerGroupCurrentMemberAssignmentEntry, UnknownEntry>;

// In the versions that Kafka 3 and 4 write, which older ones can read. UnknownEntry is none of
// them.
wire::Record encode_entry(const Entry& entry, std::int64_t timestamp);
// The error says what is wrong with the record.
Expected<Entry, std::string_view> decode_entry(const wire::Record& record);

}  // namespace brokersim::group
