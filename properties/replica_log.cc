// ReplicaLog: batches with cumulative hashes, so that comparing two prefixes is comparing two
// numbers.
#include <algorithm>
#include <utility>

#include "properties/ledger.h"

namespace brokersim::properties {

namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
  hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93U;
  return hash ^ (hash >> 29);
}

std::uint64_t extend_prefix(std::uint64_t prefix, const BatchRef& batch) {
  prefix = mix(prefix, static_cast<std::uint64_t>(batch.base_offset));
  prefix = mix(prefix, static_cast<std::uint64_t>(batch.last_offset));
  prefix = mix(prefix, static_cast<std::uint64_t>(batch.leader_epoch.value));
  return mix(prefix, batch.digest);
}

// Behind these.
std::uint64_t prefix_with(const std::vector<LogEntry>& entries, const BatchRef& batch) {
  return extend_prefix(entries.empty() ? 0 : entries.back().prefix, batch);
}

std::size_t index_reaching(const std::vector<LogEntry>& entries, Offset offset) {
  return static_cast<std::size_t>(first_reaching(entries, offset) - entries.begin());
}

}  // namespace

std::vector<LogEntry>::const_iterator first_reaching(const std::vector<LogEntry>& entries,
                                                     Offset offset) {
  return std::partition_point(entries.begin(), entries.end(), [offset](const LogEntry& entry) {
    return entry.batch.last_offset < offset;
  });
}

std::optional<std::size_t> ReplicaLog::find(Offset offset) const {
  const std::size_t at = index_reaching(entries_, offset);
  if (at == entries_.size() || entries_[at].batch.base_offset > offset) return std::nullopt;
  return at;
}

void ReplicaLog::store(const Event& event, const BatchRef& batch) {
  const std::uint64_t prefix = prefix_with(entries_, batch);
  const bool came_back = has_lost(entries_.size(), prefix);
  entries_.push_back({batch, prefix, event.id, event.at});
  if (came_back && entries_.size() >= lost_from_ + lost_.size()) lost_.clear();
}

void ReplicaLog::begin_behind(const std::vector<LogEntry>& entries, std::size_t count) {
  entries_.assign(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count));
}

// No batch is equal to it, nor did anybody store it.
void ReplicaLog::skip_to(Offset offset, Instant at) {
  if (offset <= end_offset()) return;
  const BatchRef gap{end_offset(), offset - 1, no_epoch};
  entries_.push_back({gap, prefix_with(entries_, gap), {}, at});
}

bool ReplicaLog::ends_in_gap() const {
  return !entries_.empty() && entries_.back().batch.leader_epoch == no_epoch;
}

// A leader knows no epoch before its log's start, and has a follower with an earlier one keep all
// up to there, until the follower's log begins there too: nobody can tell what it keeps so long.
// Nor what lay before the start of the follower's own log.
void ReplicaLog::take_deleted_of(const ReplicaLog& leader) {
  const Offset start =
      std::max({start_offset_, told_start_, leader.start_offset_, leader.told_start_});
  const std::size_t count = index_reaching(leader.entries_, start);
  if (start == 0 || count == 0) return;
  const bool begins_with_a_batch = leader.entries_[count - 1].batch.last_offset + 1 == start;
  // Only a log that holds nothing may begin within one of the leader's batches.
  const bool begins_within = count < leader.entries_.size() &&
                             leader.entries_[count].batch.base_offset < start &&
                             end_offset() <= start_offset_;
  if (!begins_with_a_batch && !begins_within) return;
  const bool is_known = holds(count - 1, leader.entries_[count - 1].prefix);
  if (end_offset() < start || (is_known && begins_with_a_batch)) return;
  const auto kept = entries_.begin() + static_cast<std::ptrdiff_t>(index_reaching(entries_, start));
  const auto theirs = leader.entries_.begin() + static_cast<std::ptrdiff_t>(count);
  if (entries_.end() - kept > leader.entries_.end() - theirs) return;
  const bool is_same = std::equal(kept, entries_.end(), theirs,
                                  [](const auto& a, const auto& b) { return a.batch == b.batch; });
  if (!is_same) return;
  const Instant at = entries_.back().at;
  std::vector<LogEntry> agreed(leader.entries_.begin(), theirs + (entries_.end() - kept));
  entries_ = std::move(agreed);
  skip_to(start, at);
}

std::vector<LogEntry> ReplicaLog::cut(Offset end_offset, bool by_power_loss) {
  const std::size_t keep = index_reaching(entries_, end_offset);
  const auto from = entries_.begin() + static_cast<std::ptrdiff_t>(keep);
  std::vector<LogEntry> removed(from, entries_.end());
  if (by_power_loss && !removed.empty()) {
    // What an earlier power loss took beyond the end, and has not come back, stays lost.
    std::vector<LogEntry> still_lost;
    for (std::size_t at = entries_.size(); at >= lost_from_ && at < lost_from_ + lost_.size(); ++at)
      still_lost.push_back(lost_[at - lost_from_]);
    lost_ = removed;
    lost_.insert(lost_.end(), still_lost.begin(), still_lost.end());
    lost_from_ = keep;
  }
  entries_.erase(from, entries_.end());
  synced_end_ = std::min(synced_end_, this->end_offset());
  start_offset_ = std::min(start_offset_, this->end_offset());
  told_start_ = std::min(told_start_, this->end_offset());
  return removed;
}

}  // namespace brokersim::properties
