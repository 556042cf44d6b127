#include "sim/decided_transactions.h"

#include <iterator>

namespace brokersim::sim {

void DecidedTransactions::add(std::span<const wire::Batch> batches) {
  for (const auto& batch : batches) {
    const BatchRole role = batch.role();
    if (!is_marker(role)) continue;
    const End end = role == BatchRole::commit ? End::committed : End::aborted;
    markers_[batch.header.producer_id].emplace(batch.header.base_offset, end);
  }
}

bool DecidedTransactions::counts(const wire::BatchHeader& batch) const {
  return !batch.is_transactional() || end_of(batch) == End::committed;
}

bool DecidedTransactions::is_aborted(const wire::BatchHeader& batch) const {
  return batch.is_transactional() && end_of(batch) == End::aborted;
}

Offset DecidedTransactions::begin_of(std::int64_t producer_id, Offset marker) const {
  const auto known = markers_.find(producer_id);
  if (known == markers_.end()) return -1;
  const auto at = known->second.lower_bound(marker);
  return at == known->second.begin() ? -1 : std::prev(at)->first;
}

// By the first marker behind it.
DecidedTransactions::End DecidedTransactions::end_of(const wire::BatchHeader& batch) const {
  const auto known = markers_.find(batch.producer_id);
  if (known == markers_.end()) return End::open;
  const auto next = known->second.upper_bound(batch.base_offset);
  return next == known->second.end() ? End::open : next->second;
}

}  // namespace brokersim::sim
