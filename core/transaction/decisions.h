// What a transactional id's coordinator decides, each from how things stand and what is asked: the
// standing to be persisted, or nothing where the answer is NONE as things stand, or an error.
//
// Pure. None of them looks at whether a decision is still being persisted: while one is, nothing
// else is decided (CONCURRENT_TRANSACTIONS), but after those who may not ask at all were refused.
// Rules: KIP-98, KIP-360, KIP-588, KIP-890.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "core/api/error_code.h"
#include "core/base/expected.h"
#include "core/base/rules.h"
#include "core/base/time.h"
#include "core/coordination/producer.h"
#include "core/transaction/standing.h"

namespace brokersim::transaction {

using coordination::ProducerAndEpoch;
using Decision = Expected<std::optional<Standing>, api::ErrorCode>;

// `fresh_id` is one that nobody has, if there is one at hand: a standing that has it has taken it.
//
// A producer begins. With the id and epoch that it has it only goes on (KIP-360); without, it is
// another that takes the id over. A transaction that is going on is aborted first, which is then
// what is decided: the answer is CONCURRENT_TRANSACTIONS, and it has to ask again.
struct InitAsked {
  std::int32_t timeout_ms = 0;
  std::optional<ProducerAndEpoch> expected;
};
Decision init_producer(const Standing& standing, const InitAsked& asked,
                       std::optional<std::int64_t> fresh_id, const TransactionRules& rules,
                       WallTime now);

// Whether whoever asks is the producer of this transactional id.
api::ErrorCode check_producer(const Standing& standing, const ProducerAndEpoch& asking,
                              const TransactionRules& rules);

// `transaction_version` is what the producer speaks: the marker of whoever fences it says so
// (KIP-1228).
Decision add_partitions(const Standing& standing, const std::set<TopicPartition>& added,
                        std::int16_t transaction_version, WallTime now);

struct EndAsked {
  ProducerAndEpoch producer;
  bool is_commit = false;
  std::int16_t transaction_version = 0;
};
// Whether whoever asks to end it may: with an epoch per transaction this includes repeats of the
// request, which still have the epoch before.
api::ErrorCode check_end(const Standing& standing, const EndAsked& asked,
                         const TransactionRules& rules);
// Requires that check_end() is fine.
Decision end(const Standing& standing, const EndAsked& asked, std::optional<std::int64_t> fresh_id,
             const TransactionRules& rules, WallTime now);

// The producer loses its epoch and its ongoing transaction: to another producer, or because it took
// too long; with its last epoch it loses its id, too, if there is a fresh one (KAFKA-20090).
// Requires Ongoing.
Standing fence(const Standing& standing, std::optional<std::int64_t> fresh_id,
               const TransactionRules& rules, WallTime now);
// All markers are written. Requires that it is prepared.
Standing complete(const Standing& standing, WallTime now);

}  // namespace brokersim::transaction
