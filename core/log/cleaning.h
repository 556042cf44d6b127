// What survives compaction (KIP-58, KIP-534): of each key the latest record, of each deletion
// its tombstone until everybody can have read it, of each active producer the last batch, of each
// transaction that was not aborted its records and, as long as there are any, its marker.
//
//   before   0 a=1 │ 1 b=1  2 a=2 │ 3 b=null │ 4 c=1 │ 5 a=3
//   after            1 ─ ─ ─ ─ 2  │ 3 b=null │ 4 c=1 │ 5 a=3      offsets stay what they were
//
// Batches keep their first and last offset, their codec, and what they say of their producer. One
// of which nothing is left goes, unless it is the last of a producer: then it stays, empty. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/log/latest_offsets.h"
#include "core/wire/record_batch.h"

namespace brokersim::log {

// A transaction that was aborted: what its producer wrote from `first_offset` up to the marker.
struct AbortedRange {
  std::int64_t producer_id = -1;
  Offset first_offset = 0;
  Offset marker_offset = 0;
};

struct CleaningTerms {
  WallTime now;
  std::int64_t delete_retention_ms = 86'400'000;  // delete.retention.ms
  std::map<std::int64_t, Offset> last_offsets;    // Of the last batch of each active producer.
  std::vector<AbortedRange> aborted;
  LogRules rules;
};

class Cleaning {
 public:
  // `latest` outlives it.
  Cleaning(const LatestOffsets& latest, CleaningTerms terms);

  // What is left of the next batch of the log, itself if that is all of it; nothing if it goes.
  // Batches come in the log's order, from its beginning: a marker is kept for what came before it.
  Expected<std::optional<wire::Batch>, wire::BatchError> clean(const wire::Batch& batch);

  // A new file is cleaned into. Nothing is forgotten for that (KAFKA-8351).
  void begin_segment();

  static bool is_aborted(const std::vector<AbortedRange>& aborted, const wire::BatchHeader& batch);

 private:
  bool has_passed_horizon(const wire::BatchHeader& batch) const;
  std::int64_t horizon() const;
  bool survives(const wire::Batch& batch, const wire::RecordAt& record) const;
  bool is_last_of_producer(const wire::BatchHeader& batch) const;
  // Whether nothing of the transaction that it ends came before the marker.
  bool ends_nothing(const wire::BatchHeader& marker);

  const LatestOffsets& latest_;
  const CleaningTerms terms_;
  std::set<std::int64_t> with_data_;  // Producers of open transactions of which batches were left.
};

}  // namespace brokersim::log
