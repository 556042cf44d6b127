#include "properties/shown_logs.h"

namespace brokersim::properties {

namespace {

const LogEntry* committed_at(const Partition* partition, Offset offset) {
  if (partition == nullptr) return nullptr;
  const auto at = first_reaching(partition->committed, offset);
  return at == partition->committed.end() ? nullptr : &*at;
}

}  // namespace

// Who was deposed and does not know it may show what is lost. Offset and epoch of a batch name all
// that lies before it.
void ShownLogs::take(const Event& e, const FetchAnswered& answer, const Ledger& ledger) {
  if (answer.error != 0 || answer.replica.is_set() || answer.batches.empty()) return;
  const BatchRef& last = answer.batches.back();
  const auto* entry = committed_at(ledger.find(answer.partition), last.base_offset);
  const bool is_there = entry != nullptr && entry->batch.leader_epoch == last.leader_epoch;
  parts_.put(answer.peer, answer.partition, answer.batches.front().base_offset, last.last_offset,
             is_there ? e.id : EventId{});
}

// Of its epoch a producer is told nothing.
void ShownLogs::take(const Event& e, const ProduceAnswered& answer, const Ledger& ledger) {
  if (answer.error != 0) return;
  const BatchRef& batch = answer.batch;
  const auto* entry = committed_at(ledger.find(answer.partition), batch.base_offset);
  const bool is_there = entry != nullptr && entry->batch.base_offset == batch.base_offset &&
                        entry->batch.digest == batch.digest;
  parts_.put(answer.peer, answer.partition, batch.base_offset, batch.last_offset,
             is_there ? e.id : EventId{});
}

EventId ShownLogs::of(const std::string& client, const TopicPartition& partition,
                      Offset offset) const {
  const EventId* shown = parts_.of(client, partition, offset);
  return shown == nullptr ? EventId{} : *shown;
}

}  // namespace brokersim::properties
