#include "core/group/pending_offsets.h"

#include <algorithm>
#include <set>
#include <utility>

namespace brokersim::group {

void PendingOffsets::add(Offset at, std::int64_t producer_id, const TopicPartition& partition,
                         OffsetCommitValue value) {
  entries_.push_back(
      {.at = at, .producer_id = producer_id, .partition = partition, .value = std::move(value)});
}

void PendingOffsets::end(Offset at, std::int64_t producer_id, bool is_commit, Offsets& offsets) {
  for (auto& entry : entries_) {
    if (entry.producer_id != producer_id || entry.ended_at >= 0) continue;
    entry.ended_at = at;
    if (is_commit) offsets.apply(at, entry.partition, entry.value, entry.at);
  }
}

void PendingOffsets::forget(const TopicPartition& partition) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.partition == partition; });
}

void PendingOffsets::advance(Offset high_watermark) {
  std::erase_if(entries_, [&](const Entry& entry) {
    return entry.ended_at >= 0 && entry.ended_at < high_watermark;
  });
}

bool PendingOffsets::has(const TopicPartition& partition) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.partition == partition; });
}

std::vector<TopicPartition> PendingOffsets::partitions() const {
  std::set<TopicPartition> all;
  for (const auto& entry : entries_) all.insert(entry.partition);
  return {all.begin(), all.end()};
}

}  // namespace brokersim::group
