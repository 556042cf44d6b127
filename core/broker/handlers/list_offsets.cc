// ListOffsets (key 2) and OffsetForLeaderEpoch (key 23): where a log begins, ends, and where in it
// a time or an epoch is.
#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/partition/fetch_check.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using PartitionAnswer = api::ListOffsetsResponse::ListOffsetsPartitionResponse;
using Asked = api::ListOffsetsRequest::ListOffsetsPartition;

constexpr std::int64_t latest = -1;
constexpr std::int64_t earliest = -2;

ErrorCode leadership_error(Broker& broker, const TopicPartition& partition,
                           const std::shared_ptr<Replica>& replica, LeaderEpoch epoch) {
  if (replica) return replica->check_leadership(epoch);
  return broker.image().find_partition(partition) ? ErrorCode::not_leader_or_follower
                                                  : ErrorCode::unknown_topic_or_partition;
}

void answer_latest(const Replica& replica, bool is_consumer, PartitionAnswer& answer) {
  const auto& leader = *replica.leader();
  if (!is_consumer) {
    answer.offset = replica.log().end_offset();
  } else if (leader.high_watermark() < leader.epoch_start_offset()) {
    // A new leader's high watermark lags: answering it could send a consumer back (KIP-207).
    answer.error_code = ErrorCode::offset_not_available;
    return;
  } else {
    answer.offset = leader.high_watermark();
  }
  answer.leader_epoch = leader.leader_epoch();
}

void answer_timestamp(Env& env, Replica& replica, std::int64_t timestamp, PartitionAnswer& answer) {
  const auto found = replica.log().offset_for_timestamp(env, timestamp);
  if (!found) {
    answer.error_code = ErrorCode::kafka_storage_error;
  } else if (*found && (*found)->offset < replica.high_watermark()) {
    answer.offset = (*found)->offset;
    answer.timestamp = (*found)->timestamp;
    answer.leader_epoch = (*found)->leader_epoch;
  }
}

PartitionAnswer answer_one(Env& env, Broker& broker, const std::string& topic, const Asked& asked,
                           bool is_consumer) {
  PartitionAnswer answer;
  answer.partition_index = asked.partition_index;
  const TopicPartition partition{topic, asked.partition_index};
  const auto replica = broker.replicas().find(partition);
  answer.error_code = leadership_error(broker, partition, replica, asked.current_leader_epoch);
  if (answer.error_code != ErrorCode::none) return answer;
  if (asked.timestamp == latest) {
    answer_latest(*replica, is_consumer, answer);
  } else if (asked.timestamp == earliest) {
    answer.offset = replica->log().start_offset();
    answer.leader_epoch = replica->state().leader_epoch;
  } else if (asked.timestamp >= 0) {
    answer_timestamp(env, *replica, asked.timestamp, answer);
  } else {
    answer.error_code = ErrorCode::unsupported_version;
  }
  return answer;
}

}  // namespace

api::ListOffsetsResponse list_offsets(Env& env, Broker& broker, const RequestContext& context,
                                      api::ListOffsetsRequest request) {
  api::ListOffsetsResponse response;
  const bool is_consumer = request.replica_id == no_node;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const auto& asked : topic.partitions) {
      auto& answer =
          answers.partitions.emplace_back(answer_one(env, broker, topic.name, asked, is_consumer));
      if (context.header.api_version < 4) answer.leader_epoch = no_epoch;
    }
  }
  return response;
}

api::OffsetForLeaderEpochResponse offset_for_leader_epoch(
    Broker& broker, const api::OffsetForLeaderEpochRequest& request) {
  api::OffsetForLeaderEpochResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic = topic.topic;
    for (const auto& asked : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition = asked.partition;
      const TopicPartition partition{topic.topic, asked.partition};
      const auto replica = broker.replicas().find(partition);
      answer.error_code = leadership_error(broker, partition, replica, asked.current_leader_epoch);
      if (answer.error_code != ErrorCode::none) continue;
      const auto end =
          partition::epoch_end(asked.leader_epoch, replica->log().end_offset(),
                               replica->log().epochs(), broker.config().rules.epoch_end);
      if (!end) continue;
      answer.leader_epoch = end->epoch;
      answer.end_offset = end->end_offset;
    }
  }
  return response;
}

}  // namespace brokersim::broker::handlers
