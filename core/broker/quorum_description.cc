#include "core/broker/quorum_description.h"

#include <algorithm>

namespace brokersim::broker {
namespace {

using api::ErrorCode;
using ReplicaState = api::DescribeQuorumResponse::ReplicaState;
using QuorumPartition = api::DescribeQuorumResponse::PartitionData;

std::int64_t wall_time_of(Instant then, TwoClocks clocks) {
  return clocks.wall.ms - milliseconds(clocks.now - then);
}

ReplicaState state_of(NodeId id, const raft::Replica& replica, TwoClocks clocks) {
  ReplicaState state{.replica_id = id, .log_end_offset = replica.end_offset};
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
  for (const auto& [id, replica] : leader.voters) {
    partition.current_voters.push_back(state_of(id, replica, clocks));
  }
  // The leader itself has what it has, at any time.
  partition.current_voters.push_back({.replica_id = raft.config().self,
                                      .log_end_offset = end_offset,
                                      .last_fetch_timestamp = clocks.wall.ms,
                                      .last_caught_up_timestamp = clocks.wall.ms});
  std::sort(partition.current_voters.begin(), partition.current_voters.end(),
            [](const auto& a, const auto& b) { return a.replica_id < b.replica_id; });
  for (const auto& [id, replica] : leader.observers) {
    partition.observers.push_back(state_of(id, replica, clocks));
  }
  return partition;
}

}  // namespace

api::DescribeQuorumResponse describe_quorum(const api::DescribeQuorumRequest& request,
                                            std::int16_t version, const raft::Raft& raft,
                                            Offset end_offset, const NodeConfig& config,
                                            TwoClocks clocks) {
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
  for (const auto& voter : config.voters) {
    api::DescribeQuorumResponse::Node node{.node_id = voter.id};
    node.listeners.push_back({"CONTROLLER", voter.address.host, voter.address.port});
    response.nodes.push_back(std::move(node));
  }
  return response;
}

}  // namespace brokersim::broker
