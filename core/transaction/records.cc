#include "core/transaction/records.h"

#include <map>
#include <utility>

#include "core/api/versioned.h"
#include "core/coordination/versioned.h"
#include "core/wire/wire.h"

namespace brokersim::transaction {
namespace {

constexpr std::int16_t key_version = 0;

TransactionLogValue value_of(const Standing& standing, std::int16_t version) {
  TransactionLogValue value{.producer_id = standing.producer_id,
                            .producer_epoch = standing.epoch,
                            .transaction_timeout_ms = standing.timeout_ms,
                            .transaction_status = static_cast<std::int8_t>(standing.state),
                            .transaction_last_update_timestamp_ms = standing.updated_at,
                            .transaction_start_timestamp_ms = standing.started_at};
  if (version >= 1) {
    value.previous_producer_id = standing.previous_producer_id;
    value.next_producer_id = standing.next_producer_id;
    value.client_transaction_version = standing.transaction_version;
  }
  if (standing.state == State::empty) return value;
  auto& topics = value.transaction_partitions.emplace();
  for (const auto& partition : standing.partitions) {
    if (topics.empty() || topics.back().topic != partition.topic) {
      topics.push_back({.topic = partition.topic});
    }
    topics.back().partition_ids.push_back(partition.partition);
  }
  return value;
}

// What the record does not say: the epoch before the present one, but where a producer that began
// got another id.
std::int16_t last_epoch_of(const TransactionLogValue& value, std::int16_t last_epoch) {
  const bool has_rotated = value.transaction_status == static_cast<std::int8_t>(State::empty) &&
                           value.previous_producer_id >= 0 && value.producer_epoch == 0;
  return has_rotated ? last_epoch : no_producer_epoch;
}

Expected<Standing, std::string_view> standing_of(const TransactionLogValue& value,
                                                 std::int16_t last_epoch) {
  const auto status = value.transaction_status;
  const bool is_known = status >= static_cast<std::int8_t>(State::empty) &&
                        status <= static_cast<std::int8_t>(State::complete_abort);
  if (!is_known) return Unexpected(std::string_view("a state that no record has"));
  Standing standing{.state = static_cast<State>(status),
                    .producer_id = value.producer_id,
                    .previous_producer_id = value.previous_producer_id,
                    .next_producer_id = value.next_producer_id,
                    .epoch = value.producer_epoch,
                    .last_epoch = last_epoch_of(value, last_epoch),
                    .timeout_ms = value.transaction_timeout_ms,
                    .started_at = value.transaction_start_timestamp_ms,
                    .updated_at = value.transaction_last_update_timestamp_ms,
                    .transaction_version = value.client_transaction_version};
  if (!value.transaction_partitions) return standing;
  for (const auto& topic : *value.transaction_partitions) {
    for (const auto index : topic.partition_ids) standing.partitions.insert({topic.topic, index});
  }
  return standing;
}

}  // namespace

wire::Record encode_entry(const TransactionEntry& entry, std::int16_t transaction_version,
                          std::int64_t timestamp) {
  const TransactionLogKey key{.transactional_id = entry.transactional_id};
  wire::Record record{.timestamp = timestamp, .key = api::encode_versioned(key, key_version)};
  if (!entry.standing) return record;
  const auto version = std::int16_t{transaction_version >= 1};
  record.value = api::encode_versioned(value_of(*entry.standing, version), version);
  return record;
}

Expected<Entry, std::string_view> decode_entry(const wire::Record& record,
                                               std::int16_t last_epoch) {
  if (!record.key) return Unexpected(std::string_view("record without a key"));
  wire::Reader in(*record.key);
  const auto kind = in.fixed<std::int16_t>();
  if (!in.ok()) return Unexpected(in.error());
  if (kind != key_version) return Entry(UnknownEntry{kind});
  auto key = wire::decode_from<TransactionLogKey>(in, kind);
  if (!in.ok()) return Unexpected(in.error());
  TRY(const auto value, coordination::read_value<TransactionLogValue>(record.value));
  TransactionEntry entry{.transactional_id = std::move(key.transactional_id)};
  if (value) {
    TRY(entry.standing, standing_of(*value, last_epoch));
  }
  return Entry(std::move(entry));
}

}  // namespace brokersim::transaction
