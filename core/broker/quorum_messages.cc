// See the header. Both directions of a message stand side by side in the order of the protocol.
#include "core/broker/quorum_messages.h"

#include <algorithm>
#include <utility>

namespace brokersim::broker {

using api::ErrorCode;

namespace {

const std::string& metadata_topic() { return metadata_partition().topic; }

// The one partition of the one topic, if that is what there is.
template <class Topics>
auto only_partition(const Topics& topics) -> decltype(&topics[0].partitions[0]) {
  if (topics.size() != 1 || topics[0].topic_name != metadata_topic()) return nullptr;
  if (topics[0].partitions.size() != 1) return nullptr;
  return topics[0].partitions[0].partition_index == 0 ? &topics[0].partitions[0] : nullptr;
}

template <class Message, class PartitionData>
Message around(PartitionData partition) {
  Message message;
  message.topics.emplace_back();
  message.topics[0].topic_name = metadata_topic();
  message.topics[0].partitions.push_back(std::move(partition));
  return message;
}

// Of a request: with the cluster it is meant for.
template <class Message, class PartitionData>
Message around(PartitionData partition, const std::string& cluster_id) {
  auto message = around<Message>(std::move(partition));
  message.cluster_id = cluster_id;
  return message;
}

// A response that has only a top-level error says nothing about who leads.
raft::LeaderAndEpoch nothing_known() { return {no_node, no_epoch}; }

template <class ApiResponse>
std::optional<raft::EpochResponse> epoch_response(const ApiResponse& response) {
  if (response.error_code != ErrorCode::none) {
    return raft::EpochResponse{response.error_code, nothing_known()};
  }
  const auto* partition = only_partition(response.topics);
  if (!partition) return std::nullopt;
  return raft::EpochResponse{partition->error_code,
                             {partition->leader_id, partition->leader_epoch}};
}

template <class ApiResponse>
ApiResponse epoch_response_of(const raft::EpochResponse& response) {
  typename ApiResponse::PartitionData partition;
  partition.error_code = response.error;
  partition.leader_id = response.current.leader_id;
  partition.leader_epoch = response.current.epoch;
  return around<ApiResponse>(std::move(partition));
}

// The whole batches up to the first that is damaged.
std::vector<wire::Batch> sound_batches(const wire::Nullable<wire::Records>& records) {
  if (!records) return {};
  auto batches = wire::parse_batches(records->slice());
  if (!batches) return {};
  std::size_t sound = 0;
  while (sound < batches->size() && (*batches)[sound].crc_is_valid()) ++sound;
  batches->resize(sound);
  return *std::move(batches);
}

}  // namespace

// ---- Requests ----------------------------------------------------------------------------------

std::optional<raft::VoteRequest> from_api(const api::VoteRequest& request) {
  const auto* partition = only_partition(request.topics);
  if (!partition) return std::nullopt;
  return raft::VoteRequest{.epoch = partition->candidate_epoch,
                           .candidate_id = partition->candidate_id,
                           .voter_id = request.voter_id,
                           .last_epoch = partition->last_offset_epoch,
                           .last_epoch_end_offset = partition->last_offset,
                           .pre_vote = partition->pre_vote,
                           .candidate_directory = partition->candidate_directory_id,
                           .voter_directory = partition->voter_directory_id};
}

std::optional<raft::BeginQuorumEpochRequest> from_api(const api::BeginQuorumEpochRequest& request) {
  const auto* partition = only_partition(request.topics);
  if (!partition) return std::nullopt;
  return raft::BeginQuorumEpochRequest{partition->leader_epoch, partition->leader_id,
                                       request.voter_id, partition->voter_directory_id};
}

std::optional<raft::EndQuorumEpochRequest> from_api(const api::EndQuorumEpochRequest& request) {
  const auto* partition = only_partition(request.topics);
  if (!partition) return std::nullopt;
  // Version 0 has successors, version 1 candidates; the other is empty.
  std::vector<raft::ReplicaKey> successors;
  for (const NodeId successor : partition->preferred_successors) {
    successors.push_back({successor, no_uuid});
  }
  for (const auto& candidate : partition->preferred_candidates) {
    successors.push_back({candidate.candidate_id, candidate.candidate_directory_id});
  }
  return raft::EndQuorumEpochRequest{partition->leader_epoch, partition->leader_id,
                                     std::move(successors)};
}

std::optional<MetadataFetch> from_api(const api::FetchRequest& request, std::int16_t version) {
  if (request.topics.size() != 1 || request.topics[0].partitions.size() != 1) return std::nullopt;
  const auto& topic = request.topics[0];
  const bool is_metadata =
      version >= 13 ? topic.topic_id == metadata_topic_id : topic.topic == metadata_topic();
  const auto& partition = topic.partitions[0];
  if (!is_metadata || partition.partition != 0) return std::nullopt;
  if (partition.partition_max_bytes < 0 || request.max_bytes < 0) return std::nullopt;
  const auto max_bytes =
      std::min({partition.partition_max_bytes, request.max_bytes, max_fetched_bytes});
  return MetadataFetch{
      {.epoch = partition.current_leader_epoch,
       .replica_id = version >= 15 ? request.replica_state.replica_id : request.replica_id,
       .fetch_offset = partition.fetch_offset,
       .last_fetched_epoch = partition.last_fetched_epoch,
       .replica_directory = partition.replica_directory_id},
      static_cast<std::size_t>(max_bytes)};
}

std::optional<SnapshotFetch> from_api(const api::FetchSnapshotRequest& request) {
  if (request.topics.size() != 1 || request.topics[0].partitions.size() != 1) return std::nullopt;
  const auto& partition = request.topics[0].partitions[0];
  if (request.topics[0].name != metadata_topic() || partition.partition != 0) return std::nullopt;
  if (request.max_bytes < 0) return std::nullopt;
  return SnapshotFetch{
      {.epoch = partition.current_leader_epoch,
       .replica_id = request.replica_id,
       .snapshot_id = {partition.snapshot_id.end_offset, partition.snapshot_id.epoch},
       .position = partition.position,
       .replica_directory = partition.replica_directory_id},
      static_cast<std::size_t>(std::min(request.max_bytes, max_fetched_bytes))};
}

api::VoteRequest to_api(const raft::VoteRequest& request, const std::string& cluster_id) {
  api::VoteRequest::PartitionData partition;
  partition.candidate_epoch = request.epoch;
  partition.candidate_id = request.candidate_id;
  partition.last_offset_epoch = request.last_epoch;
  partition.last_offset = request.last_epoch_end_offset;
  partition.pre_vote = request.pre_vote;
  partition.candidate_directory_id = request.candidate_directory;
  partition.voter_directory_id = request.voter_directory;
  auto message = around<api::VoteRequest>(std::move(partition), cluster_id);
  message.voter_id = request.voter_id;
  return message;
}

api::BeginQuorumEpochRequest to_api(const raft::BeginQuorumEpochRequest& request,
                                    const std::string& cluster_id) {
  api::BeginQuorumEpochRequest::PartitionData partition;
  partition.leader_id = request.leader_id;
  partition.leader_epoch = request.epoch;
  partition.voter_directory_id = request.voter_directory;
  auto message = around<api::BeginQuorumEpochRequest>(std::move(partition), cluster_id);
  message.voter_id = request.voter_id;
  return message;
}

api::EndQuorumEpochRequest to_api(const raft::EndQuorumEpochRequest& request,
                                  const std::string& cluster_id) {
  api::EndQuorumEpochRequest::PartitionData partition;
  partition.leader_id = request.leader_id;
  partition.leader_epoch = request.epoch;
  for (const auto& [id, directory] : request.preferred_successors) {
    partition.preferred_candidates.push_back({id, directory});
  }
  return around<api::EndQuorumEpochRequest>(std::move(partition), cluster_id);
}

api::FetchRequest to_api(const raft::FetchRequest& request, const std::string& cluster_id) {
  api::FetchRequest message;
  message.cluster_id = cluster_id;
  message.replica_state.replica_id = request.replica_id;
  message.max_wait_ms = 500;
  message.max_bytes = max_fetched_bytes;
  auto& topic = message.topics.emplace_back();
  topic.topic = metadata_topic();
  topic.topic_id = metadata_topic_id;
  auto& partition = topic.partitions.emplace_back();
  partition.current_leader_epoch = request.epoch;
  partition.fetch_offset = request.fetch_offset;
  partition.last_fetched_epoch = request.last_fetched_epoch;
  partition.log_start_offset = 0;
  partition.replica_directory_id = request.replica_directory;
  partition.partition_max_bytes = max_fetched_bytes;
  return message;
}

api::FetchSnapshotRequest to_api(const raft::FetchSnapshotRequest& request,
                                 const std::string& cluster_id, std::int32_t max_bytes) {
  api::FetchSnapshotRequest message;
  message.cluster_id = cluster_id;
  message.replica_id = request.replica_id;
  message.max_bytes = max_bytes;
  auto& topic = message.topics.emplace_back();
  topic.name = metadata_topic();
  auto& partition = topic.partitions.emplace_back();
  partition.current_leader_epoch = request.epoch;
  partition.snapshot_id = {request.snapshot_id.end_offset, request.snapshot_id.epoch};
  partition.position = request.position;
  partition.replica_directory_id = request.replica_directory;
  return message;
}

// ---- Responses ---------------------------------------------------------------------------------

std::optional<raft::VoteResponse> from_api(const api::VoteResponse& response) {
  if (response.error_code != ErrorCode::none) {
    return raft::VoteResponse{response.error_code, nothing_known(), false};
  }
  const auto* partition = only_partition(response.topics);
  if (!partition) return std::nullopt;
  return raft::VoteResponse{partition->error_code,
                            {partition->leader_id, partition->leader_epoch},
                            partition->vote_granted};
}

std::optional<raft::EpochResponse> from_api(const api::BeginQuorumEpochResponse& response) {
  return epoch_response(response);
}

std::optional<raft::EpochResponse> from_api(const api::EndQuorumEpochResponse& response) {
  return epoch_response(response);
}

std::optional<FetchedMetadata> from_api(const api::FetchResponse& response) {
  FetchedMetadata fetched;
  if (response.error_code != ErrorCode::none) {
    fetched.response.error = response.error_code;
    fetched.response.current = nothing_known();
    return fetched;
  }
  if (response.responses.size() != 1 || response.responses[0].partitions.size() != 1) {
    return std::nullopt;
  }
  const auto& partition = response.responses[0].partitions[0];
  if (partition.partition_index != 0) return std::nullopt;
  fetched.response.error = partition.error_code;
  fetched.response.current = {partition.current_leader.leader_id,
                              partition.current_leader.leader_epoch};
  fetched.response.high_watermark = partition.high_watermark;
  if (partition.diverging_epoch.end_offset >= 0) {
    fetched.response.diverging_epoch = {partition.diverging_epoch.epoch,
                                        partition.diverging_epoch.end_offset};
  }
  if (partition.snapshot_id.end_offset >= 0 && partition.snapshot_id.epoch.is_set()) {
    fetched.response.snapshot_id = {partition.snapshot_id.end_offset, partition.snapshot_id.epoch};
  }
  fetched.batches = sound_batches(partition.records);
  for (const wire::Batch& batch : fetched.batches) {
    const auto& header = batch.header;
    fetched.response.batches.push_back(
        {header.base_offset, header.next_offset(), header.leader_epoch});
  }
  return fetched;
}

std::optional<FetchedSnapshot> from_api(const api::FetchSnapshotResponse& response) {
  FetchedSnapshot fetched;
  if (response.error_code != ErrorCode::none) {
    fetched.response.error = response.error_code;
    fetched.response.current = nothing_known();
    return fetched;
  }
  if (response.topics.size() != 1 || response.topics[0].partitions.size() != 1) return std::nullopt;
  const auto& partition = response.topics[0].partitions[0];
  if (response.topics[0].name != metadata_topic() || partition.index != 0) return std::nullopt;
  fetched.bytes = Rope(partition.unaligned_records.slice());
  fetched.response = {
      .error = partition.error_code,
      .current = {partition.current_leader.leader_id, partition.current_leader.leader_epoch},
      .snapshot_id = {partition.snapshot_id.end_offset, partition.snapshot_id.epoch},
      .size = partition.size,
      .position = partition.position,
      .length = static_cast<std::int64_t>(fetched.bytes.size())};
  return fetched;
}

api::VoteResponse to_api(const raft::VoteResponse& response) {
  api::VoteResponse::PartitionData partition;
  partition.error_code = response.error;
  partition.leader_id = response.current.leader_id;
  partition.leader_epoch = response.current.epoch;
  partition.vote_granted = response.vote_granted;
  return around<api::VoteResponse>(std::move(partition));
}

api::BeginQuorumEpochResponse begin_response_of(const raft::EpochResponse& response) {
  return epoch_response_of<api::BeginQuorumEpochResponse>(response);
}

api::EndQuorumEpochResponse end_response_of(const raft::EpochResponse& response) {
  return epoch_response_of<api::EndQuorumEpochResponse>(response);
}

api::FetchResponse to_api(const raft::FetchResponse& response, Rope records, std::int16_t version) {
  api::FetchResponse message;
  auto& topic = message.responses.emplace_back();
  if (version >= 13) {
    topic.topic_id = metadata_topic_id;
  } else {
    topic.topic = metadata_topic();
  }
  auto& partition = topic.partitions.emplace_back();
  partition.error_code = response.error;
  partition.high_watermark = response.high_watermark;
  partition.log_start_offset = response.log_start_offset;
  if (version >= 12) {
    partition.current_leader = {response.current.leader_id, response.current.epoch};
    if (response.diverging_epoch) {
      partition.diverging_epoch = {response.diverging_epoch->epoch,
                                   response.diverging_epoch->end_offset};
    }
    if (response.snapshot_id) {
      partition.snapshot_id = {response.snapshot_id->end_offset, response.snapshot_id->epoch};
    }
  }
  partition.records = wire::Records(std::move(records));
  return message;
}

api::FetchSnapshotResponse to_api(const raft::FetchSnapshotResponse& response, Rope bytes) {
  api::FetchSnapshotResponse message;
  auto& topic = message.topics.emplace_back();
  topic.name = metadata_topic();
  auto& partition = topic.partitions.emplace_back();
  partition.error_code = response.error;
  partition.snapshot_id = {response.snapshot_id.end_offset, response.snapshot_id.epoch};
  partition.current_leader = {response.current.leader_id, response.current.epoch};
  partition.size = response.size;
  partition.position = response.position;
  partition.unaligned_records = wire::Records(std::move(bytes));
  return message;
}

}  // namespace brokersim::broker
