// The log of a partition as it lies on a disk, read from its segment files.
#pragma once

#include <vector>

#include "core/wire/record_batch.h"
#include "sim/disk.h"

namespace brokersim::scenarios::verbs {

struct DiskLog {
  std::vector<wire::Batch> batches;  // In order, to the first that is not whole or not valid.
  std::size_t torn_bytes = 0;        // What stands behind them.
};
DiskLog disk_log(const sim::Disk& disk, const TopicPartition& partition);

}  // namespace brokersim::scenarios::verbs
