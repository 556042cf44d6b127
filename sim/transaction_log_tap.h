// What coordinators of transactions have written of the transactional ids that they look after,
// read from the bytes of __transaction_state on all machines' disks: TransactionStateStored, once
// for each record, where it is stored first (KIP-98).
#pragma once

#include <map>
#include <set>
#include <utility>

#include "sim/disk_tap.h"
#include "sim/recorder.h"

namespace brokersim::sim {

class TransactionLogTap final : public BatchObserver {
 public:
  // The recorder outlives it.
  explicit TransactionLogTap(Recorder& recorder) : recorder_(recorder) {}

  void on_batch(NodeId node, const TopicPartition& partition, const wire::Batch& batch) override;

 private:
  using Batches = std::set<std::pair<Offset, LeaderEpoch>>;

  Recorder& recorder_;
  std::map<TopicPartition, Batches> told_;
};

}  // namespace brokersim::sim
