// Events of transactions (KIP-98) and of stream tasks: part of the vocabulary of event.h, which
// says what an event is and which kinds of witness there are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/outcome.h"
#include "core/base/processing_guarantee.h"

namespace brokersim {

// ---- World: what disks hold --------------------------------------------------------------------

// A log of __transaction_state has a record that was in no log before: how a transactional id
// stands, as its coordinator wrote it (KIP-98, KIP-890). "Dead" is a tombstone: it has expired.
struct TransactionStateStored {
  static constexpr std::string_view kind = "transaction_state_stored";
  TopicPartition partition;  // Of __transaction_state.
  Offset offset = 0;
  LeaderEpoch leader_epoch{};
  std::string transactional_id;
  std::string state;  // "Ongoing", "PrepareCommit", "CompleteCommit", …
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int64_t next_producer_id = -1;      // Once the transaction is complete; -1: the same.
  std::int16_t transaction_version = 0;    // Which the producer spoke last.
  std::vector<TopicPartition> partitions;  // Of the transaction.
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("offset", e.offset);
    f("leader_epoch", e.leader_epoch);
    f("transactional_id", e.transactional_id);
    f("state", e.state);
    f("producer_id", e.producer_id);
    f("producer_epoch", e.producer_epoch);
    f("next_producer_id", e.next_producer_id);
    f("transaction_version", e.transaction_version);
    f("partitions", e.partitions);
  }
};

// ---- World: frames on the wire -----------------------------------------------------------------

// The coordinator of a transactional id has sent its producer the answer to an InitProducerId or an
// EndTxn request (KIP-98): id and epoch are those that the first gives, and that the second names.
struct InitProducerIdAnswered {
  static constexpr std::string_view kind = "init_producer_id_answered";
  std::string peer;
  std::string transactional_id;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t timeout_ms = 0;
  std::int32_t error = 0;
  std::int64_t asked_at_ns = 0;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("transactional_id", e.transactional_id);
    f("producer_id", e.producer_id);
    f("producer_epoch", e.producer_epoch);
    f("timeout_ms", e.timeout_ms);
    f("error", e.error);
    f("asked_at_ns", e.asked_at_ns);
  }
};
struct EndTxnAnswered {
  static constexpr std::string_view kind = "end_txn_answered";
  std::string peer;
  std::string transactional_id;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  bool is_commit = false;
  std::int32_t error = 0;
  std::int64_t asked_at_ns = 0;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("transactional_id", e.transactional_id);
    f("producer_id", e.producer_id);
    f("producer_epoch", e.producer_epoch);
    f("is_commit", e.is_commit);
    f("error", e.error);
    f("asked_at_ns", e.asked_at_ns);
  }
};
// A group's coordinator has sent the answer to one partition of a TxnOffsetCommit request: the
// offset is committed once the transaction is (KIP-98, KIP-447).
struct TxnOffsetCommitAnswered {
  static constexpr std::string_view kind = "txn_offset_commit_answered";
  std::string peer;
  std::string transactional_id;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::string group;
  std::string member;
  std::int32_t generation = -1;
  TopicPartition partition;
  Offset offset = 0;
  std::int32_t error = 0;
  std::int64_t asked_at_ns = 0;
  static void visit(auto& e, auto&& f) {
    f("peer", e.peer);
    f("transactional_id", e.transactional_id);
    f("producer_id", e.producer_id);
    f("producer_epoch", e.producer_epoch);
    f("group", e.group);
    f("member", e.member);
    f("generation", e.generation);
    f("partition", e.partition);
    f("offset", e.offset);
    f("error", e.error);
    f("asked_at_ns", e.asked_at_ns);
  }
};

// ---- Clients -----------------------------------------------------------------------------------

// A client begins a transaction: what it sends from here to the end of `op` is part of it.
struct TransactionBegan {
  static constexpr std::string_view kind = "transaction_began";
  std::int64_t op = 0;
  std::string client;
  std::string transactional_id;
  static void visit(auto& e, auto&& f) {
    f("op", e.op);
    f("client", e.client);
    f("transactional_id", e.transactional_id);
  }
};
// How it ended for the client: `ok` as it had asked for last, otherwise it does not know.
struct TransactionEnded {
  static constexpr std::string_view kind = "transaction_ended";
  std::int64_t op = 0;
  std::string client;
  bool is_commit = false;
  Outcome outcome = Outcome::unknown;
  static void visit(auto& e, auto&& f) {
    f("op", e.op);
    f("client", e.client);
    f("is_commit", e.is_commit);
    f("outcome", e.outcome);
  }
};
// A stream task has made these records of one that it was handed, and is about to send them:
// digests, as those of SendInvoked.
struct RecordProcessed {
  static constexpr std::string_view kind = "record_processed";
  std::string client;
  std::string group;
  TopicPartition partition;
  Offset offset = 0;
  ProcessingGuarantee guarantee = ProcessingGuarantee::at_least_once;
  std::vector<std::uint64_t> outputs;
  static void visit(auto& e, auto&& f) {
    f("client", e.client);
    f("group", e.group);
    f("partition", e.partition);
    f("offset", e.offset);
    f("guarantee", e.guarantee);
    f("outputs", e.outputs);
  }
};

// ---- Core: what brokers decided ----------------------------------------------------------------

// A transactional id as its coordinator has persisted it.
struct TransactionStateChanged {
  static constexpr std::string_view kind = "transaction_state_changed";
  std::string transactional_id;
  std::string state;  // "Ongoing", "PrepareCommit", "CompleteCommit", …
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t partitions = 0;  // Of the transaction.
  static void visit(auto& e, auto&& f) {
    f("transactional_id", e.transactional_id);
    f("state", e.state);
    f("producer_id", e.producer_id);
    f("producer_epoch", e.producer_epoch);
    f("partitions", e.partitions);
  }
};

}  // namespace brokersim
