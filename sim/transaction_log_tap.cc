#include "sim/transaction_log_tap.h"

#include <variant>

#include "core/transaction/records.h"

namespace brokersim::sim {

namespace {

// A tombstone names nothing but the id.
TransactionStateStored state_in(const transaction::TransactionEntry& entry) {
  TransactionStateStored stored{.transactional_id = entry.transactional_id};
  if (!entry.standing) {
    stored.state = name_of(transaction::State::dead);
    return stored;
  }
  const auto& standing = *entry.standing;
  stored.state = name_of(standing.state);
  stored.producer_id = standing.producer_id;
  stored.producer_epoch = standing.epoch;
  stored.next_producer_id = standing.next_producer_id;
  stored.transaction_version = standing.transaction_version;
  stored.partitions.assign(standing.partitions.begin(), standing.partitions.end());
  return stored;
}

}  // namespace

void TransactionLogTap::on_batch(NodeId node, const TopicPartition& partition,
                                 const wire::Batch& batch) {
  const auto& header = batch.header;
  if (header.is_control()) return;
  if (!told_[partition].emplace(header.base_offset, header.leader_epoch).second) return;
  const auto records = wire::records_of(batch);
  if (!records) return;
  for (const auto& each : *records) {
    const auto entry = transaction::decode_entry(each.record);
    const auto* of_id = entry ? std::get_if<transaction::TransactionEntry>(&*entry) : nullptr;
    if (of_id == nullptr) continue;
    auto stored = state_in(*of_id);
    stored.partition = partition;
    stored.offset = each.offset;
    stored.leader_epoch = header.leader_epoch;
    recorder_.record(node, std::move(stored));
  }
}

}  // namespace brokersim::sim
