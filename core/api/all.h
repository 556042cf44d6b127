// The list of all APIs, in the order of their keys: as types for code that serves them, and as a
// table for code that only needs to know about them. The answer to ApiVersions derives from it.
#pragma once

#include <span>
#include <string_view>

#include "core/api/add_offsets_to_txn.h"
#include "core/api/add_partitions_to_txn.h"
#include "core/api/add_raft_voter.h"
#include "core/api/allocate_producer_ids.h"
#include "core/api/alter_configs.h"
#include "core/api/alter_partition.h"
#include "core/api/alter_partition_reassignments.h"
#include "core/api/api_versions.h"
#include "core/api/begin_quorum_epoch.h"
#include "core/api/broker_heartbeat.h"
#include "core/api/broker_registration.h"
#include "core/api/consumer_group_describe.h"
#include "core/api/consumer_group_heartbeat.h"
#include "core/api/create_partitions.h"
#include "core/api/create_topics.h"
#include "core/api/delete_groups.h"
#include "core/api/delete_records.h"
#include "core/api/delete_topics.h"
#include "core/api/describe_cluster.h"
#include "core/api/describe_configs.h"
#include "core/api/describe_groups.h"
#include "core/api/describe_log_dirs.h"
#include "core/api/describe_producers.h"
#include "core/api/describe_quorum.h"
#include "core/api/describe_topic_partitions.h"
#include "core/api/describe_transactions.h"
#include "core/api/elect_leaders.h"
#include "core/api/end_quorum_epoch.h"
#include "core/api/end_txn.h"
#include "core/api/envelope.h"
#include "core/api/fetch.h"
#include "core/api/fetch_snapshot.h"
#include "core/api/find_coordinator.h"
#include "core/api/heartbeat.h"
#include "core/api/incremental_alter_configs.h"
#include "core/api/init_producer_id.h"
#include "core/api/join_group.h"
#include "core/api/key.h"
#include "core/api/leave_group.h"
#include "core/api/list_groups.h"
#include "core/api/list_offsets.h"
#include "core/api/list_partition_reassignments.h"
#include "core/api/list_transactions.h"
#include "core/api/metadata.h"
#include "core/api/offset_commit.h"
#include "core/api/offset_delete.h"
#include "core/api/offset_fetch.h"
#include "core/api/offset_for_leader_epoch.h"
#include "core/api/produce.h"
#include "core/api/remove_raft_voter.h"
#include "core/api/sync_group.h"
#include "core/api/txn_offset_commit.h"
#include "core/api/unregister_broker.h"
#include "core/api/update_features.h"
#include "core/api/update_raft_voter.h"
#include "core/api/vote.h"
#include "core/api/write_txn_markers.h"
#include "core/wire/frame.h"

namespace brokersim::api {

template <class... Request>
struct RequestList {};

using AllRequests = RequestList<
    ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
    OffsetFetchRequest, FindCoordinatorRequest, JoinGroupRequest, HeartbeatRequest,
    LeaveGroupRequest, SyncGroupRequest, DescribeGroupsRequest, ListGroupsRequest,
    ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DeleteRecordsRequest,
    InitProducerIdRequest, OffsetForLeaderEpochRequest, AddPartitionsToTxnRequest,
    AddOffsetsToTxnRequest, EndTxnRequest, WriteTxnMarkersRequest, TxnOffsetCommitRequest,
    DescribeConfigsRequest, AlterConfigsRequest, DescribeLogDirsRequest, CreatePartitionsRequest,
    DeleteGroupsRequest, ElectLeadersRequest, IncrementalAlterConfigsRequest,
    AlterPartitionReassignmentsRequest, ListPartitionReassignmentsRequest, OffsetDeleteRequest,
    VoteRequest, BeginQuorumEpochRequest, EndQuorumEpochRequest, DescribeQuorumRequest,
    AlterPartitionRequest, UpdateFeaturesRequest, EnvelopeRequest, FetchSnapshotRequest,
    DescribeClusterRequest, DescribeProducersRequest, BrokerRegistrationRequest,
    BrokerHeartbeatRequest, UnregisterBrokerRequest, DescribeTransactionsRequest,
    ListTransactionsRequest, AllocateProducerIdsRequest, ConsumerGroupHeartbeatRequest,
    ConsumerGroupDescribeRequest, DescribeTopicPartitionsRequest, AddRaftVoterRequest,
    RemoveRaftVoterRequest, UpdateRaftVoterRequest>;

// What is known of an API without its types.
struct Api {
  ApiKey key{};
  std::string_view name;  // "Fetch"
  wire::Versions versions;
  std::int16_t flexible = 0;  // The first version with compact encodings and header v2.
  const wire::RecordInfo* (*request)() = nullptr;
  const wire::RecordInfo* (*response)() = nullptr;
};

std::span<const Api> all_apis();
// Null for a key that is not described here: the peer's mistake.
const Api* find_api(std::int16_t key);
std::string_view name_of(ApiKey key);
// Whether the API has compact encodings and the newer header in this version; false if unknown.
bool is_flexible(std::int16_t key, std::int16_t version);

// Splits a request's frame (without its length) into header and body.
inline Expected<wire::RequestFrame, std::string_view> parse_request(const Slice& frame) {
  return wire::parse_request(frame, &is_flexible);
}

// The rows of an ApiVersions response for those of `keys`, in the order of keys.
std::vector<ApiVersionsResponse::ApiVersion> version_ranges(std::span<const ApiKey> keys);

// Calls `f.template operator()<Request>()` for each API.
template <class F, class... Request>
void for_each_request(F&& f, RequestList<Request...>) {
  (f.template operator()<Request>(), ...);
}
template <class F>
void for_each_request(F&& f) {
  for_each_request(f, AllRequests{});
}

}  // namespace brokersim::api
