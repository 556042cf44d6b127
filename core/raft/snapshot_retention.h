// How long snapshots and the log behind them are kept (KIP-630, KAFKA-14238): the log is never cut
// but at a snapshot, and the latest snapshot always stays.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/time.h"
#include "core/raft/snapshot_store.h"

namespace brokersim::raft {

// Nothing where there is no bound.
struct SnapshotRetention {
  // metadata.max.retention.bytes: log and snapshots together.
  std::optional<std::int64_t> max_bytes = 100 << 20;
  // metadata.max.retention.ms: of a snapshot's last record.
  std::optional<Duration> max_age = 7 * 24h;
};

// Whether the oldest snapshot may go, and with it what of the log lies before the next one.
inline bool may_drop_oldest(const SnapshotStore::All& snapshots, std::uint64_t log_bytes,
                            std::int64_t now_ms, const SnapshotRetention& retention) {
  if (snapshots.size() < 2) return false;
  auto bytes = static_cast<std::int64_t>(log_bytes);
  for (const auto& [id, stored] : snapshots) bytes += stored.size;
  const auto age_ms = now_ms - snapshots.begin()->second.last_contained_log_timestamp;
  const bool are_too_large = retention.max_bytes && bytes > *retention.max_bytes;
  return are_too_large || (retention.max_age && age_ms > *retention.max_age / 1ms);
}

}  // namespace brokersim::raft
