// What a log knows of the idempotent and transactional producers that wrote to it (KIP-98): by it a
// leader tells what is sent again from what is new, refuses what does not follow, and knows which
// transactions are open.
//
//   producer 7 in epoch 2       the last five batches are remembered
//   sequences   40─44 │ 45─45 │ 46─49 │ 50─52 │ 53─60     next: 61
//   offsets     80─84 │ 91─91 │ 92─95 │ 99─01 │ 02─09
//                                 └ its transaction is open since 92, until a marker ends it
//
// A function of the batches in the log, and of who has expired since: followers take it from what
// they replicate, so that after an election the new leader knows the same. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/api/error_code.h"
#include "core/base/expected.h"
#include "core/base/ids.h"
#include "core/base/rules.h"
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
  // Of this epoch, the latest last; none once a marker has raised the epoch.
  std::vector<ProducedBatch> batches;
  std::int64_t last_timestamp = -1;     // Of the last batch or marker (KAFKA-9144).
  std::int32_t coordinator_epoch = -1;  // Of the last marker.
  std::optional<Offset> open_since;     // Where its transaction begins, if one is open.

  std::int32_t last_sequence() const { return batches.empty() ? -1 : batches.back().last_sequence; }
  friend bool operator==(const ProducerEntry&, const ProducerEntry&) = default;
};

// A transaction that wrote something here and has ended.
struct EndedTransaction {
  std::int64_t producer_id = -1;
  Offset first_offset = 0;
  Offset marker_offset = 0;
  bool is_aborted = false;
  friend bool operator==(const EndedTransaction&, const EndedTransaction&) = default;
};

// Who wants to append, and what is known of the transaction besides the log.
struct AppendTerms {
  // A coordinator's own batches, which belong to a transaction of offsets, have no sequence.
  enum class Origin : std::uint8_t { client, coordinator };
  Origin origin = Origin::client;
  // The transaction's coordinator knows the partition to be part of it, or nobody asks.
  bool is_verified = true;
  // The partition became part of the transaction with this batch, or one sent beside it.
  bool begins_transaction = false;
  // Of the producer's batches whose verification was begun; those before may still come.
  std::optional<std::int32_t> lowest_sequence;
  AppendRules rules;
};

class ProducerState {
 public:
  // A batch that is older is not known again: sent again it is out of order.
  static constexpr std::size_t remembered_batches = 5;

  // What a leader is to do with a batch: append it; answer as the batch was answered that it
  // repeats; or refuse it with INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE or
  // OUT_OF_ORDER_SEQUENCE_NUMBER. Of a producer that it does not know it accepts any sequence.
  Expected<std::optional<ProducedBatch>, api::ErrorCode> check(const wire::BatchHeader& batch,
                                                               const AppendTerms& terms = {}) const;
  // Whether a marker is to be appended: NONE, INVALID_PRODUCER_EPOCH or
  // TRANSACTION_COORDINATOR_FENCED. From transaction version 2 on each transaction has an epoch of
  // its own, and its marker the next one.
  api::ErrorCode check_marker(const wire::TransactionMarker& marker, int transaction_version,
                              const AppendRules& rules = {}) const;
  // Whether such a batch belongs to a transaction that is open here.
  bool continues_transaction(std::int64_t producer_id, std::int16_t producer_epoch,
                             const AppendRules& rules = {}) const;

  // Takes note of a batch that is in the log, whoever decided that it should be (never refuses).
  // Returns the transaction that it ends. Batches without producer id leave no trace, nor do those
  // without sequence outside of transactions.
  std::optional<EndedTransaction> apply(const IndexedBatch& batch);
  // Forgets producers whose last batch is of `now - expiration` or earlier, by its own timestamp,
  // and who have no transaction open.
  void expire(WallTime now, Duration expiration);
  // Forgets those whose last batch lies before `offset`, likewise.
  void forget_before(Offset offset);
  void clear();

  // The first offset of the open transactions; nothing if none is open.
  std::optional<Offset> first_open_offset() const;

  bool empty() const { return producers_.empty(); }
  const std::map<std::int64_t, ProducerEntry>& producers() const { return producers_; }
  const ProducerEntry* find(std::int64_t producer_id) const;

  // Whether this may be the state of a log whose batches from `from` on lead to `replayed`, and
  // whose earlier ones are gone.
  bool agrees_with(const ProducerState& replayed, Offset from) const;
  // The same where compaction has taken batches in between, too: `is_left` tells of an offset
  // whether a batch still covers it.
  bool agrees_with_compacted(const ProducerState& replayed,
                             const std::function<bool(Offset)>& is_left) const;

  // What a snapshot keeps: of each producer only the last batch.
  ProducerState condensed() const;
  // A snapshot's bytes in Kafka's format.
  Bytes encode() const;
  // Nothing for what is torn, corrupt or of another version.
  static std::optional<ProducerState> decode(ByteView bytes);

  friend bool operator==(const ProducerState&, const ProducerState&) = default;

 private:
  std::optional<EndedTransaction> end_transaction(ProducerEntry& producer,
                                                  const IndexedBatch& marker);

  std::map<std::int64_t, ProducerEntry> producers_;  // By id.
  std::map<Offset, std::int64_t> open_;              // Producers by where their transactions begin.
};

}  // namespace brokersim::log
