// FetchSnapshot (key 59): reads a range of a metadata snapshot (KIP-630).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

struct FetchSnapshotResponse {
  struct SnapshotId {
    FIELDS(SnapshotId)
    FIELD(std::int64_t, end_offset) = 0;
    FIELD(LeaderEpoch, epoch);
    END_FIELDS
  };
  struct LeaderIdAndEpoch {
    FIELDS(LeaderIdAndEpoch)
    FIELD(NodeId, leader_id);
    FIELD(LeaderEpoch, leader_epoch);
    END_FIELDS
  };
  struct PartitionSnapshot {
    FIELDS(PartitionSnapshot)
    FIELD(std::int32_t, index) = 0;
    FIELD(ErrorCode, error_code) = ErrorCode::none;
    FIELD(SnapshotId, snapshot_id);
    FIELD(LeaderIdAndEpoch, current_leader, tagged(0));
    FIELD(std::int64_t, size) = 0;
    FIELD(std::int64_t, position) = 0;
    FIELD(Records, unaligned_records);
    END_FIELDS
  };
  struct TopicSnapshot {
    FIELDS(TopicSnapshot)
    FIELD(std::string, name);
    FIELD(std::vector<PartitionSnapshot>, partitions);
    END_FIELDS
  };
  struct NodeEndpoint {
    FIELDS(NodeEndpoint)
    FIELD(NodeId, node_id);
    FIELD(std::string, host);
    FIELD(std::uint16_t, port) = 0;
    END_FIELDS
  };

  MESSAGE(FetchSnapshotResponse, .key = 59, .versions = {0, 1}, .flexible = 0)
  FIELD(std::int32_t, throttle_time_ms) = 0;
  FIELD(ErrorCode, error_code) = ErrorCode::none;
  FIELD(std::vector<TopicSnapshot>, topics);
  FIELD(std::vector<NodeEndpoint>, node_endpoints, since(1).tagged(0));
  END_FIELDS
};

struct FetchSnapshotRequest {
  using Response = FetchSnapshotResponse;
  struct SnapshotId {
    FIELDS(SnapshotId)
    FIELD(std::int64_t, end_offset) = 0;
    FIELD(LeaderEpoch, epoch);
    END_FIELDS
  };
  struct PartitionSnapshot {
    FIELDS(PartitionSnapshot)
    FIELD(std::int32_t, partition) = 0;
    FIELD(LeaderEpoch, current_leader_epoch);
    FIELD(SnapshotId, snapshot_id);
    FIELD(std::int64_t, position) = 0;
    FIELD(Uuid, replica_directory_id, since(1).tagged(0).may_drop()) = {};
    END_FIELDS
  };
  struct TopicSnapshot {
    FIELDS(TopicSnapshot)
    FIELD(std::string, name);
    FIELD(std::vector<PartitionSnapshot>, partitions);
    END_FIELDS
  };

  MESSAGE(FetchSnapshotRequest, .key = 59, .versions = {0, 1}, .flexible = 0)
  FIELD(Nullable<std::string>, cluster_id, null().tagged(0));
  FIELD(NodeId, replica_id) = no_node;
  FIELD(std::int32_t, max_bytes) = 0x7fffffff;
  FIELD(std::vector<TopicSnapshot>, topics);
  END_FIELDS
};

}  // namespace brokersim::api
