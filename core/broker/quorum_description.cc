#include "core/broker/quorum_description.h"

namespace brokersim::broker {
namespace {

using api::ErrorCode;
using ReplicaState = api::DescribeQuorumResponse::ReplicaState;
using QuorumPartition = api::DescribeQuorumResponse::PartitionData;

std::int64_t wall_time_of(Instant then, TwoClocks clocks) {
  return clocks.wall.ms - milliseconds(clocks.now - then);
}

ReplicaState state_of(const raft::ReplicaKey& key, const raft::Replica& replica, TwoClocks clocks) {
  ReplicaState state{.replica_id = key.id,
                     .replica_directory_id = key.directory,
                     .log_end_offset = replica.end_offset};
  if (replica.end_offset >= 0) {
    state.last_fetch_timestamp = wall_time_of(replica.last_fetch, clocks);
  }
  if (replica.caught_up.last) {
    state.last_caught_up_timestamp = wall_time_of(*replica.caught_up.last, clocks);
  }
  return state;
}

QuorumPartition describe_metadata(const raft::Raft& raft, Offset end_offset, TwoClocks clocks) {
  const auto& leader = std::get<raft::Leader>(raft.role());
  QuorumPartition partition{.partition_index = metadata_partition().partition,
                            .leader_id = raft.config().self,
                            .leader_epoch = raft.epoch(),
                            .high_watermark = raft.high_watermark()};
  for (const auto& [id, voter] : raft.voters().all()) {
    if (id == raft.config().self) {
      // The leader itself has what it has, at any time.
      partition.current_voters.push_back({.replica_id = id,
                                          .replica_directory_id = voter.key.directory,
                                          .log_end_offset = end_offset,
                                          .last_fetch_timestamp = clocks.wall.ms,
                                          .last_caught_up_timestamp = clocks.wall.ms});
    } else {
      partition.current_voters.push_back(state_of(voter.key, leader.voters.at(id), clocks));
    }
  }
  for (const auto& [key, replica] : leader.observers) {
    partition.observers.push_back(state_of(key, replica, clocks));
  }
  return partition;
}

}  // namespace

api::DescribeQuorumResponse describe_quorum(const api::DescribeQuorumRequest& request,
                                            std::int16_t version, const raft::Raft& raft,
                                            Offset end_offset, TwoClocks clocks) {
  api::DescribeQuorumResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic_name = topic.topic_name;
    for (const auto& asked : topic.partitions) {
      const TopicPartition id{topic.topic_name, asked.partition_index};
      answers.partitions.push_back(
          id == metadata_partition()
              ? describe_metadata(raft, end_offset, clocks)
              : QuorumPartition{.partition_index = asked.partition_index,
                                .error_code = ErrorCode::unknown_topic_or_partition});
    }
  }
  if (version < 2) return response;
  for (const auto& [id, voter] : raft.voters().all()) {
    api::DescribeQuorumResponse::Node node{.node_id = id};
    for (const auto& [listener, host, port] : voter.endpoints) {
      node.listeners.push_back({listener, host, port});
    }
    response.nodes.push_back(std::move(node));
  }
  return response;
}

}  // namespace brokersim::broker
