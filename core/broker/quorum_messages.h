// The quorum's messages as Kafka nests them, from and to what Raft understands of them.
//
// A peer's message that is not about the one metadata partition has no meaning for Raft: nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/api/begin_quorum_epoch.h"
#include "core/api/end_quorum_epoch.h"
#include "core/api/fetch.h"
#include "core/api/fetch_snapshot.h"
#include "core/api/vote.h"
#include "core/raft/messages.h"
#include "core/wire/record_batch.h"

namespace brokersim::broker {

// The versions in which this node asks.
inline constexpr std::int16_t vote_version = 2;
inline constexpr std::int16_t begin_quorum_epoch_version = 1;
inline constexpr std::int16_t end_quorum_epoch_version = 1;
inline constexpr std::int16_t metadata_fetch_version = 17;
inline constexpr std::int16_t fetch_snapshot_version = 1;

// More is not sent at once, whatever the peer says that it takes (Kafka's internal bound of the
// same size).
inline constexpr std::int32_t max_fetched_bytes = 8 << 20;

// The id that the metadata topic has in every cluster.
inline constexpr Uuid metadata_topic_id{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

// ---- Requests
std::optional<raft::VoteRequest> from_api(const api::VoteRequest& request);
std::optional<raft::BeginQuorumEpochRequest> from_api(const api::BeginQuorumEpochRequest& request);
std::optional<raft::EndQuorumEpochRequest> from_api(const api::EndQuorumEpochRequest& request);
// Also tells how many bytes the fetcher gets at most.
struct MetadataFetch {
  raft::FetchRequest request;
  std::size_t max_bytes = 0;
};
std::optional<MetadataFetch> from_api(const api::FetchRequest& request, std::int16_t version);
struct SnapshotFetch {
  raft::FetchSnapshotRequest request;
  std::size_t max_bytes = 0;
};
std::optional<SnapshotFetch> from_api(const api::FetchSnapshotRequest& request);

api::VoteRequest to_api(const raft::VoteRequest& request, const std::string& cluster_id);
api::BeginQuorumEpochRequest to_api(const raft::BeginQuorumEpochRequest& request,
                                    const std::string& cluster_id);
api::EndQuorumEpochRequest to_api(const raft::EndQuorumEpochRequest& request,
                                  const std::string& cluster_id);
api::FetchRequest to_api(const raft::FetchRequest& request, const std::string& cluster_id);
api::FetchSnapshotRequest to_api(const raft::FetchSnapshotRequest& request,
                                 const std::string& cluster_id, std::int32_t max_bytes);

// ---- Responses
std::optional<raft::VoteResponse> from_api(const api::VoteResponse& response);
std::optional<raft::EpochResponse> from_api(const api::BeginQuorumEpochResponse& response);
std::optional<raft::EpochResponse> from_api(const api::EndQuorumEpochResponse& response);
// With the batches that arrived whole and unharmed.
struct FetchedMetadata {
  raft::FetchResponse response;
  std::vector<wire::Batch> batches;
};
std::optional<FetchedMetadata> from_api(const api::FetchResponse& response);
struct FetchedSnapshot {
  raft::FetchSnapshotResponse response;
  Rope bytes;
};
std::optional<FetchedSnapshot> from_api(const api::FetchSnapshotResponse& response);

api::VoteResponse to_api(const raft::VoteResponse& response);
api::BeginQuorumEpochResponse begin_response_of(const raft::EpochResponse& response);
api::EndQuorumEpochResponse end_response_of(const raft::EpochResponse& response);
api::FetchResponse to_api(const raft::FetchResponse& response, Rope records, std::int16_t version);
api::FetchSnapshotResponse to_api(const raft::FetchSnapshotResponse& response, Rope bytes);

}  // namespace brokersim::broker
