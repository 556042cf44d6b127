// BS-T01: a transaction is committed as a whole or not at all (KIP-98, KIP-890).
//
// Which records a transaction has, its client tells; how it ended for each of them, the log: by the
// first marker of its producer behind it.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/late_requests.h"
#include "properties/ledger.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class TransactionAtomicity final : public Property {
 public:
  TransactionAtomicity(std::int16_t version, std::set<std::string> older_clients)
      : late_(version, std::move(older_clients)) {}

  std::string_view id() const override { return "BS-T01"; }
  std::string_view name() const override { return "torn transaction"; }
  std::string_view explanation() const override {
    return "All records of a transaction that were acknowledged are committed, or all are aborted, "
           "in whichever partitions; and as its producer was told, where it was told: whoever "
           "reads committed records finds none, acknowledged or not, that was given up in every "
           "transaction in which it was sent. A producer that was not told may find either. Where "
           "transactions have no epoch of their own (below transaction.version 2, and of producers "
           "that know no later protocol) a delayed EndTxn "
           "may end the producer's next transaction: what a request to end an earlier one has "
           "ended, "
           "before an end like it was asked for, is not judged there. Records that were given up "
           "in an excused loss are not judged, nor those "
           "whose marker was, nor anything once a coordinator's decisions were lost so. When "
           "transactions become visible in each partition, and in which order, is not promised.";
  }
  Needs needs() const override { return Need::client | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<TransactionBegan, TransactionEnded, SendInvoked, SendEnded, RecordDelivered,
                     ReadCommittedAnswered, EndTxnAnswered, TransactionStateStored>();
  }

  void observe(const Event& e, Judge&) override {
    late_.observe(e);
    if (const auto* began = std::get_if<TransactionBegan>(&e.body)) {
      open_[began->client] = all_.size();
      all_.push_back({.client = began->client, .op = began->op});
    } else if (const auto* ended = std::get_if<TransactionEnded>(&e.body)) {
      end(e, *ended);
    } else if (const auto* invoked = std::get_if<SendInvoked>(&e.body)) {
      const auto open = open_.find(invoked->client);
      if (open == open_.end()) return;
      transaction_of_[invoked->op] = open->second;
      senders_[invoked->record].push_back(open->second);
    } else if (const auto* sent = std::get_if<SendEnded>(&e.body)) {
      const auto transaction = transaction_of_.find(sent->op);
      const bool is_stored = sent->outcome == Outcome::ok && sent->offset >= 0;
      if (transaction == transaction_of_.end() || !is_stored) return;
      all_[transaction->second].records.push_back({sent->partition, sent->offset});
    } else if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      const bool is_committed = readers_.contains(delivered->client);
      if (is_committed) read_.try_emplace(delivered->record, e.id, *delivered);
    } else if (const auto* answer = std::get_if<ReadCommittedAnswered>(&e.body)) {
      readers_.insert(answer->peer);
    }
  }

  void finish(Judge& judge) override {
    if (has_lost_decisions(judge.ledger())) return;
    for (const auto& transaction : all_) check(transaction, judge);
    for (const auto& [record, read] : read_) check_read(record, read, judge);
  }

 private:
  struct Stored {
    TopicPartition partition;
    Offset offset = 0;
  };
  struct Told {
    EventId event;
    bool is_commit = false;
  };
  struct OfClient {
    std::string client;
    std::int64_t op = 0;
    std::optional<Told> told;
    std::vector<Stored> records;  // Those that were acknowledged.
  };
  // How a record's part of the transaction ended.
  struct Part {
    const Stored* record = nullptr;
    LogEntry marker;
  };

  struct Read {
    EventId event;
    RecordDelivered delivered;
    Read(EventId id, RecordDelivered what) : event(id), delivered(std::move(what)) {}
  };

  void end(const Event& e, const TransactionEnded& ended) {
    const auto open = open_.find(ended.client);
    if (open == open_.end()) return;
    auto& transaction = all_[open->second];
    if (ended.outcome == Outcome::ok) transaction.told = Told{e.id, ended.is_commit};
    open_.erase(open);
  }

  void check(const OfClient& transaction, Judge& judge) {
    std::optional<Part> committed;
    std::optional<Part> aborted;
    for (const auto& record : transaction.records) {
      const auto part = part_of(record, judge.ledger());
      if (!part) continue;
      (part->marker.batch.role == BatchRole::abort ? aborted : committed) = *part;
    }
    const auto& told = transaction.told;
    if (committed && aborted) {
      report("torn", transaction, committed->marker.stored, aborted->marker.stored,
             aborted->record->partition,
             fmt::format("offset {} of {} is committed, and offset {} of {} is aborted",
                         committed->record->offset, committed->record->partition,
                         aborted->record->offset, aborted->record->partition),
             judge);
    } else if (told && told->is_commit && aborted) {
      report("commit_undone", transaction, told->event, aborted->marker.stored,
             aborted->record->partition,
             fmt::format("it was told of a commit, and offset {} of {} is aborted",
                         aborted->record->offset, aborted->record->partition),
             judge);
    } else if (told && !told->is_commit && committed) {
      report("abort_undone", transaction, told->event, committed->marker.stored,
             committed->record->partition,
             fmt::format("it was told of an abort, and offset {} of {} is committed",
                         committed->record->offset, committed->record->partition),
             judge);
    }
  }

  // Also of records that nobody was told are stored: one that can be read was committed by
  // somebody.
  void check_read(std::uint64_t record, const Read& read, Judge& judge) {
    const auto senders = senders_.find(record);
    const auto* partition = judge.ledger().find(read.delivered.partition);
    if (senders == senders_.end() || partition == nullptr) return;
    if (read.delivered.offset >= partition->lowest_excused_cut) return;
    const auto* as_part_of = transactions_.at(judge.ledger(), *partition, read.delivered.offset);
    const bool may_have_ended_before = as_part_of != nullptr && as_part_of->marker &&
                                       !as_part_of->was_ended_first_by_its_marker(*partition);
    if (may_have_ended_before) return;
    if (as_part_of != nullptr && late_.has_ended(*as_part_of)) return;
    const auto is_given_up = [this](std::size_t one) {
      return all_[one].told && !all_[one].told->is_commit;
    };
    const auto& those = senders->second;
    if (!std::all_of(those.begin(), those.end(), is_given_up)) return;
    const auto& last = all_[those.back()];
    report("aborted_record_read", last, last.told->event, read.event, read.delivered.partition,
           fmt::format("it was told of an abort, and {} was handed its record at offset {} of {}",
                       read.delivered.client, read.delivered.offset, read.delivered.partition),
           judge);
  }

  std::optional<Part> part_of(const Stored& record, const Ledger& ledger) {
    const Partition* partition = ledger.find(record.partition);
    if (partition == nullptr) return std::nullopt;
    const auto* transaction = transactions_.at(ledger, *partition, record.offset);
    const bool is_known =
        transaction != nullptr && transaction->was_ended_first_by_its_marker(*partition);
    if (!is_known || late_.has_ended(*transaction)) return std::nullopt;
    return Part{&record, *transaction->marker};
  }

  void report(std::string kind, const OfClient& transaction, EventId first, EventId second,
              const TopicPartition& partition, const std::string& what, Judge& judge) {
    judge.report(
        {std::string(id()),
         std::move(kind),
         fmt::format("Of transaction op{} of {}: {}.", transaction.op, transaction.client, what),
         {std::min(first, second), std::max(first, second)},
         {},
         partition});
  }

  std::vector<OfClient> all_;
  std::map<std::string, std::size_t> open_;                    // By client.
  std::map<std::int64_t, std::size_t> transaction_of_;         // By the operation of a send.
  std::map<std::uint64_t, std::vector<std::size_t>> senders_;  // By digest: who sent it.
  std::map<std::uint64_t, Read> read_;                         // By digest, the first time.
  std::set<std::string> readers_;                              // Who reads committed records only.
  AllTransactions transactions_;
  LateRequests late_;
};

}  // namespace

std::unique_ptr<Property> transaction_atomicity(std::int16_t version,
                                                std::set<std::string> older_clients) {
  return std::make_unique<TransactionAtomicity>(version, std::move(older_clients));
}

}  // namespace brokersim::properties
