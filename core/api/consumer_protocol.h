// What consumers tell each other through their group: opaque to coordinators, but for the topics,
// which decide what of a group's offsets may expire (KIP-211, KIP-429, KIP-792, KIP-881).
//
// Both begin with their version; one from the future is read as the newest that we know.
#pragma once

#include "core/api/types.h"
#include "core/api/versioned.h"
#include "core/base/expected.h"

namespace brokersim::api {

// The protocol_type of a group of consumers.
inline constexpr std::string_view consumer_protocol_type = "consumer";

// As a member says it in JoinGroup: what it wants, and what it holds.
struct ConsumerProtocolSubscription {
  struct TopicPartition {
    FIELDS(TopicPartition)
    FIELD(std::string, topic);
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };

  MESSAGE(ConsumerProtocolSubscription, .versions = {0, 3})
  FIELD(std::vector<std::string>, topics);
  FIELD(Nullable<Bytes>, user_data, null());
  FIELD(std::vector<TopicPartition>, owned_partitions, since(1).may_drop());
  FIELD(std::int32_t, generation_id, since(2).may_drop()) = -1;
  FIELD(Nullable<std::string>, rack_id, since(3).null().may_drop());
  END_FIELDS
};

// As the leader says it in SyncGroup: what a member gets.
struct ConsumerProtocolAssignment {
  struct TopicPartition {
    FIELDS(TopicPartition)
    FIELD(std::string, topic);
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };

  MESSAGE(ConsumerProtocolAssignment, .versions = {0, 3})
  FIELD(std::vector<TopicPartition>, assigned_partitions);
  FIELD(Nullable<Bytes>, user_data, null());
  END_FIELDS
};

// The error says why the bytes are no such message. What follows it is ignored.
template <wire::Message T>
Expected<T, std::string_view> decode_versioned(ByteView bytes) {
  wire::Reader in(bytes);
  const auto version = std::min(in.fixed<std::int16_t>(), T::description.versions.last);
  if (version < T::description.versions.first) in.fail("a negative version");
  if (!in.ok()) return Unexpected(in.error());
  auto message = wire::decode_from<T>(in, version);
  if (!in.ok()) return Unexpected(in.error());
  return message;
}

}  // namespace brokersim::api
