// The transactions of one partition, as its committed batches tell them (KIP-98): where each began,
// and how it ended if its marker is committed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/event.h"
#include "properties/ledger.h"

namespace brokersim::properties {

struct Transaction {
  std::int64_t producer_id = -1;
  LogEntry first;                  // Its first batch …
  std::optional<LogEntry> marker;  // … and what ended it.

  // Whether that was known where the log was committed up to `high_watermark`.
  bool is_decided_at(Offset high_watermark) const {
    return marker && marker->batch.base_offset < high_watermark;
  }
  bool is_aborted() const { return marker && marker->batch.role == BatchRole::abort; }
  // Not where another marker, before this one, may have been given up in an excused loss.
  bool was_ended_first_by_its_marker(const Partition& partition) const {
    return is_decided_at(partition.lowest_excused_cut);
  }
};

class Transactions {
 public:
  // Takes in what has been committed since the last call; begins anew where that was given up.
  void follow(const Partition& partition);
  // The one that the batch is part of; null if it is of none, or not committed.
  const Transaction* of(const BatchRef& batch) const;
  // Those that nothing has ended.
  std::vector<const Transaction*> open() const;

 private:
  void take(const LogEntry& entry);

  std::size_t followed_ = 0;  // That many committed batches …
  std::uint64_t prefix_ = 0;  // … with this cumulative hash.
  std::size_t rebases_ = 0;
  std::map<std::int64_t, std::vector<Transaction>> by_producer_;  // In the order of their offsets.
};

// The transactions of all partitions.
class AllTransactions {
 public:
  // Of the partition as it is now.
  const Transactions& in(const Ledger& ledger, const Partition& partition);
  // The one that the record at `offset` is part of; null if it is of none, or not committed.
  const Transaction* at(const Ledger& ledger, const Partition& partition, Offset offset);

  struct Open {
    const Partition* partition = nullptr;
    const Transaction* transaction = nullptr;
    // Of what was given up in an excused loss, perhaps the marker: nobody writes it again.
    bool may_stay_open() const { return partition->has_excused_loss(); }
  };
  std::vector<Open> open(const Ledger& ledger);

 private:
  std::vector<Transactions> by_partition_;  // By the ledger's numbers.
};

// Clients that read committed records only: what was aborted is not owed to them.
class CommittedReaders {
 public:
  void note(const ReadCommittedAnswered& answer) { clients_.insert(answer.peer); }
  bool may_skip(const Ledger& ledger, const Partition& partition, const BatchRef& batch,
                const std::string& client);

 private:
  std::set<std::string> clients_;
  AllTransactions transactions_;
};

// Whether what coordinators of transactions and groups had decided was lost with an excuse: then
// nobody can know how transactions ended.
bool has_lost_decisions(const Ledger& ledger);

}  // namespace brokersim::properties
