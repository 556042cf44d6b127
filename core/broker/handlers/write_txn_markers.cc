// WriteTxnMarkers (key 27): a transaction's coordinator has decided, and the end is written behind
// what the transaction wrote to each partition (KIP-98).
#include <memory>
#include <vector>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/group/records.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using MarkerAsked = api::WriteTxnMarkersRequest::WritableTxnMarker;

constexpr std::int16_t all_in_sync = -1;
constexpr Duration marker_patience = 30s;  // request.timeout.ms of a broker.

// A marker in one partition, and its place in the response.
struct MarkerWritten {
  std::size_t marker = 0;
  std::size_t topic = 0;
  std::size_t partition = 0;
  std::shared_ptr<Replica> replica;
  Appended appended;
};

wire::TransactionMarker marker_in(const MarkerAsked& asked) {
  return {.producer_id = asked.producer_id,
          .producer_epoch = asked.producer_epoch,
          .is_commit = asked.transaction_result,
          .coordinator_epoch = asked.coordinator_epoch};
}

Expected<Appended, ErrorCode> write_marker(Env& env, Broker& broker,
                                           const TopicPartition& partition,
                                           const MarkerAsked& asked) {
  const auto replica = broker.replicas().find(partition);
  if (!replica) return Unexpected(broker.error_without_replica(partition));
  const auto marker = marker_in(asked);
  const auto written = replica->append_marker(env, marker, asked.transaction_version);
  if (!written || partition.topic != group::offsets_topic) return written;
  // What offsets it makes count, or not, their coordinator does not read in its own log.
  const auto& coordinators = broker.groups().all();
  const auto coordinator = coordinators.find(partition.partition);
  if (coordinator != coordinators.end()) {
    coordinator->second->marker_written(env, written->base_offset, marker);
  }
  return written;
}

ErrorCode await_replication(Env& env, const MarkerWritten& written, Instant deadline) {
  if (!written.replica->flush_if_due(env)) return ErrorCode::kafka_storage_error;
  auto verdict = written.replica->acks_satisfied(all_in_sync, written.appended);
  while (!verdict) {
    if (written.replica->changed().wait(env, deadline) != Wake::notified) {
      return ErrorCode::request_timed_out;
    }
    verdict = written.replica->acks_satisfied(all_in_sync, written.appended);
  }
  return *verdict;
}

}  // namespace

api::WriteTxnMarkersResponse write_txn_markers(Env& env, Broker& broker,
                                               const RequestContext& context,
                                               api::WriteTxnMarkersRequest request) {
  const Instant deadline = env.now() + marker_patience;
  api::WriteTxnMarkersResponse response;
  std::vector<MarkerWritten> waiting;
  for (const auto& marker : request.markers) {
    auto& results = response.markers.emplace_back();
    results.producer_id = marker.producer_id;
    for (const auto& topic : marker.topics) {
      auto& answers = results.topics.emplace_back();
      answers.name = topic.name;
      for (const auto index : topic.partition_indexes) {
        auto& answer = answers.partitions.emplace_back();
        answer.partition_index = index;
        const TopicPartition partition{topic.name, index};
        const auto written = write_marker(env, broker, partition, marker);
        if (!written) {
          answer.error_code = written.error();
          continue;
        }
        waiting.push_back({response.markers.size() - 1, results.topics.size() - 1,
                           answers.partitions.size() - 1, broker.replicas().find(partition),
                           *written});
      }
    }
  }
  context.let_go(env, request);
  for (const auto& written : waiting) {
    auto& topic = response.markers[written.marker].topics[written.topic];
    topic.partitions[written.partition].error_code = await_replication(env, written, deadline);
  }
  return response;
}

}  // namespace brokersim::broker::handlers
