// When a node takes a snapshot of its metadata: after so many bytes of records (KIP-630), or after
// so long if there is anything new (KIP-876).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/time.h"
#include "core/broker/config.h"

namespace brokersim::broker {

class SnapshotSchedule {
 public:
  explicit SnapshotSchedule(const NodeConfig& config)
      : max_bytes_(config.metadata_log_max_record_bytes_between_snapshots),
        interval_(config.metadata_log_max_snapshot_interval) {}

  // The latest snapshot stands for everything up to now.
  void begin(Instant now) {
    bytes_ = 0;
    began_ = now;
  }
  // So much was added to what the next one stands for.
  void add(std::size_t bytes) { bytes_ += static_cast<std::int64_t>(bytes); }

  // Why one is due; empty if none is.
  std::string_view due(Instant now) const {
    if (bytes_ == 0) return {};
    if (bytes_ >= max_bytes_) return "enough bytes";
    const bool is_time = interval_ > Duration(0) && now - began_ >= interval_;
    return is_time ? "enough time" : std::string_view();
  }

 private:
  std::int64_t max_bytes_;
  Duration interval_;  // 0: never by time.
  std::int64_t bytes_ = 0;
  Instant began_;
};

}  // namespace brokersim::broker
