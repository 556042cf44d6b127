#include "properties/transaction_log.h"

#include <utility>

namespace brokersim::properties {

void TransactionLogs::take(const Event& e, const TransactionStateStored& stored) {
  logs_[stored.partition].waiting[stored.offset].push_back({stored, e.id, e.node, e.at});
}

TransactionLogs::News TransactionLogs::news_of(const TopicPartition& name, const Ledger& ledger) {
  News news;
  const auto found = logs_.find(name);
  const Partition* partition = ledger.find(name);
  if (found == logs_.end() || partition == nullptr) return news;
  Log& log = found->second;
  const auto& committed = partition->committed;
  const bool is_same = log.followed <= committed.size() &&
                       (log.followed == 0 || committed[log.followed - 1].prefix == log.prefix) &&
                       log.rebases == partition->rebases.size();
  if (!is_same) {
    news.was_cut = true;
    log.followed = committed.size();
    log.rebases = partition->rebases.size();
    log.waiting.erase(log.waiting.begin(), log.waiting.lower_bound(partition->committed_end()));
  }
  for (; log.followed < committed.size(); ++log.followed)
    take_committed(log, committed[log.followed].batch, news);
  if (log.followed > 0) log.prefix = committed[log.followed - 1].prefix;
  return news;
}

// Of several that were written to one offset that of the batch's own epoch.
void TransactionLogs::take_committed(Log& log, const BatchRef& batch, News& news) {
  const auto end = log.waiting.upper_bound(batch.last_offset);
  for (auto at = log.waiting.begin(); at != end; ++at) {
    for (StoredState& stored : at->second) {
      const bool is_of_batch =
          at->first >= batch.base_offset && stored.record.leader_epoch == batch.leader_epoch;
      if (is_of_batch) news.states.push_back(std::move(stored));
    }
  }
  log.waiting.erase(log.waiting.begin(), end);
}

std::vector<TopicPartition> TransactionLogs::partitions() const {
  std::vector<TopicPartition> all;
  for (const auto& [partition, log] : logs_) all.push_back(partition);
  return all;
}

}  // namespace brokersim::properties
