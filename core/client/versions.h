// The version in which our clients speak each API. They do not negotiate: all they talk to is one
// build's broker, which knows them.
#pragma once

#include <cstdint>

namespace brokersim::client {

inline constexpr std::int16_t produce_version = 11;
inline constexpr std::int16_t produce_version_with_epochs = 12;  // Where transaction.version is 2.
inline constexpr std::int16_t fetch_version = 12;
inline constexpr std::int16_t incremental_alter_configs_version = 1;
inline constexpr std::int16_t list_offsets_version = 7;
inline constexpr std::int16_t metadata_version = 12;
inline constexpr std::int16_t add_raft_voter_version = 0;
inline constexpr std::int16_t alter_partition_reassignments_version = 0;
inline constexpr std::int16_t create_partitions_version = 3;
inline constexpr std::int16_t create_topics_version = 7;
inline constexpr std::int16_t delete_records_version = 2;
inline constexpr std::int16_t delete_topics_version = 6;
inline constexpr std::int16_t elect_leaders_version = 2;
inline constexpr std::int16_t remove_raft_voter_version = 0;
inline constexpr std::int16_t unregister_broker_version = 0;
inline constexpr std::int16_t update_features_version = 1;
inline constexpr std::int16_t init_producer_id_version = 5;
inline constexpr std::int16_t find_coordinator_version = 4;
inline constexpr std::int16_t join_group_version = 9;
inline constexpr std::int16_t sync_group_version = 5;
inline constexpr std::int16_t heartbeat_version = 4;
inline constexpr std::int16_t leave_group_version = 5;
inline constexpr std::int16_t consumer_group_describe_version = 0;
inline constexpr std::int16_t consumer_group_heartbeat_version = 1;
inline constexpr std::int16_t offset_commit_version = 9;
inline constexpr std::int16_t offset_fetch_version = 9;
inline constexpr std::int16_t api_versions_version = 3;
inline constexpr std::int16_t add_partitions_to_txn_version = 3;
inline constexpr std::int16_t add_offsets_to_txn_version = 4;
inline constexpr std::int16_t end_txn_version = 4;
inline constexpr std::int16_t end_txn_version_with_epochs = 5;  // Where transaction.version is 2.
inline constexpr std::int16_t txn_offset_commit_version = 4;
inline constexpr std::int16_t txn_offset_commit_version_with_epochs = 5;  // Likewise.

}  // namespace brokersim::client
