// Compiles the descriptions of all messages of the protocol.
#include "core/api/all.h"
#include "core/api/consumer_protocol.h"
#include "core/api/quorum_records.h"
#include "core/wire/describe.h"

namespace brokersim::wire {

DESCRIBE(api::AddOffsetsToTxnRequest);
DESCRIBE(api::AddOffsetsToTxnResponse);
DESCRIBE(api::AddPartitionsToTxnRequest);
DESCRIBE(api::AddPartitionsToTxnResponse);
DESCRIBE(api::AddRaftVoterRequest);
DESCRIBE(api::AddRaftVoterResponse);
DESCRIBE(api::AllocateProducerIdsRequest);
DESCRIBE(api::AllocateProducerIdsResponse);
DESCRIBE(api::AlterConfigsRequest);
DESCRIBE(api::AlterConfigsResponse);
DESCRIBE(api::AlterPartitionRequest);
DESCRIBE(api::AlterPartitionResponse);
DESCRIBE(api::AlterPartitionReassignmentsRequest);
DESCRIBE(api::AlterPartitionReassignmentsResponse);
DESCRIBE(api::ApiVersionsRequest);
DESCRIBE(api::ApiVersionsResponse);
DESCRIBE(api::BeginQuorumEpochRequest);
DESCRIBE(api::BeginQuorumEpochResponse);
DESCRIBE(api::BrokerHeartbeatRequest);
DESCRIBE(api::BrokerHeartbeatResponse);
DESCRIBE(api::BrokerRegistrationRequest);
DESCRIBE(api::BrokerRegistrationResponse);
DESCRIBE(api::ConsumerGroupDescribeRequest);
DESCRIBE(api::ConsumerGroupDescribeResponse);
DESCRIBE(api::ConsumerGroupHeartbeatRequest);
DESCRIBE(api::ConsumerGroupHeartbeatResponse);
DESCRIBE(api::CreatePartitionsRequest);
DESCRIBE(api::CreatePartitionsResponse);
DESCRIBE(api::CreateTopicsRequest);
DESCRIBE(api::CreateTopicsResponse);
DESCRIBE(api::DeleteGroupsRequest);
DESCRIBE(api::DeleteGroupsResponse);
DESCRIBE(api::DeleteRecordsRequest);
DESCRIBE(api::DeleteRecordsResponse);
DESCRIBE(api::DeleteTopicsRequest);
DESCRIBE(api::DeleteTopicsResponse);
DESCRIBE(api::DescribeClusterRequest);
DESCRIBE(api::DescribeClusterResponse);
DESCRIBE(api::DescribeConfigsRequest);
DESCRIBE(api::DescribeConfigsResponse);
DESCRIBE(api::DescribeGroupsRequest);
DESCRIBE(api::DescribeGroupsResponse);
DESCRIBE(api::DescribeLogDirsRequest);
DESCRIBE(api::DescribeLogDirsResponse);
DESCRIBE(api::DescribeProducersRequest);
DESCRIBE(api::DescribeProducersResponse);
DESCRIBE(api::DescribeQuorumRequest);
DESCRIBE(api::DescribeQuorumResponse);
DESCRIBE(api::DescribeTopicPartitionsRequest);
DESCRIBE(api::DescribeTopicPartitionsResponse);
DESCRIBE(api::DescribeTransactionsRequest);
DESCRIBE(api::DescribeTransactionsResponse);
DESCRIBE(api::ElectLeadersRequest);
DESCRIBE(api::ElectLeadersResponse);
DESCRIBE(api::EndQuorumEpochRequest);
DESCRIBE(api::EndQuorumEpochResponse);
DESCRIBE(api::EndTxnRequest);
DESCRIBE(api::EndTxnResponse);
DESCRIBE(api::EnvelopeRequest);
DESCRIBE(api::EnvelopeResponse);
DESCRIBE(api::FetchRequest);
DESCRIBE(api::FetchResponse);
DESCRIBE(api::FetchSnapshotRequest);
DESCRIBE(api::FetchSnapshotResponse);
DESCRIBE(api::FindCoordinatorRequest);
DESCRIBE(api::FindCoordinatorResponse);
DESCRIBE(api::HeartbeatRequest);
DESCRIBE(api::HeartbeatResponse);
DESCRIBE(api::IncrementalAlterConfigsRequest);
DESCRIBE(api::IncrementalAlterConfigsResponse);
DESCRIBE(api::InitProducerIdRequest);
DESCRIBE(api::InitProducerIdResponse);
DESCRIBE(api::JoinGroupRequest);
DESCRIBE(api::JoinGroupResponse);
DESCRIBE(api::LeaveGroupRequest);
DESCRIBE(api::LeaveGroupResponse);
DESCRIBE(api::ListGroupsRequest);
DESCRIBE(api::ListGroupsResponse);
DESCRIBE(api::ListOffsetsRequest);
DESCRIBE(api::ListOffsetsResponse);
DESCRIBE(api::ListPartitionReassignmentsRequest);
DESCRIBE(api::ListPartitionReassignmentsResponse);
DESCRIBE(api::ListTransactionsRequest);
DESCRIBE(api::ListTransactionsResponse);
DESCRIBE(api::MetadataRequest);
DESCRIBE(api::MetadataResponse);
DESCRIBE(api::OffsetCommitRequest);
DESCRIBE(api::OffsetCommitResponse);
DESCRIBE(api::OffsetDeleteRequest);
DESCRIBE(api::OffsetDeleteResponse);
DESCRIBE(api::OffsetFetchRequest);
DESCRIBE(api::OffsetFetchResponse);
DESCRIBE(api::OffsetForLeaderEpochRequest);
DESCRIBE(api::OffsetForLeaderEpochResponse);
DESCRIBE(api::ProduceRequest);
DESCRIBE(api::ProduceResponse);
DESCRIBE(api::RemoveRaftVoterRequest);
DESCRIBE(api::RemoveRaftVoterResponse);
DESCRIBE(api::SyncGroupRequest);
DESCRIBE(api::SyncGroupResponse);
DESCRIBE(api::TxnOffsetCommitRequest);
DESCRIBE(api::TxnOffsetCommitResponse);
DESCRIBE(api::UnregisterBrokerRequest);
DESCRIBE(api::UnregisterBrokerResponse);
DESCRIBE(api::UpdateFeaturesRequest);
DESCRIBE(api::UpdateFeaturesResponse);
DESCRIBE(api::UpdateRaftVoterRequest);
DESCRIBE(api::UpdateRaftVoterResponse);
DESCRIBE(api::VoteRequest);
DESCRIBE(api::VoteResponse);
DESCRIBE(api::WriteTxnMarkersRequest);
DESCRIBE(api::WriteTxnMarkersResponse);

// Of the quorum.
DESCRIBE(api::LeaderChangeMessage);
DESCRIBE(api::KRaftVersionRecord);
DESCRIBE(api::VotersRecord);
DESCRIBE(api::SnapshotHeaderRecord);
DESCRIBE(api::SnapshotFooterRecord);
DESCRIBE(api::QuorumStateData);

// What consumers tell each other.
DESCRIBE(api::ConsumerProtocolSubscription);
DESCRIBE(api::ConsumerProtocolAssignment);

}  // namespace brokersim::wire
