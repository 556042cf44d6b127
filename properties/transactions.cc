#include "properties/transactions.h"

#include <algorithm>
#include <iterator>

namespace brokersim::properties {

void Transactions::follow(const Partition& partition) {
  const auto& committed = partition.committed;
  const bool is_same = followed_ <= committed.size() &&
                       (followed_ == 0 || committed[followed_ - 1].prefix == prefix_);
  if (!is_same || rebases_ != partition.rebases.size()) *this = {};
  rebases_ = partition.rebases.size();
  for (; followed_ < committed.size(); ++followed_) {
    take(committed[followed_]);
    prefix_ = committed[followed_].prefix;
  }
}

void Transactions::take(const LogEntry& entry) {
  const auto role = entry.batch.role;
  if (role != BatchRole::transactional && !is_marker(role)) return;
  auto& all = by_producer_[entry.batch.producer_id];
  const bool is_open = !all.empty() && !all.back().marker;
  if (is_marker(role)) {
    if (is_open) all.back().marker = entry;
  } else if (!is_open) {
    all.push_back({entry.batch.producer_id, entry, std::nullopt});
  }
}

const Transaction* Transactions::of(const BatchRef& batch) const {
  const auto producer = by_producer_.find(batch.producer_id);
  if (batch.role != BatchRole::transactional || producer == by_producer_.end()) return nullptr;
  const auto& all = producer->second;
  const auto beyond = std::partition_point(all.begin(), all.end(), [&](const Transaction& one) {
    return one.first.batch.base_offset <= batch.base_offset;
  });
  if (beyond == all.begin()) return nullptr;
  const Transaction& found = *std::prev(beyond);
  return found.is_decided_at(batch.base_offset) ? nullptr : &found;
}

std::vector<const Transaction*> Transactions::open() const {
  std::vector<const Transaction*> all;
  for (const auto& [producer, transactions] : by_producer_) {
    if (!transactions.empty() && !transactions.back().marker) all.push_back(&transactions.back());
  }
  return all;
}

const Transactions& AllTransactions::in(const Ledger& ledger, const Partition& partition) {
  const std::size_t number = *ledger.index_of(partition.name);
  if (by_partition_.size() <= number) by_partition_.resize(number + 1);
  by_partition_[number].follow(partition);
  return by_partition_[number];
}

const Transaction* AllTransactions::at(const Ledger& ledger, const Partition& partition,
                                       Offset offset) {
  const auto& log = partition.committed;
  const auto entry = first_reaching(log, offset);
  return entry == log.end() ? nullptr : in(ledger, partition).of(entry->batch);
}

std::vector<AllTransactions::Open> AllTransactions::open(const Ledger& ledger) {
  std::vector<Open> all;
  for (const auto& partition : ledger.partitions()) {
    if (partition.is_removed) continue;
    for (const auto* one : in(ledger, partition).open()) all.push_back({&partition, one});
  }
  return all;
}

bool CommittedReaders::may_skip(const Ledger& ledger, const Partition& partition,
                                const BatchRef& batch, const std::string& client) {
  if (batch.role != BatchRole::transactional || !clients_.contains(client)) return false;
  const auto* transaction = transactions_.in(ledger, partition).of(batch);
  return transaction != nullptr && transaction->is_aborted();
}

bool has_lost_decisions(const Ledger& ledger) { return ledger.has_lost_decisions(); }

}  // namespace brokersim::properties
