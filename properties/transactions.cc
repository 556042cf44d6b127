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

}  // namespace brokersim::properties
