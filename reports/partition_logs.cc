#include "reports/partition_logs.h"

#include <algorithm>

namespace brokersim::reports {

namespace {

std::int64_t records_of(const BatchRef& batch) { return batch.last_offset - batch.base_offset + 1; }

// By what the producer made of it; the epoch is the leader's.
bool is_same(const BatchRef& a, const BatchRef& b) {
  return a.base_offset == b.base_offset && a.last_offset == b.last_offset && a.digest == b.digest;
}

Offset end_of(const std::vector<BatchRef>& log) {
  return log.empty() ? 0 : log.back().last_offset + 1;
}

}  // namespace

void PartitionLogs::store(NodeId node, const BatchRef& batch) {
  Log& log = logs_[node];
  while (!log.empty() && log.back().last_offset >= batch.base_offset) log.pop_back();
  log.push_back(batch);
}

PartitionLogs::Removed PartitionLogs::cut(NodeId node, Offset end_offset, NodeId leader) {
  Log& log = logs_[node];
  Removed removed{.from = end_of(log), .to = end_offset};
  removed.records = std::max<std::int64_t>(removed.from - removed.to, 0);
  while (!log.empty() && log.back().last_offset >= end_offset) {
    const BatchRef batch = log.back();
    log.pop_back();
    if (!promises_.contains({batch.base_offset, batch.digest})) continue;
    removed.acknowledged += records_of(batch);
    const bool has_leader = leader.is_set() && leader != node;
    if (!(has_leader ? find(leader, batch) != nullptr : any_holds(batch)))
      removed.gone += records_of(batch);
  }
  return removed;
}

void PartitionLogs::acknowledge(NodeId node, const BatchRef& batch, std::int32_t acks) {
  Promise promise{.batch = batch, .acks = acks};
  // Of the epoch only the log tells: what producers send and are told has none.
  if (const BatchRef* stored = find(node, batch)) promise.batch.leader_epoch = stored->leader_epoch;
  promises_.try_emplace({batch.base_offset, batch.digest}, promise);
}

std::vector<PartitionLogs::Loss> PartitionLogs::lost_under(NodeId leader) {
  std::vector<Loss> losses;
  for (auto& [key, promise] : promises_) {
    if (promise.is_lost || find(leader, promise.batch) != nullptr) continue;
    promise.is_lost = true;
    losses.push_back({.epoch = promise.batch.leader_epoch,
                      .records = records_of(promise.batch),
                      .by_leader_alone = promise.acks == 1});
  }
  return losses;
}

Offset PartitionLogs::end_offset(NodeId node) const {
  const auto log = logs_.find(node);
  return log == logs_.end() ? 0 : end_of(log->second);
}

LeaderEpoch PartitionLogs::last_epoch(NodeId node) const {
  const auto log = logs_.find(node);
  return log == logs_.end() || log->second.empty() ? no_epoch : log->second.back().leader_epoch;
}

bool PartitionLogs::any_holds(const BatchRef& batch) const {
  return std::any_of(logs_.begin(), logs_.end(),
                     [&](const auto& entry) { return find(entry.first, batch) != nullptr; });
}

const BatchRef* PartitionLogs::find(NodeId node, const BatchRef& batch) const {
  const auto log = logs_.find(node);
  if (log == logs_.end()) return nullptr;
  const auto at = std::lower_bound(
      log->second.begin(), log->second.end(), batch.base_offset,
      [](const BatchRef& held, Offset wanted) { return held.base_offset < wanted; });
  return at != log->second.end() && is_same(*at, batch) ? &*at : nullptr;
}

}  // namespace brokersim::reports
