// Histories of stream tasks and their transactions, judged by all properties.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/properties/history.h"

namespace brokersim::properties {

inline const TopicPartition input{"input", 0};
inline const TopicPartition output{"output", 0};
inline const TopicPartition other_output{"output", 1};
inline constexpr std::int64_t task_producer = 7;

// All replicas of all partitions hold everything; broker 1 leads them.
class PipelineHistory : public History {
 public:
  explicit PipelineHistory(std::int16_t transaction_version = 2, Duration cleanup_interval = 10s,
                           const std::set<std::string>& older_clients = {})
      : History({.transaction_cleanup_interval = cleanup_interval,
                 .transaction_version = transaction_version,
                 .older_transactional_clients = older_clients}) {
    for (const auto& name : {input, output, other_output}) lead(name, 1, 0);
  }

  EventId lead(const TopicPartition& name, int leader, int epoch) {
    epochs_[name] = LeaderEpoch{epoch};
    PartitionCommitted body{name, NodeId{leader}, LeaderEpoch{epoch}};
    body.partition_epoch = PartitionEpoch{epoch};
    body.metadata_offset = ++metadata_;
    body.replicas = nodes({1, 2, 3});
    body.isr = nodes({1, 2, 3});
    return add(-1, body);
  }

  BatchRef next(const TopicPartition& name, BatchRole role, std::int16_t epoch = 0) {
    auto& end = ends_[name];
    BatchRef batch{end, end, epochs_[name], 1000 + ++digests_, role};
    ++end;
    if (role == BatchRole::data) return batch;
    batch.producer_id = task_producer;
    batch.producer_epoch = epoch;
    if (role == BatchRole::transactional) batch.base_sequence = sequences_[{name, epoch}]++;
    return batch;
  }
  BatchRef put(const TopicPartition& name, BatchRole role, std::int16_t epoch = 0) {
    const auto batch = next(name, role, epoch);
    for (int node = 1; node <= 3; ++node) add(node, BatchStored{name, batch});
    return batch;
  }

  // Broker 1 alone is in sync with `name` then, and has lost all from `end` on.
  void lose_from(const TopicPartition& name, Offset end) {
    PartitionCommitted body{name, NodeId{1}, LeaderEpoch{1}};
    body.partition_epoch = PartitionEpoch{1};
    body.metadata_offset = ++metadata_;
    body.replicas = nodes({1, 2, 3});
    body.isr = nodes({1});
    add(-1, body);
    stopped(1, NodeStopped::How::power_loss);
    add(1, LogCut{name, end, true});
    started(1, 1);
    lead(name, 1, 2);
    for (int node = 2; node <= 3; ++node) add(node, LogCut{name, end, false});
    ends_[name] = end;
  }

  EventId begin(std::int64_t op) { return add(9, TransactionBegan{op, "task-01", "task-01"}); }
  EventId end(std::int64_t op, bool is_commit, Outcome outcome = Outcome::ok) {
    return add(9, TransactionEnded{op, "task-01", is_commit, outcome});
  }
  // Sent, stored and acknowledged.
  Offset send(std::int64_t op, const TopicPartition& name, std::uint64_t record,
              std::int16_t epoch = 0) {
    add(9, SendInvoked{op, "task-01", name, record});
    const auto batch = put(name, BatchRole::transactional, epoch);
    add(9, SendEnded{op, "task-01", name, Outcome::ok, 0, -1, batch.base_offset});
    return batch.base_offset;
  }
  EventId begun_anew(std::int16_t epoch, int coordinator = 1) {
    return add(coordinator, InitProducerIdAnswered{"task-01", "task-01", task_producer, epoch,
                                                   10'000, 0, now().ns()});
  }
  EventId ended_by(std::int16_t epoch, Instant asked_at, int coordinator = 1) {
    return add(coordinator,
               EndTxnAnswered{"zombie", "task-01", task_producer, epoch, true, 0, asked_at.ns()});
  }

  // The task's own request.
  EventId asked_to_end(bool is_commit, Instant asked_at) {
    return add(1,
               EndTxnAnswered{"task-01", "task-01", task_producer, 0, is_commit, 0, asked_at.ns()});
  }

  EventId processed(Offset offset, std::vector<std::uint64_t> made,
                    ProcessingGuarantee guarantee = ProcessingGuarantee::exactly_once) {
    return add(9,
               RecordProcessed{"task-01", "pipeline", input, offset, guarantee, std::move(made)});
  }
  EventId offsets_sent(Offset offset, std::int32_t generation = 3, Instant asked_at = {}) {
    return add(1, TxnOffsetCommitAnswered{"task-01", "task-01", task_producer, 0, "pipeline",
                                          "task-01", generation, input, offset, 0, asked_at.ns()});
  }
  // The output, to somebody who reads from there on.
  void shown_to_be_committed(Offset from = 0) {
    add(1, FetchAnswered{"reader", no_node, output, 0, from, ends_[output], {}});
  }
  // The reader of committed output has come to `position`.
  void read_up_to(Offset position) {
    shown_to_be_committed(position);
    add(1, ReadCommittedAnswered{"reader", output, ends_[output], ends_[output], {}, {}});
  }
  EventId read(Offset offset, std::uint64_t record, const TopicPartition& from = output) {
    return add(8, RecordDelivered{"reader", from, offset, record});
  }

 private:
  std::map<TopicPartition, LeaderEpoch> epochs_;
  std::map<TopicPartition, Offset> ends_;
  std::map<std::pair<TopicPartition, std::int16_t>, std::int32_t> sequences_;
  std::uint64_t digests_ = 0;
  Offset metadata_ = 1000;
};

}  // namespace brokersim::properties
