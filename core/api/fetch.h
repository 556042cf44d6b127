// Fetch (key 1): consumers, followers and metadata observers read a log (KIP-74, KIP-227, KIP-595).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct FetchResponse {
  struct EpochEndOffset {
    FIELDS(EpochEndOffset)
    FIELD(LeaderEpoch, epoch) = no_epoch;
    FIELD(std::int64_t, end_offset) = -1;
    END_FIELDS
  };
  struct LeaderIdAndEpoch {
    FIELDS(LeaderIdAndEpoch)
    FIELD(NodeId, leader_id) = no_node;
    FIELD(LeaderEpoch, leader_epoch) = no_epoch;
    END_FIELDS
  };
  struct SnapshotId {
    FIELDS(SnapshotId)
    FIELD(std::int64_t, end_offset) = -1;
    FIELD(LeaderEpoch, epoch) = no_epoch;
    END_FIELDS
  };
  struct AbortedTransaction {
    FIELDS(AbortedTransaction)
    FIELD(std::int64_t, producer_id) = 0;
    FIELD(std::int64_t, first_offset) = 0;
    END_FIELDS
  };
  struct PartitionData {
    FIELDS(PartitionData)
    FIELD(std::int32_t, partition_index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(std::int64_t, high_watermark) = 0;
    FIELD(std::int64_t, last_stable_offset) = -1;
    FIELD(std::int64_t, log_start_offset, since(5).may_drop()) = -1;
    FIELD(EpochEndOffset, diverging_epoch, since(12).tagged(0));
    FIELD(LeaderIdAndEpoch, current_leader, since(12).tagged(1));
    FIELD(SnapshotId, snapshot_id, since(12).tagged(2));
    FIELD(Nullable<std::vector<AbortedTransaction>>, aborted_transactions, null());
    FIELD(NodeId, preferred_read_replica, since(11)) = no_node;
    FIELD(Nullable<Records>, records, null());
    END_FIELDS
  };
  struct FetchableTopicResponse {
    FIELDS(FetchableTopicResponse)
    FIELD(std::string, topic, between(4, 12).may_drop());
    FIELD(Uuid, topic_id, since(13).may_drop()) = {};
    FIELD(std::vector<PartitionData>, partitions);
    END_FIELDS
  };
  struct NodeEndpoint {
    FIELDS(NodeEndpoint)
    FIELD(NodeId, node_id);
    FIELD(std::string, host);
    FIELD(std::int32_t, port) = 0;
    FIELD(Nullable<std::string>, rack, null());
    END_FIELDS
  };

  MESSAGE(FetchResponse, .key = 1, .versions = {4, 17}, .flexible = 12)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code, since(7).may_drop()) = ErrorCode::none;
  FIELD(std::int32_t, session_id, since(7)) = 0;
  FIELD(std::vector<FetchableTopicResponse>, responses);
  FIELD(std::vector<NodeEndpoint>, node_endpoints, since(16).tagged(0));
  END_FIELDS
};

struct FetchRequest {
  using Response = FetchResponse;
  struct ReplicaState {
    FIELDS(ReplicaState)
    FIELD(NodeId, replica_id) = no_node;
    FIELD(BrokerEpoch, replica_epoch) = no_broker_epoch;
    END_FIELDS
  };
  struct FetchPartition {
    FIELDS(FetchPartition)
    FIELD(std::int32_t, partition) = 0;
    FIELD(LeaderEpoch, current_leader_epoch, since(9).may_drop()) = no_epoch;
    FIELD(std::int64_t, fetch_offset) = 0;
    FIELD(LeaderEpoch, last_fetched_epoch, since(12)) = no_epoch;
    FIELD(std::int64_t, log_start_offset, since(5).may_drop()) = -1;
    FIELD(std::int32_t, partition_max_bytes) = 0;
    FIELD(Uuid, replica_directory_id, since(17).tagged(0).may_drop()) = {};
    END_FIELDS
  };
  struct FetchTopic {
    FIELDS(FetchTopic)
    FIELD(std::string, topic, between(4, 12).may_drop());
    FIELD(Uuid, topic_id, since(13).may_drop()) = {};
    FIELD(std::vector<FetchPartition>, partitions);
    END_FIELDS
  };
  struct ForgottenTopic {
    FIELDS(ForgottenTopic)
    FIELD(std::string, topic, between(7, 12).may_drop());
    FIELD(Uuid, topic_id, since(13).may_drop()) = {};
    FIELD(std::vector<std::int32_t>, partitions);
    END_FIELDS
  };

  MESSAGE(FetchRequest, .key = 1, .versions = {4, 17}, .flexible = 12)
  FIELD(Nullable<std::string>, cluster_id, since(12).null().tagged(0).may_drop());
  FIELD(NodeId, replica_id, between(4, 14)) = no_node;
  FIELD(ReplicaState, replica_state, since(15).tagged(1));
  FIELD(std::int32_t, max_wait_ms) = 0;
  FIELD(std::int32_t, min_bytes) = 0;
  FIELD(std::int32_t, max_bytes) = 0x7fffffff;
  FIELD(std::int8_t, isolation_level) = 0;
  FIELD(std::int32_t, session_id, since(7).may_drop()) = 0;
  FIELD(std::int32_t, session_epoch, since(7).may_drop()) = -1;
  FIELD(std::vector<FetchTopic>, topics);
  FIELD(std::vector<ForgottenTopic>, forgotten_topics_data, since(7));
  FIELD(std::string, rack_id, since(11).may_drop());
  END_FIELDS
};

}  // namespace brokersim::api
