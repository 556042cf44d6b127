// The transactional ids whose records are in one partition of __transaction_state, as the leader of
// that partition coordinates them during one leader epoch.
//
// What is decided is appended, and nothing else is decided about the same id until that is
// committed: then it takes effect, and who asked is answered. So nobody is told what another
// coordinator would not find in the log; it replays that and remembers the same. While a
// transaction is prepared, its markers are due: unmarked() says where, marked() what became of one.
// Rules: KIP-98, KIP-360, KIP-447, KIP-588, KIP-664, KIP-890.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/api/describe_transactions.h"
#include "core/api/end_txn.h"
#include "core/api/init_producer_id.h"
#include "core/api/list_transactions.h"
#include "core/transaction/decisions.h"
#include "core/transaction/output.h"
#include "core/transaction/records.h"
#include "core/transaction/transaction_config.h"

namespace brokersim::transaction {

// A prepared transaction that has partitions without its marker.
struct Unmarked {
  std::uint64_t round = 0;  // Names the transaction; never used again by this shard.
  std::string transactional_id;
  ProducerAndEpoch producer;
  bool is_commit = false;
  std::int16_t transaction_version = 0;
  std::set<TopicPartition> partitions;
};

class Shard {
 public:
  using Output = transaction::Output;
  using Response = transaction::Response;
  using Write = transaction::Write;

  // Both outlive it.
  Shard(const TransactionConfig& config, const TransactionRules& rules)
      : config_(config), rules_(rules) {}

  // The cluster's level of transaction.version, by which records are written.
  void use_transaction_version(std::int16_t level) { transaction_version_ = level; }
  // New producers need an id that nobody has. The shard keeps one in stock; without, who needs one
  // is told COORDINATOR_LOAD_IN_PROGRESS, and asks again.
  bool lacks_producer_id() const { return !stock_; }
  void stock_producer_id(std::int64_t id) { stock_ = id; }

  // ---- Loading: every record of the log, then loaded() once ----

  // What is no record of this topic is skipped; the error says why.
  Expected<Done, std::string_view> replay(Offset offset, const wire::Record& record);
  Output loaded(Now now, Offset high_watermark);

  // ---- Requests ----

  // Of a transactional id that is not empty.
  Output init_producer(Now now, RequestId request, const api::InitProducerIdRequest& asked);
  // Answered by an error alone.
  Output add_partitions(Now now, RequestId request, const std::string& id,
                        const ProducerAndEpoch& producer,
                        const std::set<TopicPartition>& partitions,
                        std::int16_t transaction_version);
  // Of each partition whether it is in the producer's ongoing transaction (KIP-890).
  std::map<TopicPartition, api::ErrorCode> verify(const std::string& id,
                                                  const ProducerAndEpoch& producer,
                                                  const std::set<TopicPartition>& partitions) const;
  Output end(Now now, RequestId request, const api::EndTxnRequest& asked,
             std::int16_t transaction_version);
  api::DescribeTransactionsResponse::TransactionState describe(const std::string& id) const;
  // Those that the request wants, of states that have names.
  std::vector<api::ListTransactionsResponse::TransactionState> list(
      Now now, const api::ListTransactionsRequest& asked) const;

  // ---- Markers ----

  std::vector<Unmarked> unmarked() const;
  // The leader of a partition has answered: NONE, also where there is no such partition any more;
  // or why it has not written the marker. What may succeed another time stays due.
  Output marked(Now now, std::uint64_t round, const TopicPartition& partition,
                api::ErrorCode error);

  // ---- The log ----

  // The write is in the log, its records from `base_offset` on.
  void appended(Now now, std::uint64_t write, Offset base_offset);
  Output append_failed(Now now, std::uint64_t write, api::ErrorCode error);
  Output committed(Now now, Offset high_watermark);

  // ---- Time ----

  Instant next_deadline() const;
  Output tick(Now now);
  // The end: everybody who waits is told to look for another coordinator.
  Output abandon(Now now);

 private:
  struct Slot {
    Standing standing;
    std::optional<State> pending;  // What it becomes once that is committed.
    std::optional<Standing> next;  // The same in full; nothing if the id expires.
    bool is_known() const { return standing.epoch != no_producer_epoch; }
  };
  // Comes once: with NONE when the write is committed, otherwise with why nothing is known of it.
  using Then = std::function<void(Now, api::ErrorCode, Output&)>;
  struct InFlight {
    std::string id;
    Offset end_offset = -1;  // Once it is appended.
    Instant deadline = never;
    Then then;
  };

  Slot* find(const std::string& id);
  const Slot* find(const std::string& id) const;
  void write(Now now, const std::string& id, State pending, std::optional<Standing> next,
             const Then& then, Output& out);
  void answer_init(Now now, RequestId request, const std::string& id, Standing next, Output& out);
  void undo(const std::string& id);
  api::ErrorCode take_effect(Now now, const std::string& id, Output& out);
  void begin_markers(Now now, const std::string& id, Output& out);
  void complete(Now now, std::uint64_t round, Output& out);
  void abort_late_ones(Now now, Output& out);
  void expire(Now now, Output& out);
  void expect_checks(Now now);
  bool has_expired(Now now, const Slot& slot) const;

  const TransactionConfig& config_;
  const TransactionRules& rules_;
  std::int16_t transaction_version_ = 0;
  std::optional<std::int64_t> stock_;
  std::map<std::string, Slot> slots_;
  std::map<std::uint64_t, InFlight> in_flight_;
  std::uint64_t writes_ = 0;
  std::map<std::uint64_t, Unmarked> unmarked_;  // Without partitions: about to be complete.
  std::map<std::uint64_t, Instant> complete_again_;
  std::uint64_t rounds_ = 0;
  Instant next_abort_check_ = never;
  Instant next_expiry_check_ = never;
};

}  // namespace brokersim::transaction
