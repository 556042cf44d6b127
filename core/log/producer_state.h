// What a log knows of the idempotent producers that wrote to it (KIP-98): by it a leader tells what
// is sent again from what is new, and refuses what does not follow.
//
//   producer 7 in epoch 2       the last five batches are remembered
//   sequences   40─44 │ 45─45 │ 46─49 │ 50─52 │ 53─60     next: 61
//   offsets     80─84 │ 91─91 │ 92─95 │ 99─01 │ 02─09
//
// A function of the batches in the log, and of who has expired since: followers take it from what
// they replicate, so that after an election the new leader knows the same. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/log/indexed_batch.h"
#include "core/wire/record_batch.h"

namespace brokersim::log {

// One batch that a producer has written.
struct ProducedBatch {
  std::int32_t last_sequence = -1;
  Offset last_offset = -1;
  std::int32_t offset_delta = 0;  // Of the last record from the first, in sequences as in offsets.
  std::int64_t timestamp = -1;    // The batch's largest, in ms.

  Offset first_offset() const { return last_offset - offset_delta; }
  std::int32_t first_sequence() const { return wire::sequence_after(last_sequence, -offset_delta); }
  friend bool operator==(const ProducedBatch&, const ProducedBatch&) = default;
};

struct ProducerEntry {
  std::int16_t epoch = -1;
  std::vector<ProducedBatch> batches;  // Of this epoch, the latest last. Never empty.
  friend bool operator==(const ProducerEntry&, const ProducerEntry&) = default;
};

class ProducerState {
 public:
  // A batch that is older is not known again: sent again it is out of order.
  static constexpr std::size_t remembered_batches = 5;

  // What a leader is to do with a client's batch: append it; answer as the batch was answered that
  // it repeats; or refuse it with INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE or
  // OUT_OF_ORDER_SEQUENCE_NUMBER. Of a producer that it does not know it accepts any sequence.
  Expected<std::optional<ProducedBatch>, api::ErrorCode> check(
      const wire::BatchHeader& batch) const;
  // Takes note of a batch that is in the log, whoever decided that it should be (never refuses).
  // Batches without producer id or sequence leave no trace.
  void apply(const IndexedBatch& batch);
  // Forgets producers whose last batch is of `now - expiration` or earlier, by its own timestamp.
  void expire(WallTime now, Duration expiration);
  void clear() { producers_.clear(); }

  bool empty() const { return producers_.empty(); }
  const std::map<std::int64_t, ProducerEntry>& producers() const { return producers_; }
  const ProducerEntry* find(std::int64_t producer_id) const;

  // Whether this may be the state of a log whose batches from `from` on lead to `replayed`, and
  // whose earlier ones are gone.
  bool agrees_with(const ProducerState& replayed, Offset from) const;

  // What a snapshot keeps: of each producer only the last batch.
  ProducerState condensed() const;
  // A snapshot's bytes in Kafka's format.
  Bytes encode() const;
  // Nothing for what is torn, corrupt or of another version.
  static std::optional<ProducerState> decode(ByteView bytes);

  friend bool operator==(const ProducerState&, const ProducerState&) = default;

 private:
  std::map<std::int64_t, ProducerEntry> producers_;  // By id.
};

}  // namespace brokersim::log
