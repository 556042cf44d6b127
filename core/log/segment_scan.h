// Finding the batches of a segment file by walking their headers, and where the file stops making
// sense: a torn or lost write, or bytes of an earlier life of the log behind a lost truncation.
//
// A file may be walked in part: from a batch that its index names
// (docs/decisions/segment-indexes.md).
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "core/env.h"
#include "core/log/indexed_batch.h"
#include "core/wire/record_batch.h"

namespace brokersim::log {

// What a batch must follow: its offsets begin at `next_offset` or later, its epoch is not earlier.
struct ScanStart {
  Offset next_offset = 0;
  LeaderEpoch leader_epoch = no_epoch;
  Offset check_from = 0;  // Batches that reach this offset are checked against their CRC.
};

struct Scan {
  std::vector<IndexedBatch> batches = {};
  std::uint64_t valid_size = 0;  // The file is good up to here.
};

// Which part of a file is walked: from a position at which a batch begins.
struct ScanPart {
  std::uint64_t from = 0;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  std::size_t most_batches = std::numeric_limits<std::size_t>::max();
  std::size_t read_ahead = 256 * 1024;  // Bytes.
};

IoResult<Scan> scan_segment(Env& env, File& file, ScanStart start, ScanPart part = {});

// Offsets and epoch of `header` are possible in themselves and behind what `start` names.
bool follows(const wire::BatchHeader& header, const ScanStart& start);

}  // namespace brokersim::log
