// What the log keeps in memory of each batch: enough to find it, to read it and, after a
// truncation, to know again who produced it and how transactions ended.
#pragma once

#include <optional>

#include "core/wire/record_batch.h"

namespace brokersim::log {

struct IndexedBatch {
  Offset base_offset = 0;
  Offset last_offset = 0;
  std::uint64_t position = 0;
  std::size_t size = 0;
  LeaderEpoch leader_epoch{};
  std::int32_t coordinator_epoch = -1;  // Of a marker.
  std::int64_t max_timestamp = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  BatchRole role = BatchRole::data;
  std::int32_t base_sequence = -1;
};

// `marker` is what a transactional control batch says; it stands in the body.
inline IndexedBatch indexed(const wire::BatchHeader& header, std::uint64_t position,
                            std::size_t size,
                            const std::optional<wire::TransactionMarker>& marker = {}) {
  auto role = header.is_transactional() ? BatchRole::transactional : BatchRole::data;
  if (header.is_control()) role = BatchRole::control;
  if (marker) role = marker->is_commit ? BatchRole::commit : BatchRole::abort;
  return {.base_offset = header.base_offset,
          .last_offset = header.last_offset(),
          .position = position,
          .size = size,
          .leader_epoch = header.leader_epoch,
          .coordinator_epoch = marker ? marker->coordinator_epoch : -1,
          .max_timestamp = header.max_timestamp,
          .producer_id = header.producer_id,
          .producer_epoch = header.producer_epoch,
          .role = role,
          .base_sequence = header.base_sequence};
}

}  // namespace brokersim::log
