// The small text files of a Kafka data directory, in Kafka's formats.
//
//   replication-offset-checkpoint     high watermarks
//   recovery-point-offset-checkpoint  recovery points
//   log-start-offset-checkpoint       log start offsets
//   cleaner-offset-checkpoint         where the last compaction ended
//   meta.properties                   which node and cluster the directory belongs to
//   <topic>-<n>/partition.metadata    which topic, by id, the replica belongs to
//   .kafka_cleanshutdown              there after a shutdown in order, and at no other time
//
// Each is replaced in one step: written beside, synced, renamed, the directory synced.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/env.h"

namespace brokersim::log {

inline constexpr std::string_view high_watermark_file = "replication-offset-checkpoint";
inline constexpr std::string_view recovery_point_file = "recovery-point-offset-checkpoint";
inline constexpr std::string_view start_offset_file = "log-start-offset-checkpoint";
inline constexpr std::string_view cleaner_offset_file = "cleaner-offset-checkpoint";
inline constexpr std::string_view leader_epoch_file = "leader-epoch-checkpoint";
inline constexpr std::string_view meta_properties_file = "meta.properties";
inline constexpr std::string_view partition_metadata_file = "partition.metadata";
inline constexpr std::string_view clean_shutdown_file = ".kafka_cleanshutdown";

// On success `path` holds `text` and keeps it through power loss; until then the old content. One
// fiber at a time may replace the same path.
IoResult<Done> replace_file(Env& env, std::string_view path, std::string_view text);
IoResult<std::string> read_file(Env& env, std::string_view path);  // Error not_found.

// The form of the four offset checkpoints: "0", a count, then lines of "topic partition offset".
using PartitionOffsets = std::map<TopicPartition, Offset>;
std::string encode_offsets(const PartitionOffsets& offsets);
// The decoders return nothing for malformed text.
std::optional<PartitionOffsets> decode_offsets(std::string_view text);

struct MetaProperties {
  std::string cluster_id;
  NodeId node_id = no_node;
  Uuid directory_id = no_uuid;
  friend bool operator==(const MetaProperties&, const MetaProperties&) = default;
};
std::string encode_meta_properties(const MetaProperties& properties);
std::optional<MetaProperties> decode_meta_properties(std::string_view text);

std::string encode_partition_metadata(const Uuid& topic_id);
std::optional<Uuid> decode_partition_metadata(std::string_view text);

// Says that the previous shutdown was in order, and removes the marker for good before anything is
// loaded: a crash while loading has to count as one (KAFKA-10471). Nothing after a crash; else the
// broker epoch of the shutdown, no_broker_epoch if it is not told. Either way the names in the
// directory are synced, as they are found.
IoResult<std::optional<BrokerEpoch>> take_clean_shutdown(Env& env, std::string_view directory);
IoResult<Done> leave_clean_shutdown(Env& env, std::string_view directory, BrokerEpoch epoch);

}  // namespace brokersim::log
