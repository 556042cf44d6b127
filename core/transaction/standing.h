// How things stand with a transactional id: its producer and the transaction that this is in, as
// its coordinator has persisted them (KIP-98, KIP-360, KIP-890).
#pragma once

#include <cstdint>
#include <set>
#include <string_view>

#include "core/base/ids.h"
#include "core/coordination/producer.h"

namespace brokersim::transaction {

//            partitions added          EndTxn               all markers written
//   Empty ───────────────────▶ Ongoing ──────▶ Prepare… ──────────────────────▶ Complete…
//     ▲                          ▲ │ fenced: PrepareEpochFence ▲                     │ │
//     │                          │ └───────────────────────────┘                     │ │
//     │                          └───────────────── partitions added ────────────────┘ │
//     └────────────────────────── InitProducerId: the next epoch ──────────────────────┘
//
// By the numbers that records have; the last two never stand in one.
enum class State : std::int8_t {
  empty = 0,
  ongoing = 1,
  prepare_commit = 2,
  prepare_abort = 3,
  complete_commit = 4,
  complete_abort = 5,
  dead = 6,                 // The id has expired.
  prepare_epoch_fence = 7,  // The producer loses its epoch to another, or to its timeout.
};
// As Kafka's tools show it: "PrepareCommit".
std::string_view name_of(State state);
bool may_follow(State from, State to);

constexpr bool is_prepared(State state) {
  return state == State::prepare_commit || state == State::prepare_abort;
}
constexpr bool is_complete(State state) {
  return state == State::complete_commit || state == State::complete_abort;
}

using coordination::no_producer_epoch;
using coordination::no_producer_id;

// From this level of transaction.version on each transaction has an epoch of its own (KIP-890).
inline constexpr std::int16_t epoch_per_transaction = 2;

struct Standing {
  State state = State::empty;
  std::int64_t producer_id = no_producer_id;
  std::int64_t previous_producer_id = no_producer_id;  // Whose epochs are used up.
  std::int64_t next_producer_id = no_producer_id;      // Once the prepared transaction is complete.
  std::int16_t epoch = no_producer_epoch;
  // With which its producer asked for the present one: it may ask again (KIP-360).
  std::int16_t last_epoch = no_producer_epoch;
  std::int32_t timeout_ms = 0;
  std::set<TopicPartition> partitions;
  std::int64_t started_at = -1;  // Wall clock, ms: when the first partition was added.
  std::int64_t updated_at = -1;
  std::int16_t transaction_version = 0;  // Which the producer spoke last.

  bool has_epoch_per_transaction() const { return transaction_version >= epoch_per_transaction; }
  friend bool operator==(const Standing&, const Standing&) = default;
};

}  // namespace brokersim::transaction
