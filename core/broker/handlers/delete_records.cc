// DeleteRecords (key 21): what lies before an offset goes, on all replicas that are alive
// (KIP-107).
#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/broker/internal_topics.h"
#include "core/controller/topic_config.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using DeletionResult = api::DeleteRecordsResponse::DeleteRecordsPartitionResult;

constexpr Offset up_to_high_watermark = -1;

// A partition of the request whose replicas are deleting.
struct Deleting {
  std::size_t topic = 0;
  std::size_t partition = 0;
  std::shared_ptr<Replica> replica;
  LeaderEpoch leader_epoch;
  Offset target = 0;
};

ErrorCode check_deletion(Broker& broker, const TopicPartition& partition,
                         const std::shared_ptr<Replica>& replica) {
  if (is_internal_topic(partition.topic)) return ErrorCode::invalid_topic_exception;
  if (!replica) return broker.error_without_replica(partition);
  const auto error = replica->check_leadership(no_epoch);
  if (error != ErrorCode::none) return error;
  const controller::TopicConfigs configs(broker.image(), partition.topic, broker.topic_defaults());
  const bool may_delete = configs.get("cleanup.policy").text.find("delete") != std::string::npos;
  return may_delete ? ErrorCode::none : ErrorCode::policy_violation;
}

void wait_for_replicas(Env& env, Deleting& one, Instant deadline, DeletionResult& answer) {
  auto& replica = *one.replica;
  while (true) {
    if (!replica.is_leader() || replica.state().leader_epoch != one.leader_epoch) {
      answer.error_code = ErrorCode::not_leader_or_follower;
      return;
    }
    answer.low_watermark = replica.low_watermark();
    if (answer.low_watermark >= one.target) return;
    if (wait_any(env, std::array{&replica.changed(), &replica.deleted()}, deadline) !=
        Wake::notified) {
      answer.error_code = ErrorCode::request_timed_out;
      return;
    }
  }
}

}  // namespace

api::DeleteRecordsResponse delete_records(Env& env, Broker& broker,
                                          const api::DeleteRecordsRequest& request) {
  const Instant deadline = env.now() + Duration(1ms) * request.timeout_ms;
  api::DeleteRecordsResponse response;
  std::vector<Deleting> waiting;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const auto& asked : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = asked.partition_index;
      answer.low_watermark = -1;
      const TopicPartition partition{topic.name, asked.partition_index};
      const auto replica = broker.replicas().find(partition);
      answer.error_code = check_deletion(broker, partition, replica);
      if (answer.error_code != ErrorCode::none) continue;
      const Offset committed = replica->high_watermark();
      const Offset target = asked.offset == up_to_high_watermark ? committed : asked.offset;
      if (target < 0 || target > committed) {
        answer.error_code = ErrorCode::offset_out_of_range;
        continue;
      }
      replica->want_start(env, target);
      waiting.push_back({response.topics.size() - 1, answers.partitions.size() - 1, replica,
                         replica->state().leader_epoch, target});
    }
  }
  for (auto& one : waiting) {
    wait_for_replicas(env, one, deadline, response.topics[one.topic].partitions[one.partition]);
  }
  return response;
}

}  // namespace brokersim::broker::handlers
