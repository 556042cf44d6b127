#include "core/log/segment_indexes.h"

#include <algorithm>

namespace brokersim::log {

void SegmentIndexes::add(const IndexedBatch& batch, std::uint64_t interval) {
  if (batch.max_timestamp > largest_.timestamp) largest_ = {batch.max_timestamp, batch.last_offset};
  if (bytes_since_entry_ > interval) {
    offsets_.add({batch.last_offset, batch.position});
    times_.add(largest_);
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += batch.size;
}

void SegmentIndexes::resume(std::uint64_t size) {
  const auto last = offsets_.last();
  bytes_since_entry_ = size - (last ? last->position : 0);
  largest_ = times_.last().value_or(TimeEntry{});
}

bool SegmentIndexes::is_full(std::uint64_t room) const {
  return offsets_.size() >= room / OffsetIndex::entry_size ||
         times_.size() + 1 >= std::max<std::uint64_t>(2, room / TimeIndex::entry_size);
}

SegmentIndexes SegmentIndexes::closed() const {
  SegmentIndexes all = *this;
  all.times_.add(largest_);
  return all;
}

SegmentIndexes indexes_of(Offset base, std::span<const IndexedBatch> batches,
                          std::uint64_t interval) {
  SegmentIndexes indexes(base);
  for (const auto& batch : batches) indexes.add(batch, interval);
  return indexes.closed();
}

}  // namespace brokersim::log
