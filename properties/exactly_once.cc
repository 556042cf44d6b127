// BS-T05: what a group of stream tasks has processed counts once (KIP-98,
// KIP-447).
//
//   input ──── tasks ───► output, as those read it who read committed records
//   committed offset C    of each input before C: each record that was made of it, once
//
// By the outputs, which name their inputs, this also tells that the ranges of input that committed
// transactions have read follow each other without gap and overlap: in a gap something is missing,
// in an overlap something is there twice.
#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/ledger.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class ExactlyOnce final : public Property {
 public:
  std::string_view id() const override { return "BS-T05"; }
  std::string_view name() const override { return "processed twice or not at all"; }
  std::string_view explanation() const override {
    return "Of each input record before the offset that a group of exactly-once tasks has "
           "committed, the records that were made of it are in the output once, for those who "
           "read committed records. A task may make them several times, in transactions that are "
           "aborted. At-least-once tasks, consumers that read uncommitted records, order among "
           "transactions, what was deleted at the beginning of the input and what was given up in "
           "an excused loss are not judged; a record is missing once a reader has gone past where "
           "it was acknowledged.";
  }
  Needs needs() const override { return Need::client | Need::wire | Need::disk | Need::metadata; }
  Kinds listens_to() const override {
    return Kinds::of<RecordProcessed, SendInvoked, SendEnded, RecordDelivered, FetchAnswered,
                     ReadCommittedAnswered, TransactionBegan, TransactionEnded,
                     TxnOffsetCommitAnswered, OffsetFetchAnswered, LogBegun>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (const auto* processed = std::get_if<RecordProcessed>(&e.body)) {
      if (processed->is_exactly_once) take(e, *processed);
    } else if (const auto* invoked = std::get_if<SendInvoked>(&e.body)) {
      if (outputs_.contains(invoked->record)) record_of_[invoked->op] = invoked->record;
    } else if (const auto* sent = std::get_if<SendEnded>(&e.body)) {
      take(*sent);
    } else if (const auto* delivered = std::get_if<RecordDelivered>(&e.body)) {
      if (readers_.contains(delivered->client)) take(e, *delivered, judge);
    } else if (const auto* fetch = std::get_if<FetchAnswered>(&e.body)) {
      if (readers_.contains(fetch->peer)) pass(*fetch);
    } else if (const auto* answer = std::get_if<ReadCommittedAnswered>(&e.body)) {
      readers_.insert(answer->peer);
    } else if (const auto* fetched = std::get_if<OffsetFetchAnswered>(&e.body)) {
      if (fetched->error == 0) raise(e.id, {fetched->group, fetched->partition}, fetched->offset);
    } else if (const auto* begun = std::get_if<LogBegun>(&e.body)) {
      auto& begins = begins_[begun->partition];
      begins = std::max(begins, begun->start_offset);
    } else {
      follow_transaction(e);
    }
  }

  void finish(Judge& judge) override {
    if (has_lost_decisions(judge.ledger())) return;
    for (const auto& [input, committed] : committed_) {
      if (groups_.contains(input.first)) check_input(input, committed, judge);
    }
  }

 private:
  using Input = std::pair<std::string, TopicPartition>;  // A group, and what it reads.
  using Place = std::pair<TopicPartition, Offset>;
  struct Output {
    std::optional<TopicPartition> partition;  // Where it was acknowledged last …
    Offset last_offset = -1;                  // … and furthest.
    std::map<Place, EventId> read;
  };
  struct Processed {
    EventId event;
    std::vector<std::uint64_t> outputs;
  };
  struct Committed {
    Offset offset = 0;
    EventId event;
  };

  // ---- What happened -------------------------------------------------------------------------

  void take(const Event& e, const RecordProcessed& processed) {
    groups_.insert(processed.group);
    const Input input{processed.group, processed.partition};
    inputs_[input].try_emplace(processed.offset, Processed{e.id, processed.outputs});
    for (const auto record : processed.outputs) outputs_[record];
  }

  void take(const SendEnded& sent) {
    const auto record = record_of_.find(sent.op);
    if (record == record_of_.end() || sent.outcome != Outcome::ok) return;
    auto& output = outputs_[record->second];
    output.partition = sent.partition;
    output.last_offset = std::max(output.last_offset, sent.offset);
  }

  void take(const Event& e, const RecordDelivered& delivered, Judge& judge) {
    const auto output = outputs_.find(delivered.record);
    if (output == outputs_.end()) return;
    auto& read = output->second.read;
    const Place place{delivered.partition, delivered.offset};
    if (!read.try_emplace(place, e.id).second || read.size() < 2) return;
    const auto first = read.begin()->first == place ? std::next(read.begin()) : read.begin();
    const auto is_excused = [&](const Place& one) {
      const auto* partition = judge.ledger().find(one.first);
      return partition != nullptr && one.second >= partition->lowest_excused_cut;
    };
    if (is_excused(place) || is_excused(first->first)) return;
    if (has_lost_decisions(judge.ledger())) return;
    judge.report({std::string(id()),
                  "output_repeated",
                  fmt::format("{} was handed at offset {} of {} what was made of one record and "
                              "is at offset {} of {} already.",
                              delivered.client, place.second, place.first, first->first.second,
                              first->first.first),
                  {first->second, e.id},
                  {},
                  delivered.partition});
  }

  // The consumer has everything before.
  void pass(const FetchAnswered& fetch) {
    auto& passed = passed_[fetch.partition];
    passed = std::max(passed, fetch.fetch_offset);
  }

  void follow_transaction(const Event& e) {
    if (const auto* part = std::get_if<TxnOffsetCommitAnswered>(&e.body)) {
      if (part->error == 0) pending_[part->peer][{part->group, part->partition}] = part->offset;
    } else if (const auto* began = std::get_if<TransactionBegan>(&e.body)) {
      pending_.erase(began->client);
    } else if (const auto* ended = std::get_if<TransactionEnded>(&e.body)) {
      const auto pending = pending_.find(ended->client);
      if (pending == pending_.end()) return;
      const bool is_committed = ended->is_commit && ended->outcome == Outcome::ok;
      for (const auto& [input, offset] : pending->second) {
        if (is_committed) raise(e.id, input, offset);
      }
      pending_.erase(pending);
    }
  }

  void raise(EventId event, const Input& input, Offset offset) {
    auto& committed = committed_[input];
    if (offset > committed.offset) committed = {offset, event};
  }

  // ---- What it comes to ----------------------------------------------------------------------

  void check_input(const Input& input, const Committed& committed, Judge& judge) {
    const Partition* partition = judge.ledger().find(input.second);
    if (partition == nullptr) return;
    const Offset end = std::min(committed.offset, partition->lowest_excused_cut);
    const Offset begin = begins_[input.second];
    const auto& processed = inputs_[input];
    for (const auto& entry : partition->committed) {
      if (entry.batch.base_offset >= end) break;
      if (!counts(*partition, entry.batch, judge)) continue;
      const Offset last = std::min(entry.batch.last_offset, end - 1);
      for (Offset offset = entry.batch.base_offset; offset <= last; ++offset) {
        const auto found = processed.find(offset);
        if (found == processed.end()) {
          if (offset < begin) continue;
          report_input("input_skipped", input, offset, committed, entry.stored, judge);
        } else {
          check_outputs(input, offset, found->second, committed, judge);
        }
      }
    }
  }

  bool counts(const Partition& partition, const BatchRef& batch, Judge& judge) {
    if (batch.role == BatchRole::data) return true;
    if (batch.role != BatchRole::transactional) return false;
    const auto* transaction = transactions_.in(judge.ledger(), partition).of(batch);
    return transaction != nullptr && transaction->marker && !transaction->is_aborted();
  }

  void check_outputs(const Input& input, Offset offset, const Processed& processed,
                     const Committed& committed, Judge& judge) {
    for (const auto record : processed.outputs) {
      const auto& output = outputs_.at(record);
      if (!output.read.empty() || !is_decided(output, judge.ledger())) continue;
      report_input("output_missing", input, offset, committed, processed.event, judge);
    }
  }

  // Whether somebody would have read it by now.
  bool is_decided(const Output& output, const Ledger& ledger) {
    if (!output.partition) return true;  // Nobody was ever told that it is stored.
    const auto* partition = ledger.find(*output.partition);
    const auto passed = passed_.find(*output.partition);
    const bool is_passed = partition != nullptr && passed != passed_.end() &&
                           output.last_offset < partition->lowest_excused_cut &&
                           passed->second > output.last_offset;
    if (!is_passed) return false;
    const auto* transaction = transactions_.at(ledger, *partition, output.last_offset);
    return transaction == nullptr || transaction->was_ended_first_by_its_marker(*partition);
  }

  void report_input(std::string kind, const Input& input, Offset offset, const Committed& committed,
                    EventId other, Judge& judge) {
    const bool is_skipped = kind == "input_skipped";
    judge.report(
        {std::string(id()),
         std::move(kind),
         fmt::format("{} has committed offset {} of {}, and {} offset {}.", input.first,
                     committed.offset, input.second,
                     is_skipped ? "no task has processed" : "not all is there that was made of",
                     offset),
         {std::min(other, committed.event), std::max(other, committed.event)},
         {},
         input.second});
  }

  std::set<std::string> groups_;                            // Of exactly-once tasks.
  std::map<Input, std::map<Offset, Processed>> inputs_;     // By offset, the first time.
  std::map<std::uint64_t, Output> outputs_;                 // By digest.
  std::map<std::int64_t, std::uint64_t> record_of_;         // Digest by the operation of a send.
  std::set<std::string> readers_;                           // Who reads committed records only.
  std::map<TopicPartition, Offset> passed_;                 // How far any of them has come.
  std::map<std::string, std::map<Input, Offset>> pending_;  // By client, of its transaction.
  std::map<Input, Committed> committed_;
  std::map<TopicPartition, Offset> begins_;  // Where logs begin, the latest of any replica.
  AllTransactions transactions_;
};

}  // namespace

std::unique_ptr<Property> exactly_once() { return std::make_unique<ExactlyOnce>(); }

}  // namespace brokersim::properties
