// What the quorum writes for itself: control records in its log, and its state (KIP-595, KIP-853).
#pragma once

#include "core/api/types.h"

namespace brokersim::api {

// The value of the control record (type 2) with which a leader begins its epoch.
struct LeaderChangeMessage {
  struct Voter {
    FIELDS(Voter)
    FIELD(NodeId, voter_id);
    FIELD(Uuid, voter_directory_id, since(1)) = {};
    END_FIELDS
  };

  MESSAGE(LeaderChangeMessage, .versions = {0, 1}, .flexible = 0)
  FIELD(std::int16_t, version) = 0;
  FIELD(NodeId, leader_id);
  FIELD(std::vector<Voter>, voters);
  FIELD(std::vector<Voter>, granting_voters);
  END_FIELDS
};

// The value of the control record (type 5) that says by which rules the quorum goes (KIP-853).
struct KRaftVersionRecord {
  MESSAGE(KRaftVersionRecord, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int16_t, version) = 0;
  FIELD(std::int16_t, kraft_version) = 0;
  END_FIELDS
};

// The value of the control record (type 6) that names the voters (KIP-853).
struct VotersRecord {
  struct Endpoint {
    FIELDS(Endpoint)
    FIELD(std::string, name);
    FIELD(std::string, host);
    FIELD(std::uint16_t, port) = 0;
    END_FIELDS
  };
  struct KRaftVersionFeature {
    FIELDS(KRaftVersionFeature)
    FIELD(std::int16_t, min_supported_version) = 0;
    FIELD(std::int16_t, max_supported_version) = 0;
    END_FIELDS
  };
  struct Voter {
    FIELDS(Voter)
    FIELD(NodeId, voter_id);
    FIELD(Uuid, voter_directory_id) = {};
    FIELD(std::vector<Endpoint>, endpoints);
    FIELD(KRaftVersionFeature, kraft_version_feature);
    END_FIELDS
  };

  MESSAGE(VotersRecord, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int16_t, version) = 0;
  FIELD(std::vector<Voter>, voters);
  END_FIELDS
};

// The values of the control records (types 3 and 4) that enclose a snapshot (KIP-630).
struct SnapshotHeaderRecord {
  MESSAGE(SnapshotHeaderRecord, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int16_t, version) = 0;
  FIELD(std::int64_t, last_contained_log_timestamp) = 0;
  END_FIELDS
};

struct SnapshotFooterRecord {
  MESSAGE(SnapshotFooterRecord, .versions = {0, 0}, .flexible = 0)
  FIELD(std::int16_t, version) = 0;
  END_FIELDS
};

// The content of the file `quorum-state`: the epoch, and the vote in it, which must survive power
// loss. The file is this as JSON in Kafka; version 1 is that of KIP-853.
struct QuorumStateData {
  struct Voter {
    FIELDS(Voter)
    FIELD(NodeId, voter_id, between(0, 0));
    END_FIELDS
  };

  MESSAGE(QuorumStateData, .versions = {0, 1}, .flexible = 0)
  FIELD(std::string, cluster_id, between(0, 0));
  FIELD(NodeId, leader_id) = no_node;
  FIELD(LeaderEpoch, leader_epoch) = no_epoch;
  FIELD(NodeId, voted_id) = no_node;
  FIELD(Uuid, voted_directory_id, since(1)) = {};
  FIELD(std::int64_t, applied_offset, between(0, 0)) = 0;
  FIELD(Nullable<std::vector<Voter>>, current_voters, between(0, 0).null({0, 0}));
  END_FIELDS
};

}  // namespace brokersim::api
