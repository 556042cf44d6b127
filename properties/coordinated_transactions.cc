#include "properties/coordinated_transactions.h"

#include <algorithm>

namespace brokersim::properties {

namespace {

bool can_be_told(const StoredState& state, const Ledger& ledger) {
  const auto& partitions = state.record.partitions;
  return std::none_of(partitions.begin(), partitions.end(), [&](const TopicPartition& name) {
    const Partition* partition = ledger.find_present(name);
    return partition != nullptr && !partition->is_removed && !partition->state.leader.is_set();
  });
}

}  // namespace

void CoordinatedTransactions::take(const Event& e, const TransactionStateStored& stored,
                                   const Ledger& ledger) {
  logs_.take(e, stored);
  follow(stored.partition, ledger);
}

// What stood behind a loss is not held against whoever has lost it.
void CoordinatedTransactions::follow(const TopicPartition& partition, const Ledger& ledger) {
  const auto news = logs_.news_of(partition, ledger);
  auto& latest = latest_[partition];
  if (news.was_cut) latest.clear();
  for (const StoredState& one : news.states) latest[one.record.transactional_id] = one;
}

std::vector<StoredState> CoordinatedTransactions::unfinished(const Ledger& ledger) {
  std::vector<StoredState> all;
  for (const auto& name : logs_.partitions()) {
    follow(name, ledger);
    const Partition* log = ledger.find(name);
    if (log == nullptr || !is_beyond_doubt(*log)) continue;
    for (const auto& [id, state] : latest_[name]) {
      const bool is_going_on = state.is("Ongoing") || state.is_prepared();
      if (is_going_on && can_be_told(state, ledger)) all.push_back(state);
    }
  }
  return all;
}

}  // namespace brokersim::properties
