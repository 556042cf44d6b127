// What is kept in memory of each batch of a log: enough to find it in its file, and to know again
// who produced it.
#pragma once

#include "core/wire/record_batch.h"

namespace brokersim::log {

struct IndexedBatch {
  Offset base_offset = 0;
  Offset last_offset = 0;
  std::uint64_t position = 0;
  std::size_t size = 0;
  LeaderEpoch leader_epoch{};
  std::int64_t max_timestamp = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
};

inline IndexedBatch indexed(const wire::BatchHeader& header, std::uint64_t position,
                            std::size_t size) {
  return {header.base_offset,  header.last_offset(), position,           size,
          header.leader_epoch, header.max_timestamp, header.producer_id, header.producer_epoch,
          header.base_sequence};
}

}  // namespace brokersim::log
