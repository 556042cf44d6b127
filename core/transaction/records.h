// The records of __transaction_state, from which a coordinator's memory is rebuilt: for each
// transactional id its producer, and the transaction that this is in (KIP-98, KIP-890).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/api/types.h"
#include "core/base/expected.h"
#include "core/base/rules.h"
#include "core/coordination/partition_of.h"
#include "core/transaction/standing.h"
#include "core/wire/record_batch.h"

namespace brokersim::transaction {

// The topic that holds these records; a transactional id's are all in one of its partitions.
inline constexpr std::string_view state_topic = "__transaction_state";
using coordination::partition_of;

struct TransactionLogKey {
  MESSAGE(TransactionLogKey, .versions = {0, 0})
  FIELD(std::string, transactional_id);
  END_FIELDS
};

struct TransactionLogValue {
  struct PartitionsSchema {
    FIELDS(PartitionsSchema)
    FIELD(std::string, topic);
    FIELD(std::vector<std::int32_t>, partition_ids);
    END_FIELDS
  };

  MESSAGE(TransactionLogValue, .versions = {0, 1}, .flexible = 1)
  FIELD(std::int64_t, producer_id) = 0;
  FIELD(std::int64_t, previous_producer_id, since(1).tagged(0)) = -1;
  FIELD(std::int64_t, next_producer_id, since(1).tagged(1)) = -1;
  FIELD(std::int16_t, producer_epoch) = 0;
  FIELD(std::int32_t, transaction_timeout_ms) = 0;
  FIELD(std::int8_t, transaction_status) = 0;
  FIELD(wire::Nullable<std::vector<PartitionsSchema>>, transaction_partitions, null());
  FIELD(std::int64_t, transaction_last_update_timestamp_ms) = 0;
  FIELD(std::int64_t, transaction_start_timestamp_ms) = 0;
  FIELD(std::int16_t, client_transaction_version, since(1).tagged(2)) = 0;
  END_FIELDS
};

// An entry without a standing is a tombstone: the id has expired.
struct TransactionEntry {
  std::string transactional_id;
  std::optional<Standing> standing;
};
// A kind that this build does not know, as a newer coordinator may have left it.
struct UnknownEntry {
  std::int16_t kind = 0;
};
using Entry = std::variant<TransactionEntry, UnknownEntry>;

// Version 1 of the value since level 1 of transaction.version; 0 has no place for other producer
// ids than the present one.
wire::Record encode_entry(const TransactionEntry& entry, std::int16_t transaction_version,
                          std::int64_t timestamp);
// The error says what is wrong with the record. `last_epoch` is the last that producers get, and so
// the one before the present of whoever has gone on to another id.
Expected<Entry, std::string_view> decode_entry(const wire::Record& record,
                                               std::int16_t last_epoch = last_epoch_of_producers);

}  // namespace brokersim::transaction
