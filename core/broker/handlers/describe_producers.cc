// DescribeProducers (key 61): what a leader knows of those who write, so that a transaction which
// nobody ends can be found (KIP-664).
#include <set>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using Described = api::DescribeProducersResponse::PartitionResponse;

Described described(Broker& broker, const TopicPartition& partition) {
  Described answer{.partition_index = partition.partition};
  const auto replica = broker.replicas().find(partition);
  if (!replica) {
    answer.error_code = broker.error_without_replica(partition);
    return answer;
  }
  answer.error_code = replica->check_leadership(no_epoch);
  if (answer.error_code != ErrorCode::none) return answer;
  for (const auto& [id, producer] : replica->log().producers().producers()) {
    answer.active_producers.push_back(
        {.producer_id = id,
         .producer_epoch = producer.epoch,
         .last_sequence = producer.last_sequence(),
         .last_timestamp = producer.last_timestamp,
         .coordinator_epoch = producer.coordinator_epoch,
         .current_txn_start_offset = producer.open_since.value_or(-1)});
  }
  return answer;
}

}  // namespace

api::DescribeProducersResponse describe_producers(Broker& broker,
                                                  const api::DescribeProducersRequest& request) {
  api::DescribeProducersResponse response;
  // Each once: a small request would have an endless answer.
  std::set<TopicPartition> answered;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const auto index : topic.partition_indexes) {
      if (!answered.insert({topic.name, index}).second) continue;
      answers.partitions.push_back(described(broker, {topic.name, index}));
    }
  }
  return response;
}

}  // namespace brokersim::broker::handlers
