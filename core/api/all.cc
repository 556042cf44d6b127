// The table of all APIs, made from their descriptions.
#include "core/api/all.h"

#include <algorithm>
#include <array>

namespace brokersim::api {
namespace {

template <class Request>
constexpr Api row(std::string_view name) {
  static_assert(Request::description.key == Request::Response::description.key);
  static_assert(Request::description.versions == Request::Response::description.versions);
  static_assert(Request::description.flexible == Request::Response::description.flexible);
  return {.key = ApiKey{Request::description.key},
          .name = name,
          .versions = Request::description.versions,
          .flexible = Request::description.flexible,
          .request = &wire::info_of<Request>,
          .response = &wire::info_of<typename Request::Response>};
}

constexpr std::array table{
    row<ProduceRequest>("Produce"),
    row<FetchRequest>("Fetch"),
    row<ListOffsetsRequest>("ListOffsets"),
    row<MetadataRequest>("Metadata"),
    row<OffsetCommitRequest>("OffsetCommit"),
    row<OffsetFetchRequest>("OffsetFetch"),
    row<FindCoordinatorRequest>("FindCoordinator"),
    row<JoinGroupRequest>("JoinGroup"),
    row<HeartbeatRequest>("Heartbeat"),
    row<LeaveGroupRequest>("LeaveGroup"),
    row<SyncGroupRequest>("SyncGroup"),
    row<DescribeGroupsRequest>("DescribeGroups"),
    row<ListGroupsRequest>("ListGroups"),
    row<ApiVersionsRequest>("ApiVersions"),
    row<CreateTopicsRequest>("CreateTopics"),
    row<DeleteTopicsRequest>("DeleteTopics"),
    row<DeleteRecordsRequest>("DeleteRecords"),
    row<InitProducerIdRequest>("InitProducerId"),
    row<OffsetForLeaderEpochRequest>("OffsetForLeaderEpoch"),
    row<AddPartitionsToTxnRequest>("AddPartitionsToTxn"),
    row<AddOffsetsToTxnRequest>("AddOffsetsToTxn"),
    row<EndTxnRequest>("EndTxn"),
    row<WriteTxnMarkersRequest>("WriteTxnMarkers"),
    row<TxnOffsetCommitRequest>("TxnOffsetCommit"),
    row<DescribeConfigsRequest>("DescribeConfigs"),
    row<AlterConfigsRequest>("AlterConfigs"),
    row<DescribeLogDirsRequest>("DescribeLogDirs"),
    row<CreatePartitionsRequest>("CreatePartitions"),
    row<DeleteGroupsRequest>("DeleteGroups"),
    row<ElectLeadersRequest>("ElectLeaders"),
    row<IncrementalAlterConfigsRequest>("IncrementalAlterConfigs"),
    row<AlterPartitionReassignmentsRequest>("AlterPartitionReassignments"),
    row<ListPartitionReassignmentsRequest>("ListPartitionReassignments"),
    row<OffsetDeleteRequest>("OffsetDelete"),
    row<VoteRequest>("Vote"),
    row<BeginQuorumEpochRequest>("BeginQuorumEpoch"),
    row<EndQuorumEpochRequest>("EndQuorumEpoch"),
    row<DescribeQuorumRequest>("DescribeQuorum"),
    row<AlterPartitionRequest>("AlterPartition"),
    row<UpdateFeaturesRequest>("UpdateFeatures"),
    row<EnvelopeRequest>("Envelope"),
    row<FetchSnapshotRequest>("FetchSnapshot"),
    row<DescribeClusterRequest>("DescribeCluster"),
    row<DescribeProducersRequest>("DescribeProducers"),
    row<BrokerRegistrationRequest>("BrokerRegistration"),
    row<BrokerHeartbeatRequest>("BrokerHeartbeat"),
    row<UnregisterBrokerRequest>("UnregisterBroker"),
    row<DescribeTransactionsRequest>("DescribeTransactions"),
    row<ListTransactionsRequest>("ListTransactions"),
    row<AllocateProducerIdsRequest>("AllocateProducerIds"),
    row<ConsumerGroupHeartbeatRequest>("ConsumerGroupHeartbeat"),
    row<ConsumerGroupDescribeRequest>("ConsumerGroupDescribe"),
    row<DescribeTopicPartitionsRequest>("DescribeTopicPartitions"),
    row<AddRaftVoterRequest>("AddRaftVoter"),
    row<RemoveRaftVoterRequest>("RemoveRaftVoter"),
    row<UpdateRaftVoterRequest>("UpdateRaftVoter"),
};

constexpr bool is_in_order() {
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i - 1].key >= table[i].key) return false;
  }
  return true;
}
static_assert(is_in_order(), "find_api searches by halving");

}  // namespace

std::span<const Api> all_apis() { return table; }

const Api* find_api(std::int16_t key) {
  const auto at = std::lower_bound(table.begin(), table.end(), ApiKey{key},
                                   [](const Api& api, ApiKey wanted) { return api.key < wanted; });
  return at != table.end() && at->key == ApiKey{key} ? &*at : nullptr;
}

std::string_view name_of(ApiKey key) {
  const auto* api = find_api(static_cast<std::int16_t>(key));
  return api ? api->name : "UnknownApi";
}

bool is_flexible(std::int16_t key, std::int16_t version) {
  const auto* api = find_api(key);
  return api && version >= api->flexible;
}

std::vector<ApiVersionsResponse::ApiVersion> version_ranges(std::span<const ApiKey> keys) {
  std::vector<ApiVersionsResponse::ApiVersion> ranges;
  for (const auto& api : table) {
    if (std::find(keys.begin(), keys.end(), api.key) == keys.end()) continue;
    ranges.push_back({.api_key = static_cast<std::int16_t>(api.key),
                      .min_version = api.versions.first,
                      .max_version = api.versions.last});
  }
  return ranges;
}

}  // namespace brokersim::api
